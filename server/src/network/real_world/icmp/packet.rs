//! Echo requests as bytes, and which bytes answer them.

use std::net::{IpAddr, Ipv4Addr};

use socket2::Type;
use surge_ping::{Icmpv4Packet, Icmpv6Packet};
use uuid::Uuid;

use crate::network::model::ping::{MAX_SIZE, MIN_SIZE};

/// Bytes of the largest answer: an IPv4 header with all its options stands before it on raw sockets.
pub(super) const MAX_ANSWER: usize = 60 + MAX_SIZE as usize;
/// Types of echo requests and replies (RFC 792; RFC 4443 4.1, 4.2).
const REQUEST_V4: u8 = 8;
const REQUEST_V6: u8 = 128;
const REPLY_V4: u8 = 0;
const REPLY_V6: u8 = 129;
/// Where identifier and sequence number begin, and end.
const IDENTIFIER: usize = 4;
const HEADER: usize = MIN_SIZE as usize;

/// An echo request that nobody can answer who has not seen it: its numbers and its payload are random.
pub(super) struct Request {
    bytes: Vec<u8>,
    kind: Type,
}

impl Request {
    /// A packet of so many bytes after its IP header.
    pub(super) fn new(address: IpAddr, kind: Type, size: u16) -> Self {
        // 122 bits of chance: the numbers are its first four bytes, the payload begins with all of it.
        let chance = Uuid::new_v4().into_bytes();
        let mut bytes = vec![0; usize::from(size.max(MIN_SIZE))];
        bytes[IDENTIFIER..HEADER].copy_from_slice(&chance[..HEADER - IDENTIFIER]);
        for (at, byte) in bytes[HEADER..].iter_mut().enumerate() {
            *byte = chance.get(at).copied().unwrap_or(at as u8);
        }
        if address.is_ipv4() {
            bytes[0] = REQUEST_V4;
            let sum = checksum(&bytes).to_be_bytes();
            bytes[2..IDENTIFIER].copy_from_slice(&sum);
        } else {
            // Its checksum covers the IP header too, which the kernel makes (RFC 3542 3.1).
            bytes[0] = REQUEST_V6;
        }
        Self { bytes, kind }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a packet from the address answers this request.
    pub(super) fn is_answered_by(&self, address: IpAddr, packet: &[u8]) -> bool {
        let read = match address {
            IpAddr::V4(from) => Icmpv4Packet::decode(packet, self.kind, from, Ipv4Addr::UNSPECIFIED)
                .map(|read| (read.get_icmp_type().0 == REPLY_V4, read.get_identifier(), read.get_sequence())),
            IpAddr::V6(from) => Icmpv6Packet::decode(packet, from).map(|read| {
                (read.get_icmpv6_type().0 == REPLY_V6, read.get_identifier(), read.get_sequence())
            }),
        };
        let Ok((is_reply, identifier, sequence)) = read else { return false };
        let (identifier, sequence) = (identifier.into_u16().to_be_bytes(), sequence.into_u16().to_be_bytes());
        is_reply && self.has_numbers(identifier, sequence) && packet.ends_with(&self.bytes[HEADER..])
    }

    /// Whether an error quotes this request: the error queue holds packets from their ICMP header on.
    pub(super) fn is_quoted_in(&self, packet: &[u8]) -> bool {
        let Some(&[kind, _, _, _, a, b, c, d]) = packet.first_chunk::<HEADER>() else { return false };
        kind == self.bytes[0] && self.has_numbers([a, b], [c, d])
    }

    /// The kernel gives datagram sockets an identifier of its own, and brings them only what carries it.
    fn has_numbers(&self, identifier: [u8; 2], sequence: [u8; 2]) -> bool {
        let ours = &self.bytes[IDENTIFIER..HEADER];
        (self.kind == Type::DGRAM || ours[..2] == identifier) && ours[2..] == sequence
    }
}

/// The internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default()));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    /// The answer to a request, as datagram sockets give it.
    fn answer(request: &Request, kind: u8) -> Vec<u8> {
        let mut answer = request.bytes.clone();
        answer[0] = kind;
        answer
    }

    #[test]
    fn a_checksum_is_that_of_rfc_1071() {
        // Section 3 has this example: the sum is 0xddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[0xff]), 0x00ff);
        for size in [8, 9, 56, 1500] {
            assert_eq!(checksum(Request::new(V4, Type::RAW, size).bytes()), 0, "{size}");
        }
    }

    #[test]
    fn only_the_whole_answer_to_a_request_answers_it() {
        for (address, kind) in [(V4, REPLY_V4), (V6, REPLY_V6)] {
            let request = Request::new(address, Type::DGRAM, 56);
            let good = answer(&request, kind);
            assert!(request.is_answered_by(address, &good));
            let other_identifier = [&good[..4], &[!good[4], good[5]], &good[6..]].concat();
            assert!(request.is_answered_by(address, &other_identifier), "it is the kernel's");
            let other_sequence = [&good[..6], &[!good[6]], &good[7..]].concat();
            let other_payload = [&good[..20], &[!good[20]], &good[21..]].concat();
            let cut = good[..30].to_vec();
            for bad in [other_sequence, other_payload, cut, Vec::new(), request.bytes.clone()] {
                assert!(!request.is_answered_by(address, &bad), "{bad:?}");
            }
        }
    }

    #[test]
    fn a_raw_socket_s_answer_has_its_ip_header_before_it() {
        let request = Request::new(V4, Type::RAW, 8);
        let length = 20 + 8;
        let header = [0x45, 0, 0, length, 0, 0, 0, 0, 61, 1, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1];
        let packet = [&header[..], &answer(&request, REPLY_V4)].concat();
        assert!(request.is_answered_by(V4, &packet));
        let other = Request::new(V4, Type::RAW, 8);
        assert!(!other.is_answered_by(V4, &packet));
    }

    #[test]
    fn an_error_is_about_the_request_that_it_quotes() {
        let request = Request::new(V6, Type::RAW, 56);
        assert!(request.is_quoted_in(request.bytes()) && request.is_quoted_in(&request.bytes()[..8]));
        assert!(!request.is_quoted_in(Request::new(V6, Type::RAW, 56).bytes()));
        assert!(!request.is_quoted_in(&request.bytes()[..7]));
    }
}
