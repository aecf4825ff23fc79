//! Word between the hands of one process: there is work, a task has changed, how far it is.
//!
//! Everything here is a hint. Workers and watchers also look into the database, so that what other
//! processes do is seen a little later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{
    error::Error,
    model::{Lane, State, Task},
};

/// Tasks that are watched at once, all callers together.
pub(super) const MAX_WATCHERS: usize = 500;
/// Tasks that one account watches at once.
pub(super) const MAX_WATCHERS_OF_ONE: usize = 20;

/// The word of one process.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// One per lane.
    work: [Notify; Lane::ALL.len()],
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    /// Who is told of a task's changes.
    watched: HashMap<Uuid, watch::Sender<()>>,
    /// How many tasks each account watches.
    watching: HashMap<Uuid, usize>,
    watchers: usize,
    /// How far the tasks are that run here, 0 to 1000.
    progress: HashMap<Uuid, u16>,
}

impl Notices {
    /// There may be work to do, in whatever lane.
    pub(super) fn wake(&self) {
        self.work.iter().for_each(Notify::notify_one);
    }

    /// Waits until there may be work to do in a lane.
    pub(super) async fn work(&self, lane: Lane) {
        self.work[lane as usize].notified().await;
    }

    /// A task has changed.
    pub(super) fn changed(&self, task: Uuid) {
        if let Some(watchers) = self.board().watched.get(&task) {
            watchers.send_replace(());
        }
    }

    /// A task that runs here has got further.
    pub(super) fn advanced(&self, task: Uuid, progress: u16) {
        self.board().progress.insert(task, progress);
        self.changed(task);
    }

    /// A task no longer runs here.
    pub(super) fn ended(&self, task: Uuid) {
        self.board().progress.remove(&task);
        self.changed(task);
        self.wake();
    }

    /// Adds to a task what is not in the database yet.
    pub(super) fn complement(&self, task: &mut Task) {
        if task.state == State::Running
            && let Some(progress) = self.board().progress.get(&task.id)
        {
            task.progress = task.progress.max(*progress);
        }
    }

    /// Tells of a task's changes until the answer is dropped.
    pub(super) fn watch(self: &Arc<Self>, task: Uuid, account: Uuid) -> Result<Watcher, Error> {
        let mut board = self.board();
        let watching = board.watching.get(&account).copied().unwrap_or_default();
        if board.watchers >= MAX_WATCHERS || watching >= MAX_WATCHERS_OF_ONE {
            return Err(Error::TooManyWatchers);
        }
        board.watchers += 1;
        board.watching.insert(account, watching + 1);
        let changes = board.watched.entry(task).or_insert_with(|| watch::Sender::new(())).subscribe();
        drop(board);
        Ok(Watcher { notices: Arc::clone(self), task, account, changes })
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who is told of a task's changes.
#[derive(Debug)]
pub(super) struct Watcher {
    notices: Arc<Notices>,
    task: Uuid,
    account: Uuid,
    changes: watch::Receiver<()>,
}

impl Watcher {
    /// Waits for the next change.
    pub(super) async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // Nobody can tell any more; the one who waits has a clock as well.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut board = self.notices.board();
        board.watchers -= 1;
        if let Some(watching) = board.watching.get_mut(&self.account) {
            *watching -= 1;
            if *watching == 0 {
                board.watching.remove(&self.account);
            }
        }
        // Our own receiver is still counted.
        if board.watched.get(&self.task).is_some_and(|w| w.receiver_count() <= 1) {
            board.watched.remove(&self.task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_watcher_leaves_nothing_behind() {
        let notices = Arc::new(Notices::default());
        let [task, account] = [1, 2].map(Uuid::from_u128);
        let first = notices.watch(task, account).unwrap();
        let second = notices.watch(task, account).unwrap();
        drop(first);
        assert_eq!(notices.board().watched.len(), 1);
        drop(second);
        let board = notices.board();
        assert!(board.watched.is_empty() && board.watching.is_empty() && board.watchers == 0);
    }

    #[test]
    fn one_account_and_all_together_watch_only_so_many() {
        let notices = Arc::new(Notices::default());
        let mut kept = Vec::new();
        for account in 0..(MAX_WATCHERS / MAX_WATCHERS_OF_ONE) as u128 {
            for task in 0..MAX_WATCHERS_OF_ONE as u128 {
                kept.push(notices.watch(Uuid::from_u128(task), Uuid::from_u128(account)).unwrap());
            }
            let one_more = notices.watch(Uuid::nil(), Uuid::from_u128(account));
            assert!(matches!(one_more, Err(Error::TooManyWatchers)));
        }
        let another = || notices.watch(Uuid::nil(), Uuid::from_u128(999));
        assert!(matches!(another(), Err(Error::TooManyWatchers)));
        kept.pop();
        another().unwrap();
    }
}
