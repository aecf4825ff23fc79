//! The roles in processes of their own: together they are what one process is, and no task is done twice.

use std::{net::SocketAddr, path::Path, time::Duration};

use atalaya_proto::tasks::v1::{Task, TaskState};
use atalaya_tests::{
    people::PASSWORD,
    process::{Program, Server, quiet_address},
    rest::Answer,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

use crate::{
    door::{Door, unavailable},
    drain::half_form,
    house::program,
    patience::within,
    person::{Person, api},
    pictures,
    postgres::Postgres,
    procfs::sandboxes,
    remains, underway,
};

/// How soon one process notices another.
const NOTICED: Duration = Duration::from_secs(30);
/// How soon another worker takes over what a vanished one had, 20 seconds of lease included.
const TAKEN_OVER: Duration = Duration::from_secs(30);
/// Uploads that a bridge has under way at once, and how many of them one account.
const UPLOADS: usize = 64;
const UPLOADS_OF_ONE: usize = 32;
const IMAGES: u64 = 12;
const EDITS: usize = 3;

/// Processes that share a database and a folder.
struct Split {
    postgres: Postgres,
    program: Program,
    folder: TempDir,
    grpc: Server,
}

impl Split {
    async fn new() -> Self {
        let (postgres, folder) = (Postgres::new().await, TempDir::new().expect("a folder"));
        let url = postgres.database("split").await;
        let program = program(folder.path()).with("ATALAYA_DATABASE_URL", url).with("ATALAYA_WORKERS", "1");
        let grpc = program.clone().with("ATALAYA_ROLES", "grpc").start().await.expect("a start");
        Self { postgres, program, folder, grpc }
    }

    async fn worker(&self) -> Server {
        self.program.clone().with("ATALAYA_ROLES", "worker").start().await.expect("a start")
    }
}

/// A bridge knows nothing but where to ask.
fn bridge(folder: &Path, upstream: SocketAddr) -> Program {
    Program::on(folder).with("ATALAYA_ROLES", "bridge").with("ATALAYA_UPSTREAM", format!("http://{upstream}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_do_what_one_does() {
    let split = Split::new().await;
    let (worker, nothing) = (split.worker().await, TempDir::new().expect("a folder"));
    let bridge = bridge(nothing.path(), split.grpc.address()).start().await.expect("a start");
    assert_eq!(std::fs::read_dir(nothing.path()).expect("a folder").count(), 0, "a bridge keeps nothing");
    let photo = pictures::jpeg(4_000, 3_000, 12);
    let in_three = session(bridge.address(), &photo).await;
    assert_eq!(sandboxes(worker.pid()).len(), 1, "the worker has done it");
    assert!(sandboxes(split.grpc.pid()).is_empty());

    let folder = TempDir::new().expect("a folder");
    let one = program(folder.path()).start().await.expect("a start");
    assert_eq!(session(one.address(), &photo).await, in_three);

    api(worker.address()).anonymous().healthy().await.expect("a worker tells its health");
    let refused =
        Person::holding(worker.address(), "", "a.b.c").images().await.expect_err("a worker serves nobody");
    assert_eq!(refused.code, Code::Unimplemented, "{refused:?}");
    let rest = Door::at(split.grpc.address()).get("/api/v1/healthcheck/").await.expect("an answer");
    assert_eq!(rest.status, 404, "{rest:?}");
}

/// Somebody's first session over REST, as what was asked and answered.
async fn session(server: SocketAddr, photo: &[u8]) -> Vec<(u16, Value)> {
    let (door, email) = (Door::at(server), "photographer@example.com");
    let mut told = Vec::new();
    let mut note = |answer: &Answer| told.push((answer.status, without_ids(answer)));
    let who = json!({ "email": email, "name": "A photographer", "password": PASSWORD });
    note(&door.get("/api/v1/healthcheck/").await.expect("an answer"));
    note(&door.post("/api/v1/auth/signup/", &who).await.expect("an answer"));
    note(&door.post("/api/v1/auth/signup/", &who).await.expect("an answer"));
    let login = door.post("/api/v1/auth/login/", &json!({ "email": email, "password": PASSWORD })).await;
    let login = login.expect("an answer");
    note(&login);
    let door = door.with(&login.set_token().expect("a cookie"));
    note(&door.get("/api/v1/auth/me/").await.expect("an answer"));
    let uploaded = door.upload(photo).await.expect("an answer");
    note(&uploaded);
    let id = uploaded.json()["image_id"].as_str().expect("an id").to_owned();
    for (edit, body) in
        [("rotate", json!({ "angle": 90 })), ("grayscale", json!({})), ("compress", json!({ "quality": 60 }))]
    {
        let queued = door.patch(&format!("/api/v1/image/id/{id}/{edit}/"), &body).await.expect("an answer");
        note(&queued);
        let task = queued.json()["task_id"].as_str().expect("an id").to_owned();
        note(&ended(&door, &task).await);
    }
    let image = door.get(&format!("/api/v1/image/id/{id}/")).await.expect("an answer");
    assert_eq!((image.status, image.header("content-type")), (200, "image/jpeg"));
    told.push((image.status, json!({ "sha256": remains::sha256(&image.body) })));
    told
}

/// The answer to a question about a task, once that has ended.
async fn ended(door: &Door, task: &str) -> Answer {
    within(Duration::from_mins(2), "a task", async || {
        let answer = door.get(&format!("/api/v1/task/id/{task}/")).await?;
        match answer.json()["status"].as_str() {
            Some("success" | "failure") => Ok(answer),
            _ => Err(answer.text().to_owned()),
        }
    })
    .await
}

/// The answer's JSON with a dash in the place of each UUID.
fn without_ids(answer: &Answer) -> Value {
    if answer.body.is_empty() {
        return Value::Null;
    }
    let words = answer.text().split_inclusive(['"', ' ', ':']);
    let is_id = |word: &str| uuid::Uuid::try_parse(word.trim_end_matches(['"', ' ', ':'])).is_ok();
    let text: String = words.map(|word| if is_id(word) { &word[36..] } else { word }).collect();
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_bridge_is_as_well_as_its_upstream() {
    let (folder, nothing) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let upstream = quiet_address();
    let bridge = bridge(nothing.path(), upstream).start().await.expect("a start");
    let door = Door::at(bridge.address());
    let login = json!({ "email": "nobody@example.com", "password": PASSWORD });
    for _ in 0..2 {
        unavailable(&door.get("/api/v1/healthcheck/").await.expect("an answer"));
        unavailable(&door.post("/api/v1/auth/login/", &login).await.expect("an answer"));
        unavailable(&door.clone().with("a.b.c").upload(&pictures::png(8, 8, 1)).await.expect("an answer"));
        assert_eq!(door.get("/api/v1/").await.expect("an answer").status, 200);

        let program = program(folder.path()).with("ATALAYA_ROLES", "grpc");
        let mut grpc = program.with("ATALAYA_LISTEN", upstream.to_string()).start().await.expect("a start");
        within(NOTICED, "the bridge to find its upstream", async || {
            let health = door.get("/api/v1/healthcheck/").await?;
            if health.status == 200 { Ok(()) } else { Err(format!("{health:?}")) }
        })
        .await;
        assert_eq!(door.post("/api/v1/auth/login/", &login).await.expect("an answer").status, 401);
        grpc.kill().await.expect("kill -9 kills");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_uploads_through_a_bridge_keep_nobody_else_waiting() {
    let (folder, nothing) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let grpc = program(folder.path()).with("ATALAYA_ROLES", "grpc").start().await.expect("a start");
    let bridge = bridge(nothing.path(), grpc.address()).start().await.expect("a start");
    let mut slow = Vec::new();
    for number in 0..UPLOADS / UPLOADS_OF_ONE {
        let person = Person::new(grpc.address(), &format!("slow{number}")).await;
        for _ in 0..UPLOADS_OF_ONE {
            slow.push(half_form(&person, bridge.address()).await);
        }
    }
    let person = Person::new(grpc.address(), "quick").await.at(bridge.address());
    within(NOTICED, "one upload too many to be refused", async || {
        let refused = person.door.upload(&pictures::png(8, 8, 1)).await?;
        if refused.status == 429 {
            Ok(refused.header("retry-after").to_owned())
        } else {
            Err(refused.status.to_string())
        }
    })
    .await;
    let begin = tokio::time::Instant::now();
    for path in ["/api/v1/healthcheck/", "/api/v1/auth/me/"] {
        assert_eq!(person.door.get(path).await.expect("an answer").status, 200, "{path}");
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    for upload in slow {
        upload.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_tasks_and_do_none_twice() {
    let split = Split::new().await;
    let workers = [split.worker().await, split.worker().await];
    let person = Person::new(split.grpc.address(), "busy").await;
    let mut asked = Vec::new();
    for seed in 0..IMAGES {
        let image = person.upload(&pictures::jpeg(400, 300, seed)).await.expect("an image").id;
        for _ in 0..EDITS {
            asked.push(person.rotate(&image).await.expect("a task"));
        }
    }
    let mut images = std::collections::BTreeSet::new();
    for task in &asked {
        let task = person.ended(task).await;
        assert_eq!((task.state(), task.attempts), (TaskState::Succeeded, 1), "{task:?}");
        images.insert(task.subject);
    }
    for image in images {
        assert_eq!(person.revisions(&image).await.expect("a list").len(), 1 + EDITS, "{image}");
    }
    for worker in &workers {
        assert_eq!(sandboxes(worker.pid()).len(), 1, "both have worked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_worker_had_another_takes_over() {
    let split = Split::new().await;
    let mut first = split.worker().await;
    let (person, image, task) = underway(&split, &first).await;
    first.kill().await.expect("kill -9 kills");
    let _second = split.worker().await;
    let done = taken_over(&person, &task).await;
    assert_eq!((done.state(), done.attempts), (TaskState::Succeeded, 2), "{done:?}");
    assert_eq!(person.revisions(&image).await.expect("a list").len(), 3, "the upload and one for each task");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_comes_back_too_late_changes_nothing() {
    let split = Split::new().await;
    let first = split.worker().await;
    let (person, image, task) = underway(&split, &first).await;
    first.signal(Signal::SIGSTOP);
    let _second = split.worker().await;
    let done = taken_over(&person, &task).await;
    assert_eq!((done.state(), done.attempts), (TaskState::Succeeded, 2), "{done:?}");
    let before = person.revisions(&image).await.expect("a list");

    // The first one wakes, does what it was at, and finds that it is no longer its own.
    underway::go_on(&first);
    first.signal(Signal::SIGCONT);
    let last = person.rotate(&image).await.expect("a task");
    assert_eq!(person.ended(&last).await.state(), TaskState::Succeeded);
    let after = person.revisions(&image).await.expect("a list");
    assert_eq!((after.len(), &after[..before.len()]), (4, &before[..]), "nothing was changed afterwards");
    within(NOTICED, "what came too late to be thrown away", async || {
        let files = remains::files(split.folder.path());
        if files.len() == after.len() { Ok(()) } else { Err(files) }
    })
    .await;
    drop(split.postgres);
}

/// An edit that the worker is at and does not end.
async fn underway(split: &Split, worker: &Server) -> (Person, String, String) {
    let person = Person::new(split.grpc.address(), "patient").await;
    let image = person.upload(&pictures::jpeg(64, 48, 1)).await.expect("an image").id;
    let task = underway::begin(worker, &person, &image).await;
    (person, image, task)
}

async fn taken_over(person: &Person, task: &str) -> Task {
    within(TAKEN_OVER, "another worker to take over", async || {
        let task = person.task(task).await.map_err(|error| error.to_string())?;
        if atalaya_client::has_ended(&task) { Ok(task) } else { Err(format!("{task:?}")) }
    })
    .await
}
