//! The log of deliveries: written with the end of a scan, claimed by one server at a time, kept for a while.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::Notify;

use super::{
    digest::Digest,
    model::{Channel, Claimed, Delivery, Tried, Verdict},
    store,
};
use crate::{
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    scans::model::Id,
};

/// How long whoever claims a delivery has it; longer than one takes.
const LEASE: Duration = Duration::from_mins(1);

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    db: Db,
    clock: SharedClock,
    due: Arc<Notify>,
}

impl Log {
    /// Of a database.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock, due: Arc::default() }
    }

    /// Writes a delivery of a scan down, to be tried as soon as the transaction is done. One of the same scan and
    /// channel that is there already stays as it is.
    pub(in crate::scans) async fn add(
        &self,
        tx: &mut db::Connection,
        scan: Id,
        channel: Channel,
        digest: &Digest,
    ) -> Result<(), db::Error> {
        let digest = serde_json::to_string(digest).map_err(|error| db::Error::Encode(error.into()))?;
        store::add(tx, scan.0, channel, &digest, self.clock.now()).await
    }

    /// There may be something to deliver.
    pub fn wake(&self) {
        self.due.notify_one();
    }

    /// Waits until there may be.
    pub(super) async fn woken(&self) {
        self.due.notified().await;
    }

    /// The next delivery that is due, for [`LEASE`]; counted as a try, whatever becomes of it.
    pub(super) async fn claim(&self) -> Result<Option<Claimed>, db::Error> {
        let now = self.clock.now();
        // Whoever only looks holds nobody up.
        if !store::is_due(self.db.read(), now).await? {
            return Ok(None);
        }
        let mut tx = self.db.begin().await?;
        let claimed = store::claim(&mut tx, self.db.backend(), now, now + LEASE).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Writes what became of a try; `false` if somebody else has claimed the delivery since.
    pub(super) async fn write(&self, claimed: &Claimed, verdict: &Verdict) -> Result<bool, db::Error> {
        let mut tx = self.db.begin().await?;
        let written = store::write(&mut tx, claimed, verdict, self.clock.now()).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Takes the number of a test of a webhook.
    pub(in crate::scans) async fn next_id(&self) -> Result<i64, db::Error> {
        let mut tx = self.db.begin().await?;
        let id = store::next_id(&mut tx).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Writes down how a test went.
    pub(in crate::scans) async fn add_test(
        &self,
        id: i64,
        webhook: i64,
        tried: Tried,
    ) -> Result<Delivery, db::Error> {
        let now = self.clock.now();
        let delivery = Delivery::of_test(id, webhook, tried, now);
        let mut tx = self.db.begin().await?;
        store::insert_test(&mut tx, &delivery).await?;
        tx.commit().await?;
        Ok(delivery)
    }

    /// A page of the log, the newest first, and how many entries there are; of one webhook, or of all channels.
    pub async fn list(&self, webhook: Option<i64>, page: Page) -> Result<(Vec<Delivery>, i64), db::Error> {
        store::list(self.db.read(), webhook, page).await
    }

    /// Forgets the deliveries of a webhook that is deleted.
    pub(in crate::scans) async fn forget(tx: &mut db::Connection, webhook: i64) -> Result<(), db::Error> {
        store::forget(tx, webhook).await
    }

    /// Forgets what ended before a time.
    pub(super) async fn expire(&self, before: SystemTime) -> Result<(), db::Error> {
        let mut tx = self.db.begin().await?;
        store::expire(&mut tx, before).await?;
        tx.commit().await
    }
}
