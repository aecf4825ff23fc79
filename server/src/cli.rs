//! The command line: flags, commands, and how a failure is told.

use std::{
    error::Error,
    io::{BufRead, IsTerminal, stdin},
    process::ExitCode,
    sync::Arc,
};

use atalaya_server::{
    app::{self, App},
    clock::SystemClock,
    config::Settings,
    users::omikrons,
};
use clap::{Parser, Subcommand};
use uuid::Uuid;

use crate::front::PROGRAM;

/// Exit status for a command line that can't be understood (as clap itself has it).
const USAGE: u8 = 2;

/// A self-hosted server for people who investigate: pictures, networks, sites.
///
/// Without a command it serves gRPC, grpc-web and REST on one port, and works on tasks.
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
    /// Manage those who manage others
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Manage the relays that may ask the directory of identities
    #[command(subcommand)]
    Omikron(OmikronCommand),
    /// Work on one picture after the other, confined; started by the server itself
    #[command(hide = true)]
    Sandbox,
}

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Make a super_admin; its password is read from standard input
    Create {
        /// E-mail to log in with
        #[arg(long)]
        email: String,
        /// What to call them
        #[arg(long, default_value = "super_admin")]
        name: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum OmikronCommand {
    /// Let a relay ask; its UUID is read from standard input, because it is a secret
    Add {
        /// What to call it
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Shut a relay out; its UUID is read from standard input
    Remove,
}

/// Makes a super_admin in the database, whether the server runs or not.
pub(crate) async fn create_admin(settings: &Settings, email: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let password = read_secret("Password")?;
    let app = open(settings).await?;
    let made = app::create_admin(&app.accounts, email, name, &password).await;
    app.db.close().await;
    let account = made.map_err(|error| tonic::Status::from(error).message().to_owned())?;
    eprintln!("made super_admin {} with id {}", account.handle(), account.id);
    Ok(())
}

/// Lets a relay ask, or shuts it out, whether the server runs or not.
pub(crate) async fn change_omikrons(
    settings: &Settings,
    command: OmikronCommand,
) -> Result<(), Box<dyn Error>> {
    let id: Uuid = read_secret("UUID")?.trim().parse().map_err(|_| "standard input holds no UUID")?;
    let app = open(settings).await?;
    let changed = match command {
        OmikronCommand::Add { name } => add_omikron(&app, id, &name).await,
        OmikronCommand::Remove => app.omikrons.remove_by_operator(id).await.map(|()| "removed"),
    };
    app.db.close().await;
    let done = changed.map_err(|error| tonic::Status::from(error).message().to_owned())?;
    eprintln!("{done} omikron {}", omikrons::model::prefix(id));
    Ok(())
}

async fn add_omikron(app: &App, id: Uuid, name: &str) -> Result<&'static str, omikrons::Error> {
    app.omikrons.add_by_operator(id, name.try_into()?).await.map(|_| "added")
}

/// The services, without their doors.
pub(crate) async fn open(settings: &Settings) -> Result<App, app::Error> {
    App::open(settings, Arc::new(SystemClock), PROGRAM.into()).await
}

fn read_secret(what: &str) -> Result<String, Box<dyn Error>> {
    if stdin().is_terminal() {
        eprint!("{what} (it will be seen as you type): ");
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
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
