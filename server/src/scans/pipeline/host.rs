//! One host: what was seen of it, and who serves at its open ports.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use futures::{StreamExt, stream};
use tokio::time::sleep;

use super::{
    Ground,
    discovery::Pinged,
    scanning::Seen,
    service::{self, Looked},
};
use crate::{
    network::ports::{self, Reason},
    scans::{
        record::{Host, Ping, Port, Protocol, State, moment},
        site_config::Expected,
    },
};

/// Ports of a host that are looked at at once: gently.
const PORTS_AT_ONCE: usize = 8;

/// Ports of a host that are looked at, those first that were expected. Whoever has more answers at all of them, as
/// some firewalls do; and what each costs would take the time of the other hosts.
const MAX_LOOKS: usize = 500;
/// How long that may take.
const LOOKING: Duration = Duration::from_mins(20);

/// What is known of a host before its services are looked at.
pub(super) struct Known {
    /// What a site expects of it.
    pub(super) expected: Expected,
    /// What became of its pings.
    pub(super) ping: Option<Pinged>,
    /// What was seen of its ports.
    pub(super) seen: Option<Seen>,
}

/// Looks at the services, and puts everything together.
pub(super) async fn look(ground: &Ground<'_>, known: &Known) -> Host {
    let mut ports = listed(known);
    let open = to_look_at(&ports);
    let count = open.len();
    let services = services(ground, known.expected.address, open).await;
    let mut problems = known.seen.as_ref().map(|seen| seen.problems.clone()).unwrap_or_default();
    let complete = problems.is_empty();
    if services.len() < count {
        problems.push(format!("of {count} open ports only {} were looked at more closely", services.len()));
    }
    for (at, looked) in services {
        if let Some(port) = ports.get_mut(&at) {
            port.service = Some(looked.service);
        }
        problems.extend(looked.problems);
    }
    problems.dedup();
    if let Some(Pinged::Unsent(why)) = &known.ping {
        problems.push(format!("no ping could be sent: {why}"));
    }
    Host {
        address: known.expected.address,
        ping: ping(known),
        ports: ports.into_values().collect(),
        loss_estimate: known.seen.as_ref().and_then(|seen| seen.loss),
        complete,
        problems,
        completed_at: moment(ground.crew.scans.clock.now()),
    }
}

/// Every open port, those first that were expected.
fn to_look_at(ports: &BTreeMap<(Protocol, u16), Port>) -> Vec<(Protocol, u16)> {
    let mut open: Vec<_> = ports.values().filter(|port| port.is_open()).collect();
    open.sort_by_key(|port| !port.expected);
    open.into_iter().map(|port| (port.protocol, port.port)).collect()
}

/// Looks at as many of these as there is room and time for.
async fn services(
    ground: &Ground<'_>,
    address: IpAddr,
    open: Vec<(Protocol, u16)>,
) -> Vec<((Protocol, u16), Looked)> {
    let looks = open.into_iter().take(MAX_LOOKS);
    let looks: Vec<_> =
        looks.map(|at| async move { (at, service::look(ground, address, at).await) }).collect();
    stream::iter(looks).buffer_unordered(PORTS_AT_ONCE).take_until(sleep(LOOKING)).collect().await
}

/// Every port that is open, and every other that this site expects.
fn listed(known: &Known) -> BTreeMap<(Protocol, u16), Port> {
    let expected = &known.expected;
    let tcp = expected.tcp.iter().map(|port| (Protocol::Tcp, port.number()));
    let udp = expected.udp.iter().map(|port| (Protocol::Udp, port.number()));
    let mut ports: BTreeMap<(Protocol, u16), Port> = tcp
        .chain(udp)
        .map(|(protocol, port)| {
            let (state, reason) = (State::Unknown, "not asked".to_owned());
            let port = Port { port, protocol, state, reason, expected: true, asked_again: 0, service: None };
            ((protocol, port.port), port)
        })
        .collect();
    for ((protocol, port), (state, reason)) in known.seen.iter().flat_map(|seen| &seen.ports) {
        let (state, reason) = (state_of(*state), reason_of(*reason).to_owned());
        let at = (*protocol, *port);
        match ports.get_mut(&at) {
            Some(listed) => {
                let asked_again = known.seen.as_ref().and_then(|seen| seen.again.get(&at)).copied();
                *listed =
                    Port { state, reason, asked_again: asked_again.unwrap_or_default(), ..listed.clone() };
            }
            // Another site expects it; here it is worth a word only if it is open.
            None if state == State::Open => {
                let (protocol, port) = at;
                let new =
                    Port { port, protocol, state, reason, expected: false, asked_again: 0, service: None };
                ports.insert(at, new);
            }
            None => {}
        }
    }
    ports
}

fn ping(known: &Known) -> Ping {
    let (actual, round_trip_us) = match &known.ping {
        Some(Pinged::Answered(after)) => (Some(true), u64::try_from(after.as_micros()).ok()),
        Some(Pinged::Silent) => (Some(false), None),
        Some(Pinged::Unsent(_)) | None => (None, None),
    };
    Ping { expected: known.expected.ping, actual, round_trip_us }
}

fn state_of(state: ports::State) -> State {
    match state {
        ports::State::Open => State::Open,
        ports::State::Closed => State::Closed,
        ports::State::Filtered => State::Filtered,
        ports::State::OpenOrFiltered => State::OpenOrFiltered,
    }
}

/// As nmap calls it.
fn reason_of(reason: Reason) -> &'static str {
    match reason {
        Reason::SynAck => "syn-ack",
        Reason::HollowSynAck => "hollow-syn-ack",
        Reason::ConnRefused => "conn-refused",
        Reason::NoResponse => "no-response",
        Reason::HostUnreachable => "host-unreach",
        Reason::NetUnreachable => "net-unreach",
        Reason::AdminProhibited => "admin-prohibited",
        Reason::PortUnreachable => "port-unreach",
        Reason::Response => "udp-response",
        Reason::Policy => "policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scans::testing::port;

    #[test]
    fn what_was_expected_is_looked_at_first() {
        let unexpected = |number| Port { expected: false, ..port(number, State::Open) };
        let all = [unexpected(1), port(22, State::Closed), unexpected(80), port(443, State::Open)];
        let ports = all.into_iter().map(|port| ((port.protocol, port.port), port)).collect();
        let order: Vec<_> = to_look_at(&ports).into_iter().map(|(_, number)| number).collect();
        assert_eq!(order, [443, 1, 80]);
    }
}
