//! What servers say to a hello: records, the messages in them, alerts. Reads bytes as they come, and believes none.

use super::model::Version;

/// Types of records (RFC 8446, B.1).
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const RECORDS: std::ops::RangeInclusive<u8> = 20..=24;
/// A record's header, and the longest record of TLS 1.2 (RFC 5246, 6.2.3).
const HEADER: usize = 5;
const MAX_RECORD: usize = (1 << 14) + 2048;
/// Types of messages.
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;
/// A message's type and length.
const MESSAGE_HEADER: usize = 4;
/// The extension that tells TLS 1.3 from those before (RFC 8446, 4.2.1).
const SUPPORTED_VERSIONS: u16 = 43;
/// Warnings end nothing, but for this one, which ends all.
const WARNING: u8 = 1;
pub(super) const CLOSE_NOTIFY: u8 = 0;

/// Most certificates of a chain that are looked at.
pub(super) const MAX_CHAIN: usize = 16;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// The server has chosen; in TLS 1.3 it may want a share of a key before it goes on.
    Hello(ServerHello),
    /// Its certificates in DER, its own first; the first [`MAX_CHAIN`].
    Certificates(Vec<Vec<u8>>),
    /// It has said all of its first part.
    Done,
    /// Something else.
    Other,
    /// It won't go on, by the number of IANA's registry "TLS Alerts".
    Alert(u8),
}

/// What a server has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerHello {
    /// The version's number in messages.
    pub version: u16,
    /// The suite's number.
    pub suite: u32,
}

/// What came is none of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came is no TLS: {0}")]
pub(super) struct Garbled(pub &'static str);

/// Takes records and messages apart.
#[derive(Debug, Default)]
pub(super) struct Reader {
    records: Queue,
    messages: Queue,
}

/// Bytes that come at the end and are taken from the front.
#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    taken: usize,
}

impl Queue {
    /// What was taken is forgotten only here: thousands of empty records must not move all the others each time.
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend(bytes);
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn skip(&mut self, count: usize) {
        self.taken = self.bytes.len().min(self.taken + count);
    }
}

impl Reader {
    /// Bytes that came. Whoever pushes bounds how many.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.records.push(bytes);
    }

    /// The next message, if it is whole.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Garbled> {
        loop {
            if let Some(message) = self.message()? {
                return Ok(Some(message));
            }
            match self.record()? {
                Some((HANDSHAKE, content)) => self.messages.push(&content),
                Some((ALERT, content)) => match content[..] {
                    [WARNING, kind] if kind != CLOSE_NOTIFY => {}
                    [_, kind] => return Ok(Some(Message::Alert(kind))),
                    _ => return Err(Garbled("an alert has two bytes")),
                },
                // What belongs to neither is passed over, as middleboxes' ChangeCipherSpec in TLS 1.3.
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    fn record(&mut self) -> Result<Option<(u8, Vec<u8>)>, Garbled> {
        let records = self.records.rest();
        let start = &records[..records.len().min(HEADER)];
        if start.first().is_some_and(|kind| !RECORDS.contains(kind)) {
            return Err(Garbled("no record begins so"));
        }
        if start.get(1).is_some_and(|major| *major != 3) {
            return Err(Garbled("no version begins so"));
        }
        let &[kind, _, _, high, low] = start else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > MAX_RECORD {
            return Err(Garbled("no record is so long"));
        }
        let Some(content) = records.get(HEADER..HEADER + length) else { return Ok(None) };
        let content = content.to_vec();
        self.records.skip(HEADER + length);
        Ok(Some((kind, content)))
    }

    fn message(&mut self) -> Result<Option<Message>, Garbled> {
        let messages = self.messages.rest();
        let Some(&[kind, a, b, c]) = messages.first_chunk::<MESSAGE_HEADER>() else { return Ok(None) };
        let end = MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize;
        let Some(body) = messages.get(MESSAGE_HEADER..end) else { return Ok(None) };
        let message = match kind {
            SERVER_HELLO => hello(body).map(Message::Hello).ok_or(Garbled("a hello is cut off")),
            CERTIFICATE => chain(body).map(Message::Certificates).ok_or(Garbled("a chain is cut off")),
            SERVER_HELLO_DONE => Ok(Message::Done),
            _ => Ok(Message::Other),
        };
        self.messages.skip(end);
        message.map(Some)
    }
}

fn hello(body: &[u8]) -> Option<ServerHello> {
    let mut rest = Bytes(body);
    let version = rest.number()?;
    rest.take(32)?;
    let session = rest.take(1)?[0];
    rest.take(usize::from(session))?;
    let suite = u32::from(rest.number()?);
    rest.take(1)?;
    // SSL 3.0 has no extensions, and others may have none.
    let mut extensions = Bytes(rest.vector().unwrap_or_default());
    while let Some(kind) = extensions.number() {
        let content = extensions.vector()?;
        if kind == SUPPORTED_VERSIONS {
            return Some(ServerHello { version: Bytes(content).number()?, suite });
        }
    }
    Some(ServerHello { version, suite })
}

fn chain(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = Bytes(body);
    let mut certificates = Bytes(rest.long_vector()?);
    let mut chain = Vec::new();
    while !certificates.0.is_empty() && chain.len() < MAX_CHAIN {
        chain.push(certificates.long_vector()?.to_vec());
    }
    Some(chain)
}

/// The answer to a hello of SSL 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ssl2Hello {
    /// The kinds of cipher that both know.
    pub kinds: Vec<u32>,
    /// The server's certificate in DER, if it is one of X.509.
    pub certificate: Option<Vec<u8>>,
}

/// Reads it, if it is whole. Whoever answers with a record of later versions says no.
pub(super) fn ssl2(bytes: &[u8]) -> Result<Option<Ssl2Hello>, Garbled> {
    /// Type, whether the session is known, type of the certificate, version, three lengths.
    const FIXED: usize = 11;
    const X509: u8 = 1;
    let &[first, second, ..] = bytes else { return Ok(None) };
    // Two bytes with the highest bit set, or three whose third is how much was filled up.
    let header = if first & 0x80 == 0 { 3 } else { 2 };
    let mask = if header == 2 { 0x7F } else { 0x3F };
    let length = usize::from(u16::from_be_bytes([first & mask, second]));
    if length < FIXED || bytes.get(header).is_some_and(|kind| *kind != 4) {
        return Err(Garbled("no hello of SSL 2.0 begins so"));
    }
    let Some(body) = bytes.get(header..header + length) else { return Ok(None) };
    let read = || {
        let mut rest = Bytes(body);
        let kind = rest.take(3)?[2];
        let version = rest.number()?;
        let (certificate, kinds) = (rest.number()?, rest.number()?);
        rest.number()?;
        let certificate = rest.take(usize::from(certificate))?;
        let kinds = rest.take(usize::from(kinds))?.chunks_exact(3);
        (version == Version::Ssl2.wire()).then(|| Ssl2Hello {
            kinds: kinds.map(|kind| u32::from_be_bytes([0, kind[0], kind[1], kind[2]])).collect(),
            certificate: (kind == X509 && !certificate.is_empty()).then(|| certificate.to_vec()),
        })
    };
    read().map(Some).ok_or(Garbled("a hello of SSL 2.0 is cut off"))
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn vector(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    /// Behind a length of three bytes.
    fn long_vector(&mut self) -> Option<&'a [u8]> {
        let length = self.take(3)?;
        self.take(u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize)
    }
}

/// An alert as the registry calls it.
pub(super) fn alert_name(kind: u8) -> &'static str {
    match kind {
        CLOSE_NOTIFY => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "an alert without a name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record.
    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, 3, 3];
        bytes.extend((content.len() as u16).to_be_bytes());
        bytes.extend(content);
        bytes
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
        bytes[0] = kind;
        bytes.extend(body);
        bytes
    }

    fn server_hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0xC0, 0x2F, 0]);
        body.extend(extensions);
        message(SERVER_HELLO, &body)
    }

    fn all(bytes: &[u8]) -> Vec<Result<Option<Message>, Garbled>> {
        let mut reader = Reader::default();
        reader.push(bytes);
        let mut said = Vec::new();
        loop {
            said.push(reader.next());
            if !matches!(said.last(), Some(Ok(Some(_)))) {
                return said;
            }
        }
    }

    #[test]
    fn messages_are_found_however_records_cut_them() {
        let mut flight = server_hello(&[]);
        flight.extend(message(CERTIFICATE, &[0, 0, 9, 0, 0, 2, 0x30, 0, 0, 0, 1, 5]));
        flight.extend(message(SERVER_HELLO_DONE, &[]));
        let expected = [
            Ok(Some(Message::Hello(ServerHello { version: 0x0303, suite: 0xC02F }))),
            Ok(Some(Message::Certificates(vec![vec![0x30, 0], vec![5]]))),
            Ok(Some(Message::Done)),
            Ok(None),
        ];
        for size in [1, 2, 3, 7, 50, flight.len()] {
            let bytes: Vec<_> = flight.chunks(size).flat_map(|part| record(HANDSHAKE, part)).collect();
            assert_eq!(all(&bytes), expected, "in records of {size}");
            let mut reader = Reader::default();
            let mut said = Vec::new();
            for byte in bytes {
                reader.push(&[byte]);
                said.extend(std::iter::from_fn(|| reader.next().expect("no garbage")));
            }
            assert_eq!(said.len(), 3, "byte by byte, in records of {size}");
        }
    }

    #[test]
    fn tls_1_3_is_told_by_an_extension() {
        let bytes = record(HANDSHAKE, &server_hello(&[0, 10, 0, 51, 0, 0, 0, 43, 0, 2, 3, 4]));
        assert_eq!(all(&bytes)[0], Ok(Some(Message::Hello(ServerHello { version: 0x0304, suite: 0xC02F }))));
    }

    #[test]
    fn alerts_end_a_talk_and_warnings_do_not() {
        let mut bytes = record(ALERT, &[1, 112]);
        bytes.extend(record(ALERT, &[2, 40]));
        assert_eq!(all(&bytes)[0], Ok(Some(Message::Alert(40))));
        assert_eq!(all(&record(ALERT, &[1, 0]))[0], Ok(Some(Message::Alert(CLOSE_NOTIFY))));
    }

    #[test]
    fn what_is_no_tls_is_said_at_its_first_wrong_byte() {
        for wrong in
            [&b"HTTP/1.1 400 Bad Request"[..], b"S", &[22, 4], &[22, 3, 3, 255, 255], &[21, 3, 3, 0, 1, 2]]
        {
            assert!(all(wrong)[0].is_err(), "{wrong:?}");
        }
        for cut in [message(SERVER_HELLO, &[3, 3]), message(CERTIFICATE, &[0, 0, 9, 0, 0, 9, 1])] {
            assert!(all(&record(HANDSHAKE, &cut))[0].is_err(), "{cut:?}");
        }
        assert_eq!(all(&[22, 3, 3, 0, 9, 2]), [Ok(None)]);
    }

    #[test]
    fn ssl_2_answers_with_kinds_and_a_certificate() {
        let body = [4, 0, 1, 0, 2, 0, 2, 0, 6, 0, 1, 0x30, 0, 0x07, 0, 0xC0, 1, 0, 0x80, 9];
        let mut bytes = vec![0x80, body.len() as u8];
        bytes.extend(body);
        let hello = Ssl2Hello { kinds: vec![0x07_00_C0, 0x01_00_80], certificate: Some(vec![0x30, 0]) };
        assert_eq!(ssl2(&bytes), Ok(Some(hello)));
        for end in 0..bytes.len() {
            assert_eq!(ssl2(&bytes[..end]), Ok(None), "{end}");
        }
        assert!(ssl2(&[21, 3, 1, 0, 2, 2, 40]).is_err());
        assert!(ssl2(&[0x80, 11, 4, 0, 1, 0, 2, 0, 9, 0, 9, 0, 0]).is_err());
    }
}
