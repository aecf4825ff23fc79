//! The rules of the audit log: who reads it, and when it is whole.

use super::{
    error::Error,
    model::{Check, Event, Filter, Report},
    store,
};
use crate::{auth::Admin, db::Db, page::Page};

/// How many entries are in memory at once while the log is checked.
pub(super) const PORTION: i32 = 500;

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

    /// Whether the log is whole.
    pub async fn verify(&self, _admin: Admin) -> Result<Report, Error> {
        self.check(None).await
    }

    /// Whether the log is whole, and holds the entry of this hash, which was kept elsewhere; for the operator,
    /// who needs no permission.
    pub async fn verify_by_operator(&self, kept: Option<&str>) -> Result<Report, Error> {
        self.check(kept).await
    }

    /// What is added meanwhile is left to the next time.
    async fn check(&self, kept: Option<&str>) -> Result<Report, Error> {
        // The last row before the end: entries that are added between the two are no intruders.
        let last = store::last_number(self.db.read()).await?;
        let head = store::head(self.db.read()).await?;
        let mut check = Check::new(kept);
        let mut after = None;
        loop {
            let events = store::portion(self.db.read(), after, head.number, PORTION).await?;
            let Some(end) = events.last() else { break };
            after = Some(end.number);
            if !events.iter().all(|event| check.take(event)) {
                break;
            }
        }
        Ok(check.end(last, &head))
    }
}
