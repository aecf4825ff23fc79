//! What can go wrong with identities.

use std::time::Duration;

use uuid::Uuid;

use super::model::{Invalid, Username};
use crate::auth;

/// Why a call on identities failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that is none.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// No identity has this id.
    #[error("identity {0} not found")]
    NotFound(Uuid),
    /// No identity has this username.
    #[error("no identity has this username")]
    NobodyNamed(String),
    /// Another identity has this username.
    #[error("username taken")]
    UsernameTaken(Username),
    /// The key hash or the reset token is not the identity's.
    #[error("the secret is not the identity's")]
    SecretWrong,
    /// The avatar is no picture that we read.
    #[error("the avatar can't be read: {0}")]
    Avatar(String),
    /// Nobody has time for the avatar.
    #[error("too many avatars are being made")]
    Busy,
    /// Never begun, completed or lapsed.
    #[error("no registration {0} is pending")]
    RegistrationNotFound(Uuid),
    /// As many registrations are pending as may be.
    #[error("{0} registrations are pending")]
    TooManyRegistrations(i64),
    /// No such relay.
    #[error("no such omikron")]
    OmikronUnknown,
    /// What an identity has paid for is for admins to say.
    #[error("not authorized")]
    NotAuthorized,
    /// Too many wrong secrets from this address.
    #[error("too many wrong secrets")]
    RateLimited(Duration),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<auth::NotAuthorized> for Error {
    fn from(_: auth::NotAuthorized) -> Self {
        Self::NotAuthorized
    }
}
