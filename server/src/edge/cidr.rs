//! A block of addresses as operators write it: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// Bits of the prefix that IPv4 addresses have inside IPv6 (`::ffff:0:0/96`).
const MAPPED_BITS: u8 = 96;

/// A block of IPv4 or IPv6 addresses. IPv4 addresses inside IPv6 count as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// The block of `address` whose first `prefix` bits are fixed; the other bits of `address` are dropped.
    /// `None` if the address has fewer bits.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let canonical = address.to_canonical();
        let mapped = canonical.is_ipv4() && address.is_ipv6();
        let prefix = if mapped { prefix.checked_sub(MAPPED_BITS)? } else { prefix };
        let bits = bits_of(canonical);
        let network = match canonical {
            _ if prefix > bits => return None,
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & v4_mask(prefix)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & v6_mask(prefix)).into(),
        };
        Some(Self { network, prefix })
    }

    /// The lowest address.
    pub fn network(&self) -> IpAddr {
        self.network
    }

    /// How many bits are fixed.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether `address` lies in this block.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(v4)) => v4.to_bits() & v4_mask(self.prefix) == network.to_bits(),
            (IpAddr::V6(network), IpAddr::V6(v6)) => v6.to_bits() & v6_mask(self.prefix) == network.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The text is not a block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a block of addresses such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct InvalidCidr;

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidCidr)?;
        let prefix = match prefix {
            // `u8::from_str` would take "+8".
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| InvalidCidr)?
            }
            Some(_) => return Err(InvalidCidr),
            None => bits_of(address),
        };
        Self::new(address, prefix).ok_or(InvalidCidr)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

fn bits_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn v4_mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn v6_mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_block_holds_its_first_and_last_address_and_no_neighbour() {
        for (block, first, last, below, above) in [
            ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.8"),
            ("2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff::1", "2001:db7::", "2001:db8:8000::"),
            ("::1", "::1", "::1", "::", "::2"),
        ] {
            assert!(cidr(block).contains(ip(first)) && cidr(block).contains(ip(last)), "{block}");
            assert!(!cidr(block).contains(ip(below)) && !cidr(block).contains(ip(above)), "{block}");
        }
    }

    #[test]
    fn a_prefix_of_zero_holds_its_family_and_not_the_other() {
        assert!(cidr("0.0.0.0/0").contains(ip("203.0.113.9")));
        assert!(!cidr("0.0.0.0/0").contains(ip("2001:db8::1")));
        assert!(cidr("::/0").contains(ip("2001:db8::1")));
        assert!(!cidr("::/0").contains(ip("203.0.113.9")));
    }

    #[test]
    fn ipv4_inside_ipv6_counts_as_ipv4_on_both_sides() {
        assert!(cidr("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
        assert!(cidr("::ffff:10.0.0.0/104").contains(ip("10.1.2.3")));
        assert_eq!(cidr("::ffff:10.0.0.0/104"), cidr("10.0.0.0/8"));
        assert_eq!(cidr("::ffff:10.0.0.1"), cidr("10.0.0.1/32"));
    }

    #[test]
    fn host_bits_are_dropped_and_the_text_is_printed_back() {
        assert_eq!(cidr("10.1.2.3/8").to_string(), "10.0.0.0/8");
        assert_eq!(cidr("2001:db8::7/32").to_string(), "2001:db8::/32");
    }

    #[test]
    fn other_text_is_no_block() {
        for text in [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0/8",
            "::/129",
            "::ffff:1.2.3.4/8",
            "a/8",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(InvalidCidr), "{text}");
        }
    }
}
