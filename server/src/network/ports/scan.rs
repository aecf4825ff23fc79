//! The one way in: a scan as an asynchronous call.

use std::{io, thread};

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    driver::Driver,
    engine::Engine,
    model::{Found, Limits, PortSet, Summary},
    sockets::Sockets,
};
use crate::network::targets::Permit;

/// Descriptors that a scan leaves to the rest of the server.
const SPARE: u64 = 256;

/// Why a scan could not be made. What the network does is no error: see [`Summary::incomplete`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system gave no thread, or no way to wait for sockets.
    #[error("the system is short of what a scan needs")]
    System(#[from] io::Error),
    /// This process may not open raw sockets.
    #[error(
        "this server may not open raw sockets: its operator gives it the right with `setcap cap_net_raw+ep` on the \
         program, or the ports are scanned by connecting"
    )]
    NoRawSockets,
    /// The thread ended without a word.
    #[error("the scan ended without a word")]
    Broken,
}

/// Scans each TCP port at each address by connecting, on a thread of its own.
///
/// Ports are told in batches as they are found, those without an answer when their host is done with. Each port is
/// told once, or is counted as unscanned. A sink that is full slows the scan down. The scan ends within 100 ms
/// of a cancel, of the sink's being closed, and of this call's being dropped. The seed tells the order.
pub async fn scan(
    permits: Vec<Permit>,
    ports: PortSet,
    limits: Limits,
    seed: u64,
    sink: mpsc::Sender<Vec<Found>>,
    cancel: CancellationToken,
) -> Result<Summary, Error> {
    let limits = Limits { max_concurrent: limits.max_concurrent.min(affordable()), ..limits };
    let work = move |cancel| {
        let engine = Engine::new(&permits, &ports, limits, seed);
        Ok(Driver::new(engine, permits.len(), Sockets::new()?, sink, cancel).run()?)
    };
    on_thread("port-scan", cancel, work).await
}

/// Scans on a thread of that name. What the scan is given to look at is cancelled, too, when this call is dropped.
pub(super) async fn on_thread(
    name: &str,
    cancel: CancellationToken,
    work: impl FnOnce(CancellationToken) -> Result<Summary, Error> + Send + 'static,
) -> Result<Summary, Error> {
    let (done, summary) = oneshot::channel();
    let cancel = cancel.child_token();
    let guard = cancel.clone().drop_guard();
    // Nobody waits for the summary of a scan that was dropped.
    let run = move || drop(done.send(work(cancel)));
    thread::Builder::new().name(name.to_owned()).spawn(run)?;
    let summary = summary.await.map_err(|_| Error::Broken)??;
    guard.disarm();
    Ok(summary)
}

/// Sockets that this process may open, with some left for the rest of it.
pub(super) fn affordable() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
    share(limit)
}

fn share(limit: u64) -> usize {
    // Where there are very few, the scan goes on with those it gets.
    usize::try_from(limit.saturating_sub(SPARE).max(limit / 4)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_leaves_descriptors_for_the_rest_of_the_server() {
        assert_eq!([256, 1024, 20_000].map(share), [64, 768, 19_744]);
    }
}
