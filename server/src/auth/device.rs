//! Devices that have logged in before: a signed token by which an account's owner is told from a stranger who
//! guesses at the account, so that a stranger's wrong passwords lock the stranger out and not the owner.
//!
//! `atd_` and 56 bytes in URL-safe base64: the account's id (16), when it was given (8, seconds since 1970,
//! big-endian), HMAC-SHA-256 of both and of the account's password hash (32). It opens nothing: a login needs the
//! password as before. With another password every device is a stranger's again: whoever knew the old one could
//! have gathered tokens, each of which guesses on its own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use uuid::Uuid;

/// How long a device is known.
pub const LIFETIME: Duration = Duration::from_hours(24 * 90);

const PREFIX: &str = "atd_";
const SIGNED: usize = 16 + 8;
const LENGTH: usize = SIGNED + 32;

/// Makes and reads device tokens.
pub struct Devices(hmac::Key);

impl Devices {
    /// With this key.
    pub fn new(key: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// The token of a device from which somebody has just logged in with the password of this hash.
    pub fn token(&self, account: Uuid, password_hash: &str, now: SystemTime) -> String {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut bytes = [account.as_bytes(), &seconds.to_be_bytes()[..]].concat();
        let message = [&bytes, password_hash.as_bytes()].concat();
        bytes.extend(hmac::sign(&self.0, &message).as_ref());
        format!("{PREFIX}{}", BASE64.encode(bytes))
    }

    /// Whether a token was given to a device of this account, not too long ago and for the password of this hash.
    pub fn is_known(&self, token: &str, account: Uuid, password_hash: &str, now: SystemTime) -> bool {
        self.read(token, password_hash).is_some_and(|(of, since)| {
            of == account && now.duration_since(since).is_ok_and(|passed| passed < LIFETIME)
        })
    }

    fn read(&self, token: &str, password_hash: &str) -> Option<(Uuid, SystemTime)> {
        let text = token.strip_prefix(PREFIX).filter(|text| text.len() <= LENGTH * 2)?;
        let bytes: [u8; LENGTH] = BASE64.decode(text).ok()?.try_into().ok()?;
        let (signed, mac) = bytes.split_at(SIGNED);
        hmac::verify(&self.0, &[signed, password_hash.as_bytes()].concat(), mac).ok()?;
        let (account, seconds) = signed.split_at(16);
        let seconds = u64::from_be_bytes(seconds.try_into().ok()?);
        Some((Uuid::from_slice(account).ok()?, UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_known_to_its_account_for_its_time_and_to_nobody_else() {
        let (devices, now) = (Devices::new("key"), UNIX_EPOCH + Duration::from_secs(1000));
        let (account, another) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let token = devices.token(account, "hash", now);
        let is_known = |token: &str, account, now| devices.is_known(token, account, "hash", now);
        assert!(is_known(&token, account, now));
        assert!(is_known(&token, account, now + LIFETIME - Duration::from_secs(1)));
        assert!(!is_known(&token, account, now + LIFETIME));
        assert!(!is_known(&token, another, now));
        assert!(!devices.is_known(&token, account, "hash of another password", now));
        assert!(!Devices::new("another").is_known(&token, account, "hash", now));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(!is_known(&String::from_utf8(changed).unwrap(), account, now), "{at}");
        }
        for garbage in ["", "atd_", "atd_é", &"A".repeat(9000)] {
            assert!(!is_known(garbage, account, now));
        }
    }
}
