//! One edit by the server's own code, in process: prints the least CPU time of some repetitions, as JSON.
//! `edits EDIT PHOTO REPETITIONS OUTPUT`, where EDIT is a task's text such as `rotate_image 90`.

use std::{
    error::Error,
    fs,
    hint::black_box,
    io::{self, Write},
};

use atalaya_server::images::{model::Edit, operations};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;

/// What `images.py` gives; cargo may add flags of its own.
struct Arguments {
    edit: Edit,
    photo: Vec<u8>,
    repetitions: u32,
    output: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { edit, photo, repetitions, output } = arguments()?;
    let start = memory("VmRSS:")?;
    let mut least = f64::INFINITY;
    for _ in 0..repetitions {
        let before = cpu()?;
        let result = operations::apply(&edit, &photo, &mut |permille| {
            black_box(permille);
        })?;
        least = least.min(cpu()? - before);
        fs::write(&output, result)?;
    }
    let found = json!({ "cpu_ms": least, "memory_mb": memory("VmHWM:")? - start });
    writeln!(io::stdout(), "{found}")?;
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [edit, photo, repetitions, output] =
        <[String; 4]>::try_from(given).map_err(|_| "four arguments, please")?;
    let edit = edit.parse().map_err(|_| "no edit has this name")?;
    Ok(Arguments { edit, photo: fs::read(photo)?, repetitions: repetitions.parse()?, output })
}

/// CPU of this process so far in milliseconds, its own and the kernel's for it.
fn cpu() -> nix::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    Ok((user.tv_sec() + system.tv_sec()) as f64 * 1e3 + (user.tv_usec() + system.tv_usec()) as f64 / 1e3)
}

/// Resident MiB: now (`VmRSS:`) or at most (`VmHWM:`).
fn memory(field: &str) -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such line")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
