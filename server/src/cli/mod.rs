//! The command line: flags, commands, and how a failure is told. Each noun has a file.

mod account;
mod admin;
mod audit;
mod auth;
mod identity;
mod keys;
mod network;
mod omikron;
mod output;
mod scan;
mod secrets;
mod target;

use std::{error::Error, process::ExitCode, sync::Arc};

use atalaya_server::{
    app::{self, App},
    clock::SystemClock,
    config::Settings,
    sandbox::Networks,
};
use clap::{Parser, Subcommand};

use crate::front::PROGRAM;

/// Exit status for a command line that can't be understood (as clap itself has it).
const USAGE: u8 = 2;

/// How a command ends: well, or with the sentence that says why not.
type Outcome = Result<(), Box<dyn Error>>;

/// A self-hosted server for people who investigate: pictures, networks, sites.
///
/// Without a command it serves gRPC, grpc-web and REST on one port, and works on tasks. The other commands
/// work beside a running server and without one, on the same settings.
#[derive(Parser)]
#[command(name = "atalaya", version)]
pub(crate) struct Line {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Manage those who manage others, and let people in and out
    Admin(admin::Line),
    /// Read the audit log, and check that it is whole
    Audit(audit::Line),
    /// Choose what a password's hash costs
    Auth(auth::Line),
    /// Tell what domains say of themselves
    Domain(network::domain::Line),
    /// Say what identities of the directory have paid for
    Identity(identity::Line),
    /// Tell what is known of addresses
    Ip(network::ip::Line),
    /// Look at the keys that sign tokens, and let the next one take its turn
    Keys(keys::Line),
    /// Manage the relays that may ask the directory of identities
    Omikron(omikron::Line),
    /// Ask hosts for an echo, and tell how soon it came
    Ping(network::ping::Line),
    /// Tell which ports of hosts are open
    Ports(network::ports::Line),
    /// Scan whole sites, and tell what of them is not as expected
    Scan(scan::Line),
    /// Look at the keys that seal secrets in the database, and seal them with a new one
    Secrets(secrets::Line),
    /// Say which private networks accounts may look at
    Target(target::Line),
    /// Send what scans ask, by raw sockets, confined; started by the server itself
    #[command(hide = true)]
    RawSockets,
    /// Work on one picture after the other, confined; started by the server itself
    #[command(hide = true)]
    Sandbox {
        /// With threads for neural networks
        #[arg(long)]
        networks: bool,
        #[command(flatten)]
        plan: Networks,
    },
}

impl Command {
    /// Does what the operator asked for.
    pub(crate) async fn run(self, settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
        let done = match self {
            Self::Scan(line) => return line.run(settings).await,
            Self::Admin(line) => line.run(settings).await,
            Self::Audit(line) => line.run(settings).await,
            Self::Auth(line) => line.run(),
            Self::Domain(line) => line.run(settings).await,
            Self::Identity(line) => line.run(settings).await,
            Self::Ip(line) => line.run(settings).await,
            Self::Keys(line) => Box::pin(line.run(settings)).await,
            Self::Omikron(line) => line.run(settings).await,
            Self::Ping(line) => line.run(settings).await,
            Self::Ports(line) => line.run(settings).await,
            Self::Secrets(line) => line.run(settings).await,
            Self::Target(line) => line.run(settings).await,
            // They began before there was a runtime.
            Self::RawSockets | Self::Sandbox { .. } => Ok(()),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// The services, without their doors.
pub(crate) async fn open(settings: &Settings) -> Result<App, app::Error> {
    App::open(settings, Arc::new(SystemClock), PROGRAM.into()).await
}

/// The directory of identities alone.
pub(crate) async fn directory(settings: &Settings) -> Result<app::Directory, app::Error> {
    app::directory(settings, Arc::new(SystemClock), PROGRAM.into()).await
}

/// Tells what is wrong with the command line in one sentence; help and version are no failures.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help or the version; a closed pipe has nobody left to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    // The first paragraph says what is wrong; what is missing stands on lines of its own.
    let paragraph: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let sentence = paragraph.join(" ");
    eprintln!("atalaya: {} (see atalaya --help)", sentence.trim_start_matches("error: "));
    ExitCode::from(USAGE)
}

/// Tells why the program ends.
pub(crate) fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("atalaya: {error}");
    ExitCode::FAILURE
}
