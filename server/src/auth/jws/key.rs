//! A key that signs and verifies, parsed once.

use std::fmt;

use p521::{
    ecdsa::{
        Signature,
        signature::{Signer as _, Verifier as _},
    },
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
    rsa::KeyPair as RsaKeyPair,
    signature::{
        self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
        ECDSA_P384_SHA384_FIXED_SIGNING, ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use super::{
    algorithm::{Algorithm, Hash},
    public::{self, Public},
};

/// Bytes of a shared secret that we make.
const SECRET_BYTES: usize = 64;

/// Why there is no key, or no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Keys of this kind are made elsewhere.
    #[error("a key for {0} can't be made here: name a file with one")]
    NotMadeHere(&'static str),
    /// Not a key of this algorithm.
    #[error("the key is no {0}")]
    Unreadable(&'static str),
    /// A shared secret shorter than its hash (RFC 7518 3.2).
    #[error("the shared secret is shorter than {0} bytes")]
    Short(usize),
    /// The signature could not be made.
    #[error("the token could not be signed")]
    Unsigned,
}

/// A key, its name and its one algorithm.
pub struct Key {
    algorithm: Algorithm,
    kid: String,
    signer: Signer,
    public: Option<Public>,
}

enum Signer {
    Hmac(hmac::Key),
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    P521(Box<p521::ecdsa::SigningKey>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {})", self.algorithm.name(), self.kid)
    }
}

impl Key {
    /// A fresh key as bytes for [`Self::from_bytes`]: PKCS#8 (RFC 5958), or a shared secret.
    pub fn generate(algorithm: Algorithm) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let made = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).map(|key| key.as_ref().to_vec()),
            Algorithm::Hs(_) => {
                let mut secret = vec![0; SECRET_BYTES];
                random.fill(&mut secret).map(|()| secret)
            }
            Algorithm::Es(Hash::Sha512) => return generate_p521(&random),
            Algorithm::Es(hash) => {
                EcdsaKeyPair::generate_pkcs8(curve(hash), &random).map(|key| key.as_ref().to_vec())
            }
            Algorithm::Rs(_) | Algorithm::Ps(_) => return Err(Error::NotMadeHere(algorithm.name())),
        };
        made.map_err(|_| Error::Unsigned)
    }

    /// The key in a file of the operator's: PEM (PKCS#8, or PKCS#1 for RSA), or the shared secret itself.
    pub fn from_file(algorithm: Algorithm, file: &[u8]) -> Result<Self, Error> {
        if algorithm.is_symmetric() {
            let end = file.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |at| at + 1);
            return Self::from_bytes(algorithm, &file[..end]);
        }
        let unreadable = Error::Unreadable(what(algorithm));
        let der = PrivateKeyDer::from_pem_slice(file).map_err(|_| unreadable)?;
        if let PrivateKeyDer::Pkcs1(der) = &der {
            let key = RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(|_| unreadable)?;
            return Self::of(algorithm, rsa(algorithm, key)?);
        }
        let PrivateKeyDer::Pkcs8(der) = der else { return Err(unreadable) };
        Self::from_bytes(algorithm, der.secret_pkcs8_der())
    }

    /// A key of [`Self::generate`], or of a PKCS#8 file.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = Error::Unreadable(what(algorithm));
        let signer = match algorithm {
            Algorithm::Hs(hash) => {
                let hmac = hmac_of(hash);
                let least = hmac.digest_algorithm().output_len();
                if bytes.len() < least {
                    return Err(Error::Short(least));
                }
                Signer::Hmac(hmac::Key::new(hmac, bytes))
            }
            Algorithm::EdDsa => {
                Signer::Ed(Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(|_| unreadable)?)
            }
            Algorithm::Es(Hash::Sha512) => {
                let secret = p521::SecretKey::from_pkcs8_der(bytes).map_err(|_| unreadable)?;
                Signer::P521(Box::new(secret.into()))
            }
            Algorithm::Es(hash) => {
                let random = SystemRandom::new();
                let pair = EcdsaKeyPair::from_pkcs8(curve(hash), bytes, &random).map_err(|_| unreadable)?;
                Signer::Ec(pair)
            }
            Algorithm::Rs(_) | Algorithm::Ps(_) => {
                rsa(algorithm, RsaKeyPair::from_pkcs8(bytes).map_err(|_| unreadable)?)?
            }
        };
        Self::of(algorithm, signer)
    }

    fn of(algorithm: Algorithm, signer: Signer) -> Result<Self, Error> {
        let unreadable = || Error::Unreadable(what(algorithm));
        let public = match &signer {
            Signer::Hmac(_) => None,
            Signer::Ed(pair) => Some(Public::ed25519(pair.public_key().as_ref())),
            Signer::Ec(pair) => Some(Public::ec(pair.public_key().as_ref()).ok_or_else(unreadable)?),
            Signer::Rsa(pair, _) => Some(Public::rsa(pair.public())),
            Signer::P521(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                Some(Public::ec(point.as_bytes()).ok_or_else(unreadable)?)
            }
        };
        let kid = match (&public, &signer) {
            (Some(public), _) => public.thumbprint(),
            // A shared secret must not be told by its name: what it signs of a constant says nothing of it.
            (None, Signer::Hmac(key)) => public::short_name(hmac::sign(key, b"atalaya kid").as_ref()),
            (None, _) => return Err(unreadable()),
        };
        Ok(Self { algorithm, kid, signer, public })
    }

    /// Its one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name in the header `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as PEM and as a JWK; none of a shared secret.
    pub fn public(&self) -> Option<(String, String)> {
        self.public.as_ref().map(|public| (public.pem(), public.jwk(&self.kid, self.algorithm.name())))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        Ok(match &self.signer {
            Signer::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
            Signer::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Signer::Ec(pair) => pair.sign(&random, message).map_err(|_| Error::Unsigned)?.as_ref().to_vec(),
            Signer::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(|_| Error::Unsigned)?;
                signature
            }
            Signer::P521(key) => {
                let signature: Signature = key.try_sign(message).map_err(|_| Error::Unsigned)?;
                signature.to_bytes().to_vec()
            }
        })
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.signer {
            Signer::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Signer::P521(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            Signer::Ed(pair) => verified(&ED25519, pair.public_key().as_ref(), message, signature),
            Signer::Ec(pair) => {
                let longer = self.algorithm == Algorithm::Es(Hash::Sha384);
                let algorithm: &'static dyn VerificationAlgorithm =
                    if longer { &ECDSA_P384_SHA384_FIXED } else { &ECDSA_P256_SHA256_FIXED };
                verified(algorithm, pair.public_key().as_ref(), message, signature)
            }
            Signer::Rsa(pair, _) => {
                verified(rsa_verification(self.algorithm), pair.public_key().as_ref(), message, signature)
            }
        }
    }
}

fn verified(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

fn generate_p521(random: &SystemRandom) -> Result<Vec<u8>, Error> {
    let secret = loop {
        let mut bytes = [0; 66];
        random.fill(&mut bytes).map_err(|_| Error::Unsigned)?;
        // 521 bits; nearly every number of so many is below the order.
        bytes[0] &= 1;
        if let Ok(secret) = p521::SecretKey::from_slice(&bytes) {
            break secret;
        }
    };
    Ok(secret.to_pkcs8_der().map_err(|_| Error::Unsigned)?.as_bytes().to_vec())
}

fn hmac_of(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

/// P-521 is p521's; only the other two come here.
fn curve(hash: Hash) -> &'static EcdsaSigningAlgorithm {
    match hash {
        Hash::Sha256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Hash::Sha384 | Hash::Sha512 => &ECDSA_P384_SHA384_FIXED_SIGNING,
    }
}

fn rsa(algorithm: Algorithm, pair: RsaKeyPair) -> Result<Signer, Error> {
    let encoding: &'static dyn RsaEncoding = match algorithm {
        Algorithm::Rs(Hash::Sha256) => &RSA_PKCS1_SHA256,
        Algorithm::Rs(Hash::Sha384) => &RSA_PKCS1_SHA384,
        Algorithm::Rs(Hash::Sha512) => &RSA_PKCS1_SHA512,
        Algorithm::Ps(Hash::Sha256) => &RSA_PSS_SHA256,
        Algorithm::Ps(Hash::Sha384) => &RSA_PSS_SHA384,
        Algorithm::Ps(Hash::Sha512) => &RSA_PSS_SHA512,
        Algorithm::EdDsa | Algorithm::Hs(_) | Algorithm::Es(_) => {
            return Err(Error::Unreadable(what(algorithm)));
        }
    };
    Ok(Signer::Rsa(Box::new(pair), encoding))
}

fn rsa_verification(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    let of = |algorithms: [&'static signature::RsaParameters; 3], hash: Hash| match hash {
        Hash::Sha256 => algorithms[0],
        Hash::Sha384 => algorithms[1],
        Hash::Sha512 => algorithms[2],
    };
    match algorithm {
        Algorithm::Ps(hash) => {
            of([&RSA_PSS_2048_8192_SHA256, &RSA_PSS_2048_8192_SHA384, &RSA_PSS_2048_8192_SHA512], hash)
        }
        Algorithm::Rs(hash) | Algorithm::Hs(hash) | Algorithm::Es(hash) => {
            of([&RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_2048_8192_SHA384, &RSA_PKCS1_2048_8192_SHA512], hash)
        }
        Algorithm::EdDsa => &RSA_PKCS1_2048_8192_SHA512,
    }
}

/// What a file must hold, for a sentence.
fn what(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EdDsa => "Ed25519 private key in PEM (PKCS#8)",
        Algorithm::Hs(_) => "shared secret",
        Algorithm::Rs(_) | Algorithm::Ps(_) => {
            "RSA private key of 2048 bits or more in PEM (PKCS#8 or PKCS#1)"
        }
        Algorithm::Es(Hash::Sha256) => "P-256 private key in PEM (PKCS#8)",
        Algorithm::Es(Hash::Sha384) => "P-384 private key in PEM (PKCS#8)",
        Algorithm::Es(Hash::Sha512) => "P-521 private key in PEM (PKCS#8)",
    }
}
