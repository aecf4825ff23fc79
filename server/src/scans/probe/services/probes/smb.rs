//! SMB 2 and 3 ([MS-SMB2]): the dialect, and by the challenge of NTLM ([MS-NLMP]) names and Windows' own version.

use super::Probe;
use crate::scans::probe::{fingerprints::kinds, services::finding::Finding};

/// Dialects that are offered; 3.1.1 would need more than its number.
const DIALECTS: [u16; 4] = [0x0202, 0x0210, 0x0300, 0x0302];
/// Bytes of the header of SMB 2.
const HEADER: usize = 64;
/// What a message of NTLM begins with.
const NTLM: &[u8] = b"NTLMSSP\0";

/// A negotiation and the beginning of a session, without any name.
pub(super) const NEGOTIATE: Probe = Probe {
    ports: &[445, 139],
    request: negotiate,
    is_whole: |heard| end_of(heard).is_some_and(|end| heard.len() >= end),
    then: Some(|heard| (end_of(heard)? == heard.len()).then(setup)),
    read,
};

fn header(command: u16, message: u64) -> Vec<u8> {
    let mut header = b"\xfeSMB\x40\0\0\0\0\0\0\0".to_vec();
    header.extend(command.to_le_bytes());
    // One credit, no flags, nothing that follows.
    header.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.extend(message.to_le_bytes());
    header.resize(HEADER, 0);
    header
}

/// Behind the length that NetBIOS or plain TCP puts before it.
fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes(), message].concat()
}

fn negotiate() -> Vec<u8> {
    let mut message = header(0, 0);
    message.extend([36, 0]);
    message.extend((DIALECTS.len() as u16).to_le_bytes());
    // Signing can be had; no capabilities, no GUID of ours, no start time.
    message.extend([1, 0, 0, 0]);
    message.resize(HEADER + 36, 0);
    message.extend(DIALECTS.iter().flat_map(|dialect| dialect.to_le_bytes()));
    framed(&message)
}

fn setup() -> Vec<u8> {
    // Unicode, and to be told of the target.
    let token = [NTLM, &1u32.to_le_bytes(), &0x0000_0205u32.to_le_bytes(), &[0; 16]].concat();
    let mut message = header(1, 1);
    message.extend([25, 0, 0, 1]);
    message.extend([0; 8]);
    message.extend(((HEADER + 24) as u16).to_le_bytes());
    message.extend((token.len() as u16).to_le_bytes());
    message.extend([0; 8]);
    message.extend(token);
    framed(&message)
}

/// Where the last message ends that has begun.
fn end_of(heard: &[u8]) -> Option<usize> {
    let mut end = 0;
    loop {
        let length = heard.get(end..)?.first_chunk::<4>()?;
        end += 4 + usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| *length < 0x1_0000)?;
        if end >= heard.len() {
            return Some(end);
        }
    }
}

fn read(heard: &[u8]) -> Option<Finding> {
    let message = heard.get(4..)?;
    if !message.starts_with(b"\xfeSMB") {
        return message.starts_with(b"\xffSMB").then(|| Finding::bare("microsoft-ds").noting("SMB 1"));
    }
    // Who only says again what he hears does not mark it as an answer.
    if message.get(16)? & 1 == 0 {
        return None;
    }
    let body = message.get(HEADER..)?;
    let dialect = u16::from_le_bytes(*body.get(4..)?.first_chunk()?);
    let signs = if body.get(2)? & 2 == 0 { "signing not required" } else { "signing required" };
    let mut lines = format!("dialect={dialect:#06x}\n");
    let mut finding =
        Finding::bare("microsoft-ds").noting(format!("SMB {}, {signs}", dialect_name(dialect)?));
    if let Some(at) = memchr::memmem::find(heard, NTLM) {
        lines.push_str(&challenge(&heard[at..]).unwrap_or_default());
    }
    finding.clues.push(super::super::finding::Clue::new(kinds::SMB, lines));
    Some(finding)
}

fn dialect_name(dialect: u16) -> Option<&'static str> {
    Some(match dialect {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0311 => "3.1.1",
        _ => return None,
    })
}

/// Version and names of a CHALLENGE_MESSAGE ([MS-NLMP], 2.2.1.2), one a line.
fn challenge(message: &[u8]) -> Option<String> {
    if message.get(8..12)? != [2, 0, 0, 0] {
        return None;
    }
    let flags = u32::from_le_bytes(*message.get(20..)?.first_chunk()?);
    let mut lines = String::new();
    if flags & 0x0200_0000 != 0 {
        let version = message.get(48..56)?;
        let build = u16::from_le_bytes([version[2], version[3]]);
        lines = format!("windows={}.{}.{build}\n", version[0], version[1]);
    }
    let length = usize::from(u16::from_le_bytes(*message.get(40..)?.first_chunk()?));
    let offset = u32::from_le_bytes(*message.get(44..)?.first_chunk()?) as usize;
    let mut pairs = message.get(offset..offset.checked_add(length)?)?;
    while let [id, 0, low, high, rest @ ..] = pairs {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let value = rest.get(..length)?;
        let name = match id {
            1 => "netbios_name",
            2 => "netbios_domain",
            3 => "dns_name",
            4 => "dns_domain",
            _ => "",
        };
        if !name.is_empty() {
            let units: Vec<u16> =
                value.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            let value = String::from_utf16_lossy(&units).replace(char::is_control, " ");
            lines.extend([name, "=", &*value, "\n"]);
        }
        if *id == 0 {
            break;
        }
        pairs = &rest[length..];
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated() -> Vec<u8> {
        let mut message = header(0, 0);
        message[16] = 1;
        message.extend([65, 0, 1, 0, 0x02, 0x03]);
        message.resize(HEADER + 64, 0);
        framed(&message)
    }

    #[test]
    fn a_dialect_and_names_are_read() {
        let mut token = [NTLM, &[2, 0, 0, 0], &[0; 8], &0x0200_0000u32.to_le_bytes(), &[0; 16]].concat();
        let pairs = [&[1, 0, 8, 0], b"F\0I\0L\0E\0".as_slice(), &[0, 0, 0, 0]].concat();
        token.extend([
            pairs.len() as u8,
            0,
            pairs.len() as u8,
            0,
            56,
            0,
            0,
            0,
            10,
            0,
            0x63,
            0x45,
            0,
            0,
            0,
            15,
        ]);
        token.extend(pairs);
        let heard = [negotiated(), framed(&[header(1, 1), token].concat())].concat();
        let finding = read(&heard).expect("a finding");
        assert_eq!(finding.notes, ["SMB 3.0.2, signing not required"]);
        assert_eq!(finding.clues[0].text, b"dialect=0x0302\nwindows=10.0.17763\nnetbios_name=FILE\n");
    }

    #[test]
    fn broken_messages_are_read_as_far_as_they_go() {
        let heard = negotiated();
        assert!((NEGOTIATE.is_whole)(&heard) && !(NEGOTIATE.is_whole)(&heard[..50]));
        for end in 0..=heard.len() {
            let _ = read(&heard[..end]);
            assert_eq!(challenge(&heard[..end]), None);
        }
        assert_eq!(read(b"HTTP/1.1 400 Bad"), None);
        assert_eq!(end_of(b"HTTP/1.1"), None);
    }
}
