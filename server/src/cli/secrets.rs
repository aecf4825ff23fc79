//! `atalaya secrets`: the key file that seals secrets in the database.

use atalaya_server::{
    clock::{Clock, SystemClock},
    config::Settings,
    db::Db,
    secrets::{Error, KeyUse, Secrets},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Outcome,
    output::{self, Form},
};

/// What is said of sealed secrets.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// List the keys of the file, and how many secrets each has sealed
    List,
    /// Add a key to the file and seal every secret anew with it; older keys stay for backups and running servers
    Rotate,
}

impl Line {
    /// Does it in the file and the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let db = Db::open(&settings.database()).await?;
        let answer = self.command.run(settings, &db).await;
        db.close().await;
        let (text, document) = answer?;
        Ok(self.form.say(text, &document)?)
    }
}

impl Command {
    async fn run(self, settings: &Settings, db: &Db) -> Result<(String, Value), Error> {
        let secrets = Secrets::open(&settings.key_file(), db).await?;
        Ok(match self {
            Self::List => {
                let keys = secrets.list(db).await?;
                (table(&keys), keys.iter().map(document).collect())
            }
            Self::Rotate => {
                let rotated = secrets.rotate(db, SystemClock.now()).await?;
                let text =
                    format!("key {} seals now; {} secrets were sealed anew", rotated.key, rotated.texts);
                (text, json!({ "key": rotated.key, "secrets": rotated.texts }))
            }
        })
    }
}

fn table(keys: &[KeyUse]) -> String {
    let row = |key: &KeyUse| {
        let seals = if key.seals { "seals" } else { "opens" };
        [key.key.clone(), seals.to_owned(), key.texts.to_string()]
    };
    output::table(["KEY", "USE", "SECRETS"], &keys.iter().map(row).collect::<Vec<_>>())
}

fn document(key: &KeyUse) -> Value {
    json!({ "key": key.key, "seals": key.seals, "secrets": key.texts })
}
