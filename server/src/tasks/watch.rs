//! A task told at each change until it has ended.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    error::Error,
    model::{Reference, Task},
    notices::Watcher,
    queue::Queue,
};

/// How soon a change is seen that was made by another process.
const POLL: Duration = Duration::from_millis(500);
/// The shortest time between two messages.
const PAUSE: Duration = Duration::from_millis(100);

/// A task that is being watched.
pub struct Watch {
    queue: Queue,
    watcher: Watcher,
    leaving: CancellationToken,
    /// As it was found, then as it was last told.
    task: Task,
    /// Before it, the next message may not be sent; `None` before the first.
    not_before: Option<Instant>,
    over: bool,
}

impl Watch {
    /// Ends with [`Error::Leaving`] when `leaving` fires.
    pub(super) fn new(queue: Queue, watcher: Watcher, leaving: CancellationToken, task: Task) -> Self {
        Self { queue, watcher, leaving, task, not_before: None, over: false }
    }

    /// The task as it is now, then again at each change, at most 10 times a second. `None` after it was
    /// told as ended, after a failure, or when it was deleted meanwhile.
    pub async fn next(&mut self) -> Option<Result<Task, Error>> {
        if self.over {
            return None;
        }
        match self.change().await {
            Ok(Some(task)) => {
                self.not_before = Some(Instant::now() + PAUSE);
                self.over = task.state.has_ended();
                self.task = task.clone();
                Some(Ok(task))
            }
            Ok(None) => {
                self.over = true;
                None
            }
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }

    /// Waits for a change.
    async fn change(&mut self) -> Result<Option<Task>, Error> {
        let Some(not_before) = self.not_before else { return Ok(Some(self.task.clone())) };
        sleep_until(not_before).await;
        loop {
            let found = self.queue.find(&Reference::Id(self.task.id), None).await?;
            match found {
                Some(task) if task == self.task => {}
                other => return Ok(other),
            }
            tokio::select! {
                () = self.watcher.changed() => {}
                () = self.leaving.cancelled() => return Err(Error::Leaving),
                () = sleep(POLL) => {}
            }
        }
    }
}
