//! The parent's half against processes that misbehave: shell scripts in the place of the program.

use std::{
    fs,
    future::pending,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;
use turbojpeg::Subsamp;

use super::*;
use crate::images::{model::Edit, preflight::fixtures};

/// A program that does what a script says; gone when it is dropped.
struct Program(PathBuf);

impl Program {
    /// Another process writes the file: one that this process has open for writing, even in a fork that a
    /// test beside this one has just made, could not be started.
    fn new(name: &str, script: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sandbox-{}-{name}", std::process::id()));
        let write = "printf '#!/bin/sh\n%s\n' \"$2\" > \"$1\" && chmod 700 \"$1\"";
        let shell =
            std::process::Command::new("/bin/sh").args(["-c", write, "sh"]).arg(&path).arg(script).status();
        assert!(shell.unwrap().success());
        Self(path)
    }
}

/// A file that a script writes to.
struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("sandbox-{}-{name}.log", std::process::id())))
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.0).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Whether the last process that wrote its number here is there, be it as a zombie.
    fn is_running(&self) -> bool {
        let lines = self.lines();
        Path::new("/proc").join(lines.last().unwrap()).exists()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

const LONG: Duration = Duration::from_mins(1);

async fn run(pool: &Pool, deadline: Duration) -> Result<Edited, Error> {
    let input = Bytes::from(fixtures::jpeg(16, 16, Subsamp::None));
    pool.edit(Edit::Grayscale, &[input], deadline, |_| {}, pending()).await
}

fn pool(program: &Program) -> Pool {
    Pool::new(program.0.clone(), 1)
}

#[tokio::test]
async fn a_process_that_dies_is_a_crash_and_is_replaced() {
    let program = Program::new("dies", "kill -9 $$");
    let pool = pool(&program);
    assert_eq!(run(&pool, LONG).await, Err(Error::Crashed));
    assert_eq!(run(&pool, LONG).await, Err(Error::Crashed));
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_unavailable() {
    let pool = Pool::new("/nonexistent/program".into(), 1);
    assert_eq!(run(&pool, LONG).await, Err(Error::Unavailable));
}

#[tokio::test]
async fn the_deadline_kills_and_leaves_no_zombie() {
    let log = Log::new("deadline");
    let script = format!("echo $$ > {}; exec sleep 1000", log.0.display());
    let program = Program::new("deadline", &script);
    let pool = pool(&program);
    let (mut deadline, mut late) = (Duration::from_millis(100), Duration::MAX);
    // On a busy machine the script may not even have begun, and this thread may have to wait for its turn.
    while log.lines().is_empty() || late > Duration::from_secs(1) {
        let begin = Instant::now();
        assert_eq!(run(&pool, deadline).await, Err(Error::TimedOut));
        late = late.min(begin.elapsed().saturating_sub(deadline));
        assert!(log.lines().is_empty() || !log.is_running());
        deadline *= 2;
        assert!(deadline < LONG, "it was killed {late:?} after its deadline at best");
    }
}

#[tokio::test]
async fn cancelling_kills_and_frees_the_place() {
    let log = Log::new("cancel");
    let script = format!("echo $$ > {}; printf 'P\\001\\000'; exec sleep 1000", log.0.display());
    let program = Program::new("cancel", &script);
    let pool = pool(&program);
    for _ in 0..2 {
        let (begun, cancel) = tokio::sync::oneshot::channel();
        let mut begun = Some(begun);
        let on_progress = move |permille| {
            assert_eq!(permille, 1);
            begun.take().unwrap().send(()).unwrap();
        };
        let cancel = async { cancel.await.unwrap() };
        let input = Bytes::from_static(b"anything");
        let result = pool.edit(Edit::Grayscale, &[input], LONG, on_progress, cancel).await;
        assert_eq!(result, Err(Error::Cancelled));
        assert!(!log.is_running());
    }
}

#[tokio::test]
async fn a_dropped_run_kills_its_process() {
    let log = Log::new("drop");
    let script = format!("echo $$ > {}; printf 'P\\001\\000'; exec sleep 1000", log.0.display());
    let program = Program::new("drop", &script);
    let pool = pool(&program);
    let (begun, started) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let input = Bytes::from_static(b"anything");
    let on_progress = move |_| begun.take().unwrap().send(()).unwrap();
    let files = [input];
    tokio::select! {
        _ = pool.edit(Edit::Grayscale, &files, LONG, on_progress, pending()) => unreachable!("it sleeps"),
        started = started => started.unwrap(),
    }
    let gone = async {
        while log.is_running() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap();
}

#[tokio::test]
async fn what_a_process_answers_is_not_believed() {
    let other = Log::new("other-format");
    fs::write(&other.0, fixtures::png(16, 16)).unwrap();
    let length = fs::metadata(&other.0).unwrap().len();
    let png = format!("printf 'R\\001\\{length:o}\\0\\0\\0\\0\\0\\0\\0'; cat {}", other.0.display());
    assert!(length < 256);
    let answers = [
        "printf 'X'",
        "printf 'R\\0'",
        "printf 'R\\377'",
        "printf 'R\\001\\001\\0\\0\\0\\0\\0\\0\\0x'",
        "printf 'R\\001\\377\\377\\377\\377\\377\\377\\377\\377'",
        "printf 'F\\377\\377\\377\\377'",
        "printf 'R\\001\\100\\0\\0\\0\\0\\0\\0\\0short'",
        &png,
    ];
    for (i, answer) in answers.into_iter().enumerate() {
        let program = Program::new(&format!("nonsense{i}"), &format!("{answer}; exec cat > /dev/null"));
        assert_eq!(run(&pool(&program), LONG).await, Err(Error::Crashed), "{answer}");
    }
}

#[tokio::test]
async fn a_sentence_arrives_without_control_characters_and_the_process_is_kept() {
    let log = Log::new("sentence");
    // Reads one job of each: its header, the edit, the number of files, the image's length, the image.
    let length = fixtures::jpeg(16, 16, Subsamp::None).len() + 4 + "grayscale_image".len() + 1 + 8;
    let script = format!(
        "echo $$ >> {}; while [ $(head -c {length} | wc -c) = {length} ]; do printf 'F\\003\\0\\0\\0N\\033o'; done",
        log.0.display()
    );
    let program = Program::new("sentence", &script);
    let pool = pool(&program);
    for _ in 0..3 {
        assert_eq!(run(&pool, LONG).await, Err(Error::Failed("No".to_owned())));
    }
    assert_eq!(log.lines().len(), 1);
}
