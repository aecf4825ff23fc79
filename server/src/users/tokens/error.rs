//! What can go wrong with tokens.

use crate::{
    auth::{NoPasswordLogin, NotAuthorized, jws},
    users::sessions,
};

/// Why a call on tokens failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Forged, expired, revoked or somebody else's.
    #[error("the token is not valid")]
    Invalid,
    /// Good, but not for this.
    #[error("the token is of another type")]
    TypeWrong,
    /// A refresh token was used that had been used up before; its session has ended.
    #[error("the refresh token had been used before: its session has ended")]
    Reused,
    /// The account is not active.
    #[error("the account is not active")]
    AccountInactive,
    /// The caller's credentials do not stem from a password.
    #[error("log in with a password first")]
    PasswordLoginRequired,
    /// The caller's role may not do this.
    #[error("not authorized")]
    NotAuthorized,
    /// The signing key is a file of the operator's.
    #[error("the signing key is a file of the operator's: replace it there")]
    KeyFixed,
    /// No key to sign with, or it does not.
    #[error(transparent)]
    Key(#[from] jws::Error),
    /// A key can't be sealed or opened.
    #[error(transparent)]
    Secrets(#[from] crate::secrets::Error),
    /// Logging in failed.
    #[error(transparent)]
    Session(#[from] sessions::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<NoPasswordLogin> for Error {
    fn from(_: NoPasswordLogin) -> Self {
        Self::PasswordLoginRequired
    }
}

impl From<NotAuthorized> for Error {
    fn from(_: NotAuthorized) -> Self {
        Self::NotAuthorized
    }
}
