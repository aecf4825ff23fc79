//! What can go wrong with evidence.

use uuid::Uuid;

use super::model::{Invalid, Map};
use crate::{db, images};

/// Why a call on evidence failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image is not there, or can't be read or worked on.
    #[error(transparent)]
    Image(#[from] images::Error),
    /// No such analysis, or the caller may not see its image.
    #[error("analysis {0} not found")]
    AnalysisNotFound(Uuid),
    /// The analysis was made without this map.
    #[error("analysis {0} has no map of {1:?}")]
    MapNotFound(Uuid, Map),
    /// A value that is none.
    #[error("invalid value: {0:?}")]
    Invalid(Invalid),
    /// The image can't be decoded.
    #[error("image {0} can't be decoded")]
    NotHashable(Uuid),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<db::Error> for Error {
    fn from(cause: db::Error) -> Self {
        Self::Image(cause.into())
    }
}
