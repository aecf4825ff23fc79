//! The worker's second hand: keeps its leases, hears of cancellations, saves progress, and puts back
//! what vanished workers left.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    error::Error,
    job::{Context, Progress},
    model::Claim,
    queue::Queue,
};

/// The keeper's beat: how soon a cancellation is heard.
const BEAT: Duration = Duration::from_millis(500);
/// Beats between two looks for lapsed leases, and between two writes of progress.
const BEATS_OF_RECOVERY: u64 = 2;
/// Beats between two heartbeats: a lease survives three that fail.
const BEATS_OF_RENEWAL: u64 = 10;

/// Why a running task was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Its end was asked for.
    Cancelled,
    /// Another has it, or it has ended.
    Lost,
    /// It took longer than [`super::Lane::run_limit`].
    Overdue,
    /// The server is leaving.
    Stopping,
}

/// A running task of this worker.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) claim: Claim,
    pub(super) progress: Progress,
    pub(super) token: CancellationToken,
    cause: Arc<OnceLock<Cause>>,
    since: Instant,
    pub(super) limit: Duration,
    saved: u16,
}

impl Hold {
    pub(super) fn new(claim: Claim, progress: Progress, limit: Duration) -> Self {
        let token = CancellationToken::new();
        Self { claim, progress, token, cause: Arc::default(), since: Instant::now(), limit, saved: 0 }
    }

    /// Tells it to stop; the first cause counts.
    pub(super) fn stop(&self, cause: Cause) {
        self.cause.get_or_init(|| cause);
        self.token.cancel();
    }

    /// What the one who does it gets along.
    pub(super) fn context(&self) -> Context {
        let (progress, cause) = (self.progress.clone(), Arc::clone(&self.cause));
        Context { progress, cancelled: self.token.clone(), cause }
    }

    /// Why it was told to stop.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.cause.get().copied()
    }
}

/// The running tasks of a worker. By claim: it may have got a task anew while it still runs the try of
/// a claim that it lost.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds(Arc<Mutex<HashMap<Claim, Hold>>>);

impl Holds {
    pub(super) fn add(&self, hold: Hold) {
        self.lock().insert(hold.claim, hold);
    }

    pub(super) fn remove(&self, claim: Claim) {
        self.lock().remove(&claim);
    }

    pub(super) fn all(&self) -> Vec<Hold> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Claim, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps for ever; the worker drops it at its end.
pub(super) async fn keep(queue: Queue, worker: Uuid, holds: Holds) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beat = 0_u64;
    let mut ailing = false;
    loop {
        beats.tick().await;
        let outcome = tend(&queue, worker, &holds, beat).await;
        // One line when it begins and one when it is over, not two a second.
        match &outcome {
            Err(cause) if !ailing => tracing::error!("tasks can't be tended: {cause}"),
            Ok(()) if ailing => tracing::info!("tasks are tended again"),
            _ => {}
        }
        ailing = outcome.is_err();
        beat += 1;
    }
}

async fn tend(queue: &Queue, worker: Uuid, holds: &Holds, beat: u64) -> Result<(), Error> {
    let held = holds.all();
    let claims: Vec<Claim> = held.iter().map(|hold| hold.claim).collect();
    if !held.is_empty() {
        if beat.is_multiple_of(BEATS_OF_RENEWAL) {
            queue.renew(&claims).await?;
        }
        listen(queue, worker, &held).await?;
    }
    if beat.is_multiple_of(BEATS_OF_RECOVERY) {
        save(queue, holds).await?;
        queue.recover_lapsed(&claims).await?;
    }
    Ok(())
}

/// Stops what was cancelled, taken away, or takes too long.
async fn listen(queue: &Queue, worker: Uuid, held: &[Hold]) -> Result<(), Error> {
    let ours = queue.held(worker).await?;
    for hold in held {
        match ours.iter().find(|(claim, _)| *claim == hold.claim) {
            None => hold.stop(Cause::Lost),
            Some((_, true)) => hold.stop(Cause::Cancelled),
            Some((_, false)) if hold.since.elapsed() > hold.limit => hold.stop(Cause::Overdue),
            Some((_, false)) => {}
        }
    }
    Ok(())
}

/// Writes what progress there was, in one commit.
async fn save(queue: &Queue, holds: &Holds) -> Result<(), Error> {
    let moved: Vec<(Claim, u16)> = holds
        .all()
        .iter()
        .map(|h| (h.claim, h.saved, h.progress.get()))
        .filter(|(_, saved, now)| now > saved)
        .map(|(claim, _, now)| (claim, now))
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    queue.save_progress(&moved).await?;
    let mut all = holds.lock();
    for (claim, saved) in moved {
        if let Some(hold) = all.get_mut(&claim) {
            hold.saved = saved;
        }
    }
    Ok(())
}
