//! What callers may do with tasks: an owner everything, an admin look, others nothing.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    error::Error,
    model::{Reference, Task},
    queue::Queue,
    watch::Watch,
};
use crate::{auth::Caller, page::Page};

/// Tasks, as callers see them.
#[derive(Clone)]
pub struct Service {
    queue: Queue,
    leaving: CancellationToken,
}

impl Service {
    /// Over a queue.
    pub fn new(queue: Queue) -> Self {
        Self { queue, leaving: CancellationToken::new() }
    }

    /// Ends every watch: the server is shutting down.
    pub fn drain(&self) {
        self.leaving.cancel();
    }

    /// A task that the caller may see; by name the newest of it.
    pub async fn get(&self, caller: Caller, reference: &Reference) -> Result<Task, Error> {
        let owner = if caller.is_admin() { None } else { Some(caller.account()) };
        self.find(reference, owner).await
    }

    /// A page of the caller's own tasks, the newest first, and how many there are.
    pub async fn list(
        &self,
        caller: Caller,
        page: Page,
        subject: Option<Uuid>,
    ) -> Result<(Vec<Task>, i64), Error> {
        self.queue.list(caller.account(), subject, page).await
    }

    /// Ends the caller's own task: as it is now, cancelled or about to be.
    pub async fn cancel(&self, caller: Caller, reference: &Reference) -> Result<Task, Error> {
        let task = self.find(reference, Some(caller.account())).await?;
        self.queue.cancel(task.id).await?.ok_or(Error::Ended(task.id))
    }

    /// Watches a task that the caller may see.
    pub async fn watch(&self, caller: Caller, reference: &Reference) -> Result<Watch, Error> {
        let id = self.get(caller, reference).await?.id;
        let watcher = self.queue.notices.watch(id, caller.account())?;
        // Read again: what changes from here on, the watcher hears.
        let task = self.get(caller, &Reference::Id(id)).await?;
        Ok(Watch::new(self.queue.clone(), watcher, self.leaving.clone(), task))
    }

    async fn find(&self, reference: &Reference, owner: Option<Uuid>) -> Result<Task, Error> {
        self.queue.find(reference, owner).await?.ok_or_else(|| Error::NotFound(reference.to_string()))
    }
}
