//! Certificates as servers show them: read, and told in texts that can be shown. Nothing in them is believed.

mod der;
mod key;
mod name;
mod sans;
mod serial;
mod signature;
mod text;
mod trust;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use x509_parser::{
    certificate::{X509Certificate, X509CertificateParser},
    nom::Parser,
    oid_registry::{OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_SUBJECT_ALT_NAME, Oid},
};

pub use self::sans::MAX_SANS;
pub(super) use self::trust::trusted;

/// What can't be read as a certificate of X.509 (RFC 5280).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no certificate of X.509")]
pub struct Unreadable;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for, as RFC 4514 writes names, such as `CN=example.com,O=Example,C=US`; perhaps empty. What does not
    /// show is written as `\` and two digits for each byte. At most 4,096 bytes, then `…`.
    pub subject: String,
    /// Who has signed it, likewise.
    pub issuer: String,
    /// In decimal digits, perhaps negative; beyond 256 bytes in hexadecimal digits after `0x`, and cut off.
    pub serial_number: String,
    /// From when it is good, in seconds since 1970 began; negative before.
    pub not_before: i64,
    /// The last second in which it is good, likewise.
    pub not_after: i64,
    /// Whom else it is for: names, addresses, mail addresses, URIs, as they stand there; the first [`MAX_SANS`].
    pub sans: Vec<String>,
    /// How many there are in all, those of other kinds included.
    pub sans_total: u32,
    /// Such as `RSA`, `EC P-256`, `Ed25519`; an OID if nobody knows it.
    pub key: String,
    /// Bits of the key; 0 where that is not known.
    pub key_bits: u32,
    /// Such as `sha256WithRSAEncryption`, as OpenSSL writes it; an OID if nobody knows it.
    pub signature_algorithm: String,
    /// SHA-256 of it all, in hexadecimal digits.
    pub sha256: String,
    /// SHA-1 of it all, in hexadecimal digits.
    pub sha1: String,
    /// Whether it says that it may sign others.
    pub is_ca: bool,
    /// Whether it has signed itself: it names itself as issuer, and its signature is its own key's. Where no signature
    /// of its kind can be checked (MD5, DSA, keys below 1,024 bits, rare curves) the names decide, and the keys' identifiers
    /// if it has them.
    pub is_self_signed: bool,
    /// The whole as it came.
    pub der: Vec<u8>,
}

impl Certificate {
    /// Reads one.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        // Extensions are left alone: one that is broken breaks nothing else.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (_, parsed) = parser.parse(der).map_err(|_| Unreadable)?;
        let key = key::read(parsed.public_key());
        let sans = extension(&parsed, &OID_X509_EXT_SUBJECT_ALT_NAME).map(sans::read).unwrap_or_default();
        let constraints = extension(&parsed, &OID_X509_EXT_BASIC_CONSTRAINTS);
        Ok(Self {
            subject: name::written(parsed.subject()),
            issuer: name::written(parsed.issuer()),
            serial_number: serial::written(parsed.raw_serial()),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            sans: sans.kept,
            sans_total: sans.total,
            key: key.name,
            key_bits: key.bits,
            signature_algorithm: signature::name(&parsed.signature_algorithm.algorithm),
            sha256: hex(digest(&SHA256, der).as_ref()),
            sha1: hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
            is_ca: constraints.is_some_and(is_ca),
            is_self_signed: signature::is_own(&parsed),
            der: der.to_vec(),
        })
    }
}

/// The content of an extension, if it is there. RFC 5280 has each once; of more the first counts.
fn extension<'a>(certificate: &X509Certificate<'a>, kind: &Oid<'_>) -> Option<&'a [u8]> {
    certificate.extensions().iter().find(|extension| extension.oid == *kind).map(|extension| extension.value)
}

/// What RFC 5280, 4.2.1.9 has: a sequence that begins with a truth.
fn is_ca(constraints: &[u8]) -> bool {
    const BOOLEAN: u8 = 1;
    let inner = der::Der(constraints).inside(der::SEQUENCE);
    let first = inner.and_then(|mut inner| inner.take());
    first.is_some_and(|(tag, truth)| tag == BOOLEAN && truth.first().is_some_and(|byte| *byte != 0))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes all that is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
