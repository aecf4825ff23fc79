//! What can go wrong with settings.

use super::model::Invalid;
use crate::{db, scans::operator, secrets};

/// Why a call on settings failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such setting.
    #[error("there is no such setting")]
    NotFound(String),
    /// Not a value for it.
    #[error("{}: {}", .0.key, .0.detail)]
    Invalid(Invalid),
    /// The password can't be changed.
    #[error(transparent)]
    Operator(#[from] operator::Error),
    /// A secret can't be sealed or opened.
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
