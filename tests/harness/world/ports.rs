//! Which ports are open. All others refuse, or a scan of them never ends.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use atalaya_server::network::{
    ports::{Counts, Error, Found, Incomplete, Port, Protocol, Reason, State, Summary},
    world::Order,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long each answer took.
const RESPONSE: Duration = Duration::from_millis(12);

/// Open ports, and whether scans come to an end.
#[derive(Debug, Default)]
pub struct Ports {
    open: Mutex<HashSet<SocketAddr>>,
    endless: AtomicBool,
}

impl Ports {
    /// Something listens there.
    pub fn open(&self, address: &str) {
        self.open.lock().expect("a script").insert(address.parse().expect("an address with a port"));
    }

    /// From now on scans find nothing and last until they are stopped.
    pub fn hold(&self) {
        self.endless.store(true, Ordering::SeqCst);
    }

    pub(super) async fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Result<Summary, Error> {
        let total = (order.permits.len() * order.ports.len()) as u64;
        if self.endless.load(Ordering::SeqCst) {
            stop.cancelled().await;
            return Ok(summary(
                Counts { unscanned: total, ..Counts::default() },
                Some(Incomplete::Cancelled),
            ));
        }
        let mut counts = Counts::default();
        for permit in &order.permits {
            let batch: Vec<Found> =
                order.ports.iter().map(|port| self.found(permit.address(), port)).collect();
            counts.open += batch.iter().filter(|found| found.state == State::Open).count() as u64;
            // Whoever does not hear it has left.
            let _ = found.send(batch).await;
        }
        counts.closed = total - counts.open;
        Ok(summary(counts, None))
    }

    fn found(&self, address: IpAddr, port: Port) -> Found {
        let at = SocketAddr::new(address, port.number());
        let open = self.open.lock().expect("a script").contains(&at);
        let (state, reason) =
            if open { (State::Open, Reason::SynAck) } else { (State::Closed, Reason::ConnRefused) };
        Found {
            address,
            port,
            protocol: Protocol::Tcp,
            state,
            reason,
            response: Some(RESPONSE),
            service: None,
        }
    }
}

fn summary(counts: Counts, incomplete: Option<Incomplete>) -> Summary {
    let probes = counts.open + counts.closed;
    Summary { counts, silent_hosts: 0, probes, duration: RESPONSE, loss_estimate: Some(0.0), incomplete }
}
