//! What can go wrong with webhooks.

use super::model::{Invalid, MAX_WEBHOOKS};
use crate::{db, secrets};

/// Why a call on webhooks failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such webhook.
    #[error("webhook {0} not found")]
    NotFound(i64),
    /// Not a webhook.
    #[error("{}: {}", .0.field, .0.detail)]
    Invalid(Invalid),
    /// There are as many as may be.
    #[error("there are {MAX_WEBHOOKS} webhooks, which is as many as may be")]
    TooMany,
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
