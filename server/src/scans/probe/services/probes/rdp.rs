//! The Remote Desktop Protocol: a connection request of X.224 with a negotiation ([MS-RDPBCGR], 2.2.1.1).

use super::Probe;
use crate::scans::probe::services::finding::Finding;

/// TLS, CredSSP, and CredSSP with an early answer are offered.
const OFFERED: u8 = 0x0b;

/// The request.
pub(super) const CONNECT: Probe = Probe {
    ports: &[3389],
    request: || vec![3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, OFFERED, 0, 0, 0],
    is_whole: |heard| {
        heard.len() >= 4 && heard.len() >= usize::from(u16::from_be_bytes([heard[2], heard[3]]))
    },
    then: None,
    read,
};

fn read(heard: &[u8]) -> Option<Finding> {
    // A connection confirm of class 0 in a packet of version 3.
    if heard.get(..2)? != [3, 0] || *heard.get(5)? != 0xd0 || *heard.get(10)? != 0 {
        return None;
    }
    let finding = Finding::bare("ms-wbt-server");
    let Some([kind, _, 8, 0, chosen, ..]) = heard.get(11..) else {
        return Some(finding.noting("RDP security only"));
    };
    let note = match (kind, chosen) {
        (2, 0) => "RDP security",
        (2, 1) => "TLS",
        (2, 2 | 8) => "CredSSP",
        (3, _) => "refuses what was offered",
        _ => return Some(finding),
    };
    Some(finding.noting(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmations_tell_what_was_chosen() {
        let confirm =
            |kind, chosen| [3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, kind, 0, 8, 0, chosen, 0, 0, 0];
        assert_eq!(read(&confirm(2, 2)).map(|finding| finding.notes), Some(vec!["CredSSP".to_owned()]));
        assert_eq!(read(&confirm(2, 1)).map(|finding| finding.notes), Some(vec!["TLS".to_owned()]));
        assert_eq!(read(&confirm(2, 1)[..11]).map(|finding| finding.service), Some("ms-wbt-server"));
        assert_eq!(read(&confirm(2, 1)[..10]), None);
        assert_eq!(read(b"\x03\x00HTTP 400 bad"), None);
    }
}
