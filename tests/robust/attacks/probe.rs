//! A neighbour who asks twenty times a second whether the server is well, each time on a new connection.

use std::{fmt, net::SocketAddr, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{door::Door, procfs::resident_kib};

const PERIOD: Duration = Duration::from_millis(50);

/// What the neighbour saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    times: Vec<Duration>,
    /// Answers that did not come or were not good.
    pub(super) failures: Vec<String>,
    /// The most memory that the server had in use, in KiB.
    pub(super) peak_kib: u64,
}

pub(super) struct Probe {
    stop: CancellationToken,
    asking: JoinHandle<Seen>,
}

impl Probe {
    pub(super) fn start(server: SocketAddr, process: i32) -> Self {
        let stop = CancellationToken::new();
        let asking = tokio::spawn(ask(server, process, stop.clone()));
        Self { stop, asking }
    }

    pub(super) async fn end(self) -> Seen {
        self.stop.cancel();
        let mut seen = self.asking.await.expect("no panic");
        seen.times.sort();
        seen
    }
}

async fn ask(server: SocketAddr, process: i32, stop: CancellationToken) -> Seen {
    let mut seen = Seen::default();
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        period.tick().await;
        let begin = Instant::now();
        match Door::at(server).get("/api/v1/healthcheck/").await {
            Ok(answer) if answer.status == 200 => seen.times.push(begin.elapsed()),
            other => seen.failures.push(format!("{other:?}")),
        }
        seen.peak_kib = seen.peak_kib.max(resident_kib(process));
    }
    seen
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |share: usize| {
            self.times.get((self.times.len() * share / 100).min(self.times.len().saturating_sub(1)))
        };
        write!(f, "a neighbour's {} calls: half within {:?}, ", self.times.len(), at(50))?;
        write!(f, "99 of 100 within {:?}, all within {:?}", at(99), at(100))
    }
}
