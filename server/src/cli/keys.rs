//! `atalaya keys`: the keys that sign tokens.

use atalaya_server::{
    config::Settings,
    users::tokens::{self, Service, keys::Timed, model::KeyState},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Outcome,
    output::{self, Form},
};

/// What is said of signing keys.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// List the keys that verify tokens now: the active one, those to come, those whose tokens still live
    List,
    /// Make the next key. It is published at once and signs from a day later on
    Rotate {
        /// Sign with it at once and forget all others, after a leak: every token that they signed ends
        #[arg(long)]
        immediately: bool,
    },
}

impl Line {
    /// Does it in the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let app = super::open(settings).await?;
        let answer = self.command.run(&app.credentials.tokens).await;
        app.db.close().await;
        let (text, document) = answer.map_err(|error| tonic::Status::from(error).message().to_owned())?;
        Ok(self.form.say(text, &document)?)
    }
}

impl Command {
    async fn run(self, tokens: &Service) -> Result<(String, Value), tokens::Error> {
        Ok(match self {
            Self::List => {
                let keys = tokens.keys().await?;
                let rows: Vec<_> = keys.iter().map(row).collect();
                let text = output::table(["KID", "ALGORITHM", "STATE", "MADE", "SIGNS FROM"], &rows);
                (text, keys.iter().map(document).collect())
            }
            Self::Rotate { immediately } => {
                let made = tokens.rotate_key_by_operator(immediately).await?;
                let [kid, _, state, _, since] = row(&made);
                (format!("made key {kid}, {state}, which signs from {since} on"), document(&made))
            }
        })
    }
}

fn row((timed, state): &(Timed, KeyState)) -> [String; 5] {
    [
        timed.key.kid().to_owned(),
        timed.key.algorithm().name().to_owned(),
        name(*state).to_owned(),
        output::time(timed.create_time),
        output::time(timed.activate_time),
    ]
}

fn document(key: &(Timed, KeyState)) -> Value {
    let [kid, algorithm, state, create_time, activate_time] = row(key);
    json!({
        "kid": kid,
        "algorithm": algorithm,
        "state": state,
        "create_time": create_time,
        "activate_time": activate_time,
    })
}

fn name(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Pending => "pending",
        KeyState::Retired => "retired",
    }
}
