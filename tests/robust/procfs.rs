//! What the kernel knows of a server: its children, its memory, its files.

use std::{fs, os::unix::fs::MetadataExt, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// The processes that a process has started.
pub(crate) fn children(process: i32) -> Vec<i32> {
    let all = fs::read_dir("/proc").expect("/proc");
    let all = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|pid| parent(*pid) == Some(process)).collect()
}

/// The processes in which a server edits images.
pub(crate) fn sandboxes(server: i32) -> Vec<i32> {
    children(server).into_iter().filter(|pid| is_sandbox(*pid)).collect()
}

/// Sends a signal to a process that may be gone.
pub(crate) fn signal(pid: i32, signal: Signal) {
    let _gone = kill(Pid::from_raw(pid), signal);
}

/// Memory that a process has in use, in KiB.
pub(crate) fn resident_kib(pid: i32) -> u64 {
    memory_kib(pid, "VmRSS:")
}

fn memory_kib(pid: i32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of its memory");
    line.trim().trim_end_matches("kB").trim_end().parse().expect("a number")
}

/// The processor's time that a process has used, in steps of 10 ms (proc(5): fields 14 and 15 of its `stat`).
pub(crate) fn spent(pid: i32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    // The name, which may have spaces, is in brackets.
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks =
        fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Forgets how much memory a process once had in use at most.
pub(crate) fn forget_peak(pid: i32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("a process of ours");
}

/// The most memory that a process had in use since then, in KiB.
pub(crate) fn peak_kib(pid: i32) -> u64 {
    memory_kib(pid, "VmHWM:")
}

/// Descriptors that a process has in use.
pub(crate) fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process").count()
}

/// Files and sockets that a process has open, but for those of its `SQLite` database: its pools keep a bounded number
/// of connections, and open them when there is first something for them to do.
pub(crate) fn open_files(pid: i32) -> usize {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process");
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    targets.filter(|target| !target.to_string_lossy().contains(".db")).count()
}

/// Whether we may do anything.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").expect("we run").uid() == 0
}

/// The process that started this one. The name before it may hold anything but ends with the last parenthesis.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Whether this process is such a one, and alive: a dead one has no words left.
pub(crate) fn is_sandbox(pid: i32) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).any(|word| word == b"sandbox")
}
