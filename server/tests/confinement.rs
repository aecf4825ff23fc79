//! What the real program gives up when it becomes a worker.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    future::pending,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use atalaya_server::{
    images::{
        model::{Angle, Edit},
        preflight,
    },
    sandbox::{Error, Pool},
};
use bytes::Bytes;
use turbojpeg::{Image, PixelFormat, Subsamp};

const PROGRAM: &str = env!("CARGO_BIN_EXE_atalaya");
const LONG: Duration = Duration::from_mins(2);

fn photo(width: usize, height: usize) -> Bytes {
    let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * i / 7 % 251) as u8).collect();
    let image =
        Image { pixels: pixels.as_slice(), width, pitch: width * 3, height, format: PixelFormat::RGB };
    turbojpeg::compress(image, 90, Subsamp::Sub2x2).unwrap().to_vec().into()
}

/// What the kernel says of a worker once it is confined.
fn confined(child: &Child) -> String {
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        if status.contains("Seccomp:\t2") {
            return status;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_process_is_confined_before_it_reads() {
    let mut child =
        Command::new(PROGRAM).arg("sandbox").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let status = confined(&child);
    let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"));
    let limits = read("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max open files"), ["16", "16"]);
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    assert_eq!(limit("Max file size"), ["0", "0"]);
    assert_ne!(limit("Max address space")[1], "unlimited");
    // The end of the input is the end of the process.
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// Each thread is locked, not only the first; there are two besides it.
#[test]
fn a_process_with_networks_is_confined_in_all_its_threads() {
    let mut child = Command::new(PROGRAM)
        .args(["sandbox", "--networks"])
        .env("RTEN_NUM_THREADS", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    confined(&child);
    let threads: Vec<_> =
        fs::read_dir(process.join("task")).unwrap().map(|task| task.unwrap().path()).collect();
    assert!(threads.len() >= 2, "{threads:?}");
    for thread in threads {
        let status = fs::read_to_string(thread.join("status")).unwrap();
        assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn nonsense_ends_a_process() {
    let mut child =
        Command::new(PROGRAM).arg("sandbox").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let _closed = child.stdin.take().unwrap().write_all(&[0xff; 64]);
    assert!(!child.wait().unwrap().success());
}

/// What a worker that has nothing to do takes of its address space, in KiB: most of it is the program itself.
fn idle_address_space() -> u64 {
    let mut child =
        Command::new(PROGRAM).arg("sandbox").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let status = confined(&child);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn memory_is_limited() {
    let path: PathBuf = std::env::temp_dir().join(format!("tight-{}", std::process::id()));
    // Between what 500x500 pixels need and what 4000x3000 do.
    let limit = idle_address_space() + 24 * 1024;
    let script = format!(
        "printf '#!/bin/sh\\nulimit -v {limit}\\nexec {PROGRAM} \"$@\"\\n' > \"$0\" && chmod 700 \"$0\""
    );
    assert!(Command::new("/bin/sh").args(["-c", &script]).arg(&path).status().unwrap().success());
    let pool = Pool::new(path.clone(), 1);
    let rotate = Edit::Rotate(Angle::new(30));
    assert_eq!(
        pool.edit(rotate.clone(), &[photo(4000, 3000)], LONG, |_| {}, pending()).await,
        Err(Error::Crashed)
    );
    let small = pool.edit(rotate, &[photo(500, 500)], LONG, |_| {}, pending()).await.unwrap();
    assert!(preflight::inspect(&small.bytes).is_ok());
    fs::remove_file(path).unwrap();
}
