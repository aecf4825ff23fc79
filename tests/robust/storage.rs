//! A full disk and a read-only one: reads go on, writes are told to come back later, nothing that was
//! acknowledged is lost, and all is well once there is room.

use std::time::Duration;

use atalaya_client::Error;
use atalaya_proto::{
    errors::v1::Reason,
    tasks::v1::TaskState,
    users::v1::{ChangeNameRequest, GetOwnAccountRequest},
};
use atalaya_tests::{people::PASSWORD, process::Server};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{
    disk::Disk,
    door::{Door, unavailable},
    house::program,
    patience::within,
    person::{Person, log_in, sign_up},
    pictures,
    remains::{self, sha256},
    underway,
};

/// How soon writes work again. The promise is 5 seconds; a busy machine gets more.
const HEALED: Duration = Duration::from_secs(20);
/// Changes that a database may still find room for on a full disk.
const CHANGES: u32 = 400;

#[tokio::test]
async fn a_full_disk_stops_writes_until_there_is_room() {
    let disk = Disk::new();
    let program = disk.below(program(disk.path()).with("ATALAYA_WORKERS", "1"));
    let mut server = program.start().await.expect("a start");
    let person = Person::new(server.address(), "full").await;
    let picture = pictures::png(96, 64, 1);
    let image = person.upload(&picture).await.expect("an image").id;
    let task = underway::begin(&server, &person, &image).await;

    disk.fill(&server);
    underway::go_on(&server);
    refuses_uploads(&person).await;
    refuses_changes(&server, &person).await;
    still_reads(&person, &image, &picture).await;

    disk.free(&server);
    within(HEALED, "uploads to work", async || person.upload(&pictures::png(96, 64, 2)).await).await;
    within(HEALED, "changes to work", async || change_name(&person, "There is room").await).await;
    log_in(server.address(), &person.email, PASSWORD).await.expect("a login");
    assert_eq!(person.door.upload(&picture).await.expect("an answer").status, 201);
    assert_eq!(person.ended(&task).await.state(), TaskState::Succeeded, "the acknowledged edit is done");
    assert_eq!(person.revisions(&image).await.expect("a list").len(), 3, "the upload and one for each task");
    assert_eq!(person.images().await.expect("a list"), 3, "what was refused was not stored");
    remains::check_copy(&server, &disk.seen_from_outside(&server)).await;
    server.stop().await.expect("a good end");
}

#[tokio::test]
async fn a_read_only_byte_store_stops_uploads_and_delays_edits() {
    let (disk, data) = (Disk::new(), TempDir::new().expect("a folder"));
    let blobs = format!("file:{}", disk.path().display());
    let program = program(data.path()).with("ATALAYA_BLOB_URL", blobs).with("ATALAYA_WORKERS", "1");
    let server = disk.below(program).start().await.expect("a start");
    let person = Person::new(server.address(), "read-only").await;
    let picture = pictures::png(96, 64, 1);
    let image = person.upload(&picture).await.expect("an image").id;

    let task = underway::begin(&server, &person, &image).await;
    disk.set_writable(&server, false);
    underway::go_on(&server);
    refuses_uploads(&person).await;
    still_reads(&person, &image, &picture).await;
    disk.set_writable(&server, true);
    within(HEALED, "uploads to work", async || person.upload(&picture).await).await;
    assert_eq!(person.ended(&task).await.state(), TaskState::Succeeded, "the acknowledged edit is done");
    assert_eq!(person.images().await.expect("a list"), 2, "what was refused was not stored");
}

#[tokio::test]
async fn a_session_that_can_not_be_renewed_still_reads_to_its_end() {
    let (disk, life) = (Disk::new(), Duration::from_secs(10));
    let program = disk.below(program(disk.path()).with("ATALAYA_SESSION_TTL", "10s"));
    let server = program.start().await.expect("a start");
    let begin = Instant::now();
    let person = Person::new(server.address(), "tired").await;
    disk.fill(&server);
    let mut late = 0;
    while begin.elapsed() < life {
        let asked = begin.elapsed();
        match person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await.map_err(Error::from) {
            // In its last fifth a session is due to be renewed.
            Ok(_) => late += u32::from(asked > life.mul_f64(0.85)),
            Err(error) => {
                assert_eq!(error.reason, Some(Reason::NotAuthenticated), "after {asked:?}: {error}");
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(late > 0, "nothing was read in the session's last fifth");
}

#[tokio::test]
async fn a_start_on_a_disk_that_takes_nothing_ends_with_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    let program = program(folder.path()).behind(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    let ended = program.behind(&["prlimit", "--fsize=0:unlimited"]).run("").await.expect("an end");
    assert!(!ended.status.success(), "{ended:?}");
    let last = ended.errors.lines().last().unwrap_or_default();
    assert!(last.starts_with("atalaya: ") && !ended.errors.contains("panicked"), "{ended:?}");
}

async fn refuses_uploads(person: &Person) {
    let picture = pictures::png(96, 64, 3);
    let error = person.upload(&picture).await.expect_err("there is no room");
    assert!(
        matches!(error.reason, Some(Reason::StorageUnavailable | Reason::DatabaseUnavailable)),
        "{error:?}"
    );
    unavailable(&person.door.upload(&picture).await.expect("an answer"));
}

/// Changes something until there is no room for it. What was acknowledged by then is kept.
async fn refuses_changes(server: &Server, person: &Person) {
    let mut kept = None;
    let mut refusal = None;
    for number in 0..CHANGES {
        let name = format!("Name {number}");
        match change_name(person, &name).await {
            Ok(()) => kept = Some(name),
            Err(error) => {
                refusal = Some(error);
                break;
            }
        }
    }
    let full = Some(Reason::DatabaseUnavailable);
    assert_eq!(refusal.and_then(|error| error.reason), full, "there was room for {CHANGES} changes");
    let address = server.address();
    let error = sign_up(address, "nobody@example.com").await.expect_err("there is no room");
    assert_eq!(error.reason, full, "{error:?}");
    let error = log_in(address, &person.email, PASSWORD).await.expect_err("there is no room");
    assert_eq!(error.reason, full, "{error:?}");
    let login = json!({ "email": person.email, "password": PASSWORD });
    unavailable(&Door::at(address).post("/api/v1/auth/login/", &login).await.expect("an answer"));
    let change = json!({ "name": "Nobody at all" });
    unavailable(&person.door.patch("/api/v1/user/name/", &change).await.expect("an answer"));
    let account = person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("a read");
    let name = account.into_inner().account.expect("an account").name;
    assert!(kept.as_ref().is_none_or(|kept| *kept == name), "{name} is not the last name: {kept:?}");
}

async fn change_name(person: &Person, name: &str) -> Result<(), Error> {
    let request = ChangeNameRequest { name: name.to_owned() };
    person.calls.accounts().change_name(request).await?;
    Ok(())
}

async fn still_reads(person: &Person, image: &str, upload: &[u8]) {
    let bytes = person.bytes(image, 1).await.expect("the upload's bytes");
    assert_eq!(sha256(&bytes), sha256(upload));
    for path in ["/api/v1/healthcheck/", "/api/v1/auth/me/", &format!("/api/v1/image/id/{image}/")] {
        let answer = person.door.get(path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
    assert_eq!(person.images().await.expect("a list"), 1);
}
