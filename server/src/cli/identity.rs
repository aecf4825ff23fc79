//! `atalaya identity`: what identities of the directory have paid for.

use atalaya_server::{
    clock::{Clock, SystemClock},
    config::Settings,
    users::identities::{
        self, Service,
        model::{Identity, Term},
    },
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Outcome, output::Form};

/// What is said of identities.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// Give an identity a subscription in the place of the one that it has
    Subscribe {
        /// The identity's id
        #[arg(long, value_name = "UUID")]
        id: Uuid,
        /// 1 to 1000; 0 takes the subscription away
        #[arg(long, value_name = "N")]
        level: i32,
        /// How many days it has left today, counted to midnight UTC: 1 to 36525; 0 takes it away
        #[arg(long, value_name = "N")]
        days: i32,
    },
}

impl Line {
    /// Does it in the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let directory = super::directory(settings).await?;
        let answer = self.command.run(&directory.identities).await;
        directory.db.close().await;
        let (text, document) = answer.map_err(|error| tonic::Status::from(error).message().to_owned())?;
        Ok(self.form.say(text, &document)?)
    }
}

impl Command {
    async fn run(self, identities: &Service) -> Result<(String, Value), identities::Error> {
        let Self::Subscribe { id, level, days } = self;
        let identity = identities.subscribe_by_operator(id, Term::new(level, days)?).await?;
        Ok(told(&identity))
    }
}

fn told(identity: &Identity) -> (String, Value) {
    let (level, days) = identity.subscription.left(SystemClock.now());
    let name = identity.username.as_str();
    let text = if level == 0 {
        format!("{name} has no subscription")
    } else {
        format!("{name} has level {level} for {days} days")
    };
    let id = identity.id.to_string();
    (text, json!({ "id": id, "username": name, "subscription_level": level, "subscription_days": days }))
}
