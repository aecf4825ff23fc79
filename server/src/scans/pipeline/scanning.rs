//! Which ports are open.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    ByAddress, Stopped, again,
    discovery::{self, Pinged},
    preparation::Aim,
    teller::Teller,
};
use crate::{
    network::{
        ports::{self, Found, Limits, Port, PortSet, Reason, State},
        world::Order,
    },
    scans::{record::Protocol, site_config::MAX_FOR_ALL_PORTS, worker::Crew},
};

/// Limits of one sweep over all hosts.
const LIMITS: Limits = Limits {
    max_concurrent: 2000,
    timeout: Duration::from_secs(1),
    rate: Some(50_000),
    deadline: Duration::from_hours(1),
};
/// Batches of ports that wait to be looked at.
const BATCHES: usize = 8;
/// The ports by which a host is known to be there that answers no ping: those of machines that people use.
const TELLING: [u16; 8] = [22, 53, 80, 135, 139, 443, 445, 3389];

/// What is known of a host's ports.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// Those that are open, and those that are not but expected by somebody.
    pub(super) ports: BTreeMap<(Protocol, u16), (State, Reason)>,
    /// Expected ports that were not open, and how often they were asked again.
    pub(super) again: BTreeMap<(Protocol, u16), u32>,
    /// Whether any port has answered.
    pub(super) answered: bool,
    /// The loss of the sweeps that it was in.
    pub(super) loss: Option<f64>,
    /// Why not everything is known.
    pub(super) problems: Vec<String>,
}

/// Sweeps over the hosts: everything of the few; of many, everything of those that are there.
pub(super) async fn ports(
    crew: &Crew,
    aim: &Aim,
    pings: &ByAddress<Pinged>,
    teller: &Teller<'_>,
) -> Result<ByAddress<Seen>, Stopped> {
    let mut seen: ByAddress<Seen> = aim.permits.keys().map(|address| (*address, Seen::default())).collect();
    let (mut there, silent) = discovery::split(pings);
    if aim.permits.len() <= MAX_FOR_ALL_PORTS {
        there.extend(silent);
    } else {
        let expected = aim.config.hosts().flat_map(|(_, host)| host.tcp.iter());
        let telling = PortSet::new(TELLING.into_iter().filter_map(Port::new).chain(expected));
        sweep(crew, aim, &silent, (Protocol::Tcp, telling), &mut seen, teller).await?;
        there
            .extend(silent.into_iter().filter(|address| seen.get(address).is_some_and(|host| host.answered)));
    }
    sweep(crew, aim, &there, (Protocol::Tcp, aim.tcp.clone()), &mut seen, teller).await?;
    let udp: Vec<_> = aim.config.hosts().filter(|(_, host)| !host.udp.is_empty()).collect();
    let asked = PortSet::new(udp.iter().flat_map(|(_, host)| host.udp.iter()));
    let hosts: Vec<IpAddr> = udp.into_iter().map(|(_, host)| host.address).collect();
    sweep(crew, aim, &hosts, (Protocol::Udp, asked), &mut seen, teller).await?;
    again::ask(crew, aim, &mut seen).await?;
    Ok(seen)
}

/// Asks for these ports of these hosts, and notes what came of it as a whole.
async fn sweep(
    crew: &Crew,
    aim: &Aim,
    hosts: &[IpAddr],
    (protocol, asked): (Protocol, PortSet),
    seen: &mut ByAddress<Seen>,
    teller: &Teller<'_>,
) -> Result<(), Stopped> {
    let Some(summary) = once(crew, aim, hosts, (protocol, asked), seen, Some(teller)).await? else {
        return Ok(());
    };
    let (loss, problem) = match summary {
        Ok(summary) => (summary.loss_estimate, summary.incomplete.map(|why| incomplete(why).to_owned())),
        Err(error) => (None, Some(format!("its ports could not be scanned: {error}"))),
    };
    for address in BTreeSet::from_iter(hosts) {
        if let Some(host) = seen.get_mut(address) {
            host.loss = worst(host.loss, loss);
            host.problems.extend(problem.clone());
        }
    }
    Ok(())
}

/// Asks for these ports of these hosts, if there are any.
pub(super) async fn once(
    crew: &Crew,
    aim: &Aim,
    hosts: &[IpAddr],
    (protocol, asked): (Protocol, PortSet),
    seen: &mut ByAddress<Seen>,
    teller: Option<&Teller<'_>>,
) -> Result<Option<Result<ports::Summary, ports::Error>>, Stopped> {
    let permits: Vec<_> = BTreeSet::from_iter(hosts)
        .into_iter()
        .filter_map(|address| aim.permits.get(address).copied())
        .collect();
    if permits.is_empty() || asked.is_empty() {
        return Ok(None);
    }
    let total = permits.len() as u64 * asked.len() as u64;
    let order = Order { permits, ports: asked, limits: LIMITS, seed: Uuid::new_v4().as_u64_pair().0 };
    let stop = CancellationToken::new();
    // Whoever drops this future has ended the scan.
    let _stop = stop.clone().drop_guard();
    let (tell, mut batches) = mpsc::channel::<Vec<Found>>(BATCHES);
    let hearing = async {
        let mut done = 0;
        while let Some(batch) = batches.recv().await {
            done += batch.len() as u64;
            for found in batch {
                note(aim, seen, &found);
            }
            if let Some(teller) = teller {
                teller.part(done, total).await?;
            }
        }
        Ok::<_, Stopped>(())
    };
    let scanning = match protocol {
        Protocol::Tcp => crew.world.scan(order, tell, stop),
        Protocol::Udp => crew.world.scan_udp(order, tell, stop),
    };
    let (summary, heard) = tokio::join!(scanning, hearing);
    heard?;
    Ok(Some(summary))
}

/// Keeps what is open, and what may be expected.
fn note(aim: &Aim, seen: &mut ByAddress<Seen>, found: &Found) {
    let Some(host) = seen.get_mut(&found.address) else { return };
    host.answered |= matches!(found.state, State::Open | State::Closed);
    let protocol = match found.protocol {
        ports::Protocol::Tcp => Protocol::Tcp,
        ports::Protocol::Udp => Protocol::Udp,
    };
    let port = (protocol, found.port.number());
    if found.state == State::Open || aim.is_expected(found.address, port) {
        host.ports.insert(port, (found.state, found.reason));
    }
}

fn worst(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

fn incomplete(why: ports::Incomplete) -> &'static str {
    match why {
        ports::Incomplete::Cancelled => "the scan of its ports was stopped",
        ports::Incomplete::Deadline => "the time for its ports was over",
        ports::Incomplete::NoRoute => "this machine has no way to it, or may not use it",
        ports::Incomplete::NoSockets => "this machine had no sockets left",
        ports::Incomplete::Loss => "answers got lost until the last try: open ports may have been missed",
    }
}
