//! Questions to name services.

use super::chance;

/// Question types (RFC 1035 3.2.2; RFC 1002 4.2.1.2) and their class.
const NS: u16 = 2;
const PTR: u16 = 12;
const NBSTAT: u16 = 0x21;
const IN: u16 = 1;
/// "Recursion desired" (RFC 1035 4.1.1).
const RECURSE: u16 = 0x0100;

/// Who serves the root (RFC 1035 4.1): whoever does not know says so.
pub(super) fn dns(seed: u64) -> Vec<u8> {
    question(seed, RECURSE, &[0], NS)
}

/// Which services there are (RFC 6763 9), asked of one host (RFC 6762 5.5).
pub(super) fn mdns(seed: u64) -> Vec<u8> {
    question(seed, 0, b"\x09_services\x07_dns-sd\x04_udp\x05local\0", PTR)
}

/// Which names it has (RFC 1002 4.2.17): asked for `*`, whose sixteen bytes are written as 32 letters (RFC 1001 14.1).
pub(super) fn netbios(seed: u64) -> Vec<u8> {
    let mut name = vec![32, b'C', b'K'];
    name.resize(33, b'A');
    name.push(0);
    question(seed, 0, &name, NBSTAT)
}

fn question(seed: u64, flags: u16, name: &[u8], kind: u16) -> Vec<u8> {
    let mut message = chance::<2>(seed, 7).to_vec();
    message.extend(flags.to_be_bytes());
    // One question, and nothing else.
    message.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(name);
    message.extend(kind.to_be_bytes());
    message.extend(IN.to_be_bytes());
    message
}
