//! Opening, refusing, coming back: on `SQLite`, and on `PostgreSQL` where one is offered.

use super::{testing, *};
use sqlx::Row;

#[tokio::test]
async fn every_sqlite_connection_is_durable_and_careful() {
    let scratch = testing::sqlite().await;
    let mut readers = Vec::new();
    for _ in 0..4 {
        readers.push(scratch.db.read().acquire().await.unwrap());
    }
    let mut tx = scratch.db.begin().await.unwrap();
    for connection in readers.iter_mut().map(|c| &mut **c).chain([&mut *tx]) {
        for (sql, wanted) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA trusted_schema", 0),
            ("PRAGMA cell_size_check", 1),
            ("PRAGMA busy_timeout", 5000),
        ] {
            let value: i64 = sqlx::query(sql).fetch_one(&mut *connection).await.unwrap().get(0);
            assert_eq!(value, wanted, "{sql}");
        }
        let mode: String =
            sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap().get(0);
        assert_eq!(mode, "wal");
    }
}

#[tokio::test]
async fn a_reader_of_sqlite_can_not_write() {
    let scratch = testing::sqlite().await;
    let outcome = sqlx::query("DELETE FROM accounts").execute(scratch.db.read()).await;
    assert!(outcome.unwrap_err().to_string().contains("readonly"));
}

#[tokio::test]
async fn a_dropped_transaction_is_undone_and_a_committed_one_is_seen() {
    for scratch in testing::each().await {
        let insert = "INSERT INTO server_keys (name, value, create_time) VALUES ('k', 'v', 1)";
        let mut tx = scratch.db.begin().await.unwrap();
        sqlx::query(insert).execute(&mut *tx).await.unwrap();
        drop(tx);
        assert_eq!(keys(&scratch.db).await, 0);
        let mut tx = scratch.db.begin().await.unwrap();
        sqlx::query(insert).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(keys(&scratch.db).await, 1);
        scratch.db.ping().await.unwrap();
    }
}

#[tokio::test]
async fn the_same_text_binds_and_reads_the_same_values_on_both() {
    for scratch in testing::each().await {
        let mut tx = scratch.db.begin().await.unwrap();
        sqlx::raw_sql("CREATE TABLE probe (t TEXT, n BIGINT)").execute(&mut *tx).await.unwrap();
        let insert = "INSERT INTO probe (t, n) VALUES ($1, $2) RETURNING t, n";
        let row =
            sqlx::query(insert).bind(None::<String>).bind(None::<i64>).fetch_one(&mut *tx).await.unwrap();
        assert_eq!((row.get::<Option<String>, _>(0), row.get::<Option<i64>, _>(1)), (None, None));
        let row = sqlx::query(insert).bind("ä").bind(i64::MAX).fetch_one(&mut *tx).await.unwrap();
        assert_eq!((row.get::<String, _>(0), row.get::<i64, _>(1)), ("ä".to_owned(), i64::MAX));
        let sums = "SELECT COUNT(*), MAX(n), COALESCE(MIN(t), $1) FROM probe WHERE n IS NOT NULL OR t = $1";
        let row = sqlx::query(sums).bind("x").fetch_one(&mut *tx).await.unwrap();
        assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (1, i64::MAX));
        let none = "SELECT MAX(n) FROM probe WHERE t = $1";
        let row = sqlx::query(none).bind("nobody").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(row.get::<Option<i64>, _>(0), None);
    }
}

#[tokio::test]
async fn many_processes_may_open_one_new_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut urls =
        vec![format!("sqlite:{}", folder.path().join("new one?#%.db").display()).replace('?', "!")];
    let database = testing::Database::make().await;
    urls.extend(database.iter().map(testing::Database::url));
    for url in urls {
        let opened = futures::future::join_all((0..6).map(|_| Db::open(&url))).await;
        for db in opened {
            let db = db.unwrap();
            assert_eq!(keys(&db).await, 0);
            db.close().await;
        }
    }
    assert!(folder.path().join("new one!#%.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_may_write_one_sqlite_file_at_once() {
    let scratch = testing::sqlite().await;
    let other = Db::open(&scratch.url).await.unwrap();
    let write = |db: Db, from: i64| async move {
        for number in from..from + 25 {
            let mut tx = db.begin().await?;
            // Who reads first and writes later must hold the lock from the beginning.
            sqlx::query("SELECT COUNT(*) FROM server_keys").fetch_one(&mut *tx).await?;
            let insert = "INSERT INTO server_keys (name, value, create_time) VALUES ($1, '', 0)";
            sqlx::query(insert).bind(number.to_string()).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok::<_, Error>(())
    };
    let one = tokio::spawn(write(scratch.db.clone(), 0));
    let two = tokio::spawn(write(other, 100));
    one.await.unwrap().unwrap();
    two.await.unwrap().unwrap();
    assert_eq!(keys(&scratch.db).await, 50);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    for scratch in testing::each().await {
        alter(&scratch.db, "UPDATE _sqlx_migrations SET version = 99 WHERE version = 3").await;
        let error = Db::open(&scratch.url).await.unwrap_err();
        assert!(matches!(error, OpenError::Newer { version: 99, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_database_of_another_build_is_refused() {
    for scratch in testing::each().await {
        let checksum = match scratch.db.backend() {
            Backend::Sqlite => "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2",
            Backend::Postgres => "UPDATE _sqlx_migrations SET checksum = '\\x00'::bytea WHERE version = 2",
        };
        alter(&scratch.db, checksum).await;
        let error = Db::open(&scratch.url).await.unwrap_err();
        assert!(matches!(error, OpenError::Changed { version: 2, .. }), "{error}");
    }
}

#[tokio::test]
async fn what_can_not_be_opened_is_refused_in_one_sentence_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.db");
    std::fs::write(&garbage, vec![7; 8192]).unwrap();
    for (url, wanted) in [
        ("mysql://root:hush@127.0.0.1/x".to_owned(), "must be `sqlite:"),
        ("sqlite::memory:".to_owned(), "must be `sqlite:"),
        ("sqlite:x.db?mode=ro".to_owned(), "must be `sqlite:"),
        ("postgres://me:hush@[bad/x".to_owned(), "must be `sqlite:"),
        ("postgres://me:hush@127.0.0.1:1/x?sslmode=hush".to_owned(), "must be `sqlite:"),
        ("postgres://me:hush@127.0.0.1:1/x".to_owned(), "127.0.0.1:1/x can't be opened"),
        (format!("sqlite:{}/no/x.db", folder.path().display()), "/no/x.db can't be opened"),
        (format!("sqlite:{}", garbage.display()), "not a database"),
    ] {
        let text = Db::open(&url).await.unwrap_err().to_string();
        assert!(text.contains(wanted) && !text.contains("hush") && !text.contains('\n'), "{url}: {text}");
    }
}

#[tokio::test]
async fn connections_that_postgres_ends_are_replaced() {
    let Some(scratch) = testing::postgres().await else { return };
    let end = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()) ended";
    let held = scratch.db.read().acquire().await.unwrap();
    let other = Db::open(&scratch.url).await.unwrap();
    drop(held);
    let ended: i64 = sqlx::query(end).fetch_one(other.read()).await.unwrap().get(0);
    assert!(ended >= 1);
    scratch.db.ping().await.unwrap();
    scratch.db.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_a_caller_goes_away_its_transaction_is_undone_and_the_writer_free() {
    for scratch in testing::each().await {
        for round in 0..400_u64 {
            let db = scratch.db.clone();
            let caller = async move {
                let mut tx = db.begin().await?;
                let insert = "INSERT INTO server_keys (name, value, create_time) VALUES ($1, 'v', 1)";
                sqlx::query(insert).bind(round.to_string()).execute(&mut *tx).await?;
                sqlx::query(insert).bind(format!("{round} too")).execute(&mut *tx).await?;
                tx.commit().await
            };
            let _ = tokio::time::timeout(Duration::from_micros(round * 13 % 2500), caller).await;
        }
        let begun = tokio::time::timeout(Duration::from_secs(5), scratch.db.begin()).await;
        begun.unwrap().unwrap().commit().await.unwrap();
        let halves = "SELECT COUNT(*) FROM server_keys a WHERE a.name NOT LIKE '% too' AND NOT EXISTS \
                      (SELECT 1 FROM server_keys b WHERE b.name = a.name || ' too')";
        let halves: i64 = sqlx::query(halves).fetch_one(scratch.db.read()).await.unwrap().get(0);
        assert_eq!(halves, 0);
    }
}

#[tokio::test]
async fn a_full_disk_stops_writes_only_as_long_as_it_is_full() {
    let scratch = testing::sqlite().await;
    let mut tx = scratch.db.begin().await.unwrap();
    sqlx::query("PRAGMA max_page_count = 1").execute(&mut *tx).await.unwrap();
    let big = "x".repeat(1 << 20);
    let insert = "INSERT INTO server_keys (name, value, create_time) VALUES ('big', $1, 1)";
    assert!(sqlx::query(insert).bind(&big).execute(&mut *tx).await.is_err());
    drop(tx);
    // A new connection has no such bound: there is room again.
    let mut tx = scratch.db.begin().await.unwrap();
    sqlx::query(insert).bind(&big).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(keys(&scratch.db).await, 1);
}

#[tokio::test]
async fn a_closed_database_fails_the_ping() {
    for scratch in testing::each().await {
        scratch.db.close().await;
        assert!(scratch.db.ping().await.is_err());
    }
}

async fn keys(db: &Db) -> i64 {
    sqlx::query("SELECT COUNT(*) FROM server_keys").fetch_one(db.read()).await.unwrap().get(0)
}

async fn alter(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    assert_eq!(sqlx::query(sql).execute(&mut *tx).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
}
