//! UDP: each listed port is asked what its usual service answers, because most services are silent at anything else.
//!
//! A port that answers is open, one whose host says by ICMP that nothing listens is closed, and of a silent one nobody
//! knows: open, or filtered. Hosts say little at a time: Linux answers some six datagrams to closed ports at once, then
//! one a second. So every port is asked at once, and silent ones in turn, one a second of each host.

mod driver;
mod engine;
mod payloads;
mod sockets;
#[cfg(test)]
mod tests;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{driver::Driver, engine::Engine, payloads::Payload};
use super::{
    Error,
    model::{Found, Limits, PortSet, Summary},
    scan::{affordable, on_thread},
};
use crate::network::targets::Permit;

/// Sockets that a scan of TCP takes at most, which may run at the same time.
const OTHERS: usize = 8192;
/// Sockets that are left where those may take all: half of what every scan leaves to the rest of the server.
const LEFT: usize = 128;

/// Scans each UDP port at each address, on a thread of its own.
///
/// Ports are told in batches as they are known: open and closed ones at once, silent ones when they were asked often
/// enough: three times, where they are few. [`Limits::timeout`] is how long a port has for its answer after each
/// datagram, and [`Limits::max_concurrent`] how many ports are asked at once; the rest is as for
/// [`scan`](super::scan()). The loss on the way is not known, because silence has other causes.
pub async fn scan(
    permits: Vec<Permit>,
    ports: PortSet,
    limits: Limits,
    seed: u64,
    sink: mpsc::Sender<Vec<Found>>,
    cancel: CancellationToken,
) -> Result<Summary, Error> {
    let limits = Limits { max_concurrent: limits.max_concurrent.min(share(affordable())), ..limits };
    let work = move |cancel| {
        let payloads: Vec<Payload> = ports.iter().map(|port| payloads::of(port, seed)).collect();
        let engine = Engine::new(&permits, &ports, limits);
        Ok(Driver::new(engine, payloads, ports, sink, cancel)?.run()?)
    };
    on_thread("udp-scan", cancel, work).await
}

fn share(affordable: usize) -> usize {
    affordable.saturating_sub(OTHERS).max(LEFT.min(affordable / 2))
}
