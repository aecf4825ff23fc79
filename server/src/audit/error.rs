//! What can go wrong with the audit log.

use crate::auth::NotAuthorized;

/// Why a call on the audit log failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log is for admins.
    #[error("not authorized")]
    NotAuthorized,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<NotAuthorized> for Error {
    fn from(_: NotAuthorized) -> Self {
        Self::NotAuthorized
    }
}
