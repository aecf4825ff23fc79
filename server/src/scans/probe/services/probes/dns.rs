//! What a name server calls itself (RFC 4892), over TCP with its length before it, or in a datagram.

use super::Probe;
use crate::scans::probe::{fingerprints::kinds, services::finding::Finding};

/// The number of our question.
const ID: u16 = 0x6174;
/// `version.bind`, of class CH and type TXT.
const QUESTION: &[u8] = b"\x07version\x04bind\x00\x00\x10\x00\x03";
/// Longest chain of pointers in a name.
const MAX_LABELS: usize = 128;

/// The question over TCP.
pub(super) const VERSION: Probe = Probe {
    ports: &[53, 853],
    request: || {
        let message = question();
        [&(message.len() as u16).to_be_bytes(), message.as_slice()].concat()
    },
    is_whole: |heard| {
        heard.first_chunk().is_some_and(|length| heard.len() >= 2 + usize::from(u16::from_be_bytes(*length)))
    },
    then: None,
    read: |heard| {
        let length = usize::from(u16::from_be_bytes(*heard.first_chunk()?));
        answer(heard.get(2..2 + length)?)
    },
};

/// The question.
pub(in crate::scans::probe::services) fn question() -> Vec<u8> {
    // Recursion is not asked for.
    let mut message = ID.to_be_bytes().to_vec();
    message.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend_from_slice(QUESTION);
    message
}

/// What an answer to it tells.
pub(in crate::scans::probe::services) fn answer(message: &[u8]) -> Option<Finding> {
    let field = |at: usize| Some(u16::from_be_bytes(*message.get(at..)?.first_chunk()?));
    let flags = field(2)?;
    if field(0)? != ID || flags & 0x8000 == 0 || field(4)? > 1 {
        return None;
    }
    let mut finding = Finding::bare("domain");
    if flags & 0xf != 0 {
        finding.notes.push(format!("does not tell its version: {}", refusal(flags & 0xf)));
    }
    let mut at = 12;
    for _ in 0..field(4)? {
        at = after_name(message, at)? + 4;
        message.get(..at)?;
    }
    if field(6)? > 0
        && let Some(text) = text(message, at)
    {
        finding.clues.push(super::super::finding::Clue::new(kinds::DNS_VERSION, text));
    }
    Some(finding)
}

/// The first string of a TXT record.
fn text(message: &[u8], at: usize) -> Option<&[u8]> {
    let at = after_name(message, at)?;
    let kind = message.get(at..at + 2)?;
    let length = usize::from(*message.get(at + 10)?);
    (kind == [0, 16]).then(|| message.get(at + 11..at + 11 + length))?
}

fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..MAX_LABELS {
        match *message.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
    None
}

fn refusal(code: u16) -> &'static str {
    match code {
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        9 => "NOTAUTH",
        _ => "an error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(flags: [u8; 2], records: &[u8]) -> Vec<u8> {
        let mut message = question();
        message[2..4].copy_from_slice(&flags);
        message[7] = u8::from(!records.is_empty());
        message.extend_from_slice(records);
        message
    }

    #[test]
    fn a_version_is_read_where_it_is_told() {
        let record = b"\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x07\x06Knot 3";
        let finding = answer(&answered([0x84, 0], record)).expect("a finding");
        assert_eq!(finding.clues[0].text, b"Knot 3");
        let refused = answer(&answered([0x80, 5], b"")).expect("a finding");
        assert_eq!((refused.clues.len(), refused.notes.len()), (0, 1));
    }

    #[test]
    fn answers_to_others_and_broken_ones_are_none() {
        assert_eq!(answer(&question()), None);
        let good = answered([0x84, 0], b"\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x07\xffKnot 3");
        assert_eq!(answer(&good).map(|finding| finding.clues.len()), Some(0));
        for end in 0..29 {
            assert_eq!(answer(&good[..end]), None, "{end}");
        }
        let mut foreign = answered([0x84, 0], b"");
        foreign[0] = 0;
        assert_eq!(answer(&foreign), None);
        assert_eq!((VERSION.read)(b"HTTP/1.1 400"), None);
    }
}
