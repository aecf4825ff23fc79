//! What can go wrong with alerts.

use super::model::{Invalid, MAX_RULES};
use crate::db;

/// Why a call on alerts failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such alert.
    #[error("alert {0} not found")]
    NotFound(i64),
    /// No such rule.
    #[error("rule {0} not found")]
    RuleNotFound(i64),
    /// Not a rule.
    #[error("{}: {}", .0.field, .0.detail)]
    Invalid(Invalid),
    /// There are as many as may be.
    #[error("there are {MAX_RULES} rules, which is as many as may be")]
    TooManyRules,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
