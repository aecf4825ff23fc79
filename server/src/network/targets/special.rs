//! What addresses are for: the special-purpose registries of IANA for IPv4 and IPv6 (RFC 6890), multicast, and the
//! addresses at which clouds tell machines their secrets.

use std::{net::IpAddr, sync::LazyLock};

use super::model::Class;
use crate::edge::Cidr;

/// A special range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// The range.
    pub cidr: Cidr,
    /// What the registry calls it.
    pub name: &'static str,
    /// The document that sets it aside.
    pub document: &'static str,
    /// Whether the internet routes it.
    pub global: bool,
    /// What it is for the policy.
    pub class: Class,
}

type Row = (&'static str, &'static str, &'static str, Class);

/// Of the IANA IPv4 Special-Purpose Address Registry. Rows of class [`Class::Public`] are globally reachable.
const V4: [Row; 27] = [
    ("0.0.0.0/8", "This network", "RFC 791", Class::Loopback),
    ("10.0.0.0/8", "Private-Use", "RFC 1918", Class::Private),
    ("100.64.0.0/10", "Shared Address Space", "RFC 6598", Class::Private),
    ("127.0.0.0/8", "Loopback", "RFC 1122", Class::Loopback),
    ("169.254.0.0/16", "Link Local", "RFC 3927", Class::LinkLocal),
    ("172.16.0.0/12", "Private-Use", "RFC 1918", Class::Private),
    ("192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890", Class::Reserved),
    ("192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335", Class::Reserved),
    ("192.0.0.8/32", "IPv4 dummy address", "RFC 7600", Class::Reserved),
    ("192.0.0.9/32", "Port Control Protocol Anycast", "RFC 7723", Class::Public),
    ("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", "RFC 8155", Class::Public),
    ("192.0.0.170/32", "NAT64/DNS64 Discovery", "RFC 8880", Class::Reserved),
    ("192.0.0.171/32", "NAT64/DNS64 Discovery", "RFC 8880", Class::Reserved),
    ("192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737", Class::Reserved),
    ("192.31.196.0/24", "AS112-v4", "RFC 7535", Class::Public),
    ("192.52.193.0/24", "AMT", "RFC 7450", Class::Public),
    ("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "RFC 7526", Class::Reserved),
    ("192.88.99.2/32", "6a44-relay anycast address", "RFC 6751", Class::Reserved),
    ("192.168.0.0/16", "Private-Use", "RFC 1918", Class::Private),
    ("192.175.48.0/24", "Direct Delegation AS112 Service", "RFC 7534", Class::Public),
    ("198.18.0.0/15", "Benchmarking", "RFC 2544", Class::Reserved),
    ("198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737", Class::Reserved),
    ("203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737", Class::Reserved),
    ("240.0.0.0/4", "Reserved", "RFC 1112", Class::Reserved),
    ("255.255.255.255/32", "Limited Broadcast", "RFC 8190", Class::Multicast),
    // Of the IANA IPv4 Multicast Address Space Registry.
    ("224.0.0.0/4", "Multicast", "RFC 5771", Class::Multicast),
    // Of no registry: Alibaba Cloud's metadata, in the shared address space.
    ("100.100.100.200/32", "Cloud metadata", "RFC 6598", Class::LinkLocal),
];

/// Of the IANA IPv6 Special-Purpose Address Registry. IPv4-mapped addresses are judged as what they carry.
const V6: [Row; 28] = [
    ("::/128", "Unspecified Address", "RFC 4291", Class::Loopback),
    ("::1/128", "Loopback Address", "RFC 4291", Class::Loopback),
    ("64:ff9b::/96", "IPv4-IPv6 Translat.", "RFC 6052", Class::Public),
    ("64:ff9b:1::/48", "IPv4-IPv6 Translat.", "RFC 8215", Class::Reserved),
    ("100::/64", "Discard-Only Address Block", "RFC 6666", Class::Reserved),
    ("100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780", Class::Reserved),
    ("2001::/23", "IETF Protocol Assignments", "RFC 2928", Class::Reserved),
    ("2001::/32", "TEREDO", "RFC 4380", Class::Public),
    ("2001:1::1/128", "Port Control Protocol Anycast", "RFC 7723", Class::Public),
    ("2001:1::2/128", "Traversal Using Relays around NAT Anycast", "RFC 8155", Class::Public),
    ("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", "RFC 9665", Class::Public),
    ("2001:2::/48", "Benchmarking", "RFC 5180", Class::Reserved),
    ("2001:3::/32", "AMT", "RFC 7450", Class::Public),
    ("2001:4:112::/48", "AS112-v6", "RFC 7535", Class::Public),
    ("2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843", Class::Reserved),
    ("2001:20::/28", "ORCHIDv2", "RFC 7343", Class::Public),
    ("2001:30::/28", "Drone Remote ID Protocol Entity Tags (DETs) Prefix", "RFC 9374", Class::Public),
    ("2001:db8::/32", "Documentation", "RFC 3849", Class::Reserved),
    ("2002::/16", "6to4", "RFC 3056", Class::Public),
    ("2620:4f:8000::/48", "Direct Delegation AS112 Service", "RFC 7534", Class::Public),
    ("3fff::/20", "Documentation", "RFC 9637", Class::Reserved),
    ("5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602", Class::Reserved),
    ("fc00::/7", "Unique-Local", "RFC 4193", Class::Private),
    ("fe80::/10", "Link-Local Unicast", "RFC 4291", Class::LinkLocal),
    // Of the architecture (RFC 4291, RFC 3879).
    ("fec0::/10", "Deprecated (Site-Local Unicast)", "RFC 3879", Class::Reserved),
    ("ff00::/8", "Multicast", "RFC 4291", Class::Multicast),
    ("::/96", "Deprecated (IPv4-Compatible)", "RFC 4291", Class::Reserved),
    // Of no registry: Amazon's metadata, in the unique-local range.
    ("fd00:ec2::254/128", "Cloud metadata", "RFC 4193", Class::LinkLocal),
];

/// What IPv6 has handed out to the internet so far; all else is nobody's.
const GLOBAL_UNICAST: &str = "2000::/3";

/// Azure's metadata server, at an address of the internet's.
const AZURE_WIRE_SERVER: &str = "168.63.129.16";

static RANGES: LazyLock<Vec<Special>> = LazyLock::new(|| {
    let mut ranges: Vec<Special> = V4.iter().chain(&V6).filter_map(special).collect();
    // The longest prefix, which says the most, is found first.
    ranges.sort_by_key(|range| std::cmp::Reverse(range.cidr.prefix()));
    ranges
});

fn special(&(cidr, name, document, class): &Row) -> Option<Special> {
    let global = class == Class::Public || name == "6to4";
    Some(Special { cidr: cidr.parse().ok()?, name, document, global, class })
}

/// The special range that an address is in, the narrowest of several.
pub fn range(address: IpAddr) -> Option<Special> {
    let address = address.to_canonical();
    RANGES.iter().find(|range| range.cidr.contains(address)).copied()
}

/// What an address is, by itself.
pub fn class(address: IpAddr) -> Class {
    if let Some(range) = range(address) {
        return range.class;
    }
    let within = |text: &str| text.parse().is_ok_and(|cidr: Cidr| cidr.contains(address));
    match address.to_canonical() {
        IpAddr::V4(_) if within(AZURE_WIRE_SERVER) => Class::LinkLocal,
        IpAddr::V6(_) if !within(GLOBAL_UNICAST) => Class::Reserved,
        IpAddr::V4(_) | IpAddr::V6(_) => Class::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn every_row_is_a_range_and_answers_for_its_own_first_address() {
        assert_eq!(RANGES.len(), V4.len() + V6.len(), "a row is no range");
        for (cidr, name, document, class) in V4.into_iter().chain(V6) {
            let first = cidr.split('/').next().map(ip).expect("an address");
            let found = range(first).expect("a special range");
            // The first address of a wide range may lie in a narrower one.
            if found.cidr.to_string() == cidr {
                assert_eq!((found.name, found.document, found.class), (name, document, class), "{cidr}");
            } else {
                let wide: Cidr = cidr.parse().expect("a range");
                assert!(found.cidr.prefix() > wide.prefix(), "{first}: {found:?} instead of {cidr}");
            }
        }
    }

    #[test]
    fn the_narrower_range_wins() {
        for (address, name) in [
            ("192.0.0.9", "Port Control Protocol Anycast"),
            ("192.0.0.3", "IPv4 Service Continuity Prefix"),
            ("192.0.0.100", "IETF Protocol Assignments"),
            ("255.255.255.255", "Limited Broadcast"),
            ("255.255.255.254", "Reserved"),
            ("2001::1", "TEREDO"),
            ("2001:4:112::5", "AS112-v6"),
            ("2001:1ff::1", "IETF Protocol Assignments"),
            ("::1", "Loopback Address"),
            ("::2", "Deprecated (IPv4-Compatible)"),
            ("fd00:ec2::254", "Cloud metadata"),
        ] {
            assert_eq!(range(ip(address)).map(|range| range.name), Some(name), "{address}");
        }
    }

    #[test]
    fn neighbours_of_special_ranges_are_the_internets() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2606:4700:4700::1111",
            "3ffe::1",
        ] {
            assert_eq!(class(ip(address)), Class::Public, "{address}");
        }
        for address in ["168.63.129.16", "169.254.169.254", "100.100.100.200"] {
            assert_eq!(class(ip(address)), Class::LinkLocal, "{address}");
        }
        assert_eq!(class(ip("4000::1")), Class::Reserved);
        assert_eq!(class(ip("::ffff:127.0.0.1")), Class::Loopback);
    }
}
