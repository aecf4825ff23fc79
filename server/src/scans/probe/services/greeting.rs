//! Who speaks first, and what he says with it.

use super::finding::{Finding, other};
use crate::scans::probe::fingerprints::kinds;

/// Ports whose services greet, so that there is no need to say anything before them.
const GREETERS: [u16; 24] = [
    21, 22, 23, 24, 25, 110, 119, 143, 465, 563, 587, 873, 990, 992, 993, 995, 2121, 2222, 2525, 3306, 3690,
    4190, 5900, 6667,
];
/// Longest line that RFC 4253, 4.2 allows before the one of SSH, and how many of them are looked at.
const SSH_LINES: usize = 64;
/// What options of telnet begin with, and how many bytes follow (RFC 854).
const IAC: u8 = 0xff;

/// Whether who listens there is expected to speak first.
pub(super) fn is_expected(port: u16) -> bool {
    GREETERS.contains(&port)
}

/// Whether a greeting is over. What is not known to be over is, when nothing more comes.
pub(super) fn is_whole(heard: &[u8]) -> bool {
    if is_mysql(heard) {
        return heard.len() >= 4 + mysql_length(heard);
    }
    let Some(lines) = heard.strip_suffix(b"\n") else { return false };
    let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    code(heard).is_some() && code(last).is_some() && last.get(3) != Some(&b'-')
        || [b"SSH-".as_slice(), b"RFB "].iter().any(|start| last.starts_with(start))
        || [b"+OK".as_slice(), b"-ERR", b"* ", b"@RSYNCD:", b"OK MPD "]
            .iter()
            .any(|start| heard.starts_with(start))
}

/// What a greeting tells at a port; `None` if it is of nobody whom we know.
pub(super) fn read(heard: &[u8], port: u16) -> Option<Finding> {
    let finding =
        ssh(heard).or_else(|| mysql(heard)).or_else(|| telnet(heard)).or_else(|| lines(heard, port))?;
    let banner = if finding.service == "ssh" { ssh_line(heard) } else { Some(heard) };
    Some(Finding { banner: banner.map(<[u8]>::to_vec), ..finding })
}

/// Whether a greeting is of FTP or SMTP, and does not tell of which: then one must ask.
pub(super) fn is_ambiguous(heard: &[u8], port: u16) -> bool {
    code(heard) == Some(220) && mail_or_files(heard, port).is_none()
}

/// What the answer to `EHLO` makes of such a greeting (RFC 5321, 4.1.1.1; RFC 959 knows no such command).
pub(super) fn decided(heard: &[u8], answer: &[u8]) -> Finding {
    let finding = match code(answer) {
        Some(250) => Finding::of("smtp", kinds::SMTP, after_code(heard)),
        _ => Finding::of("ftp", kinds::FTP, after_code(heard)),
    };
    Finding { banner: Some(heard.to_vec()), ..finding }
}

/// The line that names the software; others may stand before it, and keys are exchanged behind it.
fn ssh_line(heard: &[u8]) -> Option<&[u8]> {
    let line = heard.split(|byte| *byte == b'\n').take(SSH_LINES).find(|line| line.starts_with(b"SSH-"))?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn ssh(heard: &[u8]) -> Option<Finding> {
    let mut parts = ssh_line(heard)?.splitn(3, |byte| *byte == b'-').skip(1);
    let version = String::from_utf8_lossy(parts.next()?).into_owned();
    let software = parts.next()?;
    // Who says 1.99 speaks both (RFC 4253, 5.1).
    let protocol =
        if version == "1.99" { "protocols 1.5 and 2.0".to_owned() } else { format!("protocol {version}") };
    Some(Finding::of("ssh", kinds::SSH, software).noting(protocol))
}

/// A packet with number 0 that is a handshake of version 9 or 10, or an error.
fn is_mysql(heard: &[u8]) -> bool {
    heard.len() >= 8
        && heard[3] == 0
        && matches!(heard[4], 9 | 10 | 0xff)
        && (4..4096).contains(&mysql_length(heard))
}

fn mysql_length(heard: &[u8]) -> usize {
    usize::from(heard[0]) | usize::from(heard[1]) << 8 | usize::from(heard[2]) << 16
}

fn mysql(heard: &[u8]) -> Option<Finding> {
    if !is_mysql(heard) {
        return None;
    }
    if heard[4] == 0xff {
        let text = heard.get(7..)?;
        return text
            .iter()
            .any(u8::is_ascii_alphabetic)
            .then(|| Finding::of("mysql", kinds::MYSQL_ERROR, text));
    }
    let version = heard[5..].split(|byte| *byte == 0).next()?;
    let is_text = !version.is_empty() && version.iter().all(|byte| (b' '..0x7f).contains(byte));
    is_text.then(|| Finding::of("mysql", kinds::MYSQL, version))
}

fn telnet(heard: &[u8]) -> Option<Finding> {
    let is_option = |at: usize| heard.get(at) == Some(&IAC) && matches!(heard.get(at + 1), Some(0xfa..=0xfe));
    if !is_option(0) {
        return None;
    }
    let mut text = Vec::new();
    let mut at = 0;
    while let Some(byte) = heard.get(at) {
        match (byte, heard.get(at + 1)) {
            (&IAC, Some(0xfb..=0xfe)) => at += 3,
            // A negotiation that goes on to its own end.
            (&IAC, Some(0xfa)) => {
                let end = heard[at..].windows(2).position(|pair| pair == [IAC, 0xf0]);
                at = end.map_or(heard.len(), |end| at + end + 2);
            }
            (&IAC, _) => at += 2,
            _ => {
                text.push(*byte);
                at += 1;
            }
        }
    }
    Some(Finding::of("telnet", kinds::TELNET, text))
}

fn lines(heard: &[u8], port: u16) -> Option<Finding> {
    let starts = |start: &[u8]| heard.starts_with(start);
    let first = heard.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    if let Some(version) = first.strip_prefix(b"RFB ").filter(|version| version.len() == 7) {
        return Some(other("rfb", first).noting(format!("protocol {}", rfb(version)?)));
    }
    if let Some(text) = first.strip_prefix(b"+OK") {
        return Some(Finding::of("pop3", kinds::POP3, text.trim_ascii()));
    }
    if [b"* OK".as_slice(), b"* PREAUTH", b"* BYE"].iter().any(|start| starts(start)) {
        let text = first.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
        return Some(Finding::of("imap", kinds::IMAP, text));
    }
    let words: [(&[u8], &str); 10] = [
        (b"@RSYNCD:", "rsync"),
        (b"( success ( ", "svn"),
        (b"OK MPD ", "mpd"),
        (b"\"IMPLEMENTATION\"", "sieve"),
        (b"INFO {", "nats"),
        (b"Asterisk Call Manager", "asterisk-manager"),
        (b"NOTICE AUTH ", "irc"),
        (b"ERROR :", "irc"),
        (b"NOTICE * ", "irc"),
        (b"HTTP/1.", "http"),
    ];
    if let Some((_, service)) = words.iter().find(|(start, _)| starts(start)) {
        return Some(other(service, heard));
    }
    if starts(b":") && [b" NOTICE ".as_slice(), b" 020 "].iter().any(|word| contains(first, word)) {
        return Some(other("irc", heard));
    }
    coded(heard, port)
}

fn coded(heard: &[u8], port: u16) -> Option<Finding> {
    let text = after_code(heard);
    match code(heard)? {
        220 => mail_or_files(heard, port),
        200 | 201 if heard.get(3) == Some(&b' ') => Some(Finding::of("nntp", kinds::NNTP, text)),
        // Busy, or not for us: it tells no more than the port does.
        421 | 530 | 554 => match usual(port)? {
            "smtp" => Some(Finding::of("smtp", kinds::SMTP, text)),
            service => Some(Finding::of(service, kinds::FTP, text)),
        },
        _ => None,
    }
}

/// Which service greets with 220: by its words, else by its port.
fn mail_or_files(heard: &[u8], port: u16) -> Option<Finding> {
    let text = after_code(heard);
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| contains(&lower, word.as_bytes()));
    if has(&[" dictd ", " dict "]) {
        return Some(other("dict", text));
    }
    if has(&["hylafax"]) {
        return Some(other("hylafax", text));
    }
    if has(&["lmtp"]) {
        return Some(Finding::of("lmtp", kinds::SMTP, text));
    }
    if has(&["smtp", "postfix", "exim", "sendmail", "mail service"]) {
        return Some(Finding::of("smtp", kinds::SMTP, text));
    }
    if has(&["ftp"]) {
        return Some(Finding::of("ftp", kinds::FTP, text));
    }
    match usual(port)? {
        "smtp" => Some(Finding::of("smtp", kinds::SMTP, text)),
        service => Some(Finding::of(service, kinds::FTP, text)),
    }
}

fn usual(port: u16) -> Option<&'static str> {
    match port {
        25 | 465 | 587 | 2525 => Some("smtp"),
        21 | 990 | 2121 => Some("ftp"),
        _ => None,
    }
}

/// The three digits that answers of FTP, SMTP and NNTP begin with.
fn code(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let is_answer = matches!(line.get(3), Some(b' ' | b'-' | b'\r' | b'\n') | None);
    is_answer.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// What stands behind them.
fn after_code(heard: &[u8]) -> &[u8] {
    heard.get(4..).unwrap_or_default().trim_ascii()
}

fn rfb(version: &[u8]) -> Option<String> {
    let (major, minor) = std::str::from_utf8(version).ok()?.split_once('.')?;
    Some(format!("{}.{}", major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?))
}

/// Whether bytes are among others.
pub(super) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_over_when_its_protocol_says_so() {
        for (heard, is_over) in [
            (b"220 host ready\r\n".as_slice(), true),
            (b"220-host\r\n", false),
            (b"220-host\r\n220 ready\r\n", true),
            (b"220-host\r\n no code\r\n220 ready", false),
            (b"SSH-2.0-x\r\n", true),
            (b"before it\r\nSSH-2.0-x\r\n", true),
            (b"before it\r\n", false),
            (b"* OK ready\r\n", true),
            (b"+OK\r\n", true),
            (b"RFB 003.008\n", true),
            (b"\x0a\0\0\0\n5.7.44", false),
            (b"\x0a\0\0\0\n5.7.44\0\0\0", true),
            (b"", false),
        ] {
            assert_eq!(is_whole(heard), is_over, "{heard:?}");
        }
    }

    #[test]
    fn words_decide_before_ports_and_ports_before_nobody() {
        let service = |heard: &[u8], port| read(heard, port).map(|finding| finding.service);
        for (heard, port, expected) in [
            (b"220 host ESMTP\r\n".as_slice(), 21, Some("smtp")),
            (b"220 host FTP server\r\n", 25, Some("ftp")),
            (b"220 host\r\n", 2121, Some("ftp")),
            (b"220 host\r\n", 587, Some("smtp")),
            (b"220 host\r\n", 9999, None),
            (b"220 host LMTP ready\r\n", 24, Some("lmtp")),
            (b"421 busy\r\n", 25, Some("smtp")),
            (b"421 busy\r\n", 9999, None),
            (b"2200 is no code\r\n", 25, None),
            (b"not a greeting\r\n", 25, None),
            (b"RFB 3.8\n", 5900, None),
            (b"\xff", 23, None),
            (b"\xff\xfb", 23, Some("telnet")),
        ] {
            assert_eq!(service(heard, port), expected, "{heard:?}");
        }
        assert!(is_ambiguous(b"220 host\r\n", 9999) && !is_ambiguous(b"220 host\r\n", 21));
    }

    #[test]
    fn telnet_is_what_is_left_without_its_options() {
        let heard = b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0a\xff\xf1b\xff\xfb";
        assert_eq!(telnet(heard).map(|finding| finding.clues[0].text.clone()), Some(b"ab".to_vec()));
        assert_eq!(
            telnet(b"\xff\xfa\x18\x01").map(|finding| finding.clues[0].text.clone()),
            Some(Vec::new())
        );
    }

    #[test]
    fn an_error_in_place_of_a_greeting_of_mysql_is_one() {
        let text = b"Host '192.0.2.1' is not allowed to connect to this MariaDB server";
        let heard = [&[text.len() as u8 + 3, 0, 0, 0, 0xff, 0x6a, 4], text.as_slice()].concat();
        assert!(is_whole(&heard));
        assert_eq!(read(&heard, 3306).map(|finding| finding.clues[0].kind), Some(kinds::MYSQL_ERROR));
        for end in 0..heard.len() {
            let _ = read(&heard[..end], 3306);
        }
    }
}
