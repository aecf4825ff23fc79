//! One thread that does what the engine says: asks, waits, hears, tells.

use std::{io, time::Duration};

use tokio::{sync::mpsc::Sender, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        model::{Found, Incomplete, PortSet, Summary},
        outbox::Outbox,
    },
    engine::{Action, Engine},
    payloads::Payload,
    sockets::Sockets,
};

/// Actions taken before answers are heard again.
const BURST: usize = 32;
/// The longest wait before the thread looks whether it was cancelled.
const LOOKS_UP: Duration = Duration::from_millis(50);

/// A scan on its way.
pub(super) struct Driver {
    engine: Engine,
    /// By the index of their port.
    payloads: Vec<Payload>,
    sockets: Sockets,
    start: Instant,
    outbox: Outbox,
    cancel: CancellationToken,
}

impl Driver {
    /// Over the sockets of this machine.
    pub(super) fn new(
        engine: Engine,
        payloads: Vec<Payload>,
        ports: PortSet,
        sink: Sender<Vec<Found>>,
        cancel: CancellationToken,
    ) -> io::Result<Self> {
        let (sockets, outbox) = (Sockets::new(ports)?, Outbox::new(sink));
        Ok(Self { engine, payloads, sockets, start: Instant::now(), outbox, cancel })
    }

    /// To the end.
    pub(super) fn run(mut self) -> io::Result<Summary> {
        let mut pause = Duration::ZERO;
        loop {
            if self.cancel.is_cancelled() {
                self.engine.interrupt(Incomplete::Cancelled);
            }
            self.hear(pause)?;
            if self.outbox.tell(|| self.engine.take_found()).is_err() {
                self.engine.interrupt(Incomplete::Cancelled);
                break;
            }
            match self.send() {
                Some(length) => pause = length,
                None => break,
            }
        }
        let duration = self.start.elapsed();
        self.outbox.tell_all(&self.cancel, || self.engine.take_found());
        Ok(self.engine.summary(duration))
    }

    fn hear(&mut self, pause: Duration) -> io::Result<()> {
        let (engine, start) = (&mut self.engine, self.start);
        self.sockets.wait(pause, |probe, event| engine.on(probe, event, start.elapsed()))
    }

    /// Sends what is to be sent now. How long to wait then; `None` if all is done.
    fn send(&mut self) -> Option<Duration> {
        for _ in 0..BURST {
            let now = self.start.elapsed();
            match self.engine.next(now) {
                Action::Ask { probe, permit, position, port } => {
                    let asked = permit.socket(port.number()).ok().zip(self.payloads.get(position));
                    // The engine asks only what the permit allows.
                    let Some((target, payload)) = asked else { continue };
                    if let Some(event) = self.sockets.ask(probe, target, payload) {
                        self.engine.on(probe, event, self.start.elapsed());
                    }
                }
                Action::Close { probe } => self.sockets.close(probe),
                Action::Wait(until) => return Some(until.saturating_sub(now).min(LOOKS_UP)),
                Action::Done => return None,
            }
        }
        Some(Duration::ZERO)
    }
}
