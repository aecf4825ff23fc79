//! Databases for tests: a fresh `SQLite` file, and a fresh `PostgreSQL` database where one is offered.

use super::Db;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// A server to make databases on, as `postgres://user@host:port`; without it only `SQLite` is tested.
const POSTGRES: &str = "ATALAYA_TEST_POSTGRES";

/// A database of one test.
pub(crate) struct Scratch {
    /// The open database.
    pub(crate) db: Db,
    /// Its URL, to open it once more.
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

/// One fresh database of each engine that can be tested here.
pub(crate) async fn each() -> Vec<Scratch> {
    let mut all = vec![sqlite().await];
    all.extend(postgres().await);
    all
}

/// A fresh `SQLite` file.
pub(crate) async fn sqlite() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    Scratch { db: Db::open(&url).await.unwrap(), url, _folder: Some(folder) }
}

/// A fresh `PostgreSQL` database, if a server is offered.
pub(crate) async fn postgres() -> Option<Scratch> {
    let url = new_postgres_url().await?;
    Some(Scratch { db: Db::open(&url).await.unwrap(), url, _folder: None })
}

/// The URL of a `PostgreSQL` database that is still empty, if a server is offered.
#[expect(clippy::disallowed_methods, reason = "the one setting of the tests; nothing that ships reads it")]
pub(crate) async fn new_postgres_url() -> Option<String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let server = std::env::var(POSTGRES).ok()?;
    let server = server.trim_end_matches('/');
    let name = format!("atalaya_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("{server}/postgres")).await.unwrap();
    for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    Some(format!("{server}/{name}"))
}
