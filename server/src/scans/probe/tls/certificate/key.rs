//! Public keys: their kind, and how long they are.

use x509_parser::{der_parser::asn1_rs::Any, x509::SubjectPublicKeyInfo};

use super::der::{Der, INTEGER, SEQUENCE, bits};

/// Curves with their bits, by OID.
const CURVES: [(&str, &str, u32); 16] = [
    ("1.2.840.10045.3.1.7", "EC P-256", 256),
    ("1.3.132.0.34", "EC P-384", 384),
    ("1.3.132.0.35", "EC P-521", 521),
    ("1.2.840.10045.3.1.1", "EC P-192", 192),
    ("1.3.132.0.33", "EC P-224", 224),
    ("1.3.132.0.10", "EC secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.1", "EC brainpoolP160r1", 160),
    ("1.3.36.3.3.2.8.1.1.3", "EC brainpoolP192r1", 192),
    ("1.3.36.3.3.2.8.1.1.5", "EC brainpoolP224r1", 224),
    ("1.3.36.3.3.2.8.1.1.7", "EC brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.9", "EC brainpoolP320r1", 320),
    ("1.3.36.3.3.2.8.1.1.11", "EC brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "EC brainpoolP512r1", 512),
    ("1.3.132.0.16", "EC sect283k1", 281),
    ("1.3.132.0.36", "EC sect409k1", 407),
    ("1.2.156.10197.1.301", "EC SM2", 256),
];

/// A key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub name: String,
    pub bits: u32,
}

/// Reads a key's kind and length.
pub(super) fn read(key: &SubjectPublicKeyInfo<'_>) -> Key {
    let oid = key.algorithm.algorithm.to_id_string();
    let bytes = &key.subject_public_key.data;
    let (name, bits) = match oid.as_str() {
        "1.2.840.113549.1.1.1" => ("RSA", modulus_bits(bytes)),
        "1.2.840.113549.1.1.10" => ("RSA-PSS", modulus_bits(bytes)),
        "1.2.840.10045.2.1" => return curve(key.algorithm.parameters.as_ref()),
        "1.3.101.112" => ("Ed25519", 256),
        "1.3.101.113" => ("Ed448", 456),
        "1.2.840.10040.4.1" => ("DSA", prime_bits(key.algorithm.parameters.as_ref())),
        "1.2.643.7.1.1.1.1" => ("GOST R 34.10-2012", 256),
        "1.2.643.7.1.1.1.2" => ("GOST R 34.10-2012", 512),
        "1.2.643.2.2.19" => ("GOST R 34.10-2001", 256),
        "2.16.840.1.101.3.4.3.17" => ("ML-DSA-44", 0),
        "2.16.840.1.101.3.4.3.18" => ("ML-DSA-65", 0),
        "2.16.840.1.101.3.4.3.19" => ("ML-DSA-87", 0),
        unknown => (unknown, 0),
    };
    Key { name: name.to_owned(), bits }
}

/// Of a sequence that begins with the modulus (RFC 8017, A.1.1).
fn modulus_bits(key: &[u8]) -> u32 {
    let modulus = Der(key).inside(SEQUENCE).and_then(|inner| inner.inside(INTEGER));
    modulus.map_or(0, |modulus| bits(modulus.0))
}

/// Of the prime that the parameters begin with (RFC 3279, 2.3.2).
fn prime_bits(parameters: Option<&Any<'_>>) -> u32 {
    let prime = parameters.and_then(|any| Der(any.data).inside(INTEGER));
    prime.map_or(0, |prime| bits(prime.0))
}

/// Of the curve that the parameters name (RFC 5480, 2.1.1).
fn curve(parameters: Option<&Any<'_>>) -> Key {
    let oid = parameters.and_then(|any| any.as_oid().ok()).map(|oid| oid.to_id_string());
    let known = CURVES.iter().find(|(known, _, _)| Some(*known) == oid.as_deref());
    match (known, oid) {
        (Some((_, name, bits)), _) => Key { name: (*name).to_owned(), bits: *bits },
        (None, Some(oid)) => Key { name: format!("EC {oid}"), bits: 0 },
        (None, None) => Key { name: "EC".to_owned(), bits: 0 },
    }
}
