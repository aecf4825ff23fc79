//! What can go wrong with the operator's sessions.

use std::time::Duration;

use crate::{
    auth::{password, token::NoRandomness},
    db,
    users::model::Invalid,
};

/// Why a call about the operator failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token is nobody's.
    #[error("not authenticated")]
    NotAuthenticated,
    /// Not the operator's password.
    #[error("the password is wrong")]
    PasswordWrong,
    /// Nobody has set a password.
    #[error("the operator has no password yet")]
    Missing,
    /// There is a password.
    #[error("the operator has a password already")]
    Exists,
    /// Not a password that we accept.
    #[error("not a password that is accepted")]
    Invalid(Invalid),
    /// Too many tries from this address.
    #[error("too many tries")]
    RateLimited(Duration),
    /// Passwords can't be hashed now.
    #[error(transparent)]
    Password(#[from] password::Error),
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}
