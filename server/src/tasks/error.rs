//! What can go wrong with tasks.

use uuid::Uuid;

/// Why a call on tasks failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a task's UUID nor `operation:subject`.
    #[error("not a task's id: neither a UUID nor `operation:image id`")]
    IdInvalid,
    /// Not 8 to 64 of A-Z, a-z, 0-9, `-`, `_`.
    #[error("idempotency-key is not 8 to 64 of A-Z, a-z, 0-9, `-`, `_`")]
    KeyInvalid,
    /// The key came with another request within its time.
    #[error("the same idempotency-key came with another request")]
    KeyReused,
    /// No such task, or it is not the caller's.
    #[error("task {0} not found")]
    NotFound(String),
    /// Too late to cancel it.
    #[error("task {0} has ended")]
    Ended(Uuid),
    /// The owner has as many unfinished tasks as it may.
    #[error("an account has at most {0} unfinished tasks")]
    TooMany(i64),
    /// Too many tasks are being watched, by this caller or by all together.
    #[error("too many tasks are being watched")]
    TooManyWatchers,
    /// The server is shutting down.
    #[error("this server is shutting down")]
    Leaving,
    /// The task was taken from this worker: it lapsed, was cancelled or ended.
    #[error("the task is no longer this worker's")]
    StaleFence,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}
