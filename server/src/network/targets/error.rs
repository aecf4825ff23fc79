//! What can go wrong with targets and grants.

use uuid::Uuid;

use super::model::{Denied, InvalidNote, MAX_GRANTS, MAX_NOTE};
use crate::{auth::NotAuthorized, db, edge::InvalidCidr};

/// Why a call on targets failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The policy keeps the target from the caller.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller's role may not do this.
    #[error("not authorized")]
    NotAuthorized,
    /// Not a network.
    #[error(transparent)]
    Range(#[from] InvalidCidr),
    /// Not a note.
    #[error("a note has at most {MAX_NOTE} characters and no control characters")]
    InvalidNote,
    /// There is no such account.
    #[error("account {0} not found")]
    AccountNotFound(Uuid),
    /// There is no such grant.
    #[error("grant {0} not found")]
    GrantNotFound(Uuid),
    /// The account has as many as it may.
    #[error("an account has at most {MAX_GRANTS} grants")]
    TooManyGrants,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<NotAuthorized> for Error {
    fn from(_: NotAuthorized) -> Self {
        Self::NotAuthorized
    }
}

impl From<InvalidNote> for Error {
    fn from(_: InvalidNote) -> Self {
        Self::InvalidNote
    }
}
