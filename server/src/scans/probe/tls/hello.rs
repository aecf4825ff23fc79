//! Hello messages as clients write them, byte by byte: of SSL 2.0 and 3.0, and of TLS 1.0 to 1.3.

use uuid::Uuid;

use super::{model::Version, suites::Suite};

/// Extensions, by the numbers of IANA's registry.
const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const PADDING: u16 = 21;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
const RENEGOTIATION_INFO: u16 = 0xFF01;

/// Lengths of a hello at which some servers fall silent (RFC 7685, 4), and how long it is made instead.
const DEAF: std::ops::Range<usize> = 256..512;

/// Curves and fields: X25519, X448, those of NIST, Brainpool and SEC 2, and those of RFC 7919.
const GROUPS: [u16; 40] = [
    29, 23, 24, 25, 30, 256, 257, 258, 259, 260, 31, 32, 33, 26, 27, 28, 22, 21, 20, 19, 18, 17, 16, 15, 14,
    13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 41, 34,
];

/// Signatures with RSA keys: PSS, then PKCS #1 with SHA-2, SHA-1 and MD5.
pub(super) const RSA: [u16; 11] =
    [0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0201, 0x0101];
/// Signatures with keys on NIST's and Brainpool's curves, whatever the hash.
pub(super) const ECDSA: [u16; 8] = [0x0403, 0x0503, 0x0603, 0x081A, 0x081B, 0x081C, 0x0303, 0x0203];
/// Ed25519 and Ed448.
pub(super) const EDDSA: [u16; 2] = [0x0807, 0x0808];
/// Signatures with DSA keys, and GOST's of RFC 9189.
pub(super) const OTHERS: [u16; 6] = [0x0402, 0x0502, 0x0602, 0x0202, 0x0840, 0x0841];

/// Every signature.
pub(super) fn signatures() -> Vec<u16> {
    [&ECDSA[..], &EDDSA, &RSA, &OTHERS].concat()
}

/// What a client says first.
#[derive(Debug, Clone)]
pub(super) struct Hello<'a> {
    /// The one version that it speaks.
    pub version: Version,
    /// The suites that it offers; at most 32,000.
    pub suites: &'a [Suite],
    /// Whom it wants to speak with.
    pub host: Option<&'a str>,
    /// The signatures that it can check.
    pub signatures: &'a [u16],
}

impl Hello<'_> {
    /// In a record, as it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self.version {
            Version::Ssl2 => self.ssl2(),
            Version::Ssl3 => record(self.version.wire(), &self.handshake(None)),
            // What middleboxes expect of a first record (RFC 8446, 5.1).
            Version::Tls10 | Version::Tls11 | Version::Tls12 | Version::Tls13 => {
                record(Version::Tls10.wire(), &self.padded())
            }
        }
    }

    /// The message of SSL 2.0: its length with the highest bit set, then type, version, three lengths, and what they
    /// are the lengths of.
    fn ssl2(&self) -> Vec<u8> {
        let challenge = random();
        let mut body = vec![1, 0, 2];
        body.extend(length(self.suites.len() * 3));
        body.extend([0, 0]);
        body.extend(length(16));
        body.extend(self.suites.iter().flat_map(|suite| suite.number.to_be_bytes().into_iter().skip(1)));
        body.extend(&challenge[..16]);
        let mut bytes = length(body.len() | 0x8000).to_vec();
        bytes.extend(body);
        bytes
    }

    /// The message with its extensions, filled up where its length would hit deaf ears.
    fn padded(&self) -> Vec<u8> {
        let mut extensions = self.extensions();
        let message = self.handshake(Some(&extensions));
        if !DEAF.contains(&message.len()) {
            return message;
        }
        let missing = (DEAF.end - message.len()).saturating_sub(4);
        extensions.extend(extension(PADDING, &vec![0; missing]));
        self.handshake(Some(&extensions))
    }

    fn handshake(&self, extensions: Option<&[u8]>) -> Vec<u8> {
        // TLS 1.3 calls itself 1.2 here (RFC 8446, 4.1.2).
        let mut body = self.version.wire().min(Version::Tls12.wire()).to_be_bytes().to_vec();
        body.extend(random());
        // A session's id is what middleboxes want of TLS 1.3 (RFC 8446, D.4).
        let session = if self.version == Version::Tls13 { random().to_vec() } else { Vec::new() };
        body.push(session.len() as u8);
        body.extend(session);
        let numbers: Vec<_> =
            self.suites.iter().flat_map(|suite| (suite.number as u16).to_be_bytes()).collect();
        body.extend(vector(&numbers));
        // One way of compression: none.
        body.extend([1, 0]);
        body.extend(extensions.map(vector).unwrap_or_default());
        let mut message = vec![1, 0];
        message.extend(vector(&body));
        message
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        if let Some(host) = self.host {
            let mut name = vec![0];
            name.extend(vector(host.as_bytes()));
            all.extend(extension(SERVER_NAME, &vector(&name)));
        }
        all.extend(extension(SUPPORTED_GROUPS, &vector(&numbers(&GROUPS))));
        if self.version >= Version::Tls12 {
            all.extend(extension(SIGNATURE_ALGORITHMS, &vector(&numbers(self.signatures))));
        }
        if self.version == Version::Tls13 {
            all.extend(extension(SUPPORTED_VERSIONS, &[2, 3, 4]));
            // No share: the server asks for one and names its suite, and has computed nothing (RFC 8446, 4.2.8).
            all.extend(extension(KEY_SHARE, &[0, 0]));
        } else {
            all.extend(extension(EC_POINT_FORMATS, &[3, 0, 1, 2]));
            all.extend(extension(RENEGOTIATION_INFO, &[0]));
        }
        all
    }
}

fn record(version: u16, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![22];
    bytes.extend(version.to_be_bytes());
    bytes.extend(vector(message));
    bytes
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend(vector(content));
    bytes
}

/// Bytes behind their length. All that is put here is far shorter than the length's 65,535.
fn vector(content: &[u8]) -> Vec<u8> {
    let mut bytes = length(content.len()).to_vec();
    bytes.extend(content);
    bytes
}

fn length(length: usize) -> [u8; 2] {
    (length as u16).to_be_bytes()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// 32 bytes that are new each time. No secret hangs on them: nothing is ever encrypted with them.
fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::{super::suites, *};

    fn hello(version: Version, offered: &[Suite]) -> Vec<u8> {
        Hello { version, suites: offered, host: Some("example.com"), signatures: &signatures() }.bytes()
    }

    #[test]
    fn rustls_reads_what_we_say() {
        for version in [Version::Tls12, Version::Tls13] {
            let bytes = hello(version, suites::of(version));
            let mut acceptor = rustls::server::Acceptor::default();
            acceptor.read_tls(&mut bytes.as_slice()).expect("it is read");
            let accepted =
                acceptor.accept().map_err(|(error, _)| error).expect("it is a hello").expect("whole");
            let hello = accepted.client_hello();
            assert_eq!(hello.server_name(), Some("example.com"));
            assert_eq!(hello.cipher_suites().len(), suites::of(version).len());
            assert_eq!(hello.signature_schemes().len(), signatures().len());
        }
    }

    #[test]
    fn lengths_add_up_and_none_hits_deaf_ears() {
        for version in [Version::Ssl3, Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13] {
            let all = suites::of(version);
            for count in 1..=all.len() {
                let bytes = hello(version, &all[..count]);
                let record = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
                let message = u32::from_be_bytes([0, bytes[6], bytes[7], bytes[8]]) as usize;
                assert_eq!((record, message), (bytes.len() - 5, bytes.len() - 9), "{version:?}, {count}");
                assert!(
                    version == Version::Ssl3 || !DEAF.contains(&record),
                    "{version:?}, {count}: {record}"
                );
            }
        }
    }

    #[test]
    fn the_oldest_hello_is_as_its_specification_has_it() {
        let bytes = hello(Version::Ssl2, &suites::of(Version::Ssl2)[..2]);
        let expected = [0x80, 31, 1, 0, 2, 0, 6, 0, 0, 0, 16, 0x07, 0, 0xC0, 1, 0, 0x80];
        assert_eq!(bytes[..17], expected);
        assert_eq!(bytes.len(), 33);
    }
}
