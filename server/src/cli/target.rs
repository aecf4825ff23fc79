//! `atalaya target`: which private networks an account may look at.

use std::sync::Arc;

use atalaya_server::{
    app,
    clock::{SharedClock, SystemClock},
    config::Settings,
    edge::Cidr,
    network::targets::{
        self,
        model::{Grant, Note},
    },
    users::operator::Operator,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Outcome,
    account::AccountName,
    output::{self, Form, plain},
};

/// What is said of targets.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// Let an account look at a private network
    Grant {
        /// The network, such as 10.1.0.0/16
        #[arg(value_name = "CIDR")]
        network: Cidr,
        #[command(flatten)]
        name: AccountName,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// List the grants, the newest first
    List,
    /// Take a grant back at once
    Revoke {
        /// The grant's id
        #[arg(value_name = "UUID")]
        id: Uuid,
    },
}

impl Line {
    /// Does it in the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let clock: SharedClock = Arc::new(SystemClock);
        let (db, accounts) = app::accounts(settings, Arc::clone(&clock)).await?;
        let targets = app::targets(settings, &db, &clock);
        let answer = self.command.run(&targets, &accounts).await;
        db.close().await;
        let (text, document) = answer?;
        Ok(self.form.say(text, &document)?)
    }
}

impl Command {
    async fn run(self, targets: &targets::Service, accounts: &Operator) -> Result<(String, Value), String> {
        let sentence = |error| tonic::Status::from(error).message().to_owned();
        Ok(match self {
            Self::Grant { network, name, note } => {
                let note = Note::try_from(note.as_str()).map_err(|invalid| sentence(invalid.into()))?;
                let account = name.find(accounts).await?;
                let grant = targets.grant_by_operator(account, network, note).await.map_err(sentence)?;
                (format!("granted {network} to {account}, grant {}", grant.id), document(&grant))
            }
            Self::List => {
                let all = targets.list_by_operator(None).await.map_err(sentence)?;
                (table(&all), all.iter().map(document).collect())
            }
            Self::Revoke { id } => {
                targets.revoke_by_operator(id).await.map_err(sentence)?;
                (format!("revoked grant {id}"), json!({ "id": id.to_string() }))
            }
        })
    }
}

fn table(grants: &[Grant]) -> String {
    let row = |grant: &Grant| {
        let (id, account) = (grant.id.to_string(), grant.account.to_string());
        [id, account, grant.cidr.to_string(), output::time(grant.create_time), plain(grant.note.as_str())]
    };
    output::table(
        ["ID", "ACCOUNT", "NETWORK", "GRANTED", "NOTE"],
        &grants.iter().map(row).collect::<Vec<_>>(),
    )
}

fn document(grant: &Grant) -> Value {
    json!({
        "id": grant.id.to_string(),
        "account_id": grant.account.to_string(),
        "cidr": grant.cidr.to_string(),
        "note": grant.note.as_str(),
        "granted_by": grant.granted_by.map(|id| id.to_string()),
        "create_time": output::time(grant.create_time),
    })
}
