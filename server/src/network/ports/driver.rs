//! One thread that does what the engine says: connects, waits, hears, tells.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{sync::mpsc::Sender, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    engine::{Action, Engine, Event},
    model::{Found, Incomplete, Summary},
    outbox::{Outbox, PATIENCE},
};

/// Probes sent before answers are heard again: some 500 us.
const BURST: usize = 64;
/// The longest wait before the thread looks whether it was cancelled.
const LOOKS_UP: Duration = Duration::from_millis(50);
/// Found ports that wait to be told; beyond that nothing is sent.
const BACKLOG: usize = 4096;
/// What the answer of a host is worth, which was there at once, and at most.
const EAGER: (i8, i8) = (8, 64);

/// What carries probes, by slot.
pub(super) trait Wire {
    /// Sends the slot's probe. `eager` looks for its answer at once. `None` if it is still under way.
    fn connect(&mut self, slot: u32, target: SocketAddr, eager: bool) -> Option<Event>;

    /// Forgets what a slot has under way.
    fn close(&mut self, slot: u32);

    /// Waits until something happens, for so long at most, and tells what happened.
    fn wait(&mut self, most: Duration, tell: impl FnMut(u32, Event)) -> io::Result<()>;
}

/// A scan on its way.
pub(super) struct Driver<W> {
    engine: Engine,
    wire: W,
    start: Instant,
    outbox: Outbox,
    cancel: CancellationToken,
    /// How much it is worth to look for each host's answers at once.
    eager: Vec<i8>,
}

impl<W: Wire> Driver<W> {
    /// Over a wire.
    pub(super) fn new(
        engine: Engine,
        hosts: usize,
        wire: W,
        sink: Sender<Vec<Found>>,
        cancel: CancellationToken,
    ) -> Self {
        let start = Instant::now();
        let outbox = Outbox::new(sink);
        Self { engine, wire, start, outbox, cancel, eager: vec![EAGER.0; hosts] }
    }

    /// To the end.
    pub(super) fn run(mut self) -> io::Result<Summary> {
        let mut pause = None;
        loop {
            if self.cancel.is_cancelled() {
                self.engine.interrupt(Incomplete::Cancelled);
            }
            self.hear(pause.take())?;
            if self.outbox.tell(|| self.engine.take_found()).is_err() {
                self.engine.interrupt(Incomplete::Cancelled);
                break;
            }
            let full = self.engine.backlog() >= BACKLOG;
            match if full { Step::Pause(PATIENCE) } else { self.send() } {
                Step::Go => {}
                Step::Pause(length) => pause = Some(length),
                Step::Over => break,
            }
        }
        let duration = self.start.elapsed();
        self.outbox.tell_all(&self.cancel, || self.engine.take_found());
        Ok(self.engine.summary(duration))
    }

    /// Hears all that has come, after a pause if there is one. Only then waits are over: what came in time is
    /// heard in time, however late this thread had its turn.
    fn hear(&mut self, pause: Option<Duration>) -> io::Result<()> {
        let (engine, start) = (&mut self.engine, self.start);
        let mut tell = |slot, event| engine.on(slot, event, start.elapsed());
        if let Some(pause) = pause {
            self.wire.wait(pause, &mut tell)?;
        }
        let heard = start.elapsed();
        self.wire.wait(Duration::ZERO, &mut tell)?;
        self.engine.expire(heard);
        Ok(())
    }

    fn send(&mut self) -> Step {
        for _ in 0..BURST {
            let now = self.start.elapsed();
            match self.engine.next(now) {
                Action::Connect { slot, host, permit, port } => {
                    let target = SocketAddr::new(permit.address(), port.number());
                    if let Some(event) = self.connect(slot, host, target) {
                        self.engine.on(slot, event, self.start.elapsed());
                    }
                }
                Action::Close { slot } => self.wire.close(slot),
                Action::Wait(until) => return Step::Pause(until.saturating_sub(now).min(LOOKS_UP)),
                Action::Done => return Step::Over,
            }
        }
        Step::Go
    }

    fn connect(&mut self, slot: u32, host: u32, target: SocketAddr) -> Option<Event> {
        let eager = &mut self.eager[host as usize];
        let seen = self.wire.connect(slot, target, *eager > 0);
        match seen {
            Some(Event::Answer(_)) => *eager = (*eager + 1).min(EAGER.1),
            None if *eager > 0 => *eager -= 1,
            _ => {}
        }
        seen
    }
}

enum Step {
    Go,
    Pause(Duration),
    Over,
}
