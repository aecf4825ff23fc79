//! Forgets states that are kept no longer, and deletes bytes that no state of an image needs: what a crash between writing them and the commit,
//! or between a deletion and its end, left behind.

use std::time::Duration;

use futures::TryStreamExt;

use super::{error::Error, evidence, service::Service, store};

/// What every key of an image's bytes begins with.
pub const PREFIX: &str = "images/";
/// Younger bytes may belong to an upload or a task whose commit is still to come.
const GRACE: Duration = Duration::from_hours(1);
/// Time between two sweeps.
pub const INTERVAL: Duration = Duration::from_hours(1);

impl Service {
    /// Forgets the states that are older than they are kept; how many. Their bytes are then orphaned.
    pub async fn expire(&self) -> Result<u64, Error> {
        let Some(age) = self.limits.revision_age else { return Ok(0) };
        let Some(before) = self.clock.now().checked_sub(age) else { return Ok(0) };
        let mut tx = self.db.begin().await?;
        let expired = store::expire(&mut tx, before).await?;
        tx.commit().await?;
        Ok(expired)
    }

    /// Deletes orphaned bytes older than an hour; how many objects that were. What can't be deleted is told,
    /// and left to the next sweep.
    pub async fn sweep(&self) -> Result<u64, Error> {
        Ok(self.sweep_below(PREFIX).await? + self.sweep_below(evidence::PREFIX).await?)
    }

    async fn sweep_below(&self, prefix: &str) -> Result<u64, Error> {
        let now = self.clock.now();
        let mut swept = self.blobs.sweep_unfinished(prefix, now, GRACE).await?;
        let mut objects = self.blobs.list(prefix);
        while let Some((key, written)) = objects.try_next().await? {
            let old = now.duration_since(written).is_ok_and(|age| age >= GRACE);
            if old && !self.is_needed(&key).await? {
                match self.blobs.delete(&key).await {
                    Ok(()) => swept += 1,
                    Err(error) => tracing::warn!(key, "bytes could not be swept: {error}"),
                }
            }
        }
        Ok(swept)
    }

    async fn is_needed(&self, key: &str) -> Result<bool, Error> {
        Ok(store::is_needed(self.db.read(), key).await? || evidence::is_needed(&self.db, key).await?)
    }
}
