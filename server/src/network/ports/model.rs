//! The nouns of a port scan.

use std::{net::IpAddr, num::NonZeroU16, time::Duration};

/// A port, 1 to 65,535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(NonZeroU16);

impl Port {
    /// The port of a number; `None` for 0.
    pub fn new(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// Its number.
    pub fn number(self) -> u16 {
        self.0.get()
    }
}

/// Ports in order, each once: at most 65,535.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSet(Box<[Port]>);

impl PortSet {
    /// The ports, whatever their order and however often each is named.
    pub fn new(ports: impl IntoIterator<Item = Port>) -> Self {
        let mut ports: Vec<Port> = ports.into_iter().collect();
        ports.sort_unstable();
        ports.dedup();
        Self(ports.into_boxed_slice())
    }

    /// The ports from the first to the last, both included; none if `last` is before `first`.
    pub fn range(first: Port, last: Port) -> Self {
        Self((first.number()..=last.number()).filter_map(Port::new).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a port is among them.
    pub fn contains(&self, port: Port) -> bool {
        self.0.binary_search(&port).is_ok()
    }

    /// Each in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Port> + '_ {
        self.0.iter().copied()
    }
}

/// What carries the probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP (RFC 9293).
    Tcp,
    /// UDP (RFC 768).
    Udp,
}

/// What a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Something listens.
    Open,
    /// The host answers that nothing listens.
    Closed,
    /// Something on the way keeps probes from the port, or there is nothing at the address.
    Filtered,
    /// UDP only: open, or filtered. Most services are silent at what they don't understand.
    OpenOrFiltered,
}

/// What was seen, from which the state follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The connection was accepted.
    SynAck,
    /// The connection was accepted by something that takes no byte or knows no option: as a proxy does that accepts
    /// for every port, whatever is behind it. Seen by half-open scans only.
    HollowSynAck,
    /// The connection was reset.
    ConnRefused,
    /// No answer, however often it was asked.
    NoResponse,
    /// Something said that the host can't be reached (ICMP type 3, code 1 and the like).
    HostUnreachable,
    /// Something said that the network can't be reached (ICMP type 3, code 0 and the like).
    NetUnreachable,
    /// Something said that a rule forbids the way (ICMP type 3, codes 9, 10 and 13; RFC 1812).
    AdminProhibited,
    /// Something said that nothing listens (ICMP type 3, code 3). A firewall's, where TCP is asked.
    PortUnreachable,
    /// The service answered.
    Response,
    /// The target policy keeps everyone from this port. It was not touched.
    Policy,
}

/// How TCP ports are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// By connecting, which needs no right.
    #[default]
    Connect,
    /// By SYNs of raw sockets, whose answers are reset: see [`syn`](super::syn).
    Syn,
}

/// A port of a host, found in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The host.
    pub address: IpAddr,
    /// The port.
    pub port: Port,
    /// What carried the probe.
    pub protocol: Protocol,
    /// What the port is.
    pub state: State,
    /// Why that is thought.
    pub reason: Reason,
    /// From the probe to its answer; `None` without an answer.
    pub response: Option<Duration>,
    /// What usually listens there, by IANA's registry; `None` where nothing is known.
    pub service: Option<&'static str>,
}

/// Upper bounds of a scan. It stays below them by what it learns of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most probes under way at once, and sockets.
    pub max_concurrent: usize,
    /// The longest wait for an answer to one probe.
    pub timeout: Duration,
    /// Most probes a second; `None` for as many as the way bears.
    pub rate: Option<u32>,
    /// The longest that the scan takes. What was not probed by then is counted as unscanned.
    pub deadline: Duration,
}

/// How many ports were found in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open.
    pub open: u64,
    /// Closed.
    pub closed: u64,
    /// Filtered, those of the target policy among them.
    pub filtered: u64,
    /// Open or filtered.
    pub open_or_filtered: u64,
    /// Not known, because the scan ended before: no state was told.
    pub unscanned: u64,
}

/// Why a scan doesn't know all that it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Incomplete {
    /// It was cancelled.
    Cancelled,
    /// Its time was over.
    Deadline,
    /// This machine has no way to a host, or may not use it.
    NoRoute,
    /// This machine had no sockets left.
    NoSockets,
    /// Until the last try, answers came that had been lost before: more may have been.
    Loss,
}

/// What a scan was like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Ports by state.
    pub counts: Counts,
    /// Hosts that never answered: filtered on every port, switched off, or not there.
    pub silent_hosts: u64,
    /// Probes that were sent.
    pub probes: u64,
    /// From the first probe to the end.
    pub duration: Duration,
    /// The part of probes or their answers that was lost, 0 to 1; `None` if nothing answered.
    pub loss_estimate: Option<f64>,
    /// Why not all is known; `None` if the scan is complete.
    pub incomplete: Option<Incomplete>,
}

impl Summary {
    /// Whether all that was asked for is known, as far as can be told.
    pub fn complete(&self) -> bool {
        self.incomplete.is_none()
    }

    /// This scan and another, of other ports of the same hosts, at the same time. Hosts are silent as far as this one
    /// knows; so is the loss, unless only the other knows it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let (one, two) = (self.counts, other.counts);
        let counts = Counts {
            open: one.open + two.open,
            closed: one.closed + two.closed,
            filtered: one.filtered + two.filtered,
            open_or_filtered: one.open_or_filtered + two.open_or_filtered,
            unscanned: one.unscanned + two.unscanned,
        };
        Self {
            counts,
            silent_hosts: self.silent_hosts,
            probes: self.probes + other.probes,
            duration: self.duration.max(other.duration),
            loss_estimate: self.loss_estimate.or(other.loss_estimate),
            incomplete: self.incomplete.or(other.incomplete),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u16) -> Port {
        Port::new(number).unwrap()
    }

    #[test]
    fn ports_of_a_set_are_in_order_and_once() {
        let set = PortSet::new([80, 22, 80, 65_535, 1].map(port));
        assert_eq!(set.iter().map(Port::number).collect::<Vec<_>>(), [1, 22, 80, 65_535]);
        assert!(set.contains(port(22)) && !set.contains(port(23)));
    }

    #[test]
    fn a_range_has_both_its_ends() {
        assert_eq!(PortSet::range(port(1), port(65_535)).len(), 65_535);
        assert_eq!(PortSet::range(port(7), port(7)).len(), 1);
        assert!(PortSet::range(port(8), port(7)).is_empty());
        assert!(Port::new(0).is_none());
    }
}
