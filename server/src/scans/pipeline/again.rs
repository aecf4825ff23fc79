//! Asks again for what should be open and is not, before anyone is told that it is missing: an answer got lost, or a
//! service was just being started anew.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use tokio::time::sleep;

use super::{
    ByAddress, Stopped,
    preparation::Aim,
    scanning::{Seen, once},
};
use crate::{
    network::ports::{Port, PortSet, State},
    scans::{record::Protocol, worker::Crew},
};

/// Before each further time, so long: a service that is being started anew needs a moment.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(600)];
/// Most ports of all hosts together that are asked for again. Where more are missing, it is no single answer that got
/// lost.
const MAX_MISSING: usize = 4096;

/// Asks up to three times more.
pub(super) async fn ask(crew: &Crew, aim: &Aim, seen: &mut ByAddress<Seen>) -> Result<(), Stopped> {
    for pause in PAUSES {
        let missing = missing(aim, seen);
        let count: usize = missing.iter().map(|((_, ports), hosts)| ports.len() * hosts.len()).sum();
        if count == 0 || count > MAX_MISSING {
            break;
        }
        sleep(pause).await;
        for ((protocol, numbers), hosts) in missing {
            let ports = PortSet::new(numbers.iter().copied().filter_map(Port::new));
            // What the sweep as a whole was like is known from the first time.
            if let Some(Ok(_)) = once(crew, aim, &hosts, (protocol, ports), seen, None).await? {
                count_up(seen, &hosts, protocol, &numbers);
            }
        }
    }
    Ok(())
}

/// The hosts of which the same ports are missing.
fn missing(aim: &Aim, seen: &ByAddress<Seen>) -> BTreeMap<(Protocol, Vec<u16>), Vec<IpAddr>> {
    let mut missing: BTreeMap<(Protocol, Vec<u16>), Vec<IpAddr>> = BTreeMap::new();
    for (address, host) in seen {
        for wanted in [Protocol::Tcp, Protocol::Udp] {
            let is_missing = |((protocol, port), (state, _)): (&(Protocol, u16), &(State, _))| {
                let at = (*protocol, *port);
                let is_out = *protocol == wanted && matches!(state, State::Closed | State::Filtered);
                (is_out && aim.is_expected(*address, at)).then_some(*port)
            };
            let ports: Vec<u16> = host.ports.iter().filter_map(is_missing).collect();
            if !ports.is_empty() {
                missing.entry((wanted, ports)).or_default().push(*address);
            }
        }
    }
    missing
}

fn count_up(seen: &mut ByAddress<Seen>, hosts: &[IpAddr], protocol: Protocol, ports: &[u16]) {
    for address in hosts {
        let Some(host) = seen.get_mut(address) else { continue };
        for port in ports {
            *host.again.entry((protocol, *port)).or_default() += 1;
        }
    }
}
