//! Doors for the fuzzer into what reads files and answers of others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    mmdb::Mmdb,
    model::{Location, Network, Source},
    ranges::Ranges,
    rdap,
};

/// Longest text of a finding, in bytes: 200 characters.
const MAX_BYTES: usize = 800;

/// Addresses of both kinds, at the ends of what there is and between.
fn addresses() -> impl Iterator<Item = IpAddr> {
    let bits = [0, 1, u32::MAX, 0x0102_0304, 0x7f00_0001, 0x8000_0000, 0xaaaa_aaaa];
    let v6 = bits.map(|bits| u128::from(bits) | u128::from(bits) << 96 | u128::from(!bits) << 48);
    let v4 = bits.into_iter().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    v4.chain(v6.into_iter().map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))))
}

/// Opens a file in MaxMind's format and asks it.
pub fn mmdb(bytes: &[u8]) {
    let Ok(mmdb) = Mmdb::open(bytes.to_vec()) else { return };
    let _ = (mmdb.kind(), mmdb.data_time());
    for address in addresses() {
        if let Ok((location, network)) = mmdb.find(address) {
            check(&location, &network);
        }
    }
}

/// Opens a file of ranges and asks it.
pub fn ranges(bytes: &[u8]) {
    let Ok(ranges) = Ranges::open(bytes) else { return };
    for address in addresses() {
        let (location, network) = ranges.find(address);
        check(&location, &network);
    }
}

/// Reads an answer about a network, and the same bytes as a list of registries.
pub fn rdap(bytes: &[u8]) {
    if let Some(found) = rdap::finding(bytes, Source::default()) {
        check(&found.location, &found.network);
    }
    rdap::fuzz_list(bytes);
}

fn check(location: &Location, network: &Network) {
    let texts = [
        &location.country_code,
        &location.country,
        &location.region,
        &location.city,
        &location.postal_code,
        &location.time_zone,
        &network.provider,
        &network.organization,
        &network.cidr,
        &network.name,
        &network.abuse_email,
    ];
    for text in texts {
        assert!(text.len() <= MAX_BYTES && !text.chars().any(char::is_control), "{text:?}");
    }
}
