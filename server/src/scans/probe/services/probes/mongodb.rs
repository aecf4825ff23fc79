//! MongoDB's wire protocol: `hello` and `buildInfo`, which need no login, in OP_MSG.

use super::{Probe, bson};
use crate::scans::probe::{fingerprints::kinds, services::finding::Finding};

/// The code of OP_MSG.
const OP_MSG: i32 = 2013;
/// Bytes before the document of an OP_MSG with one section of kind 0.
const BEFORE: usize = 21;

/// Both questions.
pub(super) const HELLO: Probe = Probe {
    ports: &[27017, 27018, 27019],
    request: || [question(1, b"hello"), question(2, b"buildInfo")].concat(),
    is_whole: |heard| messages(heard).count() == 2,
    then: None,
    read,
};

fn question(id: i32, command: &[u8]) -> Vec<u8> {
    let elements = [b"\x10", command, b"\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0"].concat();
    let document = [&(4 + elements.len() as i32).to_le_bytes(), elements.as_slice()].concat();
    let header = [(BEFORE + document.len()) as i32, id, 0, OP_MSG, 0].map(i32::to_le_bytes).concat();
    [header, vec![0], document].concat()
}

/// The documents of whole answers.
fn messages(heard: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = heard;
    std::iter::from_fn(move || {
        let length = usize::try_from(i32::from_le_bytes(*rest.first_chunk()?)).ok()?;
        let code = i32::from_le_bytes(*rest.get(12..)?.first_chunk()?);
        // An answer names the question that it is for.
        let question = i32::from_le_bytes(*rest.get(8..)?.first_chunk()?);
        if code != OP_MSG || !matches!(question, 1 | 2) || length <= BEFORE || rest.get(20) != Some(&0) {
            return None;
        }
        let (message, next) = rest.split_at_checked(length)?;
        rest = next;
        Some(&message[BEFORE..])
    })
}

fn read(heard: &[u8]) -> Option<Finding> {
    let mut lines = String::new();
    for document in messages(heard) {
        // What breaks off is read as far as it goes.
        let _ = bson::lines(document, &mut lines);
    }
    (!lines.is_empty()).then(|| Finding::of("mongodb", kinds::MONGODB, lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(elements: &[u8]) -> Vec<u8> {
        let document = [&(5 + elements.len() as i32).to_le_bytes(), elements, &[0]].concat();
        let header = [(BEFORE + document.len()) as i32, 7, 1, OP_MSG, 0].map(i32::to_le_bytes).concat();
        [header, vec![0], document].concat()
    }

    #[test]
    fn both_answers_are_read() {
        let heard = [
            answer(b"\x08isWritablePrimary\0\x01\x10maxWireVersion\0\x15\0\0\0\x01ok\0\0\0\0\0\0\0\xf0\x3f"),
            answer(b"\x02version\0\x07\0\0\x007.0.14\0\x03x\0\x05\0\0\0\0\x08debug\0\0"),
        ]
        .concat();
        assert!((HELLO.is_whole)(&heard));
        let finding = read(&heard).expect("a finding");
        let text = String::from_utf8_lossy(&finding.clues[0].text);
        assert_eq!(text, "isWritablePrimary=true\nmaxWireVersion=21\nversion=7.0.14\ndebug=false\n");
        for end in 0..heard.len() {
            let _ = read(&heard[..end]);
        }
    }

    #[test]
    fn what_is_said_is_well_formed_and_nonsense_is_none() {
        let question = question(1, b"hello");
        assert_eq!((question.len(), messages(&question).count()), (usize::from(question[0]), 0));
        for heard in
            [b"".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n", &answer(b"\x02v\0\xff\xff\xff\xff")]
        {
            assert_eq!(read(heard), None, "{heard:?}");
        }
    }
}
