//! Signatures of certificates: their names, and whether a certificate's is its own key's.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, Oid},
    x509::SubjectPublicKeyInfo,
};

use super::{
    der::{Der, OCTETS, SEQUENCE},
    extension,
};

const RSA: &str = "1.2.840.113549.1.1.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";

/// Algorithms by OpenSSL's names.
const NAMES: [(&str, &str); 23] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.3.14.3.2.29", "sha1WithRSA"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.10040.4.3", "dsaWithSHA1"),
    ("2.16.840.1.101.3.4.3.1", "dsa_with_SHA224"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
    ("1.2.643.7.1.1.3.2", "GOST R 34.10-2012 with GOST R 34.11-2012 (256 bit)"),
    ("1.2.643.7.1.1.3.3", "GOST R 34.10-2012 with GOST R 34.11-2012 (512 bit)"),
    ("1.2.156.10197.1.501", "SM2-with-SM3"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
];

/// An algorithm's name.
pub(super) fn name(algorithm: &Oid<'_>) -> String {
    let oid = algorithm.to_id_string();
    let known = NAMES.iter().find(|(known, _)| *known == oid);
    known.map_or(oid, |(_, name)| (*name).to_owned())
}

/// Whether a certificate has signed itself.
pub(super) fn is_own(certificate: &X509Certificate<'_>) -> bool {
    if certificate.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    let key = certificate.public_key();
    let Some(algorithm) = verification(&certificate.signature_algorithm.algorithm, key) else {
        return are_own_identifiers(certificate);
    };
    let key = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
    key.verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data).is_ok()
}

/// How a signature by a key is checked; `None` if we can't.
fn verification(
    algorithm: &Oid<'_>,
    key: &SubjectPublicKeyInfo<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let kind = key.algorithm.algorithm.to_id_string();
    let long_enough = super::key::read(key).bits >= 1024;
    let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let curve = curve.map(|curve| curve.to_id_string());
    match (name(algorithm).as_str(), kind.as_str(), curve.as_deref()) {
        ("sha1WithRSAEncryption", RSA, _) if long_enough => {
            Some(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        ("sha256WithRSAEncryption", RSA, _) if long_enough => {
            Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        ("sha512WithRSAEncryption", RSA, _) if long_enough => {
            Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        ("sha384WithRSAEncryption", RSA, _) if super::key::read(key).bits >= 2048 => {
            Some(&signature::RSA_PKCS1_2048_8192_SHA384)
        }
        ("ecdsa-with-SHA256", _, Some(P256)) => Some(&signature::ECDSA_P256_SHA256_ASN1),
        ("ecdsa-with-SHA384", _, Some(P256)) => Some(&signature::ECDSA_P256_SHA384_ASN1),
        ("ecdsa-with-SHA256", _, Some(P384)) => Some(&signature::ECDSA_P384_SHA256_ASN1),
        ("ecdsa-with-SHA384", _, Some(P384)) => Some(&signature::ECDSA_P384_SHA384_ASN1),
        ("ED25519", _, _) => Some(&signature::ED25519),
        _ => None,
    }
}

/// Whether the identifier of the issuer's key is that of its own key, if it names both (RFC 5280, 4.2.1.1 and 4.2.1.2).
fn are_own_identifiers(certificate: &X509Certificate<'_>) -> bool {
    const KEY_IDENTIFIER: u8 = 0x80;
    let own = extension(certificate, &OID_X509_EXT_SUBJECT_KEY_IDENTIFIER);
    let own = own.and_then(|value| Der(value).inside(OCTETS));
    let issuer = extension(certificate, &OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER);
    let issuer = issuer.and_then(|value| Der(value).inside(SEQUENCE)?.inside(KEY_IDENTIFIER));
    match (own, issuer) {
        (Some(own), Some(issuer)) => own.0 == issuer.0,
        _ => true,
    }
}
