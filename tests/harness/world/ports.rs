//! Which ports are open. All other TCP ports refuse, all other UDP ports are silent, or a scan never ends, or knows
//! nothing of a host.

use std::{
    collections::{HashMap, HashSet},
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
    late: Mutex<HashMap<SocketAddr, u32>>,
    open_udp: Mutex<HashSet<SocketAddr>>,
    closed_udp: Mutex<HashSet<SocketAddr>>,
    unknown: Mutex<HashMap<IpAddr, Incomplete>>,
    endless: AtomicBool,
    hollow: AtomicBool,
    no_raw_sockets: AtomicBool,
}

impl Ports {
    /// Something listens there.
    pub fn open(&self, address: &str) {
        note(&self.open, address);
    }

    /// Something listens there that refuses so many times first.
    pub fn open_late(&self, address: &str, refusals: u32) {
        let at = address.parse().expect("an address with a port");
        self.late.lock().expect("a script").insert(at, refusals);
    }

    /// Something answers there by UDP.
    pub fn open_udp(&self, address: &str) {
        note(&self.open_udp, address);
    }

    /// The host says that nothing listens there by UDP.
    pub fn close_udp(&self, address: &str) {
        note(&self.closed_udp, address);
    }

    /// Of a host's ports nothing gets known, for this reason.
    pub fn lose(&self, host: &str, why: Incomplete) {
        self.unknown.lock().expect("a script").insert(super::address(host), why);
    }

    /// From now on scans find nothing and last until they are stopped.
    pub fn hold(&self) {
        self.endless.store(true, Ordering::SeqCst);
    }

    /// Whether whatever is open is so by something before the host from now on, which scans by SYNs see.
    pub fn hollow(&self, is: bool) {
        self.hollow.store(is, Ordering::SeqCst);
    }

    /// Whether there is a right to raw sockets from now on.
    pub fn allow_raw_sockets(&self, is: bool) {
        self.no_raw_sockets.store(!is, Ordering::SeqCst);
    }

    pub(super) async fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Result<Summary, Error> {
        self.run(order, found, stop, |at| self.tcp(at)).await
    }

    pub(super) async fn scan_syn(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Result<Summary, Error> {
        if self.no_raw_sockets.load(Ordering::SeqCst) {
            return Err(Error::NoRawSockets);
        }
        self.run(order, found, stop, |at| self.syn(at)).await
    }

    pub(super) async fn scan_udp(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Result<Summary, Error> {
        self.run(order, found, stop, |at| self.udp(at)).await
    }

    async fn run(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
        look: impl Fn(SocketAddr) -> Found,
    ) -> Result<Summary, Error> {
        if self.endless.load(Ordering::SeqCst) {
            stop.cancelled().await;
            let unscanned = (order.permits.len() * order.ports.len()) as u64;
            return Ok(summary(Counts { unscanned, ..Counts::default() }, Some(Incomplete::Cancelled)));
        }
        let (mut counts, mut incomplete) = (Counts::default(), None);
        for permit in &order.permits {
            if let Some(why) = self.unknown.lock().expect("a script").get(&permit.address()) {
                counts.unscanned += order.ports.len() as u64;
                incomplete = Some(*why);
                continue;
            }
            let at = |port: Port| SocketAddr::new(permit.address(), port.number());
            let batch: Vec<Found> = order.ports.iter().map(|port| look(at(port))).collect();
            for found in &batch {
                *count(&mut counts, found.state) += 1;
            }
            // Whoever does not hear it has left.
            let _ = found.send(batch).await;
        }
        Ok(summary(counts, incomplete))
    }

    fn tcp(&self, at: SocketAddr) -> Found {
        if has(&self.open, at) || self.is_late_enough(at) {
            told(at, Protocol::Tcp, State::Open, Reason::SynAck)
        } else {
            told(at, Protocol::Tcp, State::Closed, Reason::ConnRefused)
        }
    }

    fn is_late_enough(&self, at: SocketAddr) -> bool {
        let mut late = self.late.lock().expect("a script");
        let Some(refusals) = late.get_mut(&at) else { return false };
        let is_open = *refusals == 0;
        *refusals = refusals.saturating_sub(1);
        is_open
    }

    fn syn(&self, at: SocketAddr) -> Found {
        let seen = self.tcp(at);
        let hollow = seen.state == State::Open && self.hollow.load(Ordering::SeqCst);
        Found { reason: if hollow { Reason::HollowSynAck } else { seen.reason }, ..seen }
    }

    fn udp(&self, at: SocketAddr) -> Found {
        if has(&self.open_udp, at) {
            told(at, Protocol::Udp, State::Open, Reason::Response)
        } else if has(&self.closed_udp, at) {
            told(at, Protocol::Udp, State::Closed, Reason::PortUnreachable)
        } else {
            told(at, Protocol::Udp, State::OpenOrFiltered, Reason::NoResponse)
        }
    }
}

fn note(script: &Mutex<HashSet<SocketAddr>>, address: &str) {
    script.lock().expect("a script").insert(address.parse().expect("an address with a port"));
}

fn has(script: &Mutex<HashSet<SocketAddr>>, at: SocketAddr) -> bool {
    script.lock().expect("a script").contains(&at)
}

fn told(at: SocketAddr, protocol: Protocol, state: State, reason: Reason) -> Found {
    let address: IpAddr = at.ip();
    let port = Port::new(at.port()).expect("a port of a scan");
    let response = (reason != Reason::NoResponse).then_some(RESPONSE);
    Found { address, port, protocol, state, reason, response, service: None }
}

fn count(counts: &mut Counts, state: State) -> &mut u64 {
    match state {
        State::Open => &mut counts.open,
        State::Closed => &mut counts.closed,
        State::Filtered => &mut counts.filtered,
        State::OpenOrFiltered => &mut counts.open_or_filtered,
    }
}

fn summary(counts: Counts, incomplete: Option<Incomplete>) -> Summary {
    let probes = counts.open + counts.closed + counts.open_or_filtered;
    Summary { counts, silent_hosts: 0, probes, duration: RESPONSE, loss_estimate: Some(0.0), incomplete }
}
