//! First messages of protocols that agree on keys. They offer what most accept; nothing follows them.

use super::chance;

/// Bytes of the smallest datagram that a QUIC server answers (RFC 9000 14.1).
const QUIC_SIZE: usize = 1200;
/// IKE's header (RFC 2408 3.1, RFC 7296 3.1).
const IKE_HEADER: usize = 28;

/// A first packet of a version that nobody has (RFC 9000 15): the answer names those that the server has
/// (RFC 9000 6.1).
pub(super) fn quic(seed: u64) -> Vec<u8> {
    let mut packet = vec![0xC0, 0x1A, 0x2A, 0x3A, 0x4A];
    for salt in [10, 11] {
        packet.push(8);
        packet.extend(chance::<8>(seed, salt));
    }
    packet.resize(QUIC_SIZE, 0);
    packet
}

/// A client's reset (OpenVPN's network protocol, `P_CONTROL_HARD_RESET_CLIENT_V2`): session, no acknowledgements,
/// message 0.
pub(super) fn openvpn(seed: u64) -> Vec<u8> {
    [&[7 << 3][..], &chance::<8>(seed, 12), &[0, 0, 0, 0, 0]].concat()
}

/// Main mode's first message (RFC 2409 5): a security association (RFC 2408 3.4), of AES or 3DES with SHA-1 and a key
/// that both know.
pub(super) fn ike_v1(seed: u64) -> Vec<u8> {
    // Cipher, its key's bits, hash, authentication, group (RFC 2409 appendix A; RFC 3526; RFC 3602).
    let aes = transform_v1(1, 3, &[(1, 7), (14, 128), (2, 2), (3, 1), (4, 14)]);
    let triple_des = transform_v1(2, 0, &[(1, 5), (2, 2), (3, 1), (4, 2)]);
    let proposal = payload(0, &[&[1, 1, 0, 2], &aes[..], &triple_des].concat());
    // The internet's domain of interpretation, "identity only" (RFC 2407 4.2).
    let association = payload(0, &[&[0, 0, 0, 1, 0, 0, 0, 1], &proposal[..]].concat());
    message(seed, 1, 0x10, 2, 0, &association)
}

/// One offer, with the seconds that the association is to last.
fn transform_v1(number: u8, next: u8, attributes: &[(u16, u16)]) -> Vec<u8> {
    let mut body = vec![number, 1, 0, 0];
    for (kind, value) in attributes.iter().chain(&[(11, 1), (12, 28_800)]) {
        body.extend((0x8000 | kind).to_be_bytes());
        body.extend(value.to_be_bytes());
    }
    payload(next, &body)
}

/// The first exchange of version 2 (RFC 7296 1.2): an offer (3.3), a public value of the 2048-bit group (3.4), a
/// nonce (3.9).
pub(super) fn ike_v2(seed: u64) -> Vec<u8> {
    // AES-CBC of 128 bits, HMAC-SHA2-256 twice, group 14 (RFC 7296 3.3.2; RFC 4868).
    let transforms = [
        payload(3, &[1, 0, 0, 12, 0x80, 14, 0, 128]),
        payload(3, &[2, 0, 0, 5]),
        payload(3, &[3, 0, 0, 12]),
        payload(0, &[4, 0, 0, 14]),
    ];
    let proposal = payload(0, &[&[1, 1, 0, 4][..], &transforms.concat()].concat());
    let association = payload(34, &proposal);
    let key = payload(40, &[&[0, 14, 0, 0][..], &chance::<256>(seed, 13)].concat());
    let nonce = payload(0, &chance::<32>(seed, 14));
    message(seed, 33, 0x20, 34, 0x08, &[association, key, nonce].concat())
}

/// A payload, or what is built like one, and what comes next.
fn payload(next: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 4) as u16;
    [&[next, 0], &length.to_be_bytes()[..], body].concat()
}

fn message(seed: u64, next: u8, version: u8, exchange: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut message = chance::<8>(seed, version).to_vec();
    // Nobody's yet.
    message.extend([0; 8]);
    message.extend([next, version, exchange, flags]);
    message.extend([0; 4]);
    message.extend(((IKE_HEADER + body.len()) as u32).to_be_bytes());
    message.extend(body);
    message
}
