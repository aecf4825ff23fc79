//! Fresh databases: a file of `SQLite`, or a database on the `PostgreSQL` server that the tests are offered.

use std::{
    fmt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, PgConnection, Row};

/// A server to make databases on, as `postgres://user@host:port/postgres`. Without it only `SQLite` is tested.
const OFFER: &str = "ATALAYA_TEST_POSTGRES";

/// An engine that the house can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in the data folder.
    Sqlite,
    /// A database of a server.
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl Backend {
    /// The engines that can be tested here.
    pub fn offered() -> Vec<Self> {
        let postgres = offer().map(|_| Self::Postgres);
        [Self::Sqlite].into_iter().chain(postgres).collect()
    }
}

/// A database of one house.
#[derive(Clone, Debug)]
pub struct Database {
    /// As `ATALAYA_DATABASE_URL` takes it.
    pub url: String,
    name: Option<String>,
}

impl Database {
    /// A database that is still empty.
    pub async fn fresh(backend: Backend, folder: &Path) -> Self {
        match backend {
            Backend::Sqlite => {
                Self { url: format!("sqlite:{}", folder.join("atalaya.db").display()), name: None }
            }
            Backend::Postgres => Self::on_server().await,
        }
    }

    async fn on_server() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let server = offer().expect("a PostgreSQL server is offered");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("atalaya_street_{}_{number}", std::process::id());
        run(&server, &format!("DROP DATABASE IF EXISTS {name}")).await;
        run(&server, &format!("CREATE DATABASE {name}")).await;
        let (host, _) = server.rsplit_once('/').expect("the offer names a database");
        Self { url: format!("{host}/{name}"), name: Some(name) }
    }

    /// Runs a statement beside the program.
    pub async fn write(&self, sql: &str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("a statement");
        connection.close().await.expect("the database lets go");
    }

    /// The one text that answers a question.
    pub async fn text(&self, sql: &str) -> String {
        let mut connection = self.connect().await;
        let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await;
        connection.close().await.expect("the database lets go");
        row.expect("a row").get(0)
    }

    /// What the audit log says of a target, in order: who, what, how it went, and what else there is to know.
    pub async fn audited(&self, target: &str) -> Vec<String> {
        let sql =
            "SELECT actor_kind, action, outcome, detail FROM audit_events WHERE target = $1 ORDER BY number";
        let mut connection = self.connect().await;
        let rows = sqlx::query(sql).bind(target).fetch_all(&mut connection).await.expect("the log");
        connection.close().await.expect("the database lets go");
        let line = |row: &sqlx::any::AnyRow| {
            let words: Vec<String> = (0..4).map(|column| row.get::<String, _>(column)).collect();
            words.join(" ").trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }

    async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url).await.expect("the database")
    }

    /// Drops a server's database; a file goes with its folder.
    pub async fn drop(self) {
        if let (Some(name), Some(server)) = (self.name, offer()) {
            run(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

async fn run(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(server).await.expect("the offered PostgreSQL server answers");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .expect("databases can be made and dropped");
    connection.close().await.expect("the connection closes");
}

#[expect(clippy::disallowed_methods, reason = "the one setting of the tests; nothing that ships reads it")]
fn offer() -> Option<String> {
    std::env::var(OFFER).ok().filter(|offer| !offer.is_empty())
}
