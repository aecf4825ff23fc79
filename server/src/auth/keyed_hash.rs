//! Keyed hashes: what is kept of secrets that others chose, so that whoever reads the database can neither use
//! them nor try guesses.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;

/// HMAC-SHA-256 with a key of the server's.
#[derive(Debug, Clone)]
pub struct KeyedHash(hmac::Key);

/// What a secret is for: the same text hashes differently for each.
#[derive(Debug, Clone, Copy)]
pub struct Purpose<'a>(pub &'static str, pub &'a str);

impl KeyedHash {
    /// With this key.
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// What the database keeps of a secret.
    pub fn of(&self, purpose: Purpose<'_>, secret: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &message(purpose, secret)))
    }

    /// Whether a hash is this secret's, found out in a time that tells nothing.
    pub fn is_of(&self, purpose: Purpose<'_>, secret: &str, hash: &str) -> bool {
        let tag = BASE64_URL_SAFE_NO_PAD.decode(hash).unwrap_or_default();
        hmac::verify(&self.0, &message(purpose, secret), &tag).is_ok()
    }
}

/// Each part after its length, so that no two messages are the same bytes.
fn message(purpose: Purpose<'_>, secret: &str) -> Vec<u8> {
    let mut message = Vec::new();
    for part in [purpose.0, purpose.1, secret] {
        message.extend((part.len() as u64).to_be_bytes());
        message.extend(part.as_bytes());
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_its_secrets_for_its_purpose_under_its_key_only() {
        let hasher = KeyedHash::new(b"key");
        let hash = hasher.of(Purpose("token", "a"), "secret");
        assert!(hasher.is_of(Purpose("token", "a"), "secret", &hash));
        assert!(!hasher.is_of(Purpose("token", "a"), "secreT", &hash));
        assert!(!hasher.is_of(Purpose("token", "b"), "secret", &hash));
        assert!(!hasher.is_of(Purpose("tokena", ""), "secret", &hash));
        assert!(!KeyedHash::new(b"kez").is_of(Purpose("token", "a"), "secret", &hash));
        for garbage in ["", "=", "é", &hash[1..]] {
            assert!(!hasher.is_of(Purpose("token", "a"), "secret", garbage));
        }
    }
}
