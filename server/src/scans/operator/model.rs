//! The nouns of the operator's sessions.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::auth::token::{self, NoRandomness, Secret};

/// How long a session lives without being used.
pub const LIFE: Duration = Duration::from_hours(12);
/// The same, of one that shall be remembered.
pub const LONG_LIFE: Duration = Duration::from_hours(30 * 24);
/// Most sessions at once; the one that ends next makes room.
pub const MAX_SESSIONS: i64 = 100;

const PREFIX: &str = "ato_";
/// Characters after the prefix: 256 bits in base64.
const LENGTH: usize = 43;

/// What the holder of a session keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    /// A fresh one.
    pub fn generate() -> Result<Self, NoRandomness> {
        Secret::generate().map(Self)
    }

    /// Its text.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", self.0.expose())
    }

    /// What the database keeps of it.
    pub fn hash(&self) -> String {
        self.0.hash()
    }

    /// Whether a text claims to be one.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// What the database keeps of the token that a text is.
    pub fn hash_of(text: &str) -> Option<String> {
        let secret = text.strip_prefix(PREFIX).filter(|secret| secret.len() == LENGTH)?;
        Some(token::hash(secret))
    }
}

/// A session, as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// Whether it lives for [`LONG_LIFE`].
    pub remember: bool,
    /// When it ends unless it is used.
    pub expire_time: SystemTime,
}

impl Session {
    /// How long it lives without being used.
    pub fn life(remember: bool) -> Duration {
        if remember { LONG_LIFE } else { LIFE }
    }

    /// Whether so much of its life is over that a use prolongs it: not each use is written down.
    pub fn is_aging(&self, now: SystemTime) -> bool {
        let left = self.expire_time.duration_since(now).unwrap_or_default();
        left < Self::life(self.remember) * 3 / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_nothing_else_is_one() {
        let token = Token::generate().expect("randomness");
        assert!(Token::is_meant(&token.text()));
        assert_eq!(Token::hash_of(&token.text()), Some(token.hash()));
        for garbage in ["", "ato_", "ato_é", "atp_abc", &token.text()[1..], &format!("{}x", token.text())] {
            assert_eq!(Token::hash_of(garbage), None, "{garbage}");
        }
    }
}
