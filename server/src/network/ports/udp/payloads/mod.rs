//! What is sent to a UDP port so that its usual service answers. Every payload only asks; none changes anything, and
//! none is answered by much more than was asked.

mod keys;
mod names;
#[cfg(test)]
mod tests;

use super::super::model::Port;

/// What is sent to a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payload {
    /// Each is sent.
    pub(super) datagrams: Vec<Vec<u8>>,
    /// Whether the service answers from another port than the one that was asked.
    pub(super) answered_elsewhere: bool,
}

/// What is sent to a port, its numbers made from `seed`; an empty datagram where nothing is known.
pub(super) fn of(port: Port, seed: u64) -> Payload {
    let datagrams = match port.number() {
        53 => vec![names::dns(seed)],
        69 => vec![tftp()],
        123 => vec![ntp(seed)],
        137 => vec![names::netbios(seed)],
        161 => vec![snmp(0, seed), snmp(1, seed)],
        443 | 784 | 853 | 8443 | 8853 => vec![keys::quic(seed)],
        500 => vec![keys::ike_v1(seed), keys::ike_v2(seed)],
        // Behind four zeros, which are no ESP packet (RFC 3948 2.2).
        4500 => [keys::ike_v1(seed), keys::ike_v2(seed)].map(|ike| [vec![0; 4], ike].concat()).into(),
        1194 => vec![keys::openvpn(seed)],
        1900 => vec![ssdp()],
        3478 => vec![stun(seed)],
        5060 => vec![sip(seed)],
        5353 => vec![names::mdns(seed)],
        5683 => vec![coap(seed)],
        11211 => vec![memcached(seed)],
        _ => vec![Vec::new()],
    };
    Payload { datagrams, answered_elsewhere: port.number() == 69 }
}

/// So many bytes that nobody can guess who doesn't know the seed.
fn chance<const N: usize>(seed: u64, salt: u8) -> [u8; N] {
    let mut state = seed ^ u64::from(salt).wrapping_mul(0xD1B5_4A32_D192_ED03);
    std::array::from_fn(|_| {
        // SplitMix64 (Steele, Lea and Flood 2014).
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as u8
    })
}

/// A read of a file that nobody has (RFC 1350 5). The answer, an error, comes from another port (RFC 1350 4).
fn tftp() -> Vec<u8> {
    b"\0\x01is-anybody-there\0octet\0".to_vec()
}

/// A client's question for the time (RFC 5905 7.3): version 4, mode 3, and a time of sending that comes back.
fn ntp(seed: u64) -> Vec<u8> {
    let mut packet = vec![0x23];
    packet.resize(40, 0);
    packet.extend(chance::<8>(seed, 1));
    packet
}

/// What the system is called, `sysDescr.0`, of SNMP version 1 (0; RFC 1157) or 2c (1; RFC 1901) for the community
/// `public`.
fn snmp(version: u8, seed: u64) -> Vec<u8> {
    let binding = tlv(0x30, &[tlv(0x06, &[0x2B, 6, 1, 2, 1, 1, 1, 0]), tlv(0x05, &[])].concat());
    // Positive, as it has 31 bits.
    let id = u32::from_be_bytes(chance(seed, 2)) >> 1 | 0x4000_0000;
    let request = [tlv(0x02, &id.to_be_bytes()), tlv(0x02, &[0]), tlv(0x02, &[0]), tlv(0x30, &binding)];
    let message = [tlv(0x02, &[version]), tlv(0x04, b"public"), tlv(0xA0, &request.concat())];
    tlv(0x30, &message.concat())
}

/// A value in BER (X.690 8.1), of less than 128 bytes.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, value.len() as u8], value].concat()
}

/// A search for a device, asked of it alone (UPnP Device Architecture 1.1, 1.3.2).
fn ssdp() -> Vec<u8> {
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\
      ST: upnp:rootdevice\r\n\r\n"
        .to_vec()
}

/// A binding request without attributes (RFC 8489 5).
fn stun(seed: u64) -> Vec<u8> {
    [&[0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xA4, 0x42][..], &chance::<12>(seed, 3)].concat()
}

/// What it can do (RFC 3261 11); it answers to where the question came from (RFC 3581).
fn sip(seed: u64) -> Vec<u8> {
    let id = format!("{:016x}", u64::from_be_bytes(chance(seed, 4)));
    let to = "sip:atalaya@atalaya.invalid";
    format!(
        "OPTIONS {to} SIP/2.0\r\n\
         Via: SIP/2.0/UDP atalaya.invalid;rport;branch=z9hG4bK{id}\r\n\
         Max-Forwards: 70\r\n\
         From: <{to}>;tag={id}\r\n\
         To: <{to}>\r\n\
         Call-ID: {id}@atalaya.invalid\r\n\
         CSeq: 1 OPTIONS\r\n\
         Accept: application/sdp\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// What resources there are (RFC 7252 3; RFC 6690 4): GET, confirmable, `/.well-known/core`.
fn coap(seed: u64) -> Vec<u8> {
    let head = [&[0x40, 0x01][..], &chance::<2>(seed, 5)].concat();
    [&head[..], b"\xBB.well-known\x04core"].concat()
}

/// Its version, of memcached (its `doc/protocol.txt`, "UDP protocol"): one datagram, of one.
fn memcached(seed: u64) -> Vec<u8> {
    [&chance::<2>(seed, 6)[..], &[0, 0, 0, 1, 0, 0], b"version\r\n"].concat()
}
