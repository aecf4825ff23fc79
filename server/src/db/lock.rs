//! One server to a `SQLite` file: a second would take the first one's running tasks for a dead one's.

use std::fs::{File, TryLockError};

use super::{OpenError, connect::file_of};

/// Held for as long as a server uses its file; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is the open file")] Option<File>);

/// Locks the file of `url`, by one beside it with `.lock` after its name: `SQLite`'s own locks are lost
/// when the process closes any handle to the database. A `PostgreSQL` may have many servers.
pub fn lock(url: &str) -> Result<Lock, OpenError> {
    let Some(file) = file_of(url)? else { return Ok(Lock(None)) };
    let place = file.to_owned();
    let failed = |place, cause| OpenError::Connect { place, cause: sqlx::Error::Io(cause) };
    let lock = match File::create(format!("{place}.lock")) {
        Ok(lock) => lock,
        Err(cause) => return Err(failed(place, cause)),
    };
    match lock.try_lock() {
        Ok(()) => Ok(Lock(Some(lock))),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { place }),
        Err(TryLockError::Error(cause)) => Err(failed(place, cause)),
    }
}
