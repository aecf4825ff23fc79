//! `atalaya admin`: those who manage others, and who may log in.

use std::{
    io::{BufRead, IsTerminal, Read, stdin},
    sync::Arc,
};

use atalaya_server::{
    app,
    auth::Role,
    clock::SystemClock,
    config::Settings,
    users::{
        model::{Account, Email, MAX_ANY_PASSWORD, Password, Username},
        operator::Operator,
    },
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Outcome,
    account::{AccountName, sentence},
    output::{self, Form},
};

/// What is said of accounts.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// Make a super_admin; its password is read from standard input
    Create {
        /// E-mail to log in with
        #[arg(long)]
        email: String,
        /// What to call them
        #[arg(long, default_value = "super_admin")]
        name: String,
    },
    /// List the admins and super_admins
    List,
    /// Make an account an admin
    Grant {
        #[command(flatten)]
        name: AccountName,
        /// Make it a super_admin, who makes and unmakes admins
        #[arg(long)]
        super_admin: bool,
    },
    /// Make an admin or a super_admin a user
    Revoke {
        #[command(flatten)]
        name: AccountName,
    },
    /// Let an account log in again
    Activate {
        #[command(flatten)]
        name: AccountName,
    },
    /// Shut an account out, and end all that it is logged in with
    Deactivate {
        #[command(flatten)]
        name: AccountName,
    },
    /// Give an account another password, read from standard input, and end all that it is logged in with
    ResetPassword {
        #[command(flatten)]
        name: AccountName,
    },
}

impl Line {
    /// Does it in the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        // Whoever types a password shall not wait for the database first.
        let password = match self.command {
            Command::Create { .. } | Command::ResetPassword { .. } => read_password()?,
            Command::List
            | Command::Grant { .. }
            | Command::Revoke { .. }
            | Command::Activate { .. }
            | Command::Deactivate { .. } => String::new(),
        };
        let (db, accounts) = app::accounts(settings, Arc::new(SystemClock)).await?;
        let answer = self.command.run(&accounts, &password).await;
        db.close().await;
        let (text, document) = answer?;
        Ok(self.form.say(text, &document)?)
    }
}

/// What a command answers: for people, and for programs.
type Answer = (String, Value);

impl Command {
    async fn run(self, accounts: &Operator, password: &str) -> Result<Answer, String> {
        Ok(match self {
            Self::Create { email, name } => {
                let made = app::create_admin(accounts, &email, &name, password).await.map_err(sentence)?;
                told("made", &made)
            }
            Self::List => listed(&accounts.managers().await.map_err(sentence)?),
            Self::Grant { name, super_admin } => {
                let role = if super_admin { Role::SuperAdmin } else { Role::Admin };
                let id = name.find(accounts).await?;
                told("granted:", &accounts.raise(id, role).await.map_err(sentence)?)
            }
            Self::Revoke { name } => {
                let id = name.find(accounts).await?;
                told("revoked:", &accounts.lower(id).await.map_err(sentence)?)
            }
            Self::Activate { name } => {
                let id = name.find(accounts).await?;
                told("activated", &accounts.let_in(id).await.map_err(sentence)?)
            }
            Self::Deactivate { name } => {
                let id = name.find(accounts).await?;
                told("deactivated", &accounts.shut_out(id).await.map_err(sentence)?)
            }
            Self::ResetPassword { name } => {
                let id = name.find(accounts).await?;
                let password = Password::try_from(password).map_err(|invalid| sentence(invalid.into()))?;
                let account = accounts.reset_password(id, &password).await.map_err(sentence)?;
                told("reset the password of", &account)
            }
        })
    }
}

fn told(what: &str, account: &Account) -> Answer {
    let state = if account.active { "" } else { ", not active" };
    let (role, handle) = (account.role.name(), output::plain(account.handle()));
    (format!("{what} {role} {handle} with id {}{state}", account.id), document(account))
}

fn listed(accounts: &[Account]) -> Answer {
    let row = |account: &Account| {
        let active = if account.active { "yes" } else { "no" };
        let handle = output::plain(account.handle());
        let (role, name) = (account.role.name().to_owned(), output::plain(account.name.as_str()));
        [account.id.to_string(), role, active.to_owned(), handle, name]
    };
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let text = output::table(["ID", "ROLE", "ACTIVE", "LOGS IN AS", "NAME"], &rows);
    (text, accounts.iter().map(document).collect())
}

fn document(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "email": account.email.as_ref().map(Email::as_str),
        "username": account.username.as_ref().map(Username::as_str),
        "name": account.name.as_str(),
        "role": account.role.name(),
        "active": account.active,
        "create_time": output::time(account.create_time),
        "update_time": output::time(account.update_time),
    })
}

/// The first line of standard input, as far as a password can be.
fn read_password() -> std::io::Result<String> {
    if stdin().is_terminal() {
        eprint!("Password (it will be seen as you type): ");
    }
    let mut line = String::new();
    stdin().lock().take(MAX_ANY_PASSWORD as u64 + 2).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
