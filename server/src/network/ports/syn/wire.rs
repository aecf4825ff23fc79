//! What the server and the process with the raw sockets say to each other: records of fixed length, several in a
//! message.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{
    super::{engine::Event, host::Answer, model::Reason},
    packet::Heard,
};

/// Bytes of a job, and of an answer.
pub(super) const JOB: usize = 35;
pub(super) const ANSWER: usize = 20;
/// Most records in a message.
pub(super) const RECORDS: usize = 64;
/// Bytes of the first message of the process.
pub(super) const HELLO: usize = 2;

/// The first byte of an address.
const V4: u8 = 4;
const V6: u8 = 6;

/// A SYN to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Job {
    /// From which address.
    pub(super) from: IpAddr,
    /// To whom.
    pub(super) to: SocketAddr,
}

/// How the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    /// It has its sockets, for IPv6 too or not.
    Ready {
        /// Whether it has those for IPv6.
        v6: bool,
    },
    /// It has no right to raw sockets.
    Forbidden,
    /// It could not begin.
    Failed,
}

impl Hello {
    /// As bytes.
    pub(super) fn to_bytes(self) -> [u8; HELLO] {
        match self {
            Self::Ready { v6 } => [b'+', u8::from(v6)],
            Self::Forbidden => [b'-', b'f'],
            Self::Failed => [b'-', 0],
        }
    }

    /// From bytes; what is none has failed.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        match bytes {
            [b'+', v6] => Self::Ready { v6: *v6 != 0 },
            [b'-', b'f'] => Self::Forbidden,
            _ => Self::Failed,
        }
    }
}

/// What became of a SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Something came back.
    Heard(Heard),
    /// The machine knows no way there.
    NoRoute,
    /// The machine forbids to go there.
    Forbidden,
}

impl Told {
    /// What it is to the engine.
    pub(super) fn event(self) -> Event {
        match self {
            Self::Heard(Heard::Accepted) => Event::Answer(Answer::Open),
            Self::Heard(Heard::Hollow) => Event::Answer(Answer::Hollow),
            Self::Heard(Heard::Reset) => Event::Answer(Answer::Refused),
            Self::Heard(Heard::Unreachable(reason)) => Event::Answer(Answer::Unreachable(reason)),
            Self::NoRoute => Event::NoRoute,
            Self::Forbidden => Event::Forbidden,
        }
    }
}

/// The kinds of answers and their numbers.
const KINDS: [(u8, Told); 9] = [
    (0, Told::Heard(Heard::Accepted)),
    (1, Told::Heard(Heard::Hollow)),
    (2, Told::Heard(Heard::Reset)),
    (3, Told::Heard(Heard::Unreachable(Reason::HostUnreachable))),
    (4, Told::Heard(Heard::Unreachable(Reason::NetUnreachable))),
    (5, Told::Heard(Heard::Unreachable(Reason::AdminProhibited))),
    (6, Told::Heard(Heard::Unreachable(Reason::PortUnreachable))),
    (7, Told::NoRoute),
    (8, Told::Forbidden),
];

/// Appends a job.
pub(super) fn put_job(job: &Job, to: &mut Vec<u8>) {
    put_address(job.to.ip(), to);
    to.extend(job.to.port().to_be_bytes());
    match job.from {
        IpAddr::V4(v4) => to.extend(v4.to_ipv6_mapped().octets()),
        IpAddr::V6(v6) => to.extend(v6.octets()),
    }
}

/// Reads a job; `None` if it is none.
pub(super) fn job(bytes: &[u8]) -> Option<Job> {
    let bytes: &[u8; JOB] = bytes.try_into().ok()?;
    let to = SocketAddr::new(address(bytes.first_chunk()?)?, u16::from_be_bytes([bytes[17], bytes[18]]));
    let from = Ipv6Addr::from(*bytes.last_chunk::<16>()?);
    let from = if to.is_ipv4() { IpAddr::V4(from.to_ipv4_mapped()?) } else { IpAddr::V6(from) };
    Some(Job { from, to })
}

/// Appends an answer.
pub(super) fn put_answer(from: SocketAddr, told: Told, to: &mut Vec<u8>) {
    // Every answer has a number but those that no packet gives.
    let Some((kind, _)) = KINDS.iter().find(|(_, other)| *other == told) else { return };
    put_address(from.ip(), to);
    to.extend(from.port().to_be_bytes());
    to.push(*kind);
}

/// Reads an answer; `None` if it is none.
pub(super) fn answer(bytes: &[u8]) -> Option<(SocketAddr, Told)> {
    let bytes: &[u8; ANSWER] = bytes.try_into().ok()?;
    let from = SocketAddr::new(address(bytes.first_chunk()?)?, u16::from_be_bytes([bytes[17], bytes[18]]));
    let (_, told) = KINDS.iter().find(|(kind, _)| *kind == bytes[19])?;
    Some((from, *told))
}

fn put_address(address: IpAddr, to: &mut Vec<u8>) {
    let (kind, octets) = match address {
        IpAddr::V4(v4) => (V4, v4.to_ipv6_mapped().octets()),
        IpAddr::V6(v6) => (V6, v6.octets()),
    };
    to.push(kind);
    to.extend(octets);
}

fn address(bytes: &[u8; 17]) -> Option<IpAddr> {
    let address = Ipv6Addr::from(*bytes.last_chunk::<16>()?);
    match bytes[0] {
        V4 => address.to_ipv4_mapped().map(|v4: Ipv4Addr| v4.into()),
        V6 => Some(address.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_arrive_as_they_were() {
        for (from, to) in [("198.18.0.1", "198.18.0.2:80"), ("2001:db8::1", "[2001:db8::2]:65535")] {
            let sent = Job { from: from.parse().unwrap(), to: to.parse().unwrap() };
            let mut bytes = Vec::new();
            put_job(&sent, &mut bytes);
            assert_eq!((bytes.len(), job(&bytes)), (JOB, Some(sent)));
            assert_eq!(job(&bytes[1..]), None);
            bytes[0] = 5;
            assert_eq!(job(&bytes), None);
        }
    }

    #[test]
    fn answers_arrive_as_they_were() {
        for address in ["198.18.0.2:80", "[2001:db8::2]:65535"] {
            let from = address.parse().unwrap();
            for (_, told) in KINDS {
                let mut bytes = Vec::new();
                put_answer(from, told, &mut bytes);
                assert_eq!((bytes.len(), answer(&bytes)), (ANSWER, Some((from, told))));
                bytes[19] = 200;
                assert_eq!(answer(&bytes), None);
            }
        }
    }

    #[test]
    fn a_beginning_is_told_and_nonsense_is_a_failure() {
        for hello in [Hello::Ready { v6: true }, Hello::Ready { v6: false }, Hello::Forbidden, Hello::Failed]
        {
            assert_eq!(Hello::from_bytes(&hello.to_bytes()), hello);
        }
        assert_eq!(Hello::from_bytes(b""), Hello::Failed);
        assert_eq!(Hello::from_bytes(b"+"), Hello::Failed);
    }
}
