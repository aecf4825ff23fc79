//! MQTT 3.1.1 (OASIS): a login without a name, and the topic in which brokers tell their version.

use super::Probe;
use crate::scans::probe::{fingerprints::kinds, services::finding::Finding};

/// The topic; brokers agree on it, no standard does.
const TOPIC: &[u8] = b"$SYS/broker/version";

/// A clean session that is kept alive for ten seconds.
pub(super) const CONNECT: Probe = Probe {
    ports: &[1883, 8883],
    request: || b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00".to_vec(),
    is_whole: |heard| heard.len() == 4,
    then: Some(|heard| (heard == [0x20, 2, 0, 0]).then(subscribe)),
    read,
};

fn subscribe() -> Vec<u8> {
    let length = TOPIC.len() as u8;
    [&[0x82, length + 5, 0, 1, 0, length], TOPIC, &[0]].concat()
}

fn read(heard: &[u8]) -> Option<Finding> {
    let Some([0x20, 2, 0 | 1, code @ 0..=5]) = heard.get(..4) else { return None };
    let mut finding = Finding::bare("mqtt");
    if *code != 0 {
        finding.notes.push(match code {
            4 | 5 => "asks for a login".to_owned(),
            _ => format!("refuses with code {code}"),
        });
    }
    if let Some(version) = published(&heard[4..]) {
        finding.clues.push(super::super::finding::Clue::new(kinds::MQTT, version));
    }
    Some(finding)
}

/// What a message of the topic holds.
fn published(heard: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(heard, TOPIC)?;
    let rest = &heard[at + TOPIC.len()..];
    // Behind the first byte of its packet stands a length that counts topic and text; at most 127 here.
    let length = usize::from(*heard.get(at.checked_sub(3)?)?);
    rest.get(..length.checked_sub(TOPIC.len() + 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_where_it_is_published() {
        let mut heard = b"\x20\x02\x00\x00\x90\x03\x00\x01\x00".to_vec();
        heard.extend([0x31, 21 + 14, 0, 19]);
        heard.extend_from_slice(TOPIC);
        heard.extend_from_slice(b"mosquitto 2.0.");
        let finding = read(&heard).expect("a finding");
        assert_eq!(finding.clues[0].text, b"mosquitto 2.0.");
        for end in 4..heard.len() {
            assert_eq!(read(&heard[..end]).map(|finding| finding.clues.len()), Some(0));
        }
        assert_eq!(
            read(b"\x20\x02\x00\x05").map(|finding| finding.notes),
            Some(vec!["asks for a login".to_owned()])
        );
        assert_eq!(read(b"\x20\x02\x00\x99"), None);
    }
}
