//! A record, and what it says.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::Owner;

/// A type of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Where mail goes.
    Mx,
    /// The zone's name servers.
    Ns,
    /// Texts.
    Txt,
    /// The name that this one is another word for.
    Cname,
    /// Start of authority: the zone's own data.
    Soa,
    /// Who may issue certificates (RFC 8659).
    Caa,
    /// Where a service is (RFC 2782).
    Srv,
    /// Hash of the zone's key, at its parent (RFC 4034).
    Ds,
    /// A key of the zone.
    Dnskey,
    /// Which name follows this one.
    Nsec,
    /// How the names are hashed that follow each other (RFC 5155).
    Nsec3param,
    /// The name of an address.
    Ptr,
    /// Any other, by its number.
    Other(u16),
}

impl Kind {
    const NAMED: [(Self, u16, &'static str); 14] = [
        (Self::A, 1, "A"),
        (Self::Ns, 2, "NS"),
        (Self::Cname, 5, "CNAME"),
        (Self::Soa, 6, "SOA"),
        (Self::Ptr, 12, "PTR"),
        (Self::Mx, 15, "MX"),
        (Self::Txt, 16, "TXT"),
        (Self::Aaaa, 28, "AAAA"),
        (Self::Srv, 33, "SRV"),
        (Self::Ds, 43, "DS"),
        (Self::Nsec, 47, "NSEC"),
        (Self::Dnskey, 48, "DNSKEY"),
        (Self::Nsec3param, 51, "NSEC3PARAM"),
        (Self::Caa, 257, "CAA"),
    ];

    /// Its number (IANA, DNS Parameters, Resource Record TYPEs).
    pub fn number(self) -> u16 {
        if let Self::Other(number) = self {
            return number;
        }
        Self::NAMED.iter().find(|(kind, ..)| *kind == self).map_or(0, |(_, number, _)| *number)
    }

    /// Of a number.
    pub fn of(number: u16) -> Self {
        let named = Self::NAMED.iter().find(|(_, n, _)| *n == number);
        named.map_or(Self::Other(number), |(kind, ..)| *kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMED.iter().find(|(kind, ..)| kind == self) {
            Some((.., name)) => f.write_str(name),
            // RFC 3597.
            None => write!(f, "TYPE{}", self.number()),
        }
    }
}

/// A record of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub owner: Owner,
    /// How many seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Where mail goes; the lowest number first.
    Mx(u16, Owner),
    /// A name server.
    Ns(Owner),
    /// A text, its parts one after the other.
    Txt(String),
    /// Another name.
    Cname(Owner),
    /// The zone's own data.
    Soa(Box<Soa>),
    /// Where a service is.
    Srv(Srv),
    /// The name that follows.
    Nsec(Owner),
    /// The name of an address.
    Ptr(Owner),
    /// Anything else, as zone files write it.
    Other(Kind, String),
}

/// A zone's own data (RFC 1035 3.3.13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soa {
    /// The first name server.
    pub primary: Owner,
    /// Who is responsible: an e-mail address with a dot for its @.
    pub mailbox: Owner,
    /// The version.
    pub serial: u32,
    /// Seconds after which a secondary looks for a new version, tries again, gives up; and how long it may be kept that
    /// a name is not there.
    pub seconds: [u32; 4],
}

/// Where a service is (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// The lowest first.
    pub priority: u16,
    /// Of one priority, how often each is taken.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its host.
    pub target: Owner,
}

impl Data {
    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::A(_) => Kind::A,
            Self::Aaaa(_) => Kind::Aaaa,
            Self::Mx(..) => Kind::Mx,
            Self::Ns(_) => Kind::Ns,
            Self::Txt(_) => Kind::Txt,
            Self::Cname(_) => Kind::Cname,
            Self::Soa(_) => Kind::Soa,
            Self::Srv(_) => Kind::Srv,
            Self::Nsec(_) => Kind::Nsec,
            Self::Ptr(_) => Kind::Ptr,
            Self::Other(kind, _) => *kind,
        }
    }

    /// How many bytes its names and texts have.
    pub fn text_len(&self) -> usize {
        match self {
            Self::A(_) | Self::Aaaa(_) => 0,
            Self::Mx(_, name) | Self::Ns(name) | Self::Cname(name) | Self::Nsec(name) | Self::Ptr(name) => {
                name.as_str().len()
            }
            Self::Soa(soa) => soa.primary.as_str().len() + soa.mailbox.as_str().len(),
            Self::Srv(srv) => srv.target.as_str().len(),
            Self::Txt(text) | Self::Other(_, text) => text.len(),
        }
    }

    /// The address that it says.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(v4) => Some(IpAddr::V4(*v4)),
            Self::Aaaa(v6) => Some(IpAddr::V6(*v6)),
            Self::Mx(..)
            | Self::Ns(_)
            | Self::Txt(_)
            | Self::Cname(_)
            | Self::Soa(_)
            | Self::Srv(_)
            | Self::Nsec(_)
            | Self::Ptr(_)
            | Self::Other(..) => None,
        }
    }

    /// The name that it stands for.
    pub fn alias(&self) -> Option<&Owner> {
        if let Self::Cname(name) = self { Some(name) } else { None }
    }

    /// The name that follows.
    pub fn next(&self) -> Option<&Owner> {
        if let Self::Nsec(name) = self { Some(name) } else { None }
    }

    /// The text that it says.
    pub fn text(&self) -> Option<&str> {
        if let Self::Txt(text) = self { Some(text) } else { None }
    }

    /// The name of a host that it says.
    pub fn host(&self) -> Option<&Owner> {
        match self {
            Self::Mx(_, name) | Self::Ns(name) | Self::Cname(name) | Self::Ptr(name) => Some(name),
            Self::Soa(soa) => Some(&soa.primary),
            Self::Srv(srv) => Some(&srv.target),
            Self::A(_) | Self::Aaaa(_) | Self::Txt(_) | Self::Nsec(_) | Self::Other(..) => None,
        }
    }
}

/// As zone files write it, names without their last dot, texts without quotes.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(v4) => v4.fmt(f),
            Self::Aaaa(v6) => v6.fmt(f),
            Self::Mx(preference, exchange) => write!(f, "{preference} {exchange}"),
            Self::Ns(name) | Self::Cname(name) | Self::Nsec(name) | Self::Ptr(name) => name.fmt(f),
            Self::Txt(text) | Self::Other(_, text) => f.write_str(text),
            Self::Soa(soa) => {
                let [refresh, retry, expire, minimum] = soa.seconds;
                write!(f, "{} {} {} ", soa.primary, soa.mailbox, soa.serial)?;
                write!(f, "{refresh} {retry} {expire} {minimum}")
            }
            Self::Srv(srv) => write!(f, "{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_number_and_its_name() {
        for (kind, number, name) in Kind::NAMED {
            assert_eq!((Kind::of(number), kind.number(), kind.to_string().as_str()), (kind, number, name));
        }
        assert_eq!((Kind::of(65), Kind::Other(65).to_string()), (Kind::Other(65), "TYPE65".into()));
    }

    #[test]
    fn records_are_written_without_last_dots_and_quotes() {
        let name = |text: &str| Owner::from_labels(text.split('.').map(str::as_bytes));
        let soa = Soa {
            primary: name("ns1.example.com"),
            mailbox: name("hostmaster.example.com"),
            serial: 7,
            seconds: [7200, 3600, 1_209_600, 300],
        };
        let srv = Srv { priority: 1, weight: 2, port: 5060, target: name("sip.example.com") };
        for (data, text) in [
            (Data::Mx(10, name("Mail.example.com")), "10 mail.example.com"),
            (Data::Mx(0, Owner::from_labels([])), "0 ."),
            (Data::Txt("v=spf1 -all".into()), "v=spf1 -all"),
            (Data::Soa(Box::new(soa)), "ns1.example.com hostmaster.example.com 7 7200 3600 1209600 300"),
            (Data::Srv(srv), "1 2 5060 sip.example.com"),
            (Data::Aaaa(Ipv6Addr::LOCALHOST), "::1"),
        ] {
            assert_eq!(data.to_string(), text);
        }
    }
}
