//! What can go wrong with images.

use uuid::Uuid;

use super::{
    model::{Excess, Invalid},
    preflight::Refusal,
};
use crate::{blobs, tasks};

/// Why a call on images failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such image, or it is not the caller's.
    #[error("image {0} not found")]
    NotFound(Uuid),
    /// No revision of this number.
    #[error("image {0} has no revision {1}")]
    RevisionNotFound(Uuid, i32),
    /// Tasks are queued or running on the image.
    #[error("image {0} has unfinished tasks")]
    Busy(Uuid),
    /// A value that is none.
    #[error("invalid value: {0:?}")]
    Invalid(Invalid),
    /// More bytes than an upload may have, or than fit into one message.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// The pre-flight refused the bytes.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The declared content type is not the bytes' own.
    #[error("the declared content type is not the bytes' own")]
    ContentTypeMismatch(String),
    /// The stream ended before the upload was whole.
    #[error("the upload was cut off")]
    Incomplete,
    /// Too many transfers, or too many bytes of them, are under way.
    #[error("too many transfers at once")]
    ServerBusy,
    /// The caller took too long to read.
    #[error("the bytes were not read for too long")]
    Stalled,
    /// The account keeps as many images as it may.
    #[error("an account keeps at most {0} images")]
    TooMany(i64),
    /// The account's images would take more than they may.
    #[error("{0}")]
    Quota(Excess),
    /// The result would have too many pixels.
    #[error("the result would have more than {0} pixels")]
    ResultTooLarge(u64),
    /// There are no model files for the operation.
    #[error(
        "this server has no model files for that: its operator builds them with `make data`, those of the style \
         `detail` with `make data MODELS=all`"
    )]
    ModelUnavailable,
    /// The task could not be queued.
    #[error(transparent)]
    Task(#[from] tasks::Error),
    /// The byte store failed.
    #[error(transparent)]
    Storage(#[from] blobs::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
