//! A task in the hands of the code that does it: what to do, how to report, how to end.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU16, Ordering},
};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    error::Error, keeper::Cause, model::Claim, notices::Notices, queue::Queue, store::leases::Claimed,
};
use crate::db::{self, Db, Tx};

/// Watchers hear of progress at most this often.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

/// A claimed task.
pub struct Job {
    queue: Queue,
    db: Db,
    claimed: Claimed,
}

impl Job {
    pub(super) fn new(queue: Queue, db: Db, claimed: Claimed) -> Self {
        Self { queue, db, claimed }
    }

    /// The task and our hold on it.
    pub fn claim(&self) -> Claim {
        self.claimed.claim
    }

    /// What to do, such as `rotate_image`.
    pub fn operation(&self) -> &str {
        &self.claimed.operation
    }

    /// What to do it to.
    pub fn subject(&self) -> Uuid {
        self.claimed.subject
    }

    /// Who asked.
    pub fn owner(&self) -> Uuid {
        self.claimed.owner
    }

    /// What was asked, as it was queued.
    pub fn payload(&self) -> &str {
        &self.claimed.payload
    }

    /// 1 at the first try.
    pub fn attempt(&self) -> u32 {
        self.claimed.attempt
    }

    /// Begins the transaction that ends the task well: the result is written in it too, so both are one
    /// commit or nothing. Fails if the task is no longer ours, and from then on nobody can take it.
    pub async fn finish(&self) -> Result<Finish, Failure> {
        let mut tx = self.db.begin().await?;
        self.queue.complete(&mut tx, self.claimed.claim).await?;
        Ok(Finish(tx))
    }
}

/// The transaction that ends a task well. Dropped without [`Self::commit`], it is undone.
pub struct Finish(Tx);

impl Finish {
    /// Where to write the result.
    pub fn tx(&mut self) -> &mut db::Connection {
        &mut self.0
    }

    /// Makes the result and the end of the task true.
    pub async fn commit(self) -> Result<Done, Failure> {
        self.0.commit().await?;
        Ok(Done(()))
    }
}

/// Proof that a task was ended together with its result.
#[derive(Debug)]
pub struct Done(());

/// Why a try did not end well. Texts are shown to the task's owner: a clause for people, without
/// internals, that fits behind "Failed to rotate image 7: ".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Another try would fail as well.
    Permanent(String),
    /// Another try may do: it is made after 1, 8 and 60 seconds.
    Transient(String),
    /// The process that did it died: one more try is made.
    Crashed(String),
    /// It stopped because it was told to, or because the task is no longer this worker's.
    Stopped,
}

impl From<db::Error> for Failure {
    fn from(cause: db::Error) -> Self {
        tracing::warn!("a task failed for now: {cause}");
        Self::Transient("the database did not answer".to_owned())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::StaleFence => Self::Stopped,
            Error::Database(cause) => cause.into(),
            Error::IdInvalid
            | Error::KeyInvalid
            | Error::KeyReused
            | Error::NotFound(_)
            | Error::Ended(_)
            | Error::TooMany(_)
            | Error::TooManyWatchers
            | Error::Leaving => Self::Permanent(error.to_string()),
        }
    }
}

/// What a worker gives along with a job.
#[derive(Debug, Clone)]
pub struct Context {
    /// To report how far it is.
    pub progress: Progress,
    /// Fires when the task shall stop: cancelled, taken away, overdue, or the server is leaving. What
    /// does not stop within two seconds is dropped.
    pub cancelled: CancellationToken,
    pub(super) cause: Arc<OnceLock<Cause>>,
}

impl Context {
    /// Whether it shall stop because somebody asked for its end.
    pub fn is_unwanted(&self) -> bool {
        self.cause.get() == Some(&Cause::Cancelled)
    }
}

/// How far a task is. Cheap to clone, and to call as often as one likes.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Meter>);

#[derive(Debug)]
struct Meter {
    task: Uuid,
    notices: Arc<Notices>,
    value: AtomicU16,
    told: Mutex<Option<Instant>>,
}

impl Progress {
    /// All of a task.
    pub const WHOLE: u16 = 1000;

    pub(super) fn new(task: Uuid, notices: Arc<Notices>) -> Self {
        Self(Arc::new(Meter { task, notices, value: AtomicU16::new(0), told: Mutex::new(None) }))
    }

    /// So much is done, of [`Self::WHOLE`]. Going back is ignored.
    pub fn set(&self, done: u16) {
        let done = done.min(Self::WHOLE);
        if self.0.value.fetch_max(done, Ordering::Relaxed) >= done {
            return;
        }
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= PROGRESS_PAUSE) {
            *told = Some(Instant::now());
            self.0.notices.advanced(self.0.task, done);
        }
    }

    /// How much is done, of [`Self::WHOLE`].
    pub fn get(&self) -> u16 {
        self.0.value.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_only_grows_and_is_told_at_most_ten_times_a_second() {
        let notices = Arc::new(Notices::default());
        let task = Uuid::from_u128(1);
        let mut watcher = notices.watch(task, Uuid::nil()).unwrap();
        let progress = Progress::new(task, notices);
        let mut told = 0;
        for step in 1..=100 {
            progress.set(step * 10);
            let heard = tokio::time::timeout(Duration::ZERO, watcher.changed()).await;
            told += u32::from(heard.is_ok());
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        progress.set(3);
        progress.set(2000);
        assert_eq!(progress.get(), Progress::WHOLE);
        assert!((9..=11).contains(&told), "{told}");
    }
}
