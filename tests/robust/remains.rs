//! What a server leaves behind: its database, and the files of images.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
    time::Duration,
};

use atalaya_tests::process::{Program, Server};
use nix::sys::signal::Signal;
use ring::digest;
use sqlx::{AnyConnection, Connection, Row};
use tempfile::TempDir;

use crate::patience::within;

/// Older than what the server spares, because its commit may still come.
const OLD: Duration = Duration::from_hours(2);
/// How long a server that starts may take to sweep.
const SWEEP_LIMIT: Duration = Duration::from_secs(30);

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash: [u8; 32] = digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("256 bits");
    let (high, low) = hash.split_at(16);
    let half = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().expect("128 bits"));
    format!("{:032x}{:032x}", half(high), half(low))
}

/// The URL of a data folder's own database.
pub(crate) fn sqlite(data: &Path) -> String {
    format!("sqlite:{}", data.join("atalaya.db").display())
}

/// A connection to a database, whether its server runs or not.
pub(crate) async fn open(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url).await.expect("a database")
}

/// Fails the test unless the database of a data folder is sound.
pub(crate) async fn check_database(data: &Path) {
    let mut database = open(&sqlite(data)).await;
    let verdict = column(&mut database, "PRAGMA integrity_check").await.join("\n");
    assert_eq!(verdict, "ok");
    let strays = column(&mut database, "SELECT \"table\" FROM pragma_foreign_key_check").await;
    assert!(strays.is_empty(), "rows that point to nothing, in {strays:?}");
    database.close().await.expect("a good end");
}

/// The same of a running server's database, wherever its folder can be read: SQLite would look for the folder
/// where the server sees it.
pub(crate) async fn check_copy(server: &Server, data: &Path) {
    let copy = TempDir::new().expect("a folder");
    server.signal(Signal::SIGSTOP);
    for name in ["atalaya.db", "atalaya.db-wal"] {
        fs::copy(data.join(name), copy.path().join(name)).expect("a copy");
    }
    server.signal(Signal::SIGCONT);
    check_database(copy.path()).await;
}

/// Files of images, by their names below the folder of bytes.
pub(crate) fn files(data: &Path) -> BTreeSet<String> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).expect("it lies below").to_string_lossy().into_owned();
                found.insert(name);
            }
        }
    }
    let (root, mut found) = (data.join("blobs"), BTreeSet::new());
    walk(&root, &root, &mut found);
    found
}

/// Names of the files that images and their analyses need.
pub(crate) async fn needed(url: &str) -> BTreeSet<String> {
    let mut database = open(url).await;
    let sql =
        "SELECT blob FROM revisions UNION SELECT blob FROM analyses UNION SELECT blob FROM analysis_maps";
    let needed = column(&mut database, sql).await.into_iter().collect();
    database.close().await.expect("a good end");
    needed
}

/// Fails the test if an image lacks its file; the files there are.
pub(crate) async fn check_files(data: &Path, url: &str) -> BTreeSet<String> {
    let (files, needed) = (files(data), needed(url).await);
    let missing: Vec<_> = needed.difference(&files).collect();
    assert!(missing.is_empty(), "files that images need are gone: {missing:?}");
    files
}

/// Fails the test if an image lacks its file, or if a server that starts does not sweep away what no image needs
/// once it is old. How many files that were.
pub(crate) async fn check_sweep(program: &Program, data: &Path, url: &str) -> usize {
    let (found, needed) = (check_files(data, url).await, needed(url).await);
    for file in &found {
        let file = File::options().write(true).open(data.join("blobs").join(file)).expect("a file");
        let modified = file.metadata().and_then(|about| about.modified()).expect("a time");
        file.set_modified(modified - OLD).expect("a time that can be set");
    }
    let mut server = program.start().await.expect("a start");
    within(SWEEP_LIMIT, "files of unfinished work to go", async || {
        let extra: Vec<_> = files(data).difference(&needed).cloned().collect();
        if extra.is_empty() { Ok(()) } else { Err(extra) }
    })
    .await;
    assert_eq!(files(data), needed, "files that images need must stay");
    server.stop().await.expect("a good end");
    found.len() - needed.len()
}

async fn column(database: &mut AnyConnection, sql: &'static str) -> Vec<String> {
    let rows = sqlx::query(sql).fetch_all(database).await.expect("an answer");
    rows.iter().map(|row| row.get(0)).collect()
}
