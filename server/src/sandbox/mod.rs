//! Whatever decodes images runs in processes of its own: limited, without files or network, and killed when it
//! takes too long.
//! What such a process answers is trusted no more than an upload.

pub mod child;
pub(crate) mod confine;
mod networks;
mod pool;
mod spawner;
#[cfg(test)]
mod tests;
mod wire;
mod work;
mod worker;

use thiserror::Error;

pub use self::{
    networks::Networks,
    pool::{Edited, Pool},
    work::Work,
};

/// The argument that makes the program a worker: `atalaya sandbox`.
pub const SUBCOMMAND: &str = "sandbox";
/// The argument behind it that makes it one of [`Kind::Networks`].
pub const NETWORKS: &str = "--networks";

/// What a worker process is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Edits without neural networks, on one thread.
    Edits,
    /// Edits by neural networks, on threads that it starts before it is locked in.
    Networks(Networks),
}

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The work is impossible; a sentence for people says why. Trying again changes nothing.
    #[error("{0}")]
    Failed(String),
    /// The process died, over its limits or by a defect, or answered nonsense.
    #[error("the image process crashed")]
    Crashed,
    /// The deadline passed; the process was killed.
    #[error("the image process took too long")]
    TimedOut,
    /// The caller changed their mind; the process was killed.
    #[error("the work was cancelled")]
    Cancelled,
    /// No process could be started.
    #[error("no image process could be started")]
    Unavailable,
}
