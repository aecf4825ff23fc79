//! What can go wrong with personal tokens.

use uuid::Uuid;

use super::model::Invalid;
use crate::auth::{NoPasswordLogin, token::NoRandomness};

/// Why a call on personal tokens failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that is none.
    #[error("invalid value: {0:?}")]
    Invalid(Invalid),
    /// No token goes with this text.
    #[error("not authenticated")]
    NotAuthenticated,
    /// The caller's credentials do not stem from a password.
    #[error("log in with a password first")]
    PasswordLoginRequired,
    /// The caller has no such token.
    #[error("personal token {0} not found")]
    NotFound(Uuid),
    /// The account has as many as it may.
    #[error("an account has at most {0} personal tokens")]
    TooMany(i64),
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<NoPasswordLogin> for Error {
    fn from(_: NoPasswordLogin) -> Self {
        Self::PasswordLoginRequired
    }
}
