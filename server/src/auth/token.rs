//! Session tokens: JWTs (RFC 7519) signed with HMAC-SHA-256, holding a secret that is in no database.
//!
//! The signature refuses forgeries without a query; the secret, of which the database keeps only the
//! SHA-256, is what a session really hangs on.

mod provider;

use std::time::SystemTime;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

use crate::clock;

/// Bytes of a session's secret and of the signing key.
const SECRET_BYTES: usize = 32;
/// The longest token that is looked at; ours have about 200 bytes.
const MAX_TOKEN_BYTES: usize = 1024;

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoRandomness;

/// A session's secret: 256 random bits in URL-safe base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A fresh one.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What the database keeps. A plain SHA-256 is enough for 256 random bits.
    pub fn hash(&self) -> String {
        hash(&self.0)
    }

    /// The text itself, to be kept as a key.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// SHA-256 in URL-safe base64.
pub fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

#[derive(Serialize, Deserialize)]
struct Claims {
    auth_session_id: String,
    exp: u64,
}

/// Signs and reads session tokens. The algorithm is pinned: a token's header never chooses it.
pub struct Signer {
    header: Header,
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
}

impl Signer {
    /// With this key.
    pub fn new(key: &str) -> Self {
        provider::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // The row in the database says when a session ends; it may have been renewed since.
        validation.validate_exp = false;
        Self {
            header: Header::new(Algorithm::HS256),
            signing: EncodingKey::from_secret(key.as_bytes()),
            reading: DecodingKey::from_secret(key.as_bytes()),
            validation,
        }
    }

    /// The token of a session.
    pub fn sign(&self, secret: &Secret, expires: SystemTime) -> Result<String, jsonwebtoken::errors::Error> {
        let exp = u64::try_from(clock::to_millis(expires) / 1000).unwrap_or_default();
        encode(&self.header, &Claims { auth_session_id: secret.0.clone(), exp }, &self.signing)
    }

    /// The secret in a token; `None` for one that we did not sign.
    pub fn read(&self, token: &str) -> Option<Secret> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let claims = decode::<Claims>(token, &self.reading, &self.validation).ok()?.claims;
        Some(Secret(claims.auth_session_id))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn signed(signer: &Signer) -> (Secret, String) {
        let secret = Secret::generate().unwrap();
        let token = signer.sign(&secret, UNIX_EPOCH + Duration::from_secs(5)).unwrap();
        (secret, token)
    }

    #[test]
    fn a_token_reads_back_and_never_shows_its_secret() {
        let signer = Signer::new("key");
        let (secret, token) = signed(&signer);
        assert_eq!(signer.read(&token), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_ne!(secret.hash(), secret.0);
    }

    #[test]
    fn another_keys_token_a_changed_one_and_garbage_are_none() {
        let signer = Signer::new("key");
        let (_, token) = signed(&Signer::new("another key"));
        assert_eq!(signer.read(&token), None);
        let (_, mut token) = signed(&signer);
        token.insert(40, 'A');
        assert_eq!(signer.read(&token), None);
        for garbage in ["", ".", "..", "a.b.c", "é", &"x".repeat(70_000)] {
            assert_eq!(signer.read(garbage), None);
        }
    }

    #[test]
    fn the_algorithm_none_is_refused() {
        let signer = Signer::new("key");
        let (_, token) = signed(&signer);
        let payload = token.split('.').nth(1).unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        assert_eq!(signer.read(&format!("{header}.{payload}.")), None);
    }
}
