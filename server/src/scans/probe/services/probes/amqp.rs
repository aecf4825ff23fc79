//! AMQP 0-9-1: who is greeted with the protocol's header tells his properties; AMQP 1.0 is known by its own header.

use super::Probe;
use crate::scans::probe::{
    fingerprints::kinds,
    services::finding::{Clue, Finding},
};

/// The header.
pub(super) const HEADER: Probe = Probe {
    ports: &[5672, 5671],
    request: || b"AMQP\0\0\x09\x01".to_vec(),
    is_whole: |heard| match heard {
        [1, 0, 0, rest @ ..] => rest.first_chunk().is_some_and(|length| heard.len() >= 8 + size(*length)),
        _ => heard.len() >= 8,
    },
    then: None,
    read,
};

fn size(length: [u8; 4]) -> usize {
    u32::from_be_bytes(length) as usize
}

fn read(heard: &[u8]) -> Option<Finding> {
    // Who only says again what he hears speaks nothing.
    if heard.starts_with(&(HEADER.request)()) {
        return None;
    }
    if let Some([protocol, major, minor, revision]) =
        heard.strip_prefix(b"AMQP").and_then(|rest| rest.get(..4))
    {
        let finding = Finding::bare("amqp");
        return Some(finding.noting(format!("protocol {protocol}, version {major}.{minor}.{revision}")));
    }
    // A method's frame on channel 0: connection.start.
    let frame = heard.strip_prefix(&[1, 0, 0])?;
    let method = frame.get(4..)?.strip_prefix(&[0, 10, 0, 10])?;
    let [major, minor, rest @ ..] = method else { return None };
    let table = rest.get(4..)?;
    let length = size(*rest.first_chunk()?);
    let mut lines = String::new();
    strings(&table[..table.len().min(length)], &mut lines);
    Some(Finding {
        clues: vec![Clue::new(kinds::AMQP, lines)],
        notes: vec![format!("AMQP {major}-{minor}")],
        ..Finding::bare("amqp")
    })
}

/// The strings of a table, one a line; what is no string is passed over, and what breaks off ends it.
fn strings(mut table: &[u8], lines: &mut String) -> Option<()> {
    while let [length, rest @ ..] = table {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (kind, rest) = rest.split_first()?;
        let length = match kind {
            b't' | b'b' | b'B' => 1,
            b's' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'l' | b'L' | b'd' | b'T' => 8,
            b'D' => 5,
            b'V' => 0,
            b'S' | b'F' | b'A' | b'x' => 4usize.checked_add(size(*rest.first_chunk()?))?,
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        if *kind == b'S' {
            let [name, value] =
                [name, &value[4..]].map(|bytes| String::from_utf8_lossy(bytes).replace('\n', " "));
            lines.extend([&*name, "=", &*value, "\n"]);
        }
        table = rest;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_a_table_become_lines() {
        let table = b"\x07productS\0\0\0\x08RabbitMQ\x03yest\x01\x07versionS\0\0\0\x063.10.8";
        let mut frame = vec![1, 0, 0, 0, 0, 0, 60, 0, 10, 0, 10, 0, 9, 0, 0, 0, table.len() as u8];
        frame.extend_from_slice(table);
        let finding = read(&frame).expect("a finding");
        assert_eq!(finding.clues[0].text, b"product=RabbitMQ\nversion=3.10.8\n");
        for end in 0..frame.len() {
            let _ = read(&frame[..end]);
        }
        assert_eq!(read(b"AMQP\x00\x01\x00\x00").map(|finding| finding.notes.len()), Some(1));
        assert_eq!(read(b"AMQP\x00\x00"), None);
        assert_eq!(read(b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0b"), None);
    }
}
