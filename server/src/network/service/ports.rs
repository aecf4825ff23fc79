//! Scanning ports: whom, how many, and what is heard of them on the way.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{Asker, Probes, Service};
use crate::{
    audit::Action,
    network::{
        Error, Host,
        model::scan::{InvalidScan, MAX_ADDRESSES, MAX_ADDRESSES_OF_ADMINS, Target, addresses},
        ports::{self, Found, Limits, PortSet, Summary},
        runs::Turn,
        targets::{Permit, Purpose},
        world::Order,
    },
};

const SCAN: Action = Action("network.scan");
/// Batches of ports that wait for a caller who reads slowly; then the scan waits too.
const BATCHES: usize = 8;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whom to scan.
    pub targets: Vec<Target>,
    /// Which ports of each.
    pub ports: PortSet,
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
        let turn = self.runs.begin(asker.account(), addresses.clone())?;
        let total = addresses.len() as u64 * scan.ports.len() as u64;
        let probes = Probes { all: total, each: scan.ports.len() as u64 };
        self.count(asker, SCAN, &what, &permits, probes).await?;
        let seed = Uuid::new_v4().as_u64_pair().0;
        let order = Order { permits, ports: scan.ports, limits: scan.limits, seed };
        let stop = CancellationToken::new();
        let (tell, events) = mpsc::channel(1);
        tokio::spawn(self.clone().run(order, tell, stop.clone(), turn));
        let start_time = self.clock.now();
        Ok(Scanning { addresses, total, start_time, events, _stop: stop.drop_guard() })
    }

    /// Scans and tells until it is over, or nobody hears.
    async fn run(self, order: Order, tell: mpsc::Sender<Event>, stop: CancellationToken, turn: Turn) {
        let (found, mut batches) = mpsc::channel(BATCHES);
        let world = Arc::clone(&self.world);
        let telling = async {
            while let Some(batch) = batches.recv().await {
                if tell.send(Event::Found(batch)).await.is_err() {
                    return;
                }
            }
        };
        let (summary, ()) = tokio::join!(world.scan(order, found, stop), telling);
        drop(turn);
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
        let mut seen = std::collections::HashSet::new();
        permits.retain(|permit| seen.insert(permit.address()));
        Ok(permits)
    }
}

/// What the audit log calls them.
fn named(targets: &[Target]) -> String {
    let name = |target: &Target| match target {
        Target::Host(host) => host.to_string(),
        Target::Network(network) => network.to_string(),
    };
    targets.iter().map(name).collect::<Vec<_>>().join(" ")
}
