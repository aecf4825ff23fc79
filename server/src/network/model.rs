//! The nouns of networks.

pub mod ping;
pub mod scan;

use std::{fmt, net::IpAddr, str::FromStr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Most bytes that are looked at as a host: a longest name in Unicode is shorter.
const MAX_HOST: usize = 1024;

/// A host as people name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// By its address.
    Address(IpAddr),
    /// By its name.
    Name(Name),
}

/// A host name in A-labels and lower case, without a last dot: at most 253 bytes, labels of at most 63 letters, digits
/// and hyphens (RFC 1123 2.1), Unicode as of UTS 46.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

/// Why a text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHost {
    /// Nothing, or nothing but a dot.
    #[error("a host is missing")]
    Empty,
    /// More bytes than any name has.
    #[error("a host name has at most 253 characters")]
    TooLong,
    /// Its last label is a number, and yet it is no address: `127.1`, `0x7f000001`, `010.0.0.1`.
    #[error("an IPv4 address has four decimal numbers without leading zeros")]
    Number,
    /// Not a name.
    #[error(
        "a host name has labels of 1 to 63 letters, digits and inner hyphens, at most 253 characters in all"
    )]
    Name,
}

impl Name {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        if text.len() > MAX_HOST {
            return Err(InvalidHost::TooLong);
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(InvalidHost::Empty);
        }
        let ascii = Uts46::new()
            .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| InvalidHost::Name)?;
        // What a resolver would take for an address in an old notation (WHATWG URL, "ends in a number") is none.
        if ascii.rsplit('.').next().is_some_and(is_number) {
            Err(InvalidHost::Number)
        } else {
            Ok(Self(ascii.into()))
        }
    }
}

fn is_number(label: &str) -> bool {
    let hexadecimal =
        label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|b| b.is_ascii_digit())
}

impl Host {
    /// As it stands in the address of a page (RFC 3986 3.2.2).
    pub fn in_url(&self) -> String {
        match self {
            Self::Address(IpAddr::V6(v6)) => format!("[{v6}]"),
            Self::Address(IpAddr::V4(v4)) => v4.to_string(),
            Self::Name(name) => name.to_string(),
        }
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    /// Addresses in their usual notation only; std's parser takes no other.
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        text.parse().map(Self::Address).or_else(|_| text.parse().map(Self::Name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_addresses_or_names() {
        for (text, host) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("Example.COM.", "example.com"),
            ("localhost", "localhost"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("r3---sn-abc.example.com", "r3---sn-abc.example.com"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(text.parse::<Host>().map(|host| host.to_string()), Ok(host.to_owned()), "{text}");
        }
    }

    #[test]
    fn old_notations_of_addresses_are_no_hosts() {
        for text in [
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.1.",
            "017700000001",
            "127.0.0.01",
            "１２７.0.0.1",
            "127。0。0。1",
            "①27.0.0.1",
            "0x7f.0x0.0x0.0x1",
            "1.2.3.4.5",
            "256.1.1.1",
            "0X7F.1",
        ] {
            assert_eq!(text.parse::<Host>(), Err(InvalidHost::Number), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = format!("{}com", "a.".repeat(126));
        for text in [
            "",
            ".",
            "a..b",
            "-a.example",
            "a-.example",
            "a b.example",
            "a_b.example",
            "exa\0mple.com",
            "fe80::1%eth0",
            "[::1]",
            "http://example.com",
            "example.com/",
            "example.com:80",
            &long_label,
            &long_name,
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }
}
