//! The nouns of sessions.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use crate::auth::{Caller, Origin, Role};

/// How many sessions of a kind an account can have; one beyond ends the oldest of its kind, so that a script that
/// gets access tokens all day ends neither a login nor a refresh token.
pub const MAX_OF_KIND: i64 = 1000;
/// A call in the last part of a session's life, one in this many, renews it.
pub const RENEWAL_PART: u32 = 5;

/// Longest `user-agent` that is kept, in characters.
pub const MAX_AGENT: usize = 255;

/// How a session came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A login that slides on while it is used.
    Login,
    /// A login for one access token.
    Access,
    /// A refresh token.
    Refresh,
    /// A rotating refresh token.
    Rotating,
}

impl Kind {
    /// The name that the database uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Rotating => "rotating",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Login, Self::Access, Self::Refresh, Self::Rotating]
            .into_iter()
            .find(|k| k.name() == name)
            .ok_or(())
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct Active {
    /// Made by the server.
    pub id: Uuid,
    /// How it came to be.
    pub kind: Kind,
    /// When it began.
    pub create_time: SystemTime,
    /// When it ends unless it is used before.
    pub expire_time: SystemTime,
    /// The address that it was begun from.
    pub address: String,
    /// What it was begun with.
    pub user_agent: String,
}

/// A session of an active account, as tokens need it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The session.
    pub session: Session,
    /// The role of its account.
    pub role: Role,
    /// How it came to be.
    pub kind: Kind,
    /// How often its refresh token was used, if that rotates.
    pub rotation: u32,
    /// When it last was.
    pub use_time: SystemTime,
}

/// A session to be begun.
#[derive(Debug)]
pub struct New<'a> {
    /// What it is and when it ends.
    pub session: &'a Session,
    /// How it comes to be.
    pub kind: Kind,
    /// The hash of its secret; logins have one.
    pub secret_hash: Option<&'a str>,
    /// Where from.
    pub origin: Origin,
    /// With what: the caller's `user-agent`, cut to [`MAX_AGENT`] characters.
    pub user_agent: &'a str,
}

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
