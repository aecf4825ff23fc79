//! Databases for tests: a fresh SQLite file, and a fresh PostgreSQL database where one is offered.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;

use super::Db;

/// A server to make databases on, as `postgres://user@host:port/postgres`; without it only SQLite is tested.
const POSTGRES: &str = "ATALAYA_TEST_POSTGRES";

/// A database of one test, deleted after it.
pub(crate) struct Scratch {
    /// The open database.
    pub(crate) db: Db,
    /// Its URL, to open it once more.
    pub(crate) url: String,
    _folder: Option<TempDir>,
    _database: Option<Database>,
}

/// One fresh database of each engine that can be tested here.
pub(crate) async fn each() -> Vec<Scratch> {
    let mut all = vec![sqlite().await];
    all.extend(postgres().await);
    all
}

/// A fresh SQLite file.
pub(crate) async fn sqlite() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    Scratch { db: Db::open(&url).await.unwrap(), url, _folder: Some(folder), _database: None }
}

/// A fresh PostgreSQL database, if a server is offered.
pub(crate) async fn postgres() -> Option<Scratch> {
    let database = Database::make().await?;
    let url = database.url();
    Some(Scratch { db: Db::open(&url).await.unwrap(), url, _folder: None, _database: Some(database) })
}

/// A PostgreSQL database that is empty at first and deleted when it is dropped.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new one, if a server is offered.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one setting of the tests; nothing that ships reads it"
    )]
    pub(crate) async fn make() -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let url = std::env::var(POSTGRES).ok()?;
        let server = url.trim_end_matches('/').trim_end_matches("/postgres").to_owned();
        let name = format!("atalaya_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { server, name };
        database.run(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name)).await;
        database.run(format!("CREATE DATABASE {}", database.name)).await;
        Some(database)
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    async fn run(&self, sql: String) {
        sqlx::any::install_default_drivers();
        let mut server = AnyConnection::connect(&format!("{}/postgres", self.server)).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        server.close().await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A runtime can't be blocked from within itself.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(self.run(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)));
            });
        });
    }
}
