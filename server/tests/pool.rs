//! The pool with the real program on the other side.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use atalaya_server::{
    images::{
        model::{Angle, Edit},
        operations,
    },
    sandbox::{Error, Pool},
};
use bytes::Bytes;
use nix::{sys::signal, unistd::Pid};
use turbojpeg::{Image, PixelFormat, Subsamp};

const PROGRAM: &str = env!("CARGO_BIN_EXE_atalaya");
const LONG: Duration = Duration::from_mins(2);
const GRAY: Edit = Edit::Grayscale;

fn photo(width: usize, height: usize) -> Bytes {
    let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * i / 7 % 251) as u8).collect();
    let image =
        Image { pixels: pixels.as_slice(), width, pitch: width * 3, height, format: PixelFormat::RGB };
    turbojpeg::compress(image, 90, Subsamp::Sub2x2).unwrap().to_vec().into()
}

/// Processes whose parent this process is.
fn children() -> Vec<i32> {
    let me = format!("PPid:\t{}", std::process::id());
    let is_child = |pid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|s| s.lines().any(|line| line == me))
    };
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries.filter_map(|e| e.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}

#[tokio::test]
async fn the_real_program_edits_crashes_and_times_out() {
    let pool = Pool::new(PROGRAM.into(), 1);
    let input = photo(640, 480);
    let edits = [GRAY, Edit::Rotate(Angle::new(30)), Edit::Compress(40.try_into().unwrap())];
    for edit in edits {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&heard);
        let on_progress = move |permille| hear.lock().unwrap().push(permille);
        let result = pool
            .edit(edit.clone(), std::slice::from_ref(&input), LONG, on_progress, pending())
            .await
            .unwrap()
            .bytes;
        assert_eq!(result, operations::apply(&edit, &input, &mut |_| {}).unwrap());
        assert!(!heard.lock().unwrap().is_empty());
        assert_eq!(children().len(), 1);
    }
    let first = children();
    let refused = pool.edit(GRAY, &[Bytes::from_static(b"GIF88a")], LONG, |_| {}, pending()).await;
    let sentence = "The image can't be edited: the file is none of JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF and HEIC, or of an uncommon kind.".to_owned();
    assert_eq!(refused, Err(Error::Failed(sentence)));
    assert_eq!(children(), first);

    let kill = |_| {
        for child in children() {
            signal::kill(Pid::from_raw(child), signal::Signal::SIGKILL).unwrap();
        }
    };
    let large = photo(2400, 1600);
    assert_eq!(
        pool.edit(GRAY, std::slice::from_ref(&large), LONG, kill, pending()).await,
        Err(Error::Crashed)
    );
    assert!(children().is_empty());

    let hurry = Duration::from_millis(1);
    assert_eq!(
        pool.edit(GRAY, std::slice::from_ref(&large), hurry, |_| {}, pending()).await,
        Err(Error::TimedOut)
    );
    assert!(children().is_empty());

    stand_still(&pool, &input).await;

    assert!(pool.edit(GRAY, std::slice::from_ref(&input), LONG, |_| {}, pending()).await.is_ok());
    // A process that is killed while it waits is replaced without anybody noticing.
    let idle = children();
    signal::kill(Pid::from_raw(idle[0]), signal::Signal::SIGKILL).unwrap();
    while !fs::read_to_string(format!("/proc/{}/status", idle[0])).unwrap().contains("State:\tZ") {
        tokio::task::yield_now().await;
    }
    assert!(pool.edit(GRAY, std::slice::from_ref(&input), LONG, |_| {}, pending()).await.is_ok());
    assert_ne!(children(), idle);
    drop(pool);
    while !children().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// A process that stands still is gone within a second of its deadline.
async fn stand_still(pool: &Pool, input: &Bytes) {
    assert!(pool.edit(GRAY, std::slice::from_ref(input), LONG, |_| {}, pending()).await.is_ok());
    signal::kill(Pid::from_raw(children()[0]), signal::Signal::SIGSTOP).unwrap();
    let (deadline, start) = (Duration::from_millis(200), tokio::time::Instant::now());
    assert_eq!(
        pool.edit(GRAY, std::slice::from_ref(input), deadline, |_| {}, pending()).await,
        Err(Error::TimedOut)
    );
    assert!(children().is_empty());
    assert!(start.elapsed() < deadline + Duration::from_secs(1));
}
