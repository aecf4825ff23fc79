//! What a scan has found and not yet told.

use std::{thread, time::Duration};

use tokio::{
    sync::mpsc::{Sender, error::TrySendError},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::model::Found;

/// Ports told at once at most.
const BATCH: usize = 512;
/// The longest that a found port waits to be told.
const TELLS: Duration = Duration::from_millis(10);
/// How long to wait for somebody who doesn't take what is told.
pub(super) const PATIENCE: Duration = Duration::from_millis(1);

/// Nobody listens any more.
#[derive(Debug)]
pub(super) struct Closed;

/// Gathers ports into batches.
#[derive(Debug)]
pub(super) struct Outbox {
    sink: Sender<Vec<Found>>,
    batch: Vec<Found>,
    told: Instant,
}

impl Outbox {
    /// Nothing yet, for whoever has the other end.
    pub(super) fn new(sink: Sender<Vec<Found>>) -> Self {
        Self { sink, batch: Vec::new(), told: Instant::now() }
    }

    /// Takes what is next, and tells it if that is much or has waited for long.
    pub(super) fn tell(&mut self, next: impl FnMut() -> Option<Found>) -> Result<(), Closed> {
        self.fill(next);
        let urgent = self.batch.len() >= BATCH || self.told.elapsed() >= TELLS;
        if urgent { self.send() } else { Ok(()) }
    }

    /// Tells all there is, unless nobody wants it any more.
    pub(super) fn tell_all(&mut self, cancel: &CancellationToken, mut next: impl FnMut() -> Option<Found>) {
        loop {
            self.fill(&mut next);
            if self.batch.is_empty() || cancel.is_cancelled() || self.send().is_err() {
                return;
            }
            if !self.batch.is_empty() {
                thread::sleep(PATIENCE);
            }
        }
    }

    fn fill(&mut self, mut next: impl FnMut() -> Option<Found>) {
        while self.batch.len() < BATCH
            && let Some(found) = next()
        {
            self.batch.push(found);
        }
    }

    /// Tells the batch, if the one who listens has room for it.
    fn send(&mut self) -> Result<(), Closed> {
        if self.batch.is_empty() {
            return if self.sink.is_closed() { Err(Closed) } else { Ok(()) };
        }
        match self.sink.try_reserve() {
            Ok(room) => {
                room.send(std::mem::take(&mut self.batch));
                self.told = Instant::now();
                Ok(())
            }
            Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Closed(())) => Err(Closed),
        }
    }
}
