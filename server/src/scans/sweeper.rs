//! Ends scans whose task has ended without telling them, and deletes scans that are kept no longer.

use std::time::Duration;

use super::{
    error::Error,
    model::{End, Scan},
    service::Service,
    settings, store,
};
use crate::tasks::model::{State, Task};

/// Time between two looks at tasks.
pub(super) const LOOK: Duration = Duration::from_secs(2);
/// Time between two deletions of old scans.
pub(super) const EXPIRY: Duration = Duration::from_hours(1);
/// Scans that one transaction deletes at most.
const BATCH: i64 = 100;

impl Service {
    /// Ends the scans whose tasks have ended: killed with their process, out of time, or taken out of the line.
    pub(super) async fn reconcile(&self) -> Result<(), Error> {
        for scan in store::running(self.db.read()).await? {
            if let Some(end) = overlooked(self.queue.look(scan.task).await?.as_ref()) {
                self.end(scan.id, &end).await?;
            }
        }
        Ok(())
    }

    /// Deletes the scans that ended longer ago than they are kept.
    pub(super) async fn expire(&self, settings: &settings::Service) -> Result<(), Error> {
        let days = settings.current().await.map_or(0, |settings| settings.retention_days);
        if days == 0 {
            return Ok(());
        }
        let age = Duration::from_hours(24 * u64::from(days));
        let Some(before) = self.clock.now().checked_sub(age) else { return Ok(()) };
        loop {
            let old: Vec<Scan> = store::ended_before(self.db.read(), before, BATCH).await?;
            if old.is_empty() {
                return Ok(());
            }
            for scan in old {
                self.remove(&scan, None).await?;
            }
        }
    }
}

/// How a scan ended whose task has this to say and did not write it down.
fn overlooked(task: Option<&Task>) -> Option<End> {
    let Some(task) = task else { return Some(End::failed("its task is gone")) };
    match task.state {
        State::Queued | State::Running | State::Retrying => None,
        State::Cancelled => Some(End::cancelled()),
        State::Failed => Some(End::failed(&task.note)),
        State::Succeeded => Some(End::failed("it ended without a result")),
    }
}
