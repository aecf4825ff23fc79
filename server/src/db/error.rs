//! Why a database can't be opened: one sentence for the operator, without secrets.

use sqlx::migrate::MigrateError;

/// Why a database can't be opened. `place` is a file, or `host:port/database`: never a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a URL that we know.
    #[error("the database URL must be `sqlite:<file>` or `postgres://<user>:<password>@<host>/<database>`")]
    Url,
    /// No connection, or not with these settings.
    #[error("the database {place} can't be opened: {cause}")]
    Connect {
        /// Which database.
        place: String,
        /// What the driver says.
        cause: sqlx::Error,
    },
    /// It takes connections, or loses them on the way, and says nothing.
    #[error("the database {place} does not answer")]
    Silent {
        /// Which database.
        place: String,
    },
    /// Another process serves this file: it would take our tasks for those of a dead one.
    #[error("the database {place} is another server's: stop that one, or give this one its own data folder")]
    InUse {
        /// Which database.
        place: String,
    },
    /// The file system can't hold a write-ahead log, such as a network share.
    #[error(
        "the database {place} lies on a file system without write-ahead logging: move it to a local disk"
    )]
    NoWal {
        /// Which database.
        place: String,
    },
    /// Its schema is of a later version.
    #[error(
        "the database {place} was made by a newer version of this program (it has migration {version}): \
         run that version, or restore a backup from before"
    )]
    Newer {
        /// Which database.
        place: String,
        /// The first migration that we don't know.
        version: i64,
    },
    /// Its schema is not one that any version of ours made.
    #[error(
        "the database {place} has another migration {version} than this program: it belongs to another build"
    )]
    Changed {
        /// Which database.
        place: String,
        /// The migration that differs.
        version: i64,
    },
    /// Bringing it up to date failed; nothing of the failed step remains.
    #[error("the database {place} can't be brought up to date: {cause}")]
    Migrate {
        /// Which database.
        place: String,
        /// What the driver says.
        cause: MigrateError,
    },
}
