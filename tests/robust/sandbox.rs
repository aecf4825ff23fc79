//! The processes that touch pictures die, stand still and meet bombs: a task pays for it, never the server.

use std::time::Duration;

use atalaya_proto::{
    errors::v1::Reason,
    tasks::v1::{Task, TaskState},
};
use atalaya_tests::pictures::{Pixels, gif, heif, hostile, tiff};
use nix::sys::signal::Signal;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    house::House,
    patience::within,
    person::Person,
    pictures,
    procfs::{is_sandbox, open_files, resident_kib, sandboxes, signal},
};

/// How long a process may take to come or go.
const SOON: Duration = Duration::from_secs(30);
/// What bombs may add to the server's memory, in KiB.
const GROWTH_KIB: u64 = 64 << 10;
/// Of so many images one is a bomb.
const ONE_IN: usize = 5;
const IMAGES: usize = 100;

/// One worker, so that there is one process to aim at.
const ONE_WORKER: [(&str, &str); 1] = [("ATALAYA_WORKERS", "1")];

#[tokio::test]
async fn a_process_that_is_killed_mid_task_costs_one_try() {
    let house = House::open(&ONE_WORKER).await;
    let person = house.person("killed").await;
    let (image, process) = warm(&house, &person).await;
    signal(process, Signal::SIGSTOP);
    let task = person.rotate(&image).await.expect("a task");
    person.task_when(&task, is_running).await;
    signal(process, Signal::SIGKILL);

    let retrying = person.task_when(&task, |task| task.state() != TaskState::Running).await;
    assert!(retrying.description.contains("the image process crashed"), "{retrying:?}");
    let told = person.door.get(&format!("/api/v1/task/id/rotate_image:{image}/")).await.expect("an answer");
    assert!(["retrying", "started", "success"].contains(&told.json()["status"].as_str().expect("text")));
    done_once(&person, &image, &task, 2).await;
}

#[tokio::test]
async fn a_process_that_stands_still_costs_one_try() {
    let house = House::open(&ONE_WORKER).await;
    let person = house.person("still").await;
    let (image, process) = warm(&house, &person).await;
    signal(process, Signal::SIGSTOP);
    let task = person.rotate(&image).await.expect("a task");
    done_once(&person, &image, &task, 2).await;
    within(SOON, "the process to be gone", async || {
        let left = sandboxes(house.server.pid());
        if left.contains(&process) { Err(left) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn processes_die_with_a_server_that_is_killed() {
    let mut house = House::open(&ONE_WORKER).await;
    let person = house.person("orphan").await;
    let (image, process) = warm(&house, &person).await;
    signal(process, Signal::SIGSTOP);
    person.rotate(&image).await.expect("a task that does not end");
    house.server.kill().await.expect("kill -9 kills");
    within(SOON, "the process to be gone", async || if is_sandbox(process) { Err(process) } else { Ok(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_kills_its_process_each_time_is_given_up() {
    let house = House::open(&ONE_WORKER).await;
    let person = house.person("poison").await;
    let (harmless, _) = warm(&house, &person).await;
    let large = person.upload(&pictures::jpeg(4_000, 3_000, 12)).await.expect("12 megapixels").id;

    let server = house.server.pid();
    let killer = AbortOnDropHandle::new(tokio::task::spawn(async move {
        loop {
            for process in sandboxes(server) {
                signal(process, Signal::SIGKILL);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }));
    let task = person.rotate(&large).await.expect("a task");
    let failed = person.ended(&task).await;
    drop(killer);
    assert_eq!((failed.state(), failed.attempts), (TaskState::Failed, 2), "{failed:?}");
    assert!(failed.description.contains("crashed its process 2 times"), "{}", failed.description);
    let told =
        person.door.get(&format!("/api/v1/task/id/rotate_image:{large}/")).await.expect("an answer").json();
    assert_eq!(
        (told["status"].as_str(), told["description"].as_str()),
        (Some("failure"), Some(&*failed.description))
    );
    assert_eq!(person.revisions(&large).await.expect("a list").len(), 1);

    let next = person.rotate(&harmless).await.expect("a task");
    assert_eq!(person.ended(&next).await.state(), TaskState::Succeeded, "the server works on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_bombs_among_eighty_good_tasks_hurt_nobody() {
    let house = House::open(&[]).await;
    let person = house.person("bombs").await;
    warm(&house, &person).await;
    let server = house.server.pid();
    let (before, files) = (resident_kib(server), open_files(server));

    let (good, bombs, refused) = ask_for_all(&person).await;
    for task in &good {
        let task = person.ended(task).await;
        assert_eq!((task.state(), task.attempts), (TaskState::Succeeded, 1), "{task:?}");
    }
    for task in &bombs {
        let task = person.ended(task).await;
        assert_eq!(task.state(), TaskState::Failed, "{task:?}");
        assert!(task.description.starts_with("Failed to rotate image"), "{}", task.description);
    }
    let grown = resident_kib(server).saturating_sub(before);
    eprintln!("{} good, {refused} bombs refused, {} failed, {grown} KiB more", good.len(), bombs.len());
    assert_eq!((good.len(), refused + bombs.len()), (80, 20));
    assert!(grown < GROWTH_KIB, "the server has grown by {grown} KiB");
    assert!(open_files(server) < files + 16, "files stay open");
}

/// Uploads and edits them all; the tasks of good images and of bombs, and how many bombs were refused at the door.
async fn ask_for_all(person: &Person) -> (Vec<String>, Vec<String>, usize) {
    let (mut good, mut bombs, mut refused) = (Vec::new(), Vec::new(), 0);
    for number in 0..IMAGES {
        if number % ONE_IN > 0 {
            let image = person.upload(&harmless(number)).await.expect("a good image");
            good.push(person.rotate(&image.id).await.expect("a task"));
            continue;
        }
        match person.upload(&bomb(number / ONE_IN)).await {
            Ok(image) => bombs.push(person.rotate(&image.id).await.expect("a task")),
            Err(error) => {
                let reasons = [Some(Reason::ImageOverLimits), Some(Reason::ImageMalformed)];
                assert!(reasons.contains(&error.reason), "{error:?}");
                refused += 1;
            }
        }
    }
    (good, bombs, refused)
}

/// An image that was edited once, and the process that did it and waits for more.
async fn warm(house: &House, person: &Person) -> (String, i32) {
    let image = person.upload(&pictures::jpeg(64, 48, 1)).await.expect("a small image").id;
    let task = person.rotate(&image).await.expect("a task");
    assert_eq!(person.ended(&task).await.state(), TaskState::Succeeded);
    let processes = sandboxes(house.server.pid());
    let [process] = processes[..] else { panic!("not one process: {processes:?}") };
    (image, process)
}

/// Fails the test unless the image's second task succeeded at this try and made one state.
async fn done_once(person: &Person, image: &str, task: &str, attempts: i32) {
    let task = person.ended(task).await;
    assert_eq!((task.state(), task.attempts), (TaskState::Succeeded, attempts), "{task:?}");
    assert_eq!(person.revisions(image).await.expect("a list").len(), 3, "the upload and one for each task");
}

fn is_running(task: &Task) -> bool {
    task.state() == TaskState::Running
}

fn harmless(number: usize) -> Vec<u8> {
    let seed = number as u64;
    match number % 3 {
        0 => pictures::jpeg(96, 64, seed),
        1 => pictures::png(96, 64, seed),
        _ => pictures::webp(96, 64, seed),
    }
}

/// Files that say more than they are: some are seen through at the door, some only when they are decoded.
fn bomb(number: usize) -> Vec<u8> {
    match number % 10 {
        0 => hostile::png_of(20_000, 20_000),
        1 => hostile::jpeg_of_scans(2_000),
        2 => hostile::webp_of(16_383, 16_383),
        3 => hostile::png_of(7_000, 7_000),
        4 => hostile::webp_of(7_000, 7_000),
        5 => gif(&Pixels::flat(8, 8), 2),
        6 => tiff(&Pixels::flat(8, 8), 1, 5_000),
        7 => tiff(&Pixels::flat(8, 8), 1, 2),
        8 => heif(*b"avif", 30_000, 30_000),
        _ => heif(*b"heic", 8, 8),
    }
}
