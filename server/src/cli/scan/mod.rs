//! `atalaya scan`: whole sites, by a server or by this process.

mod asked;
mod compare;
mod document;
mod list;
mod progress;
mod report;
mod run;
mod show;
mod table;

use std::{error::Error, path::PathBuf, process::ExitCode};

use atalaya_server::config::Settings;
use clap::{Args, Subcommand};

use super::output::Form;

/// Exit status where something is not as expected.
const DRIFT: u8 = 2;

/// What a command comes to: its exit status, or the sentence that says why not.
type Ended = Result<ExitCode, Box<dyn Error>>;

/// What is done with scans of sites.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Scan the sites of a configuration; exit status 2 if something is not as expected
    Run(run::Run),
    /// Follow a scan to its end; exit status 2 if something is not as expected
    Watch(run::Watch),
    /// List scans, the newest first
    List(list::List),
    /// Tell what a scan has found
    Show(show::Show),
    /// Tell what differs between two scans; exit status 2 if anything does
    Compare(compare::Compare),
    /// Fetch a report of a finished scan
    Report(report::Fetch),
    /// Stop a scan
    Stop(run::Stop),
}

impl Line {
    pub(crate) async fn run(self, settings: &Settings) -> Ended {
        match self.command {
            Command::Run(run) => run.run(settings).await,
            Command::Watch(watch) => watch.run(settings).await,
            Command::List(list) => list.run(settings).await,
            Command::Show(show) => show.run(settings).await,
            Command::Compare(compare) => compare.run(settings).await,
            Command::Report(fetch) => fetch.run(settings).await,
            Command::Stop(stop) => stop.run(settings).await,
        }
    }
}

/// What every command takes.
#[derive(Args)]
struct Common {
    /// Ask a server, such as http://127.0.0.1:8080, instead of the data folder
    #[arg(long, value_name = "URL", requires = "token_file")]
    server: Option<String>,
    /// File with a bearer token for that server: of the operator of site scans, or of an admin, such as a personal token
    /// with the scope scan:write
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
}

/// The exit status of what may differ.
fn status(differs: bool) -> ExitCode {
    if differs { ExitCode::from(DRIFT) } else { ExitCode::SUCCESS }
}
