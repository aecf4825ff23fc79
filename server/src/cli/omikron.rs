//! `atalaya omikron`: the relays that may ask the directory of identities.

use atalaya_server::{
    config::Settings,
    users::omikrons::{self, Service, model::Omikron},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Outcome,
    output::{self, Form, plain},
};

/// What is said of relays.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// Let a relay ask. Its id is its secret: whoever sees this command line may ask too
    Add {
        /// The relay's id
        #[arg(long, value_name = "UUID")]
        id: Uuid,
        /// What to call it
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
    },
    /// List the relays, the newest first, by the first characters of their ids
    List,
    /// Shut a relay out at once
    Remove {
        /// The relay's id
        #[arg(long, value_name = "UUID")]
        id: Uuid,
    },
}

impl Line {
    /// Does it in the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let directory = super::directory(settings).await?;
        let answer = self.command.run(&directory.omikrons).await;
        directory.db.close().await;
        let (text, document) = answer.map_err(|error| tonic::Status::from(error).message().to_owned())?;
        Ok(self.form.say(text, &document)?)
    }
}

impl Command {
    async fn run(self, omikrons: &Service) -> Result<(String, Value), omikrons::Error> {
        Ok(match self {
            Self::Add { id, name } => {
                let added = omikrons.add_by_operator(id, name.as_str().try_into()?).await?;
                (format!("added omikron {}", added.id_prefix), document(&added))
            }
            Self::List => {
                let all = omikrons.list_by_operator().await?;
                (table(&all), all.iter().map(document).collect())
            }
            Self::Remove { id } => {
                omikrons.remove_by_operator(id).await?;
                let prefix = omikrons::model::prefix(id);
                (format!("removed omikron {prefix}"), json!({ "id_prefix": prefix }))
            }
        })
    }
}

fn table(omikrons: &[Omikron]) -> String {
    let row = |omikron: &Omikron| {
        [plain(&omikron.id_prefix), plain(omikron.name.as_str()), output::time(omikron.create_time)]
    };
    output::table(["ID", "NAME", "ADDED"], &omikrons.iter().map(row).collect::<Vec<_>>())
}

fn document(omikron: &Omikron) -> Value {
    json!({
        "id_prefix": omikron.id_prefix,
        "name": omikron.name.as_str(),
        "create_time": output::time(omikron.create_time),
    })
}
