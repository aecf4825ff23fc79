//! What a port scan is asked for, each value within its limits.

use std::{net::IpAddr, ops::RangeInclusive, time::Duration};

use super::{Host, InvalidHost};
use crate::{
    edge::Cidr,
    network::ports::{Limits, Port, PortSet},
};

/// Addresses of a scan.
pub const MAX_ADDRESSES: usize = 256;
/// The same for admins and the operator.
pub const MAX_ADDRESSES_OF_ADMINS: usize = 4_096;
/// The shortest and longest wait for one answer.
pub const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(30);
/// The wait if nobody says.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Most probes under way at once.
pub const CONCURRENT: RangeInclusive<u32> = 1..=8_192;
/// The same if nobody says.
pub const USUAL_CONCURRENT: u32 = 2_000;
/// Most probes a second.
pub const RATE: RangeInclusive<u32> = 1..=1_000_000;
/// UDP ports of a host. Each that is silent costs a second.
pub const MAX_UDP_PORTS: usize = 64;
/// UDP ports of all hosts together.
pub const MAX_UDP_PROBES: usize = 16_384;
/// The longest that a scan may take.
pub const MAX_SCAN: Duration = Duration::from_hours(1);

/// Whom a scan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One host.
    Host(Host),
    /// Every address of a network.
    Network(Cidr),
}

/// Why a scan can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScan {
    /// No host, or text that is none.
    #[error(transparent)]
    Host(#[from] InvalidHost),
    /// More addresses than a scan may have.
    #[error("a scan has at most {0} addresses")]
    TooManyAddresses(usize),
    /// Not ports.
    #[error("{0}")]
    Ports(String),
    /// More UDP ports than a scan may have of each host.
    #[error("a scan has at most {MAX_UDP_PORTS} UDP ports of each host")]
    TooManyUdpPorts,
    /// More UDP ports than a scan may have of all hosts.
    #[error("a scan has at most {MAX_UDP_PROBES} UDP ports of all hosts together")]
    TooManyUdpProbes,
    /// Out of [`TIMEOUT`].
    #[error("timeout is not {} to {} seconds", TIMEOUT.start().as_secs_f64(), TIMEOUT.end().as_secs())]
    Timeout,
    /// Out of [`CONCURRENT`].
    #[error("max_concurrent is not {} to {}", CONCURRENT.start(), CONCURRENT.end())]
    Concurrent,
    /// Out of [`RATE`].
    #[error("max_rate is not {} to {}", RATE.start(), RATE.end())]
    Rate,
}

impl Target {
    /// An address, a name or a CIDR block.
    pub fn parse(text: &str) -> Result<Self, InvalidHost> {
        match text.contains('/').then(|| text.parse()) {
            Some(Ok(network)) => Ok(Self::Network(network)),
            Some(Err(_)) => Err(InvalidHost::Name),
            None => text.parse().map(Self::Host),
        }
    }
}

/// Every address of a network, if they are no more than `most`.
pub fn addresses(network: Cidr, most: usize) -> Option<Vec<IpAddr>> {
    let bits = match network.network() {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    let count = 1_usize.checked_shl(u32::from(bits - network.prefix())).filter(|count| *count <= most)?;
    let address = |offset: usize| match network.network() {
        IpAddr::V4(v4) => IpAddr::from((v4.to_bits() + offset as u32).to_be_bytes()),
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() + offset as u128).to_be_bytes()),
    };
    Some((0..count).map(address).collect())
}

/// Ports in the manner of nmap: `22,80,8000-8100`, `-100`, `60000-`, `-`.
pub fn ports(text: &str) -> Result<PortSet, InvalidScan> {
    let mut ports = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (end_of(first, 1)?, end_of(last, u16::MAX)?),
            None => (port(part)?, port(part)?),
        };
        if last < first {
            return Err(InvalidScan::Ports(format!("{part} ends before it begins")));
        }
        ports.extend(PortSet::range(first, last).iter());
    }
    Ok(PortSet::new(ports))
}

/// TCP and UDP ports, each in that manner, of which one may be left out.
pub fn ports_of_both(tcp: &str, udp: &str) -> Result<(PortSet, PortSet), InvalidScan> {
    let udp = if udp.is_empty() { PortSet::new([]) } else { ports(udp)? };
    if udp.len() > MAX_UDP_PORTS {
        return Err(InvalidScan::TooManyUdpPorts);
    }
    let tcp = if tcp.is_empty() && !udp.is_empty() { PortSet::new([]) } else { ports(tcp)? };
    Ok((tcp, udp))
}

fn end_of(text: &str, open: u16) -> Result<Port, InvalidScan> {
    if text.is_empty() { port(&open.to_string()) } else { port(text) }
}

fn port(text: &str) -> Result<Port, InvalidScan> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    let shown = || text.chars().filter(|c| !c.is_control()).take(16).collect::<String>();
    number
        .and_then(Port::new)
        .ok_or_else(|| InvalidScan::Ports(format!("`{}` is no port from 1 to 65535", shown())))
}

/// Limits within their ranges; `None`, and 0, leave them open.
pub fn limits(timeout: Option<Duration>, concurrent: u32, rate: u32) -> Result<Limits, InvalidScan> {
    let timeout = timeout.unwrap_or(USUAL_TIMEOUT);
    if !TIMEOUT.contains(&timeout) {
        return Err(InvalidScan::Timeout);
    }
    let concurrent = if concurrent == 0 { USUAL_CONCURRENT } else { concurrent };
    if !CONCURRENT.contains(&concurrent) {
        return Err(InvalidScan::Concurrent);
    }
    let rate = (rate != 0).then_some(rate);
    if rate.is_some_and(|rate| !RATE.contains(&rate)) {
        return Err(InvalidScan::Rate);
    }
    Ok(Limits { max_concurrent: concurrent as usize, timeout, rate, deadline: MAX_SCAN })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Result<Vec<u16>, InvalidScan> {
        Ok(ports(text)?.iter().map(Port::number).collect())
    }

    #[test]
    fn ports_are_written_as_for_nmap() {
        assert_eq!(numbers("443, 22,80-82,22"), Ok(vec![22, 80, 81, 82, 443]));
        assert_eq!(numbers("-3"), Ok(vec![1, 2, 3]));
        assert_eq!(numbers("65534-"), Ok(vec![65_534, 65_535]));
        assert_eq!(numbers("-").map(|all| all.len()), Ok(65_535));
    }

    #[test]
    fn what_is_no_port_is_named() {
        for text in ["", "0", "65536", "x", "1,,2", "80-70", "+80", "80-70-60", "1-65536"] {
            assert!(matches!(ports(text), Err(InvalidScan::Ports(_))), "{text}");
        }
    }

    #[test]
    fn either_kind_of_ports_may_be_left_out_but_not_both() {
        let counts = |tcp, udp| ports_of_both(tcp, udp).map(|(tcp, udp)| (tcp.len(), udp.len()));
        assert_eq!(counts("80,443", ""), Ok((2, 0)));
        assert_eq!(counts("", "53"), Ok((0, 1)));
        assert_eq!(counts("-", "1-64"), Ok((65_535, 64)));
        assert_eq!(counts("80", "1-65"), Err(InvalidScan::TooManyUdpPorts));
        assert!(matches!(counts("", ""), Err(InvalidScan::Ports(_))));
        assert!(matches!(counts("", "0"), Err(InvalidScan::Ports(_))));
    }

    #[test]
    fn a_network_is_all_of_its_addresses_or_too_many() {
        let all = |text: &str| addresses(text.parse().expect("a network"), 256);
        let last = |text: &str| all(text).and_then(|all| all.last().map(ToString::to_string));
        assert_eq!(last("192.0.2.0/24").as_deref(), Some("192.0.2.255"));
        assert_eq!(last("2001:db8::/120").as_deref(), Some("2001:db8::ff"));
        assert_eq!(last("255.255.255.255/32").as_deref(), Some("255.255.255.255"));
        for text in ["10.0.0.0/23", "0.0.0.0/0", "::/0", "2001:db8::/64"] {
            assert_eq!(all(text), None, "{text}");
        }
    }

    #[test]
    fn limits_are_within_their_ranges_and_open_where_nobody_says() {
        let usual = limits(None, 0, 0).expect("limits");
        assert_eq!((usual.timeout, usual.max_concurrent, usual.rate), (USUAL_TIMEOUT, 2_000, None));
        assert_eq!(limits(Some(Duration::from_millis(99)), 0, 0), Err(InvalidScan::Timeout));
        assert_eq!(limits(Some(Duration::from_secs(31)), 0, 0), Err(InvalidScan::Timeout));
        assert_eq!(limits(None, 8_193, 0), Err(InvalidScan::Concurrent));
        assert_eq!(limits(None, 0, 1_000_001), Err(InvalidScan::Rate));
    }

    #[test]
    fn a_target_is_a_host_or_a_network() {
        assert!(matches!(Target::parse("192.0.2.1"), Ok(Target::Host(Host::Address(_)))));
        assert!(matches!(Target::parse("example.com"), Ok(Target::Host(Host::Name(_)))));
        assert!(matches!(Target::parse("192.0.2.0/24"), Ok(Target::Network(_))));
        assert!(Target::parse("192.0.2.0/33").is_err() && Target::parse("example.com/24").is_err());
    }
}
