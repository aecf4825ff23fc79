//! The `atalaya` program: what was asked for, and nothing else.

mod cli;
mod front;
mod log;

use std::process::ExitCode;

use atalaya_server::{
    network::ports::syn,
    sandbox::{self, Kind},
};
use clap::Parser;

use self::cli::{Command, Line};

fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => return cli::refuse(&error),
    };
    // Before anything else: the child that touches pictures must not even have threads.
    if let Some(Command::Sandbox { networks, plan }) = line.command {
        return sandbox::child::main(&if networks { Kind::Networks(plan) } else { Kind::Edits });
    }
    if matches!(line.command, Some(Command::RawSockets)) {
        return syn::child::main();
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&error),
    };
    let outcome = match line.command {
        Some(command) => runtime.block_on(command.run(&line.settings)),
        None => runtime.block_on(front::run(&line.settings)).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(status) => status,
        Err(error) => cli::fail(&*error),
    }
}
