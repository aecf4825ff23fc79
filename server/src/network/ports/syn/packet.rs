//! TCP segments that ask, and what answers them, as bytes (RFC 9293 3.1; RFC 792; RFC 4443).

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::super::{icmp, model::Reason};

/// Bytes of a SYN: a header and one option.
pub(super) const SYN: usize = 24;
/// Bytes of a TCP header without options.
const HEADER: usize = 20;
/// TCP's number (IANA).
const TCP: u8 = 6;
/// Flags.
const IS_SYN: u8 = 0x02;
const IS_RST: u8 = 0x04;
const IS_ACK: u8 = 0x10;
/// "At most so many bytes in a segment" (RFC 9293 3.7.1): what fits an Ethernet.
const LARGEST_SEGMENT: [u8; 4] = [2, 4, 0x05, 0xB4];
/// What we could take at once. Any number looks like somebody's.
const WINDOW: u16 = 64_240;
/// Bytes of an IPv4 header without options, and of an IPv6 header.
const HEADER_V4: usize = 20;
const HEADER_V6: usize = 40;
/// Bytes of an ICMP message before the packet that it is about.
const ICMP: usize = 8;

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The connection would be accepted.
    Accepted,
    /// The same by something that takes no byte or knows no option, as what accepts for every port does.
    Hollow,
    /// The connection was reset.
    Reset,
    /// Something on the way said that it goes no further.
    Unreachable(Reason),
}

/// Sequence numbers that nobody can guess who has not seen the packet: whoever acknowledges one was asked.
pub(super) struct Sequences(RandomState);

impl Sequences {
    /// With a key of their own.
    pub(super) fn new() -> Self {
        Self(RandomState::new())
    }

    /// The sequence number for a target.
    pub(super) fn of(&self, target: SocketAddr) -> u32 {
        self.0.hash_one((target.ip(), target.port())) as u32
    }
}

/// A SYN from an address and port.
pub(super) fn syn(from: SocketAddr, to: SocketAddr, sequence: u32) -> [u8; SYN] {
    let mut segment = [0; SYN];
    segment[0..2].copy_from_slice(&from.port().to_be_bytes());
    segment[2..4].copy_from_slice(&to.port().to_be_bytes());
    segment[4..8].copy_from_slice(&sequence.to_be_bytes());
    segment[12] = ((SYN / 4) << 4) as u8;
    segment[13] = IS_SYN;
    segment[14..16].copy_from_slice(&WINDOW.to_be_bytes());
    segment[HEADER..].copy_from_slice(&LARGEST_SEGMENT);
    let sum = checksum(from.ip(), to.ip(), &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// The checksum of a segment whose own is zero, over it and its pseudo header (RFC 9293 3.1; RFC 8200 8.1).
fn checksum(from: IpAddr, to: IpAddr, segment: &[u8]) -> u16 {
    let mut sum = u64::from(TCP) + segment.len() as u64;
    for address in [from, to] {
        sum += match address {
            IpAddr::V4(v4) => words(&v4.octets()),
            IpAddr::V6(v6) => words(&v6.octets()),
        };
    }
    sum += words(segment);
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

fn words(bytes: &[u8]) -> u64 {
    bytes.chunks(2).map(|pair| (u64::from(pair[0]) << 8) + u64::from(*pair.get(1).unwrap_or(&0))).sum()
}

/// What a segment says that came from an address to our port; `None` if nobody was asked for it.
pub(super) fn segment(from: IpAddr, bytes: &[u8], sequences: &Sequences) -> Option<(SocketAddr, Heard)> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let source = SocketAddr::new(from, u16::from_be_bytes([header[0], header[1]]));
    let acknowledged = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    let flags = header[13];
    if flags & IS_ACK == 0 || acknowledged != sequences.of(source).wrapping_add(1) {
        return None;
    }
    if flags & IS_RST != 0 {
        return Some((source, Heard::Reset));
    }
    let window = u16::from_be_bytes([header[14], header[15]]);
    let has_options = usize::from(header[12] >> 4) * 4 > HEADER;
    let heard = if window > 0 && has_options { Heard::Accepted } else { Heard::Hollow };
    (flags & IS_SYN != 0).then_some((source, heard))
}

/// The same of a packet of IPv4, as raw sockets hand it over.
pub(super) fn packet_v4(bytes: &[u8], sequences: &Sequences) -> Option<(SocketAddr, Heard)> {
    let (from, rest) = header_v4(bytes)?;
    segment(from.0.into(), rest, sequences)
}

/// The source and destination of a packet of TCP or ICMP, and what it carries.
fn header_v4(bytes: &[u8]) -> Option<((Ipv4Addr, Ipv4Addr), &[u8])> {
    let header: &[u8; HEADER_V4] = bytes.first_chunk()?;
    let length = usize::from(header[0] & 0x0F) * 4;
    let address = |at: usize| Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]);
    let is_v4 = header[0] >> 4 == 4 && length >= HEADER_V4;
    is_v4.then_some(((address(12), address(16)), bytes.get(length..)?))
}

/// What a packet of ICMP says of a SYN that we sent; `None` if we did not.
pub(super) fn icmp_v4(bytes: &[u8], own_port: u16, sequences: &Sequences) -> Option<(SocketAddr, Heard)> {
    let (_, message) = header_v4(bytes)?;
    let reason = icmp::reason_v4(*message.first()?, *message.get(1)?)?;
    let quoted = message.get(ICMP..)?;
    let ((_, to), segment) = header_v4(quoted)?;
    let is_tcp = quoted.get(9) == Some(&TCP);
    is_tcp.then(|| quoted_syn(to.into(), segment, own_port, sequences)).flatten().map(|to| told(to, reason))
}

/// What a message of ICMPv6 says of a SYN that we sent; `None` if we did not.
pub(super) fn icmp_v6(message: &[u8], own_port: u16, sequences: &Sequences) -> Option<(SocketAddr, Heard)> {
    let reason = icmp::reason_v6(*message.first()?, *message.get(1)?)?;
    let quoted: &[u8; HEADER_V6] = message.get(ICMP..)?.first_chunk()?;
    let to: [u8; 16] = *quoted.last_chunk()?;
    let segment = message.get(ICMP + HEADER_V6..)?;
    let is_tcp = quoted[6] == TCP;
    let to = is_tcp.then(|| quoted_syn(Ipv6Addr::from(to).into(), segment, own_port, sequences)).flatten();
    to.map(|to| told(to, reason))
}

fn told(target: SocketAddr, reason: Reason) -> (SocketAddr, Heard) {
    (target, Heard::Unreachable(reason))
}

/// The target of a SYN of which the first eight bytes are quoted, if it is ours.
fn quoted_syn(to: IpAddr, bytes: &[u8], own_port: u16, sequences: &Sequences) -> Option<SocketAddr> {
    let start: &[u8; 8] = bytes.first_chunk()?;
    let target = SocketAddr::new(to, u16::from_be_bytes([start[2], start[3]]));
    let is_ours = start[..2] == own_port.to_be_bytes() && start[4..] == sequences.of(target).to_be_bytes();
    is_ours.then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u16 = 43_210;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// A segment that answers the SYN to a target.
    fn answer(target: SocketAddr, flags: u8, sequences: &Sequences) -> [u8; SYN] {
        let mut segment = syn(target, at("198.18.0.1:43210"), 77);
        segment[8..12].copy_from_slice(&sequences.of(target).wrapping_add(1).to_be_bytes());
        segment[13] = flags;
        segment
    }

    fn packet(from: &str, to: &str, protocol: u8, rest: &[u8]) -> Vec<u8> {
        let address = |text: &str| text.parse::<Ipv4Addr>().unwrap().octets();
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
        packet.extend(address(from));
        packet.extend(address(to));
        packet.extend(rest);
        packet
    }

    #[test]
    fn checksums_are_those_of_known_packets() {
        // Summed up apart from this code.
        let known = syn(at("192.168.1.2:50000"), at("192.168.1.1:80"), 0x1234_5678);
        assert_eq!(known[16..18], 0xED94_u16.to_be_bytes(), "{known:02x?}");
        let known = syn(at("[2001:db8::2]:50000"), at("[2001:db8::1]:80"), 0x1234_5678);
        assert_eq!(known[16..18], 0x1574_u16.to_be_bytes(), "{known:02x?}");
    }

    #[test]
    fn a_receiver_finds_the_checksum_right() {
        for (from, to) in [("198.18.0.1:1", "198.18.0.2:65535"), ("[2001:db8::1]:9", "[2001:db8::2]:9")] {
            let (from, to) = (at(from), at(to));
            let segment = syn(from, to, 0xFFFF_FFFF);
            assert_eq!(checksum(from.ip(), to.ip(), &segment), 0);
        }
    }

    #[test]
    fn answers_are_heard_and_strangers_are_not() {
        let (sequences, target) = (Sequences::new(), at("198.18.0.2:80"));
        let heard = |segment: &[u8]| super::segment(target.ip(), segment, &sequences).map(|(_, heard)| heard);
        assert_eq!(heard(&answer(target, IS_SYN | IS_ACK, &sequences)), Some(Heard::Accepted));
        assert_eq!(heard(&answer(target, IS_RST | IS_ACK, &sequences)), Some(Heard::Reset));
        assert_eq!(heard(&answer(target, IS_RST, &sequences)), None, "it acknowledges nothing");
        assert_eq!(heard(&answer(target, IS_ACK, &sequences)), None);
        assert_eq!(heard(&answer(target, IS_SYN | IS_ACK, &Sequences::new())), None, "another key");
        assert_eq!(heard(&answer(target, IS_SYN | IS_ACK, &sequences)[..19]), None);
        let elsewhere = answer(at("198.18.0.2:81"), IS_SYN | IS_ACK, &sequences);
        assert_eq!(super::segment(at("198.18.0.3:81").ip(), &elsewhere, &sequences), None);
    }

    #[test]
    fn what_accepts_without_room_or_options_is_hollow() {
        let (sequences, target) = (Sequences::new(), at("198.18.0.2:80"));
        let mut closed = answer(target, IS_SYN | IS_ACK, &sequences);
        closed[14..16].fill(0);
        let mut bare = answer(target, IS_SYN | IS_ACK, &sequences);
        bare[12] = 5 << 4;
        for segment in [closed, bare] {
            let heard = super::segment(target.ip(), &segment, &sequences);
            assert_eq!(heard, Some((target, Heard::Hollow)));
        }
    }

    #[test]
    fn packets_of_ipv4_are_unwrapped_and_cut_ones_ignored() {
        let (sequences, target) = (Sequences::new(), at("198.18.0.2:80"));
        let whole = packet("198.18.0.2", "198.18.0.1", TCP, &answer(target, IS_SYN | IS_ACK, &sequences));
        assert_eq!(packet_v4(&whole, &sequences), Some((target, Heard::Accepted)));
        for length in 0..HEADER_V4 + HEADER {
            assert_eq!(packet_v4(&whole[..length], &sequences), None);
        }
        let mut short_header = whole;
        short_header[0] = 0x44;
        assert_eq!(packet_v4(&short_header, &sequences), None);
    }

    #[test]
    fn routers_are_believed_if_they_quote_what_was_sent() {
        let (sequences, target) = (Sequences::new(), at("198.18.0.2:80"));
        let message = |kind: u8, code: u8, own: u16, protocol: u8, number: u32| {
            let sent = syn(SocketAddr::new(at("198.18.0.1:1").ip(), own), target, number);
            let quoted = packet("198.18.0.1", "198.18.0.2", protocol, &sent[..8]);
            packet("198.18.0.9", "198.18.0.1", 1, &[&[kind, code, 0, 0, 0, 0, 0, 0], &quoted[..]].concat())
        };
        let number = sequences.of(target);
        let prohibited = Some((target, Heard::Unreachable(Reason::AdminProhibited)));
        let whole = message(3, 13, OWN, TCP, number);
        assert_eq!(icmp_v4(&whole, OWN, &sequences), prohibited);
        for stranger in [
            message(11, 0, OWN, TCP, number),
            message(3, 13, OWN + 1, TCP, number),
            message(3, 13, OWN, 17, number),
            message(3, 13, OWN, TCP, number ^ 1),
        ] {
            assert_eq!(icmp_v4(&stranger, OWN, &sequences), None);
        }
        assert!((0..whole.len()).all(|length| icmp_v4(&whole[..length], OWN, &sequences).is_none()));
    }

    #[test]
    fn so_are_routers_of_ipv6() {
        let (sequences, target) = (Sequences::new(), at("[2001:db8::2]:80"));
        let sent = syn(at("[2001:db8::1]:43210"), target, sequences.of(target));
        let mut message = vec![1, 1, 0, 0, 0, 0, 0, 0, 0x60, 0, 0, 0, 0, 24, TCP, 64];
        message.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        message.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
        message.extend(&sent[..8]);
        let prohibited = Some((target, Heard::Unreachable(Reason::AdminProhibited)));
        assert_eq!(icmp_v6(&message, OWN, &sequences), prohibited);
        assert_eq!(icmp_v6(&message, OWN + 1, &sequences), None);
        assert!((0..message.len()).all(|length| icmp_v6(&message[..length], OWN, &sequences).is_none()));
    }
}
