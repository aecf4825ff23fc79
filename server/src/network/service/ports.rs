//! Scanning ports: whom, how many, and what is heard of them on the way.

use std::{collections::HashSet, net::IpAddr, time::SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{Asker, Probes, Service};
use crate::{
    audit::{Action, MAX_TARGET},
    network::{
        Error, Host,
        model::scan::{
            InvalidScan, MAX_ADDRESSES, MAX_ADDRESSES_OF_ADMINS, MAX_UDP_PROBES, Target, addresses,
        },
        ports::{self, Found, Limits, Method, PortSet, State, Summary},
        runs::Turn,
        targets::{Permit, Purpose},
        world::{Order, World},
    },
};

const SCAN: Action = Action("network.scan");
/// What comes behind the names that the audit log has room for: as long as it gets.
const MORE: usize = " and 18446744073709551615 more".len();
/// Batches of ports that wait for a caller who reads slowly; then the scan waits too.
const BATCHES: usize = 8;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whom to scan.
    pub targets: Vec<Target>,
    /// Which TCP ports of each.
    pub ports: PortSet,
    /// Which UDP ports of each.
    pub udp_ports: PortSet,
    /// How those of TCP are asked.
    pub method: Method,
    /// Within which limits.
    pub limits: Limits,
}

/// What is heard of a scan.
#[derive(Debug)]
pub enum Event {
    /// Ports are known.
    Found(Vec<Found>),
    /// It is over.
    Over(Result<Summary, ports::Error>),
}

/// A scan on its way. It stops when this is dropped.
pub struct Scanning {
    /// The addresses, in the order in which they were asked for.
    pub addresses: Vec<IpAddr>,
    /// Ports in all.
    pub total: u64,
    /// When it began.
    pub start_time: SystemTime,
    events: mpsc::Receiver<Event>,
    _stop: DropGuard,
}

impl Scanning {
    /// What is heard next; `None` after the end.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Service {
    /// Begins to scan ports.
    pub async fn scan(&self, asker: Asker, mut scan: Asked) -> Result<Scanning, Error> {
        self.call(asker)?;
        if asker.account().is_some() {
            scan.limits.rate = Some(self.runs.rate(scan.limits.rate));
        }
        let what = named(&scan.targets);
        let permits = self.sight(asker, &scan.targets, &what).await?;
        let addresses: Vec<IpAddr> = permits.iter().map(|permit| permit.address()).collect();
        if addresses.len() * scan.udp_ports.len() > MAX_UDP_PROBES {
            return Err(InvalidScan::TooManyUdpProbes.into());
        }
        let turn = self.runs.begin(asker.account(), addresses.clone())?;
        let each = (scan.ports.len() + scan.udp_ports.len()) as u64;
        let total = addresses.len() as u64 * each;
        self.count(asker, SCAN, &what, &permits, Probes { all: total, each }).await?;
        let seed = Uuid::new_v4().as_u64_pair().0;
        let order = |permits, ports| Order { permits, ports, limits: scan.limits, seed };
        let orders = Orders {
            method: scan.method,
            udp: order(permits.clone(), scan.udp_ports),
            tcp: order(permits, scan.ports),
        };
        let stop = CancellationToken::new();
        let (tell, events) = mpsc::channel(1);
        tokio::spawn(self.clone().run(orders, tell, stop.clone(), turn));
        let start_time = self.clock.now();
        Ok(Scanning { addresses, total, start_time, events, _stop: stop.drop_guard() })
    }

    /// Scans and tells until it is over, or nobody hears.
    async fn run(self, orders: Orders, tell: mpsc::Sender<Event>, stop: CancellationToken, turn: Turn) {
        let (found, mut batches) = mpsc::channel::<Vec<Found>>(BATCHES);
        let mut answering = HashSet::new();
        let both = !orders.tcp.ports.is_empty() && !orders.udp.ports.is_empty();
        let telling = async {
            while let Some(batch) = batches.recv().await {
                if both {
                    let open_or_closed = |found: &&Found| matches!(found.state, State::Open | State::Closed);
                    answering.extend(batch.iter().filter(open_or_closed).map(|found| found.address));
                }
                if tell.send(Event::Found(batch)).await.is_err() {
                    return;
                }
            }
        };
        let hosts = orders.tcp.permits.len();
        let (summary, ()) = tokio::join!(both_of(&*self.world, orders, found, stop), telling);
        drop(turn);
        let summary = summary.map(|summary| {
            let silent_hosts = if both { (hosts - answering.len()) as u64 } else { summary.silent_hosts };
            Summary { silent_hosts, ..summary }
        });
        // Whoever has left wants no summary.
        let _ = tell.send(Event::Over(summary)).await;
    }

    /// Permits for whom a scan is about, each address once: of a name its first address, of a network all.
    async fn sight(&self, asker: Asker, targets: &[Target], what: &str) -> Result<Vec<Permit>, Error> {
        let most = match asker {
            Asker::Account(caller) if !caller.is_admin() => MAX_ADDRESSES,
            Asker::Account(_) | Asker::Operator => MAX_ADDRESSES_OF_ADMINS,
        };
        let too_many = || InvalidScan::TooManyAddresses(most);
        // Each is one address or more: before a name is asked for and a refusal written down.
        if targets.len() > most {
            return Err(too_many().into());
        }
        let mut permits: Vec<Permit> = Vec::new();
        for target in targets {
            let new = match target {
                Target::Host(host @ Host::Name(_)) => {
                    let mut all = self.aim(asker, Purpose::Scan, SCAN, host).await?;
                    all.truncate(1);
                    all
                }
                Target::Host(Host::Address(address)) => {
                    self.permits(asker, Purpose::Scan, SCAN, what, vec![*address]).await?
                }
                Target::Network(network) => {
                    let all = addresses(*network, most).ok_or_else(too_many)?;
                    self.permits(asker, Purpose::Scan, SCAN, what, all).await?
                }
            };
            permits.extend(new);
            if permits.len() > most {
                return Err(too_many().into());
            }
        }
        let mut seen = HashSet::new();
        permits.retain(|permit| seen.insert(permit.address()));
        Ok(permits)
    }
}

/// What is to be scanned by either protocol.
struct Orders {
    method: Method,
    tcp: Order,
    udp: Order,
}

/// Scans by both protocols at once; which hosts are silent is known to neither.
async fn both_of(
    world: &dyn World,
    orders: Orders,
    found: mpsc::Sender<Vec<Found>>,
    stop: CancellationToken,
) -> Result<Summary, ports::Error> {
    let Orders { method, tcp, udp } = orders;
    let scan_tcp = |found, stop| match method {
        Method::Connect => world.scan(tcp.clone(), found, stop),
        Method::Syn => world.scan_syn(tcp.clone(), found, stop),
    };
    if udp.ports.is_empty() {
        return scan_tcp(found, stop).await;
    }
    if tcp.ports.is_empty() {
        return world.scan_udp(udp, found, stop).await;
    }
    let tcp = scan_tcp(found.clone(), stop.clone());
    let (tcp, udp) = tokio::try_join!(tcp, world.scan_udp(udp, found, stop))?;
    Ok(tcp.and(udp))
}

/// What the audit log calls them: as many as it has room for, and how many more there are.
fn named(targets: &[Target]) -> String {
    let mut text = String::new();
    for (n, target) in targets.iter().enumerate() {
        let name = match target {
            Target::Host(host) => host.to_string(),
            Target::Network(network) => network.to_string(),
        };
        if text.len() + " ".len() + name.len() + MORE > MAX_TARGET {
            return format!("{text} and {} more", targets.len() - n);
        }
        if n > 0 {
            text.push(' ');
        }
        text.push_str(&name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[String]) -> String {
        let targets: Vec<Target> = texts.iter().map(|text| Target::parse(text).expect("a target")).collect();
        named(&targets)
    }

    #[test]
    fn the_audit_log_is_told_whom_as_far_as_it_has_room() {
        assert_eq!(of(&["192.0.2.0/24".into(), "a.example".into()]), "192.0.2.0/24 a.example");
        let label = "a".repeat(55);
        let long: Vec<String> =
            (100..356).map(|n| format!("{label}.{label}.{label}.{label}.{n}.example")).collect();
        let text = of(&long);
        assert!(text.len() <= MAX_TARGET && text.starts_with(&format!("{} {} ", long[0], long[1])), "{text}");
        assert!(text.ends_with(" and 252 more"), "{text}");
    }
}
