//! The nouns of tokens.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::auth::Login;

/// How long the access token of a pair lasts.
pub const PAIR_ACCESS: Duration = Duration::from_mins(15);
/// How long a rotation is answered again with the refresh token that it gave: answers get lost, and tabs refresh
/// at once.
pub const GRACE: Duration = Duration::from_secs(10);
/// How long a new key is published before it signs, so that verifiers that keep copies know it by then.
pub const PENDING: Duration = Duration::from_hours(24);
/// Clocks of several machines differ by less.
pub const SKEW: Duration = Duration::from_mins(1);
/// Most keys that are kept.
pub const MAX_KEYS: usize = 16;

/// How long tokens last, and who says that they are good.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Access tokens.
    pub access: Duration,
    /// Refresh tokens; rotating ones from their last use.
    pub refresh: Duration,
    /// The claim `iss`.
    pub issuer: String,
}

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Opens doors; got by a password or by a refresh token.
    Access(Method),
    /// Gets access tokens.
    Refresh,
}

/// What an access token was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A password.
    Password,
    /// A refresh token.
    RefreshToken,
}

impl From<Method> for Login {
    fn from(method: Method) -> Self {
        match method {
            Method::Password => Self::Password,
            Method::RefreshToken => Self::Refresh,
        }
    }
}

/// What a token says. Times are whole seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The account's username, or its e-mail.
    pub user: String,
    /// The account.
    pub account: Uuid,
    /// What it may be used for.
    pub kind: Kind,
    /// When it was made; it is good from then on.
    pub issue_time: SystemTime,
    /// It is good until then.
    pub expire_time: SystemTime,
    /// No other token's.
    pub id: Uuid,
    /// The session that it lives and dies with.
    pub session: Uuid,
}

/// A token as its holder keeps it.
pub struct Token {
    /// The text. A secret.
    pub text: String,
    /// When it ends.
    pub expire_time: SystemTime,
}

/// An access token and the refresh token to get the next with.
pub struct Pair {
    /// Lasts [`PAIR_ACCESS`].
    pub access: Token,
    /// Used once.
    pub refresh: Token,
}

/// A key's place in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The one that signs.
    Active,
    /// Published, not yet signing.
    Pending,
    /// Signs no more.
    Retired,
}
