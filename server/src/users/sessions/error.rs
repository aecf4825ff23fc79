//! What can go wrong with sessions.

use uuid::Uuid;

use crate::{auth::token::NoRandomness, users};

/// Why a call on sessions failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session goes with this token.
    #[error("not authenticated")]
    NotAuthenticated,
    /// The caller is logged in already.
    #[error("already authenticated")]
    AlreadyAuthenticated,
    /// E-mail and password do not belong together, or there is no such account.
    #[error("e-mail and password do not belong together")]
    CredentialsInvalid,
    /// The password is right, but the account is not active.
    #[error("the account is not active")]
    AccountInactive,
    /// No such session, or it is not the caller's to end.
    #[error("session {0} not found")]
    NotFound(Uuid),
    /// The account could not be looked up.
    #[error(transparent)]
    Account(#[from] users::Error),
    /// The token could not be signed.
    #[error(transparent)]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}
