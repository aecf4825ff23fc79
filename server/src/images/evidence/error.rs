//! What can go wrong with evidence.

use crate::images;

/// Why a call on evidence failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image is not there, or can't be read.
    #[error(transparent)]
    Image(#[from] images::Error),
}
