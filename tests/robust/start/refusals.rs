//! Starts that must not come about.

use std::{net::TcpListener, path::Path};

use atalaya_tests::process::{self, Program};
use sqlx::Connection;
use tempfile::TempDir;

use crate::{
    house::{House, program},
    postgres::Postgres,
    remains,
};

/// In every secret that these starts are given.
const CANARY: &str = "canary-7f3a";

/// Networks that aren't there, are none, and are others than they are said to be.
fn networks() -> [String; 5] {
    let of = |name: &str| process::models().join(name).display().to_string();
    [
        of("missing.onnx"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned(),
        of("u2netp.onnx"),
        of("u2netp.onnx,side=64"),
        of("upconv7photo_x2.onnx,scale=4"),
    ]
}

/// What is wrong, and a part of what must be said of it.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn a_bad_setting_stops_the_start_with_one_clear_sentence() {
    let [missing, text, mask, side, by_four] = networks();
    let cases: [Case; 29] = [
        (&[("ATALAYA_LISTEN", "nonsense")], "--listen"),
        (&[("ATALAYA_LISTEN", "localhost:8080:1")], "--listen"),
        (&[("ATALAYA_LISTEN", "192.0.2.1:0")], "can't listen on 192.0.2.1:0"),
        (&[("ATALAYA_ROLES", "boss")], "--roles"),
        (&[("ATALAYA_ROLES", "")], "--roles"),
        (&[("ATALAYA_ROLES", "bridge")], "--upstream (ATALAYA_UPSTREAM)"),
        (&[("ATALAYA_ROLES", "bridge"), ("ATALAYA_UPSTREAM", "ftp://127.0.0.1:1")], "ftp://127.0.0.1:1"),
        (&[("ATALAYA_DATABASE_URL", "mysql://root:canary-7f3a@127.0.0.1/x")], "the database URL must be"),
        (&[("ATALAYA_DATABASE_URL", "sqlite::memory:")], "the database URL must be"),
        (&[("ATALAYA_DATABASE_URL", "postgres://me:canary-7f3a@127.0.0.1:1/house")], "127.0.0.1:1/house"),
        (
            &[("ATALAYA_DATABASE_URL", "postgres://me:canary-7f3a@127.0.0.1:port/house")],
            "the database URL must be",
        ),
        (&[("ATALAYA_BLOB_URL", "ftp://bucket")], "--blob-url (ATALAYA_BLOB_URL)"),
        (&[("ATALAYA_BLOB_URL", "s3://bucket/prefix")], "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        (
            &[("ATALAYA_BLOB_URL", "s3://"), ("AWS_SECRET_ACCESS_KEY", CANARY)],
            "--blob-url (ATALAYA_BLOB_URL)",
        ),
        (&[("ATALAYA_SESSION_TTL", "soon")], "--session-ttl"),
        (&[("ATALAYA_LOG", "xml")], "--log"),
        (&[("ATALAYA_LOG_LEVEL", "atalaya=loud")], "--log-level"),
        (&[("ATALAYA_WORKERS", "0")], "--workers"),
        (&[("ATALAYA_RATE_LIMITS", "maybe")], "--rate-limits"),
        (&[("ATALAYA_TRUSTED_PROXIES", "everyone")], "--trusted-proxies"),
        (&[("ATALAYA_ADMIN_EMAIL", "a@example.com")], "ATALAYA_ADMIN_PASSWORD"),
        (
            &[("ATALAYA_ONNXRUNTIME", &missing)],
            "--onnxruntime (ATALAYA_ONNXRUNTIME) can't be used: No such file",
        ),
        (&[("ATALAYA_ONNXRUNTIME", &text)], "is no ONNX Runtime of version 1.20 or later"),
        (
            &[("ATALAYA_DETAIL_MODEL", &missing)],
            "--detail-model (ATALAYA_DETAIL_MODEL) can't be used: No such file",
        ),
        (&[("ATALAYA_DETAIL_MODEL", &text)], "is no ONNX file"),
        (&[("ATALAYA_DETAIL_MODEL", &mask)], "does not take RGB of any height and width"),
        (&[("ATALAYA_DETAIL_MODEL", &by_four)], "enlarged by the scale that was told"),
        (&[("ATALAYA_BACKGROUND_MODEL", &side)], "does not take RGB of the side that was told"),
        (&[("ATALAYA_BACKGROUND_MODEL", "x.onnx,output=softmax")], "output is none of minmax, sigmoid, none"),
    ];
    for case in cases {
        stops_the_start(case).await;
    }
}

#[tokio::test]
async fn so_do_resolvers_and_labels_that_are_none() {
    let [missing, text, ..] = networks();
    let cases: [Case; 4] = [
        (&[("ATALAYA_RESOLVERS", "dns.example")], "--resolvers"),
        (&[("ATALAYA_RESOLVERS", "192.0.2.53,127.1")], "--resolvers"),
        (
            &[("ATALAYA_WORDS_FILE", &missing)],
            "--words-file (ATALAYA_WORDS_FILE) can't be used: No such file",
        ),
        (&[("ATALAYA_WORDS_FILE", &text)], "line 1 is no label"),
    ];
    for case in cases {
        stops_the_start(case).await;
    }
}

async fn stops_the_start((settings, sentence): Case<'_>) {
    let folder = TempDir::new().expect("a folder");
    let program =
        settings.iter().fold(Program::on(folder.path()), |all, (name, value)| all.with(name, value));
    refused(&program, sentence).await;
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "{settings:?} left something behind");
}

#[tokio::test]
async fn a_first_admin_that_can_not_be_made_stops_the_start() {
    for (email, password, sentence) in [
        ("a@example.com", "canary7", "ATALAYA_ADMIN_EMAIL"),
        ("no e-mail", "canary-7f3a-long-enough", "ATALAYA_ADMIN_EMAIL"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let program = program(folder.path()).with("ATALAYA_ADMIN_EMAIL", email);
        refused(&program.with("ATALAYA_ADMIN_PASSWORD", password), sentence).await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = TempDir::new().expect("a folder");
    refused(&program(folder.path()).with("ATALAYA_LISTEN", &address), &format!("can't listen on {address}"))
        .await;
}

#[tokio::test]
async fn a_second_server_on_one_sqlite_file_is_refused_until_the_first_is_gone() {
    let mut house = House::open(&[]).await;
    refused(&house.program, "atalaya.db is another server's").await;
    house.server.kill().await.expect("kill -9 kills");
    house.reopen().await;
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_stops_the_start() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").expect("a file");
    refused(&program(&file), "folder").await;
    refused(&program(&file.join("data")), "folder").await;
    refused(&program(Path::new("/proc/atalaya")), "folder").await;
    let blobs = format!("file:{}", file.display());
    refused(&program(&folder.path().join("data")).with("ATALAYA_BLOB_URL", blobs), "byte store").await;
}

#[tokio::test]
async fn a_file_that_is_no_database_stops_the_start() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("atalaya.db"), [b'x'; 8_192]).expect("a file");
    refused(&program(folder.path()), "atalaya.db can't be opened").await;
}

#[tokio::test]
async fn a_newer_schema_stops_the_start_on_both_databases() {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (999, 'tomorrow', TRUE, '', 0)";
    let folder = TempDir::new().expect("a folder");
    let program = program(folder.path());
    program.start().await.expect("a start").stop().await.expect("a good end");
    let mut database = remains::open(&remains::sqlite(folder.path())).await;
    sqlx::query(newer).execute(&mut database).await.expect("a row");
    database.close().await.expect("a good end");
    refused(&program, "made by a newer version").await;

    let postgres = Postgres::new().await;
    let url = postgres.database("newer").await;
    let program = program.with("ATALAYA_DATABASE_URL", &url);
    program.start().await.expect("a start").stop().await.expect("a good end");
    let mut database = remains::open(&url).await;
    sqlx::query(newer).execute(&mut database).await.expect("a row");
    refused(&program, "made by a newer version").await;
}

/// Fails the test unless the program ends at once, badly, with one sentence that holds this, and without a secret.
async fn refused(program: &Program, part: &str) {
    let ended = program.run("").await.expect("an end");
    let said = format!("{}\n{}", ended.output, ended.errors);
    assert!(!ended.status.success(), "{program:?} should have failed: {said}");
    assert!(!said.contains("listening on") && !said.contains("panicked"), "{program:?}: {said}");
    assert!(!said.contains("canary"), "{program:?} tells a secret: {said}");
    let last = ended.errors.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("atalaya: ") && last.contains(part),
        "{program:?} should speak of {part}: {said}"
    );
    assert_eq!(said.matches("atalaya: ").count(), 1, "{program:?} should say one sentence: {said}");
    let here = std::fs::read_dir(".").expect("the working directory");
    let names = here.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let locks: Vec<_> = names.filter(|name| name.contains(".lock")).collect();
    assert!(locks.is_empty(), "{program:?} left {locks:?} behind");
}
