//! Runs queued tasks: so many at once, until told to leave.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use super::{
    job::{Context, Done, Failure, Job, Progress},
    keeper::{self, Cause, Hold, Holds},
    model::Lane,
    policy::Outcome,
    queue::Queue,
};

/// How soon work is found of which nobody told us: a wait that is over, another process's task.
const POLL: Duration = Duration::from_millis(500);
/// How long a task that was told to stop may take to do so before it is dropped.
const GRACE: Duration = Duration::from_secs(2);
/// Tries to write how a task ended; then its lease lapses, which counts as a vanished worker.
const SETTLE_TRIES: u32 = 10;
const SETTLE_PAUSE: Duration = Duration::from_secs(1);

/// Runs the tasks of one lane with `run`, at most `slots` at once. Several may share one queue, in this process and, on
/// `PostgreSQL`, in others.
///
/// `run` does a [`Job`] and ends it with [`Job::finish`], or says why not. It may be dropped at any
/// `.await`, and the same task may be run again: only what it commits through the job counts.
pub struct Worker<F> {
    id: Uuid,
    queue: Queue,
    lane: Lane,
    subject: Option<Uuid>,
    slots: usize,
    run: Arc<F>,
}

impl<F, R> Worker<F>
where
    F: Fn(Job, Context) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Done, Failure>> + Send + 'static,
{
    /// A worker with at least one slot.
    pub fn new(queue: Queue, lane: Lane, slots: usize, run: F) -> Self {
        Self { id: Uuid::new_v4(), queue, lane, subject: None, slots: slots.max(1), run: Arc::new(run) }
    }

    /// The same, for the tasks of one subject.
    #[must_use]
    pub fn of_subject(self, subject: Uuid) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// Works until `stop` fires. Then nothing new is begun; what runs has `drain` to end, and what has
    /// not ended by then is put back uncounted.
    pub async fn work(self, stop: CancellationToken, drain: Duration) {
        let holds = Holds::default();
        let keeper = keeper::keep(self.queue.clone(), self.id, holds.clone());
        let _keeper = AbortOnDropHandle::new(tokio::spawn(keeper));
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            let free = running.len() < self.slots;
            if free && self.start(&holds, &mut running, &stop).await {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = running.join_next() => {}
                () = self.queue.notices.work(self.lane), if free => {}
                () = sleep(POLL), if free => {}
            }
        }
        leave(&holds, running, drain).await;
    }

    /// Claims a task and begins it; whether there was one.
    async fn start(&self, holds: &Holds, running: &mut JoinSet<()>, stop: &CancellationToken) -> bool {
        let job = match self.queue.claim(self.id, self.lane, self.subject).await {
            Ok(Some(job)) => job,
            Ok(None) => return false,
            Err(cause) => {
                tracing::warn!("no task can be claimed: {cause}");
                return false;
            }
        };
        let progress = Progress::new(job.claim().id, Arc::clone(&self.queue.notices));
        let hold = Hold::new(job.claim(), progress, self.lane.run_limit());
        if stop.is_cancelled() {
            settle(&self.queue, &hold, Outcome::Stopped).await;
            return false;
        }
        holds.add(hold.clone());
        running.spawn(attempt(self.queue.clone(), Arc::clone(&self.run), job, hold, holds.clone()));
        true
    }
}

/// One try of a task, from its claim to its end.
async fn attempt<F, R>(queue: Queue, run: Arc<F>, job: Job, hold: Hold, holds: Holds)
where
    F: Fn(Job, Context) -> R,
    R: Future<Output = Result<Done, Failure>>,
{
    let context = hold.context();
    let doing = AssertUnwindSafe(async { run(job, context).await }).catch_unwind();
    let overstayed = async {
        hold.token.cancelled().await;
        sleep(GRACE).await;
    };
    let result = tokio::select! {
        result = doing => result.unwrap_or_else(|_| Err(Failure::Crashed("a defect of this server".to_owned()))),
        () = overstayed => Err(Failure::Stopped),
    };
    if let Err(failure) = result {
        settle(&queue, &hold, outcome(failure, hold.cause(), hold.limit)).await;
    }
    holds.remove(hold.claim);
    queue.notices.ended(hold.claim.id);
}

/// What a failure means, given why the task was told to stop, if it was.
fn outcome(failure: Failure, cause: Option<Cause>, limit: Duration) -> Outcome {
    match (cause, failure) {
        (Some(Cause::Cancelled), _) => Outcome::Cancelled,
        // Lost: whatever we write is refused by the fence.
        (Some(Cause::Stopping | Cause::Lost), _) => Outcome::Stopped,
        (Some(Cause::Overdue), _) => {
            Outcome::Failed(format!("it took longer than {} minutes", limit.as_secs() / 60))
        }
        (None, Failure::Permanent(note)) => Outcome::Failed(note),
        (None, Failure::Transient(note)) => Outcome::Transient(note),
        (None, Failure::Crashed(note)) => Outcome::Crashed(note),
        // It was cancelled or taken away before we heard of it, or it gave up by itself.
        (None, Failure::Stopped) => Outcome::Transient("it stopped".to_owned()),
    }
}

async fn settle(queue: &Queue, hold: &Hold, outcome: Outcome) {
    for left in (0..SETTLE_TRIES).rev() {
        match queue.settle(hold.claim, outcome.clone()).await {
            Ok(()) => return,
            Err(cause) => tracing::warn!(task = %hold.claim.id, left, "its end can't be written: {cause}"),
        }
        sleep(SETTLE_PAUSE).await;
    }
}

/// Lets what runs end, then stops it and puts it back.
async fn leave(holds: &Holds, mut running: JoinSet<()>, drain: Duration) {
    let ended = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, ended).await.is_ok() {
        return;
    }
    for hold in holds.all() {
        hold.stop(Cause::Stopping);
    }
    let limit = GRACE + SETTLE_PAUSE;
    let ended = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(limit, ended).await.is_err() {
        tracing::warn!(left = running.len(), "tasks are left to their leases");
    }
}
