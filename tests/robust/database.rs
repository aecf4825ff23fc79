//! A PostgreSQL that goes away, stands still, restarts under load and loses its answers. Callers are told to come
//! back later, nothing that was acknowledged is lost, and no restart is needed afterwards.

use std::time::Duration;

use atalaya_client::Error;
use atalaya_proto::{errors::v1::Reason, tasks::v1::TaskState, users::v1::GetOwnAccountRequest};
use atalaya_tests::people::PASSWORD;
use futures::{FutureExt, StreamExt, future::join_all, stream::FuturesUnordered};
use nix::sys::signal::Signal;
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    audit,
    chance::Chance,
    door::{Door, unavailable},
    house::House,
    load::Load,
    patience::within,
    person::{Person, api, log_in, sign_up},
    pictures,
    postgres::Postgres,
    proxy::Proxy,
    remains::{self, sha256},
    underway,
};

/// How soon the server notices, and how soon it works again.
const NOTICED: Duration = Duration::from_secs(20);
const HEALED: Duration = Duration::from_secs(30);
/// How soon a server has ended.
const ENDED: Duration = Duration::from_secs(30);
/// Restarts under load, and how long PostgreSQL runs and rests between them.
const RESTARTS: usize = 4;
const RUN: std::ops::Range<Duration> = Duration::from_millis(500)..Duration::from_millis(2_500);
const REST: std::ops::Range<Duration> = Duration::from_millis(50)..Duration::from_millis(1_500);
const SEED: u64 = 0x0009_0571;

#[tokio::test]
async fn an_outage_is_told_and_needs_no_restart() {
    let mut postgres = Postgres::new().await;
    let url = postgres.database("outage").await;
    let house = House::open(&[("ATALAYA_DATABASE_URL", &url), ("ATALAYA_WORKERS", "1")]).await;
    let person = house.person("outage").await;
    let picture = pictures::png(96, 64, 1);
    let [image, other] = [1, 2].map(|seed| pictures::png(96, 64, seed));
    let image = person.upload(&image).await.expect("an image").id;
    let other = person.upload(&other).await.expect("an image").id;
    let running = underway::begin(&house.server, &person, &image).await;
    let queued = person.rotate(&other).await.expect("a task");

    postgres.stop().await;
    refuses_all(&house, &person, &image).await;
    underway::go_on(&house.server);
    postgres.start().await;
    within(HEALED, "the server to be well", async || api(house.server.address()).anonymous().healthy().await)
        .await;
    assert_eq!(person.door.get("/api/v1/healthcheck/").await.expect("an answer").status, 200);
    assert_eq!(sha256(&person.bytes(&image, 1).await.expect("its bytes")), sha256(&picture));
    for task in [running, queued] {
        assert_eq!(person.ended(&task).await.state(), TaskState::Succeeded, "what was queued is done");
    }
    assert_eq!(person.revisions(&image).await.expect("a list").len(), 3, "the upload and one for each task");
    assert_eq!(person.images().await.expect("a list"), 2, "what was refused was not stored");
    log_in(house.server.address(), &person.email, PASSWORD).await.expect("a login");
}

/// Every kind of call, at both doors and all at once, since each has to wait for the database in vain.
async fn refuses_all(house: &House, person: &Person, image: &str) {
    let address = house.server.address();
    within(NOTICED, "the server to notice", async || match api(address).anonymous().healthy().await {
        Err(_) => Ok(()),
        Ok(()) => Err("it says to be well"),
    })
    .await;
    let picture = pictures::png(96, 64, 3);
    let calls = [
        person.upload(&picture).map(|answer| answer.map(drop)).boxed(),
        person.rotate(image).map(|answer| answer.map(drop)).boxed(),
        person.bytes(image, 1).map(|answer| answer.map(drop)).boxed(),
        person.images().map(|answer| answer.map(drop)).boxed(),
        sign_up(address, "nobody@example.com").boxed(),
        log_in(address, &person.email, PASSWORD).map(|answer| answer.map(drop)).boxed(),
    ];
    for (number, outcome) in join_all(calls).await.into_iter().enumerate() {
        let error = outcome.expect_err("there is no database");
        assert_eq!(error.reason, Some(Reason::DatabaseUnavailable), "call {number}: {error:?}");
    }
    let (path, door) = (format!("/api/v1/image/id/{image}/"), Door::at(address));
    let (rotate, angle) = (format!("{path}rotate/"), json!({ "angle": 90 }));
    let login = json!({ "email": person.email, "password": PASSWORD });
    let asked = [
        person.door.get("/api/v1/healthcheck/").boxed(),
        person.door.get("/api/v1/auth/me/").boxed(),
        person.door.get(&path).boxed(),
        person.door.patch(&rotate, &angle).boxed(),
        person.door.upload(&picture).boxed(),
        door.post("/api/v1/auth/login/", &login).boxed(),
    ];
    for answer in join_all(asked).await {
        unavailable(&answer.expect("an answer"));
    }
}

#[tokio::test]
async fn a_database_that_stands_still_does_not_hold_callers_for_ever() {
    let postgres = Postgres::new().await;
    let url = postgres.database("still").await;
    let house = House::open(&[("ATALAYA_DATABASE_URL", &url)]).await;
    let person = house.person("still").await;
    postgres.freeze();
    within(NOTICED, "the server to notice", async || {
        let health = person.door.get("/api/v1/healthcheck/").await?;
        if health.status == 503 { Ok(()) } else { Err(format!("{health:?}")) }
    })
    .await;
    let waiting: FuturesUnordered<_> = (0..20).map(|_| own_account(&person)).collect();
    let errors: Vec<Error> = waiting.map(|outcome| outcome.expect_err("nobody answers")).collect().await;
    for error in errors {
        let told = matches!(error.reason, Some(Reason::DatabaseUnavailable | Reason::CallTimeout));
        assert!(told, "{error:?}");
    }
    unavailable(&person.door.get("/api/v1/auth/me/").await.expect("an answer"));
    postgres.thaw();
    within(HEALED, "the server to be well", async || own_account(&person).await).await;
    api(house.server.address()).anonymous().healthy().await.expect("well");
}

#[tokio::test]
async fn neither_an_end_nor_a_start_waits_for_a_database_for_ever() {
    let postgres = Postgres::new().await;
    let url = postgres.database("waiting").await;
    let mut house = House::open(&[("ATALAYA_DATABASE_URL", &url)]).await;
    let person = house.person("waiting").await;
    let image = person.upload(&pictures::png(96, 64, 1)).await.expect("an image").id;
    person.rotate(&image).await.expect("a task");
    postgres.freeze();
    house.server.signal(Signal::SIGTERM);
    let end = house.server.end(ENDED);
    // A start gives up on its own, with a word.
    let start = house.program.run("");
    let (ended, started) = tokio::join!(end, start);
    assert!(ended.expect("an end in time").success());
    let started = started.expect("an end");
    assert!(!started.status.success() && started.errors.contains("does not answer"), "{started:?}");
}

async fn own_account(person: &Person) -> Result<(), Error> {
    person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_of_the_database_under_load_lose_nothing() {
    let mut postgres = Postgres::new().await;
    let url = postgres.database("restarts").await;
    let mut house = House::open(&[("ATALAYA_DATABASE_URL", &url)]).await;
    let load = Load::prepare(house.server.address()).await;
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    load.start(&stop, &tracker);
    let mut chance = Chance::new(SEED);
    for _ in 0..RESTARTS {
        tokio::time::sleep(chance.time(RUN)).await;
        postgres.stop().await;
        tokio::time::sleep(chance.time(REST)).await;
        postgres.start().await;
    }
    tokio::time::sleep(chance.time(RUN)).await;
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    let ledger = load.ledger();
    let found = audit::run(house.server.address(), &load.editors, &ledger).await;
    house.server.stop().await.expect("a good end");
    remains::check_files(house.folder.path(), &url).await;
    eprintln!("{RESTARTS} restarts of PostgreSQL\n{ledger}\n{found}");
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_leaves_no_image_without_its_bytes() {
    let postgres = Postgres::new().await;
    let url = postgres.database("lost").await;
    let proxy = Proxy::before(postgres.address()).await;
    let through = url.replace(&postgres.address().to_string(), &proxy.address().to_string());
    let mut house = House::open(&[("ATALAYA_DATABASE_URL", &through), ("ATALAYA_WORKERS", "1")]).await;
    let person = house.person("lost").await;
    let image = person.upload(&pictures::png(96, 64, 1)).await.expect("an image").id;
    let task = underway::begin(&house.server, &person, &image).await;

    proxy.lose_commits(true);
    underway::go_on(&house.server);
    let error = person.upload(&pictures::png(96, 64, 2)).await.expect_err("nobody knows");
    assert_eq!(error.reason, Some(Reason::DatabaseUnavailable), "{error:?}");
    person.ended(&task).await;
    proxy.lose_commits(false);
    eprintln!("{} answers to commits were lost", proxy.lost());

    assert_eq!(person.ended(&task).await.state(), TaskState::Succeeded);
    let revisions = person.revisions(&image).await.expect("a list");
    assert_eq!(revisions.len(), 3, "the upload and one for each task");
    for revision in revisions {
        let bytes = person.bytes(&image, revision.number).await;
        assert_eq!(sha256(&bytes.expect("the bytes of a state that is listed")), revision.sha256);
    }
    house.server.stop().await.expect("a good end");
    remains::check_files(house.folder.path(), &url).await;
}
