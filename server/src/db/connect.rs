//! From a URL to open pools: each engine's settings, and the sentences for when it fails.

use super::{AtHand, Db, OpenError, migrations};
use sqlx::{
    AnyConnection, Connection, Row,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::MigrateError,
};
use std::{str::FromStr, time::Duration};

/// `SQLite` connections that read.
const SQLITE_READERS: u32 = 4;
/// `PostgreSQL` connections of one process.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(10);
/// How long opening waits for a `PostgreSQL` that takes connections and says nothing.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long opening waits for another process that is opening the same new file.
const BUSY_LIMIT: Duration = Duration::from_secs(5);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// `SQLite`'s own code for "another connection has the lock".
const SQLITE_BUSY: &str = "5";

/// Set on every `SQLite` connection: a commit that was answered survives a power cut.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;";
const SQLITE_READER_SETTINGS: &str = "PRAGMA query_only = ON;";

/// Set on every `PostgreSQL` connection: nobody waits for ever, and a lost client holds no lock for long.
const POSTGRES_SETTINGS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s';";

/// The engine behind a [`Db`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file of this machine; this process is its only server.
    Sqlite,
    /// A server that several of us may share.
    Postgres,
}

pub(super) async fn open(url: &str) -> Result<Db, OpenError> {
    sqlx::any::install_default_drivers();
    match file_of(url)? {
        Some(file) => sqlite(file).await,
        None => postgres(url).await,
    }
}

/// Whether a URL is one that we know, before anything is made for it.
pub fn check(url: &str) -> Result<(), OpenError> {
    file_of(url).map(drop)
}

/// The file that a URL names; `None` for a `PostgreSQL`.
pub(super) fn file_of(url: &str) -> Result<Option<&str>, OpenError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(None);
    }
    let file = url.strip_prefix("sqlite:").ok_or(OpenError::Url)?;
    let file = file.strip_prefix("//").unwrap_or(file);
    // A database in memory would be another one for each connection; `?` would begin parameters.
    let none = file.is_empty() || file.contains(":memory:") || file.contains('?');
    if none { Err(OpenError::Url) } else { Ok(Some(file)) }
}

async fn sqlite(file: &str) -> Result<Db, OpenError> {
    let fail = |cause| OpenError::Connect { place: file.to_owned(), cause };
    let url = format!("sqlite:{}?mode=rwc", escaped(file));
    let options = AnyConnectOptions::from_str(&url).map_err(|_| OpenError::Url)?;

    // First a connection of its own: a pool would hide why it can't have one.
    let mut first = patiently(&options).await.map_err(fail)?;
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut first).await.map_err(fail)?;
    if mode.try_get::<String, _>(0).map_err(fail)? != "wal" {
        return Err(OpenError::NoWal { place: file.to_owned() });
    }
    let mut tx = first.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
    migrations::run(&mut tx).await.map_err(|cause| explained(file, cause))?;
    tx.commit().await.map_err(fail)?;

    // The writer lives as long as we do: a new connection would only lose its cache. A connection to a
    // file is never half dead, so none is tested before it is lent.
    let writer = pool(&[SQLITE_SETTINGS]).max_connections(1).idle_timeout(None).max_lifetime(None);
    let writer = writer.test_before_acquire(false).connect_with(options.clone()).await.map_err(fail)?;
    let readers = || {
        let readers = pool(&[SQLITE_SETTINGS, SQLITE_READER_SETTINGS]).max_connections(SQLITE_READERS);
        readers.test_before_acquire(false)
    };
    let at_hand = readers().idle_timeout(None).max_lifetime(None).connect_lazy_with(options.clone());
    let readers = readers().connect_with(options).await.map_err(fail)?;
    first.close().await.map_err(fail)?;
    let at_hand = AtHand::all_of(at_hand, SQLITE_READERS);
    Ok(Db { backend: Backend::Sqlite, readers, at_hand, writer })
}

/// The first connection to a file. While another process holds its lock we try again: switching a new
/// file to WAL does not wait by itself.
async fn patiently(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    let deadline = tokio::time::Instant::now() + BUSY_LIMIT;
    loop {
        let mut connection = AnyConnection::connect_with(options).await?;
        match sqlx::raw_sql(SQLITE_SETTINGS).execute(&mut connection).await {
            Ok(_) => return Ok(connection),
            Err(sqlx::Error::Database(e)) if is_busy(&*e) && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            Err(e) => return Err(e),
        }
    }
}

fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().as_deref() == Some(SQLITE_BUSY)
}

async fn postgres(url: &str) -> Result<Db, OpenError> {
    let options = AnyConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    let place = place(&options);
    let fail = |cause| {
        // Its text repeats the part of the URL that is wrong: perhaps the password.
        let unreadable = matches!(cause, sqlx::Error::Configuration(_));
        if unreadable { OpenError::Url } else { OpenError::Connect { place: place.clone(), cause } }
    };

    // First a connection of its own: a pool would hide why it can't have one, a long step must not meet
    // the pool's time limits, and closing it frees the migrator's lock whatever happened.
    let connected = tokio::time::timeout(CONNECT_LIMIT, AnyConnection::connect_with(&options)).await;
    let mut first = connected.map_err(|_| OpenError::Silent { place: place.clone() })?.map_err(fail)?;
    let outcome = migrations::run(&mut first).await.map_err(|cause| explained(&place, cause));
    let closed = first.close().await.map_err(fail);
    outcome.and(closed)?;

    let pool = pool(&[POSTGRES_SETTINGS]).max_connections(POSTGRES_CONNECTIONS);
    let pool = pool.connect_with(options).await.map_err(fail)?;
    let at_hand = AtHand::none_of(pool.clone());
    Ok(Db { backend: Backend::Postgres, readers: pool.clone(), at_hand, writer: pool })
}

fn pool(settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new().acquire_timeout(ACQUIRE_LIMIT).after_connect(move |connection, _| {
        Box::pin(async move {
            for text in settings {
                sqlx::raw_sql(*text).execute(&mut *connection).await?;
            }
            Ok(())
        })
    })
}

fn explained(place: &str, cause: MigrateError) -> OpenError {
    let place = place.to_owned();
    if let MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) = cause {
        if version > migrations::LATEST {
            return OpenError::Newer { place, version };
        }
        return OpenError::Changed { place, version };
    }
    OpenError::Migrate { place, cause }
}

/// `host:port/database`, without user or password.
fn place(options: &AnyConnectOptions) -> String {
    let url = &options.database_url;
    let host = url.host_str().unwrap_or("localhost");
    format!("{host}:{}{}", url.port().unwrap_or(5432), url.path())
}

/// A file's name as the path of a URL.
fn escaped(file: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/.-_".contains(&b);
    file.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
