//! `atalaya audit`: the audit log, read past the server.

use atalaya_server::{
    audit::{
        self,
        model::{Event, Filter, Report},
    },
    config::Settings,
    db::Db,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Outcome,
    output::{self, Form, plain},
};

/// What is asked of the audit log.
#[derive(Args)]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    form: Form,
}

#[derive(Subcommand)]
enum Command {
    /// Compute every hash anew, and tell the first entry that is missing or not as it was written
    Verify {
        /// A hash that an earlier `verify` told and that was kept elsewhere: the log must still hold its entry
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// List entries, the newest first
    List {
        /// Only this action, or with a `.` at the end all that begin so, such as `account.`
        #[arg(long)]
        action: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
}

impl Line {
    /// Asks the database, whether the server runs or not.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let db = Db::open(&settings.database()).await?;
        let log = audit::Service::new(db.clone());
        let answer = self.command.run(&log, self.form).await;
        db.close().await;
        answer
    }
}

impl Command {
    async fn run(self, log: &audit::Service, form: Form) -> Outcome {
        match self {
            Self::Verify { head } => verify(log, head.as_deref(), form).await,
            Self::List { action, limit } => {
                let filter = Filter { action, ..Filter::default() };
                let events = log.list_by_operator(&filter, limit).await.map_err(sentence)?;
                form.say(text(&events), &events.iter().map(document).collect())?;
                Ok(())
            }
        }
    }
}

async fn verify(log: &audit::Service, kept: Option<&str>, form: Form) -> Outcome {
    let kept = kept.map(str::to_lowercase);
    let report = log.verify_by_operator(kept.as_deref()).await.map_err(sentence)?;
    let Report { count, broken_at, head, lacks_kept, unfinished: _ } = report;
    let document =
        json!({ "whole": broken_at.is_none(), "count": count, "broken_at": broken_at, "head": head });
    match broken_at {
        None => {
            let text = format!("the audit log is whole: {count} entries\nhead: {head}");
            form.say(text, &document)?;
            Ok(())
        }
        Some(number) => {
            let why = if lacks_kept {
                "the audit log does not hold the entry of --head: its end was cut off, or it was written anew"
                    .to_owned()
            } else {
                format!("the audit log is not whole: entry {number} is missing or was changed")
            };
            form.say(format!("{count} entries are as they were written\nbroken at: {number}"), &document)?;
            Err(why.into())
        }
    }
}

fn text(events: &[Event]) -> String {
    let row = |event: &Event| {
        let by = if event.actor_id.is_empty() { &event.actor_kind } else { &event.actor_id };
        [
            event.number.to_string(),
            output::time(event.time),
            plain(by),
            plain(&event.action),
            plain(&event.target),
            plain(&event.outcome),
            plain(&event.address),
            plain(&event.detail),
        ]
    };
    let rows: Vec<_> = events.iter().map(row).collect();
    output::table(["NUMBER", "TIME", "BY", "ACTION", "TARGET", "OUTCOME", "FROM", "DETAIL"], &rows)
}

fn document(event: &Event) -> Value {
    json!({
        "number": event.number,
        "time": output::time(event.time),
        "actor_kind": event.actor_kind,
        "actor_id": event.actor_id,
        "action": event.action,
        "target": event.target,
        "outcome": event.outcome,
        "address": event.address,
        "request_id": event.request_id,
        "detail": event.detail,
        "hash": event.hash,
    })
}

fn sentence(error: audit::Error) -> String {
    tonic::Status::from(error).message().to_owned()
}
