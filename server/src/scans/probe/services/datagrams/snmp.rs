//! SNMP: the system's description and name (RFC 3418), asked with the community that everybody knows.

use crate::scans::probe::{
    fingerprints::kinds,
    services::finding::{Clue, Finding},
};

/// `sysDescr.0` and `sysName.0` below `1.3.6.1.2.1.1`.
const DESCRIPTION: &[u8] = b"\x2b\x06\x01\x02\x01\x01\x01\x00";
const NAME: &[u8] = b"\x2b\x06\x01\x02\x01\x01\x05\x00";
/// The number of our question.
const ID: &[u8] = b"\x61\x74";

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

/// The question: version 0 is SNMPv1, version 1 is SNMPv2c.
pub(super) fn question(version: u8) -> Vec<u8> {
    let binding = |name: &[u8]| element(0x30, &[element(6, name), vec![5, 0]].concat());
    let bindings = element(0x30, &[binding(DESCRIPTION), binding(NAME)].concat());
    let request = element(0xa0, &[element(2, ID), element(2, &[0]), element(2, &[0]), bindings].concat());
    element(0x30, &[element(2, &[version]), element(4, b"public"), request].concat())
}

/// Content of the next element, if it has a tag, and what follows.
fn next(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = bytes else { return None };
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

/// What an answer tells.
pub(super) fn read(answer: &[u8]) -> Option<Finding> {
    let (message, _) = next(0x30, answer)?;
    let (version, message) = next(2, message)?;
    let (_, message) = next(4, message)?;
    let (response, _) = next(0xa2, message)?;
    let (id, response) = next(2, response)?;
    if id != ID {
        return None;
    }
    let (_, response) = next(2, response)?;
    let (_, response) = next(2, response)?;
    let (mut bindings, _) = next(0x30, response)?;
    let note = match version {
        [0] => "SNMPv1, community public",
        _ => "SNMPv2c, community public",
    };
    let mut finding = Finding::bare("snmp").noting(note);
    while let Some((binding, rest)) = next(0x30, bindings) {
        bindings = rest;
        let Some((name, value)) = next(6, binding) else { continue };
        let Some((value, _)) = next(4, value).filter(|(value, _)| !value.is_empty()) else { continue };
        if name == DESCRIPTION {
            finding.clues.push(Clue::new(kinds::SNMP, value));
            finding.banner = Some(value.to_vec());
        } else if name == NAME {
            finding.clues.push(Clue::new(kinds::SNMP_NAME, value));
        }
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_description() {
        let binding =
            |name: &[u8], value: &[u8]| element(0x30, &[element(6, name), element(4, value)].concat());
        let bindings = element(0x30, &[binding(DESCRIPTION, b"Linux a 6.1"), binding(NAME, b"a")].concat());
        let response =
            element(0xa2, &[element(2, ID), element(2, &[0]), element(2, &[0]), bindings].concat());
        let answer = element(0x30, &[element(2, &[1]), element(4, b"public"), response].concat());
        let finding = read(&answer).expect("a finding");
        assert_eq!(finding.clues, [Clue::new(kinds::SNMP, "Linux a 6.1"), Clue::new(kinds::SNMP_NAME, "a")]);
        for end in 0..answer.len() {
            assert_eq!(read(&answer[..end]), None);
        }
        assert_eq!(read(&question(1)), None);
    }
}
