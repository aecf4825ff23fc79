//! The public half of a key, as others read it: PEM (RFC 7468), JWK (RFC 7517) and its thumbprint (RFC 7638).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::{
    digest,
    rsa::{PublicKey, PublicKeyComponents},
};
use spki::{
    AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned,
    der::{Any, EncodePem, asn1::BitString, asn1::Null, pem::LineEnding},
};

/// RFC 8410 3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// RFC 5480 2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 8017 appendix C.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// A curve's name in JWKs, its OID (RFC 5480 2.1.1.1), and the bytes of its uncompressed points.
const CURVES: [(&str, ObjectIdentifier, usize); 3] = [
    ("P-256", ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), 65),
    ("P-384", ObjectIdentifier::new_unwrap("1.3.132.0.34"), 97),
    ("P-521", ObjectIdentifier::new_unwrap("1.3.132.0.35"), 133),
];

/// A public key.
pub(super) enum Public {
    /// 32 bytes.
    Ed25519(Vec<u8>),
    /// A curve of [`CURVES`] and an uncompressed point (SEC 1 2.3.3).
    Ec(usize, Vec<u8>),
    /// RSAPublicKey (RFC 8017 A.1.1), and its modulus and exponent.
    Rsa { der: Vec<u8>, modulus: Vec<u8>, exponent: Vec<u8> },
}

impl Public {
    pub(super) fn ed25519(bytes: &[u8]) -> Self {
        Self::Ed25519(bytes.to_vec())
    }

    /// `None` for what is no uncompressed point of a curve that we know.
    pub(super) fn ec(point: &[u8]) -> Option<Self> {
        let curve = CURVES.iter().position(|(.., length)| *length == point.len())?;
        (point[0] == 4).then(|| Self::Ec(curve, point.to_vec()))
    }

    pub(super) fn rsa(key: &PublicKey) -> Self {
        let parts = PublicKeyComponents::<Vec<u8>>::from(key);
        Self::Rsa { der: key.as_ref().to_vec(), modulus: parts.n, exponent: parts.e }
    }

    /// PEM SubjectPublicKeyInfo.
    pub(super) fn pem(&self) -> String {
        let (oid, parameters, bytes) = match self {
            Self::Ed25519(bytes) => (ED25519, None, bytes),
            Self::Ec(curve, point) => (EC, Some(Any::from(CURVES[*curve].1)), point),
            Self::Rsa { der, .. } => (RSA, Some(Any::from(Null)), der),
        };
        let algorithm = AlgorithmIdentifierOwned { oid, parameters };
        let key = BitString::from_bytes(bytes).map(|subject_public_key| {
            SubjectPublicKeyInfoOwned { algorithm, subject_public_key }.to_pem(LineEnding::LF)
        });
        // A key that was parsed has a form; a form that could not be written would be told as none.
        key.and_then(|pem| pem).unwrap_or_default()
    }

    /// The members that RFC 7638 takes, in its order; the first two and the last of a JWK.
    fn members(&self) -> String {
        let text = |bytes: &[u8]| BASE64.encode(bytes);
        match self {
            Self::Ed25519(bytes) => format!(r#""crv":"Ed25519","kty":"OKP","x":"{}""#, text(bytes)),
            Self::Ec(curve, point) => {
                let (x, y) = point[1..].split_at(point.len() / 2);
                format!(r#""crv":"{}","kty":"EC","x":"{}","y":"{}""#, CURVES[*curve].0, text(x), text(y))
            }
            Self::Rsa { modulus, exponent, .. } => {
                format!(r#""e":"{}","kty":"RSA","n":"{}""#, text(exponent), text(modulus))
            }
        }
    }

    /// The JWK in JSON.
    pub(super) fn jwk(&self, kid: &str, algorithm: &str) -> String {
        format!(r#"{{"alg":"{algorithm}",{},"kid":"{kid}","use":"sig"}}"#, self.members())
    }

    /// SHA-256 of the members.
    pub(super) fn thumbprint(&self) -> String {
        BASE64.encode(digest::digest(&digest::SHA256, format!("{{{}}}", self.members()).as_bytes()))
    }
}

/// A name of 128 bits, enough to tell keys apart.
pub(super) fn short_name(bytes: &[u8]) -> String {
    BASE64.encode(&bytes[..bytes.len().min(16)])
}
