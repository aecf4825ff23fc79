//! The rules of the audit log: who reads it, and when it is whole.

use super::{
    error::Error,
    model::{Check, Event, Filter, Head, Report},
    store,
};
use crate::{auth::Admin, db::Db, page::Page};

/// How many entries are in memory at once while the log is checked.
pub(super) const PORTION: i32 = 500;
/// How many entries a call checks: a fraction of what the time of a call is enough for.
pub const STEP: i64 = 100_000;

/// The audit log.
#[derive(Clone)]
pub struct Service {
    db: Db,
}

impl Service {
    /// Of this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// A page of the entries that a filter lets through, the newest first, and how many there are in all.
    pub async fn list(&self, _admin: Admin, filter: &Filter, page: Page) -> Result<(Vec<Event>, i64), Error> {
        if filter.is_of_nothing() {
            return Ok((Vec::new(), 0));
        }
        let events = store::list(self.db.read(), filter, page.size(), page.skip()).await?;
        Ok((events, store::count(self.db.read(), filter).await?))
    }

    /// The newest entries that a filter lets through; for the operator, who needs no permission.
    pub async fn list_by_operator(&self, filter: &Filter, limit: u32) -> Result<Vec<Event>, Error> {
        if filter.is_of_nothing() {
            return Ok(Vec::new());
        }
        Ok(store::list(self.db.read(), filter, limit.into(), 0).await?)
    }

    /// Whether the next [`STEP`] entries behind one that is believed are as they were written.
    pub async fn verify(&self, _admin: Admin, from: Head) -> Result<Report, Error> {
        self.check(from, None, Some(STEP)).await
    }

    /// Whether the log is whole, and holds the entry of this hash, which was kept elsewhere; for the operator,
    /// who needs no permission.
    pub async fn verify_by_operator(&self, kept: Option<&str>) -> Result<Report, Error> {
        self.check(Head::default(), kept, None).await
    }

    /// What is added meanwhile is left to the next time, and what is beyond `step` entries.
    pub(super) async fn check(
        &self,
        from: Head,
        kept: Option<&str>,
        step: Option<i64>,
    ) -> Result<Report, Error> {
        // The last row before the end: entries that are added between the two are no intruders.
        let last = store::last_number(self.db.read()).await?;
        let head = store::head(self.db.read()).await?;
        let end = step.map_or(head.number, |step| head.number.min(from.number.saturating_add(step)));
        // Nothing is behind the beginning: whatever is there is an intruder.
        let mut after = (from.number > 0).then_some(from.number);
        let mut check = Check::new(from, kept);
        loop {
            let events = store::portion(self.db.read(), after, end, PORTION).await?;
            let Some(last) = events.last() else { break };
            after = Some(last.number);
            if !events.iter().all(|event| check.take(event)) {
                break;
            }
        }
        if end < head.number && check.is_at(end) { Ok(check.pause()) } else { Ok(check.end(last, &head)) }
    }
}
