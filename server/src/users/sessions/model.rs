//! The nouns of sessions.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::auth::Caller;

/// How many sessions an account can have; a login beyond ends the oldest.
pub const MAX_PER_ACCOUNT: i64 = 100;
/// A call in the last part of a session's life, one in this many, renews it.
pub const RENEWAL_PART: u32 = 5;

/// A session as the database keeps it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Made by the server; not the secret.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// When it ends unless it is used before.
    pub expire_time: SystemTime,
}

impl Session {
    /// Whether it has ended.
    pub fn has_ended(&self, now: SystemTime) -> bool {
        self.expire_time <= now
    }

    /// Whether a call now shall renew it.
    pub fn is_due(&self, now: SystemTime, ttl: Duration) -> bool {
        self.expire_time.duration_since(now).is_ok_and(|left| left <= ttl / RENEWAL_PART)
    }
}

/// A session's token and when it ends.
#[derive(Clone)]
pub struct Ticket {
    /// The bearer token.
    pub token: String,
    /// When the session ends unless it is used before.
    pub expire_time: SystemTime,
}

/// The outcome of a good token.
pub struct Authenticated {
    /// Who calls.
    pub caller: Caller,
    /// The new token, when this call renewed the session.
    pub renewed: Option<Ticket>,
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_session_is_renewed_in_its_last_fifth_only() {
        let ttl = Duration::from_mins(5);
        let session = Session { id: Uuid::nil(), account: Uuid::nil(), expire_time: UNIX_EPOCH + ttl };
        assert!(!session.is_due(UNIX_EPOCH + Duration::from_secs(239), ttl));
        assert!(session.is_due(UNIX_EPOCH + Duration::from_mins(4), ttl));
        assert!(!session.has_ended(UNIX_EPOCH + Duration::from_secs(299)));
        assert!(session.has_ended(UNIX_EPOCH + ttl));
        assert!(!session.is_due(UNIX_EPOCH + ttl * 2, ttl));
    }
}
