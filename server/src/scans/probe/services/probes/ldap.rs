//! LDAP: what a directory says of itself (RFC 4511, RFC 4512, 5.1), without any login.

use super::Probe;
use crate::scans::probe::{
    fingerprints::kinds,
    services::finding::{Clue, Finding},
};

/// Attributes that are asked for: all of users, all of the server's own.
const ATTRIBUTES: [&[u8]; 2] = [b"*", b"+"];

/// The question.
pub(super) const ROOT: Probe = Probe {
    ports: &[389, 636, 3268, 3269],
    request: question,
    // The result comes behind the entry: success, without anything more to it.
    is_whole: |heard| heard.ends_with(&[0x65, 7, 10, 1, 0, 4, 0, 4, 0]),
    then: None,
    read,
};

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

fn question() -> Vec<u8> {
    let attributes: Vec<u8> = ATTRIBUTES.iter().flat_map(|name| element(4, name)).collect();
    let search = [
        // The entry without a name, alone; no aliases, at most one, within five seconds, with values.
        element(4, b""),
        element(10, &[0]),
        element(10, &[0]),
        element(2, &[1]),
        element(2, &[5]),
        element(1, &[0]),
        element(0x87, b"objectClass"),
        element(0x30, &attributes),
    ]
    .concat();
    element(0x30, &[element(2, &[1]), element(0x63, &search)].concat())
}

/// Tag and content of the element that bytes begin with, and what follows; content that breaks off is what there is.
fn parts(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at(length.min(rest.len()));
    Some((*tag, content, rest))
}

fn read(heard: &[u8]) -> Option<Finding> {
    let (0x30, message, _) = parts(heard)? else { return None };
    let (2, [1], operation) = parts(message)? else { return None };
    let (tag, ..) = parts(operation)?;
    // An entry, a result, or a farewell.
    if !matches!(tag, 0x64 | 0x65 | 0x78) {
        return None;
    }
    let note = if tag == 0x64 { None } else { Some("does not tell of itself without a login".to_owned()) };
    Some(Finding {
        clues: vec![Clue::new(kinds::LDAP, heard)],
        notes: note.into_iter().collect(),
        ..Finding::bare("ldap")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_well_formed() {
        let question = question();
        let (tag, message, rest) = parts(&question).expect("a message");
        assert_eq!((tag, rest.len()), (0x30, 0));
        let (_, id, operation) = parts(message).expect("a number");
        assert_eq!((id, operation[0], usize::from(operation[1])), (&[1][..], 0x63, operation.len() - 2));
    }

    #[test]
    fn entries_and_refusals_are_known() {
        let entry = b"\x30\x0c\x02\x01\x01\x64\x07\x04\x00\x30\x03abc";
        assert_eq!(read(entry).map(|finding| finding.notes.len()), Some(0));
        let refused = b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x32\x04\x00\x04\x00";
        assert_eq!(read(refused).map(|finding| finding.notes.len()), Some(1));
        for heard in
            [b"".as_slice(), b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\x02\x01\x01", b"HTTP/1.1"]
        {
            assert_eq!(read(heard), None, "{heard:?}");
        }
        // Lengths of Active Directory have four bytes.
        let long =
            b"\x30\x84\x00\x00\x00\x12\x02\x01\x01\x64\x84\x00\x00\x00\x09\x04\x00\x30\x84\x00\x00\x00\x01a";
        assert!(read(long).is_some());
    }
}
