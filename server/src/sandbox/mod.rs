//! Edits run in processes of their own: limited, without files or network, and killed when they take too long.
//! What such a process answers is trusted no more than an upload.

pub mod child;
mod confine;
mod pool;
mod spawner;
#[cfg(test)]
mod tests;
mod wire;
mod worker;

use std::time::Duration;

use thiserror::Error;

pub use self::pool::{Edited, Pool};
use crate::images::model::{Edit, Size};

/// The argument that makes the program a worker: `atalaya sandbox`.
pub const SUBCOMMAND: &str = "sandbox";
/// The shortest deadline of a job.
const DEADLINE_FLOOR: Duration = Duration::from_secs(5);
/// The longest deadline of a job.
const DEADLINE_CAP: Duration = Duration::from_mins(2);
/// What a million pixels add to a deadline.
const DEADLINE_PER_MEGAPIXEL: Duration = Duration::from_secs(1);

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The edit is impossible; a sentence for people says why. Trying again changes nothing.
    #[error("{0}")]
    Failed(String),
    /// The process died, over its limits or by a defect, or answered nonsense.
    #[error("the image process crashed")]
    Crashed,
    /// The deadline passed; the process was killed.
    #[error("the image process took too long")]
    TimedOut,
    /// The caller changed their mind; the process was killed.
    #[error("the edit was cancelled")]
    Cancelled,
    /// No process could be started.
    #[error("no image process could be started")]
    Unavailable,
}

/// How long an edit of an image of this size may take: 5 seconds and one for each megapixel of the image or of
/// the result, whichever is larger; 120 at most.
pub fn deadline_of(edit: Edit, size: Size) -> Duration {
    let larger = match edit {
        Edit::UpscaleNearest(scale) => u64::from(scale.factor()).pow(2),
        // A square on its corner needs twice its area.
        Edit::Rotate(_) => 2,
        Edit::Grayscale | Edit::Compress(_) | Edit::Avatar(_) => 1,
    };
    let megapixels = (size.pixels() * larger) as f64 / 1e6;
    (DEADLINE_FLOOR + DEADLINE_PER_MEGAPIXEL.mul_f64(megapixels)).min(DEADLINE_CAP)
}

/// As [`deadline_of`] an edit that makes nothing larger.
pub fn deadline_for(size: Size) -> Duration {
    deadline_of(Edit::Grayscale, size)
}
