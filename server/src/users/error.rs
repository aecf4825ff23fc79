//! What can go wrong with accounts.

use uuid::Uuid;

use super::model::{Email, Invalid, Name, Username};
use crate::auth::{NoPasswordLogin, NotAuthorized, Role, password};

/// Why a call on accounts failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that is none.
    #[error("invalid value: {0:?}")]
    Invalid(Invalid),
    /// The caller is logged in already.
    #[error("already authenticated")]
    AlreadyAuthenticated,
    /// The caller's role may not do this.
    #[error("not authorized")]
    NotAuthorized,
    /// No such account.
    #[error("account {0} not found")]
    NotFound(Uuid),
    /// Another account has this e-mail.
    #[error("e-mail taken")]
    EmailTaken(Email),
    /// Another account has, or had, this username, or it is somebody's e-mail.
    #[error("username taken")]
    UsernameTaken(Username),
    /// The caller's credentials do not stem from a password.
    #[error("log in with a password first")]
    PasswordLoginRequired,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    CredentialsInvalid,
    /// The caller's session ended while the call went on.
    #[error("not authenticated")]
    NotAuthenticated,
    /// Too many wrong passwords for this handle.
    #[error("too many wrong passwords")]
    Locked(std::time::Duration),
    /// The account's role may not be changed by the caller.
    #[error("role change denied")]
    RoleChangeDenied(Name, Role),
    /// The account may not be activated or deactivated by the caller.
    #[error("activation denied")]
    ActivationDenied(Name, Role),
    /// The last active super_admin stays.
    #[error("the last super_admin stays")]
    LastSuperAdmin,
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] password::Error),
    /// Too many calls from this address.
    #[error("rate limited")]
    RateLimited(std::time::Duration),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<NotAuthorized> for Error {
    fn from(_: NotAuthorized) -> Self {
        Self::NotAuthorized
    }
}

impl From<NoPasswordLogin> for Error {
    fn from(_: NoPasswordLogin) -> Self {
        Self::PasswordLoginRequired
    }
}
