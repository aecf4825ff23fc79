//! Rotating refresh tokens: a session's id and how often its token was used, under a keyed hash.
//!
//! `art_` and 57 bytes in URL-safe base64: version 1, the session's id (16), the count (4, big-endian),
//! HMAC-SHA-256 (32), and 4 bytes of a checksum that tells garbage without a key.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use uuid::Uuid;

const PREFIX: &str = "art_";
const VERSION: u8 = 1;
const HEAD: usize = 1 + 16 + 4;
const MAC: usize = 32;
const LENGTH: usize = HEAD + MAC + 4;

/// Signs and reads rotating refresh tokens.
pub(super) struct Rotating(hmac::Key);

impl Rotating {
    pub(super) fn new(key: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    pub(super) fn token(&self, session: Uuid, count: u32) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(session.as_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(hmac::sign(&self.0, &bytes).as_ref());
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        format!("{PREFIX}{}", BASE64.encode(bytes))
    }

    /// The session and the count of a token; `None` for one that we did not sign.
    pub(super) fn read(&self, token: &str) -> Option<(Uuid, u32)> {
        let text = token.strip_prefix(PREFIX).filter(|text| text.len() <= LENGTH * 2)?;
        let bytes: [u8; LENGTH] = BASE64.decode(text).ok()?.try_into().ok()?;
        let (signed, checksum) = bytes.split_at(HEAD + MAC);
        let (head, mac) = signed.split_at(HEAD);
        if head[0] != VERSION || crc32fast::hash(signed).to_be_bytes() != *checksum {
            return None;
        }
        hmac::verify(&self.0, head, mac).ok()?;
        let session = Uuid::from_slice(&head[1..17]).ok()?;
        Some((session, u32::from_be_bytes(head[17..].try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_a_changed_one_does_not() {
        let rotating = Rotating::new("key");
        let token = rotating.token(Uuid::from_u128(7), 9);
        assert_eq!(rotating.read(&token), Some((Uuid::from_u128(7), 9)));
        assert_eq!(Rotating::new("another").read(&token), None);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(rotating.read(&String::from_utf8(changed).unwrap()), None, "{at}");
        }
    }

    #[test]
    fn a_mended_checksum_does_not_mend_a_signature() {
        let rotating = Rotating::new("key");
        let token = rotating.token(Uuid::from_u128(7), 9);
        let mut bytes = BASE64.decode(token.strip_prefix(PREFIX).unwrap()).unwrap();
        bytes[20] = 8;
        let checksum = crc32fast::hash(&bytes[..HEAD + MAC]).to_be_bytes();
        bytes[HEAD + MAC..].copy_from_slice(&checksum);
        assert_eq!(rotating.read(&format!("{PREFIX}{}", BASE64.encode(bytes))), None);
    }

    #[test]
    fn garbage_is_none() {
        let rotating = Rotating::new("key");
        for garbage in ["", "art_", "art_é", "art_AAAA", &format!("art_{}", "A".repeat(1 << 16))] {
            assert_eq!(rotating.read(garbage), None);
        }
    }
}
