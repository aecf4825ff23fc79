//! IPv4 addresses inside IPv6 addresses: whoever reaches the one may reach the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Every address that a packet to `address` may end up at: itself, and what it carries.
pub(super) fn all(address: IpAddr) -> Vec<IpAddr> {
    let address = address.to_canonical();
    let IpAddr::V6(v6) = address else { return vec![address] };
    let carried = carried(v6).into_iter().flatten().map(IpAddr::V4);
    std::iter::once(address).chain(carried).collect()
}

#[expect(clippy::many_single_char_names, reason = "they are the eight parts of an address")]
fn carried(v6: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    match [a, b, c, d, e, f] {
        // The unspecified address and the loopback address carry nothing (RFC 4291 2.5.2, 2.5.3).
        [0, 0, 0, 0, 0, 0] if g == 0 && h <= 1 => [None, None],
        // IPv4-compatible (RFC 4291 2.5.5.1), NAT64 (RFC 6052), IPv4-translated (RFC 2765), and ISATAP, within any
        // prefix (RFC 5214).
        [0, 0, 0, 0, 0 | 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] | [_, _, _, _, 0 | 0x200, 0x5efe] => {
            [Some(v4(g, h)), None]
        }
        // 6to4 (RFC 3056).
        [0x2002, ..] => [Some(v4(b, c)), None],
        // Teredo (RFC 4380): the server, and the client with its bits turned.
        [0x2001, 0, ..] => [Some(v4(c, d)), Some(v4(!g, !h))],
        _ => [None, None],
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_carries_is_found() {
        for (outer, inner) in [
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("::127.0.0.1", "127.0.0.1"),
            ("::ffff:0:10.0.0.1", "10.0.0.1"),
            ("64:ff9b::169.254.169.254", "169.254.169.254"),
            ("2002:7f00:1::", "127.0.0.1"),
            ("2001:0:a00:1::", "10.0.0.1"),
            ("2001:0:102:304:0:0:80ff:fffe", "127.0.0.1"),
            ("2606:4700::200:5efe:10.0.0.1", "10.0.0.1"),
            ("fe80::5efe:192.168.0.1", "192.168.0.1"),
        ] {
            let (outer, inner) = (outer.parse().expect("an address"), inner.parse().expect("an address"));
            assert!(all(outer).contains(&inner), "{outer}: {:?}", all(outer));
        }
        for alone in ["2606:4700::1", "::1", "::"] {
            assert_eq!(all(alone.parse().expect("an address")).len(), 1, "{alone}");
        }
    }
}
