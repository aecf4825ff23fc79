//! Databases that answer in frames: PostgreSQL (frontend/backend protocol 3.0) and Cassandra (native protocol v4).

use super::Probe;
use crate::scans::probe::{
    fingerprints::kinds,
    services::finding::{Clue, Finding},
};

/// A start with a version that no server has: it answers with an error that tells more than a refused login.
pub(super) const POSTGRES: Probe = Probe {
    ports: &[5432, 5433],
    request: || [0, 0, 0, 8, 0x7f, 0xff, 0, 0].to_vec(),
    is_whole: |heard| error_length(heard).is_some_and(|length| heard.len() > length),
    then: None,
    read: postgres,
};

/// Whether TLS can be had: answered with one letter, and by those too who close on other starts.
pub(super) const POSTGRES_TLS: Probe = Probe {
    ports: &[],
    request: || [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f].to_vec(),
    is_whole: |heard| !heard.is_empty(),
    then: None,
    read: |heard| match heard {
        b"S" => Some(Finding::bare("postgresql").noting("offers TLS")),
        b"N" => Some(Finding::bare("postgresql").noting("offers no TLS")),
        _ => None,
    },
};

/// The length of an ErrorResponse without its first byte.
fn error_length(heard: &[u8]) -> Option<usize> {
    let length = heard.strip_prefix(b"E")?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| (5..8192).contains(length))
}

fn postgres(heard: &[u8]) -> Option<Finding> {
    let length = error_length(heard)?;
    let fields = heard.get(5..heard.len().min(length + 1))?;
    let mut lines = Vec::new();
    let mut names = Vec::new();
    for field in fields.split(|byte| *byte == 0).filter(|field| !field.is_empty()) {
        names.push(field[0]);
        lines.extend_from_slice(&field[..1]);
        lines.push(b'=');
        lines.extend_from_slice(&field[1..]);
        lines.push(b'\n');
    }
    // Severity, code and message are always there.
    let is_error = [b'S', b'C', b'M'].iter().all(|name| names.contains(name));
    is_error.then(|| Finding::of("postgresql", kinds::POSTGRES, lines))
}

/// A frame of options: version 4, no flags, stream 0, opcode OPTIONS, no body.
pub(super) const CASSANDRA: Probe = Probe {
    ports: &[9042],
    request: || [4, 0, 0, 0, 5, 0, 0, 0, 0].to_vec(),
    is_whole: |heard| heard.len() >= 9 && heard.len() >= 9 + frame_length(heard),
    then: None,
    read: |heard| {
        let is_response = matches!(heard.first(), Some(0x83..=0x85)) && matches!(heard.get(4), Some(0 | 6));
        let finding = Finding { clues: vec![Clue::new(kinds::OTHER, heard)], ..Finding::bare("cassandra") };
        (is_response && heard.len() >= 9 && frame_length(heard) < 8192).then_some(finding)
    },
};

fn frame_length(heard: &[u8]) -> usize {
    heard.get(5..9).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_be_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fields: &[u8]) -> Vec<u8> {
        let length = (4 + fields.len()) as u32;
        [b"E", length.to_be_bytes().as_slice(), fields].concat()
    }

    #[test]
    fn fields_of_an_error_become_lines() {
        let heard = error(b"SFATAL\0VFATAL\0C0A000\0Munsupported\0Fpostmaster.c\0L2196\0\0");
        assert!((POSTGRES.is_whole)(&heard) && !(POSTGRES.is_whole)(&heard[..20]));
        let finding = postgres(&heard).expect("a finding");
        assert_eq!(
            finding.clues[0].text,
            b"S=FATAL\nV=FATAL\nC=0A000\nM=unsupported\nF=postmaster.c\nL=2196\n"
        );
    }

    #[test]
    fn what_is_no_error_is_none() {
        for heard in
            [b"E".as_slice(), b"ERROR\r\n", b"E\0\0\0\x05\0", b"E\xff\xff\xff\xffS", &error(b"SFATAL\0\0")]
        {
            assert_eq!(postgres(heard), None, "{heard:?}");
        }
        assert_eq!((CASSANDRA.read)(&[0x84, 0, 0, 0, 6]), None);
        assert!((CASSANDRA.read)(&[0x84, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0]).is_some());
    }
}
