//! The database: `SQLite` in a file, or `PostgreSQL`. Opens it, brings it up to date, lends connections.

mod at_hand;
mod connect;
mod error;
mod lock;
mod migrations;
#[cfg(test)]
pub(crate) mod testing;

pub use at_hand::AtHand;
pub use connect::{Backend, check};
pub use error::OpenError;
pub use lock::{Lock, lock};

use sqlx::{Any, AnyPool, SqlSafeStr};
use std::time::Duration;

/// A transaction. Dropped without `commit`, it is undone.
pub type Tx = sqlx::Transaction<'static, Any>;

/// A connection on which a transaction is open: what another slice's rules are given of it.
pub type Connection = sqlx::AnyConnection;

/// What can go wrong between us and the database.
pub type Error = sqlx::Error;

/// The longest that [`Db::ping`] waits.
pub const PING_LIMIT: Duration = Duration::from_secs(1);
/// The longest that [`Db::close`] waits: a database that says nothing can't hold an end up.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// An open database whose schema is this program's. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    backend: Backend,
    readers: AnyPool,
    at_hand: AtHand,
    writer: AnyPool,
}

impl Db {
    /// Opens `sqlite:<file>` (made if missing) or `postgres://..`, and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        connect::open(url).await
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Connections for reading. On `SQLite` they refuse to write and never wait for the writer.
    pub fn read(&self) -> &AnyPool {
        &self.readers
    }

    /// Connections for reading what every call asks for.
    pub fn at_hand(&self) -> &AtHand {
        &self.at_hand
    }

    /// Begins a transaction that may write. `SQLite` has one at a time: it starts as the writer, so it
    /// can't fail half-way for want of the lock. Keep it short.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let statement = match self.backend {
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN",
        };
        match self.writer.begin_with(statement.into_sql_str()).await {
            // A full disk makes SQLite undo a transaction by itself, which sqlx does not notice: to it
            // the connection is inside one for ever.
            Err(Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                self.writer.begin_with(statement.into_sql_str()).await
            }
            begun => begun,
        }
    }

    /// Whether the database answers from its tables, within [`PING_LIMIT`]. Writes nothing.
    pub async fn ping(&self) -> Result<(), Error> {
        let answer = sqlx::query("SELECT name FROM server_keys LIMIT 1").fetch_optional(&self.readers);
        match tokio::time::timeout(PING_LIMIT, answer).await {
            Ok(answer) => answer.map(drop),
            Err(_) => Err(Error::PoolTimedOut),
        }
    }

    /// Closes every connection once its borrower is done, waiting [`CLOSE_LIMIT`] at most; `SQLite` then
    /// folds its log into the file.
    pub async fn close(&self) {
        let closed = async {
            self.at_hand.close().await;
            self.readers.close().await;
            self.writer.close().await;
        };
        if tokio::time::timeout(CLOSE_LIMIT, closed).await.is_err() {
            tracing::warn!("the database was left without a farewell");
        }
    }
}

#[cfg(test)]
mod tests;
