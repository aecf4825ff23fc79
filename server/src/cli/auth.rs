//! `atalaya auth`: what a password's hash costs on this machine.

use std::time::Duration;

use atalaya_server::auth::calibration::{self, Measured};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Outcome,
    output::{self, Form},
};

/// What is asked of passwords.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// Measure argon2id with growing memory and passes, up to the first that takes longer than the target
    Calibrate {
        /// The longest that a hash shall take, such as `25ms`
        #[arg(long, value_name = "TIME", default_value = "25ms", value_parser = target)]
        target: Duration,
    },
}

impl Line {
    /// Measures; it touches no database.
    pub(crate) fn run(self) -> Outcome {
        let Command::Calibrate { target } = self.command;
        let measured = calibration::run(target)?;
        Ok(self
            .form
            .say(text(&measured, target), &measured.iter().map(|one| document(one, target)).collect())?)
    }
}

fn target(text: &str) -> Result<Duration, String> {
    let target = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if calibration::TARGET.contains(&target) { Ok(target) } else { Err("not between 1ms and 10s".to_owned()) }
}

fn text(measured: &[Measured], target: Duration) -> String {
    let row = |one: &Measured| {
        let force = if one.in_force { "in force" } else { "" };
        [
            format!("{} MiB", one.memory_kib / 1024),
            one.passes.to_string(),
            format!("{:.1}", milliseconds(one)),
            format!("{:.1}", per_second(one)),
            force.to_owned(),
        ]
    };
    let rows: Vec<_> = measured.iter().map(row).collect();
    let table = output::table(["MEMORY", "PASSES", "MS", "HASHES/S PER CORE", ""], &rows);
    let strongest = calibration::strongest(measured, target);
    let target = humantime::format_duration(target);
    let strongest = match strongest {
        Some(one) => {
            let memory = one.memory_kib / 1024;
            format!("The strongest within {target}: {memory} MiB, {} passes.", one.passes)
        }
        None => format!("None is within {target}."),
    };
    format!("{table}\n{strongest}")
}

fn document(one: &Measured, target: Duration) -> Value {
    json!({
        "memory_kib": one.memory_kib,
        "passes": one.passes,
        "milliseconds": milliseconds(one),
        "hashes_per_second_and_core": per_second(one),
        "within_target": one.time <= target,
        "in_force": one.in_force,
    })
}

fn milliseconds(one: &Measured) -> f64 {
    one.time.as_secs_f64() * 1000.0
}

fn per_second(one: &Measured) -> f64 {
    1.0 / one.time.as_secs_f64().max(f64::EPSILON)
}
