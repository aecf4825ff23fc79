//! What can go wrong with omikrons.

use super::model::InvalidName;
use crate::auth::NotAuthorized;

/// Why a call on omikrons failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's role may not do this.
    #[error("not authorized")]
    NotAuthorized,
    /// Not a name.
    #[error("a name has at most {max} characters and no control characters", max = super::model::MAX_NAME)]
    InvalidName,
    /// It may ask already.
    #[error("the omikron may ask already")]
    Exists,
    /// There is none to remove.
    #[error("no such omikron")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<NotAuthorized> for Error {
    fn from(_: NotAuthorized) -> Self {
        Self::NotAuthorized
    }
}

impl From<InvalidName> for Error {
    fn from(_: InvalidName) -> Self {
        Self::InvalidName
    }
}
