//! NTP: the variables of a server (control messages, RFC 9327), which many keep to themselves, and the time (RFC 5905).

use crate::scans::probe::{
    fingerprints::kinds,
    services::finding::{Clue, Finding},
};

/// Bytes of the header of a control message, and of a message with the time.
const CONTROL: usize = 12;
const TIME: usize = 48;
/// The number of our question.
const SEQUENCE: [u8; 2] = [0x61, 0x74];
/// The transmit timestamp of our question, which comes back as the origin.
const ORIGIN: [u8; 8] = *b"atalaya\x01";

/// Asks for the variables: version 2, mode 6, opcode 2.
pub(super) fn variables() -> Vec<u8> {
    [&[0x16, 2], SEQUENCE.as_slice(), &[0; 8]].concat()
}

/// Asks for the time: version 4, mode 3.
pub(super) fn time() -> Vec<u8> {
    let mut message = vec![0x23];
    message.resize(TIME - 8, 0);
    message.extend(ORIGIN);
    message
}

/// What the variables tell.
pub(super) fn read_variables(answer: &[u8]) -> Option<Finding> {
    let [first, second, sequence @ ..] = answer else { return None };
    // An answer of mode 6 to opcode 2.
    if first & 7 != 6 || second & 0x80 == 0 || second & 0x1f != 2 || !sequence.starts_with(&SEQUENCE) {
        return None;
    }
    if second & 0x40 != 0 {
        return Some(Finding::bare("ntp").noting("keeps its variables to itself"));
    }
    let length = usize::from(u16::from_be_bytes(*answer.get(10..)?.first_chunk()?));
    let data = answer.get(CONTROL..)?;
    Some(Finding {
        clues: vec![Clue::new(kinds::NTP, &data[..data.len().min(length)])],
        ..Finding::bare("ntp")
    })
}

/// What an answer with the time tells.
pub(super) fn read_time(answer: &[u8]) -> Option<Finding> {
    let is_answer = answer.len() >= TIME && answer[0] & 7 == 4 && answer[24..32] == ORIGIN;
    if !is_answer {
        return None;
    }
    let (version, stratum) = (answer[0] >> 3 & 7, answer[1]);
    let finding = Finding::bare("ntp").noting(format!("NTPv{version}"));
    Some(match stratum {
        0 => finding.noting("refuses to tell the time"),
        1..=15 => finding.noting(format!("stratum {stratum}")),
        _ => finding.noting("not synchronised"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_or_refused() {
        let text = b"version=\"ntpd 4.2.8\"";
        let answer = [&[0x16, 0x82], SEQUENCE.as_slice(), &[0; 6], &[0, text.len() as u8], text].concat();
        assert_eq!(read_variables(&answer).map(|f| f.clues[0].text.clone()), Some(text.to_vec()));
        let refused = [&[0x16, 0xc2], SEQUENCE.as_slice(), &[0; 8]].concat();
        assert_eq!(read_variables(&refused).map(|f| f.notes.len()), Some(1));
        assert_eq!(read_variables(&variables()), None);
        assert_eq!(read_variables(&[0x16, 0x82, 0x61]), None);
    }

    #[test]
    fn the_time_tells_version_and_stratum() {
        let mut answer = vec![0x24, 2];
        answer.resize(24, 0);
        answer.extend(ORIGIN);
        answer.resize(TIME, 0);
        assert_eq!(
            read_time(&answer).map(|f| f.notes),
            Some(vec!["NTPv4".to_owned(), "stratum 2".to_owned()])
        );
        assert_eq!(read_time(&answer[..47]), None);
        assert_eq!(read_time(&time()), None);
    }
}
