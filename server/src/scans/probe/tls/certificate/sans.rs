//! The names beside the subject that a certificate is for (RFC 5280, 4.2.1.6).

use std::net::IpAddr;

use super::{
    der::{Der, SEQUENCE},
    text,
};

/// Most names that are kept.
pub const MAX_SANS: usize = 1000;
/// Most bytes of one: a name of DNS has 253, URIs are longer.
const MAX_NAME: usize = 2048;

/// Tags of the kinds that are kept.
const MAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sans {
    pub kept: Vec<String>,
    pub total: u32,
}

/// Reads them, up to where they break off.
pub(super) fn read(extension: &[u8]) -> Sans {
    let mut names = Der(extension).inside(SEQUENCE).unwrap_or(Der(&[]));
    let mut sans = Sans::default();
    while let Some((tag, content)) = names.take() {
        sans.total = sans.total.saturating_add(1);
        let name = match tag {
            DNS | MAIL | URI => Some(text::shortened(text::cleaned(&text::lenient(content)), MAX_NAME)),
            IP => address(content),
            _ => None,
        };
        if sans.kept.len() < MAX_SANS {
            sans.kept.extend(name);
        }
    }
    sans
}

/// Four bytes or sixteen.
fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).ok().map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds_are_counted_and_those_with_a_text_kept() {
        let mut names = vec![DNS, 3, b'a', b'.', b'b', IP, 4, 192, 0, 2, 1, MAIL, 3, b'm', b'@', b'x'];
        names.extend([0x88, 1, 42, URI, 4, b'x', b':', 0x0A, b'<', IP, 1, 9]);
        let mut extension = vec![SEQUENCE, names.len() as u8];
        extension.extend(names);
        let sans = read(&extension);
        assert_eq!(sans.kept, ["a.b", "192.0.2.1", "m@x", "x:\\0A<"]);
        assert_eq!(sans.total, 6);
        assert_eq!(read(&[]), Sans::default());
        assert_eq!(read(&[SEQUENCE, 4, DNS, 9, b'a', b'b']), Sans::default());
    }
}
