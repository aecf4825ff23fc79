//! The audit log: who did what to whom, from where. Appended to within the transaction that does it.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

pub use error::Error;
pub use model::{Action, Actor, Entry, MAX_TARGET, Outcome};
pub use service::Service;

use crate::db;

/// Adds an entry, within the transaction of what it tells of: both are kept, or neither. The last thing
/// that a transaction does, because it locks the end of the log.
pub async fn record(tx: &mut db::Connection, now: SystemTime, entry: &Entry) -> Result<(), db::Error> {
    store::append(tx, now, entry).await
}
