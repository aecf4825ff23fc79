//! The rules of webhooks: who may make, see, change and test them, and that their tokens stay secret.

use super::{
    error::Error,
    model::{Address, Draft, Listening, MAX_WEBHOOKS, Terms, Webhook},
    store::{self, Row},
};
use crate::{
    audit::{self, Action},
    auth::Surveyor,
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    scans::{
        deliveries::{Digest, Log, Sender, model::Delivery},
        operator::service::entry,
        record::moment,
    },
    secrets::{Place, Secrets},
};

const CREATE: Action = Action("webhook.create");
const UPDATE: Action = Action("webhook.update");
const DELETE: Action = Action("webhook.delete");
const TEST: Action = Action("webhook.test");

/// Webhooks.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    secrets: Secrets,
    sender: Sender,
    log: Log,
}

impl Service {
    /// With who seals secrets, who posts, and the log of it.
    pub fn new(db: Db, clock: SharedClock, secrets: Secrets, sender: Sender, log: Log) -> Self {
        Self { db, clock, secrets, sender, log }
    }

    /// Makes a webhook.
    pub async fn create(&self, surveyor: Surveyor, draft: Draft) -> Result<Webhook, Error> {
        let terms = draft.checked(None)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let id = store::next_id(&mut tx).await?;
        if store::count(&mut tx).await? >= MAX_WEBHOOKS {
            return Err(Error::TooMany);
        }
        let webhook = Webhook { id, terms, create_time: now, update_time: now };
        self.write(&mut tx, &webhook).await?;
        audit::record(&mut tx, now, &entry(surveyor, CREATE, id)).await?;
        tx.commit().await?;
        Ok(webhook)
    }

    /// A webhook.
    pub async fn get(&self, _: Surveyor, id: i64) -> Result<Webhook, Error> {
        self.find(id).await?.ok_or(Error::NotFound(id))
    }

    /// All webhooks, by number.
    pub async fn list(&self, _: Surveyor) -> Result<Vec<Webhook>, Error> {
        let rows = store::all(self.db.read()).await?;
        rows.into_iter().map(|row| self.opened(row)).collect()
    }

    /// Changes a webhook.
    pub async fn update(&self, surveyor: Surveyor, id: i64, draft: Draft) -> Result<Webhook, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // The lock, too: of two changes at once the second sees the first.
        let row = store::take(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
        let before = self.opened(row)?;
        let terms = draft.checked(Some(&before.terms))?;
        let webhook = Webhook { terms, update_time: now, ..before };
        self.write(&mut tx, &webhook).await?;
        audit::record(&mut tx, now, &entry(surveyor, UPDATE, id)).await?;
        tx.commit().await?;
        Ok(webhook)
    }

    /// Deletes a webhook with its log.
    pub async fn delete(&self, surveyor: Surveyor, id: i64) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if !store::delete(&mut tx, id).await? {
            return Err(Error::NotFound(id));
        }
        Log::forget(&mut tx, id).await?;
        audit::record(&mut tx, self.clock.now(), &entry(surveyor, DELETE, id)).await?;
        Ok(tx.commit().await?)
    }

    /// Tells a webhook something that is no alert, and how that went.
    pub async fn test(&self, surveyor: Surveyor, id: i64) -> Result<Delivery, Error> {
        let webhook = self.get(surveyor, id).await?;
        let mut tx = self.db.begin().await?;
        audit::record(&mut tx, self.clock.now(), &entry(surveyor, TEST, id)).await?;
        tx.commit().await?;
        let digest = Digest::test(moment(self.clock.now()));
        let delivery = self.log.next_id().await?;
        let tried = self.sender.post(&webhook.terms, delivery, &digest).await;
        Ok(self.log.add_test(delivery, id, tried).await?)
    }

    /// A page of the log of deliveries, of a webhook or of all channels.
    pub async fn deliveries(
        &self,
        surveyor: Surveyor,
        id: Option<i64>,
        page: Page,
    ) -> Result<(Vec<Delivery>, i64), Error> {
        if let Some(id) = id {
            self.get(surveyor, id).await?;
        }
        Ok(self.log.list(id, page).await?)
    }

    /// Where a delivery to a webhook goes now.
    pub(in crate::scans) async fn terms(&self, id: i64) -> Result<Option<Terms>, Error> {
        Ok(self.find(id).await?.map(|webhook| webhook.terms))
    }

    /// Those that are told of alerts: number, and from which severity on.
    pub(in crate::scans) async fn listening(tx: &mut db::Connection) -> Result<Vec<Listening>, db::Error> {
        store::listening(tx).await
    }

    async fn find(&self, id: i64) -> Result<Option<Webhook>, Error> {
        store::by_id(self.db.read(), id).await?.map(|row| self.opened(row)).transpose()
    }

    async fn write(&self, tx: &mut db::Connection, webhook: &Webhook) -> Result<(), Error> {
        let terms = &webhook.terms;
        let seal = |name: &str, text: &str| self.secrets.seal(place(&key(webhook.id, name)), text.as_bytes());
        let url = seal(store::URL, terms.url.expose())?;
        let secret = terms.secret.as_deref().map(|secret| seal(store::SECRET, secret)).transpose()?;
        Ok(store::put(tx, webhook, &url, secret.as_deref()).await?)
    }

    fn opened(&self, row: Row) -> Result<Webhook, Error> {
        let open = |name: &str, sealed: &str| -> Result<String, Error> {
            let opened = self.secrets.unseal(place(&key(row.id, name)), sealed)?;
            Ok(String::from_utf8_lossy(&opened).into_owned())
        };
        // It was checked when it was sealed.
        let url: Address = open(store::URL, &row.url)?.parse()?;
        let secret = row.secret.as_deref().map(|sealed| open(store::SECRET, sealed)).transpose()?;
        let Row { id, name, format, enabled, min_severity, create_time, update_time, .. } = row;
        let terms = Terms { name, url, format, enabled, min_severity, secret };
        Ok(Webhook { id, terms, create_time, update_time })
    }
}

fn key(id: i64, name: &str) -> String {
    format!("{id}/{name}")
}

fn place(key: &str) -> Place<'_> {
    Place { table: "webhook_secrets", column: "value", row: key }
}
