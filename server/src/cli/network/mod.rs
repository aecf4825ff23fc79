//! `atalaya domain | ip | ping | ports`: networks, as a server sees them or as this machine does.

pub(crate) mod domain;
pub(crate) mod ip;
pub(crate) mod ping;
pub(crate) mod ports;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use atalaya_client::{Api, Calls, Credentials};
use atalaya_server::{app, clock::SystemClock, config::Settings, db::Db};
use clap::Args;
use tonic::Status;

use super::{Outcome, output::plain};
use crate::front::PROGRAM;

/// Most bytes of a file with a token.
const TOKEN_FILE: u64 = 8 * 1024;

/// Who looks: a server, or this process as the operator.
#[derive(Args)]
pub(crate) struct Through {
    /// Let a server look, such as http://127.0.0.1:8080, instead of this process
    #[arg(long, value_name = "URL", requires = "token_file")]
    server: Option<String>,
    /// File with a bearer token for that server, such as a personal token with the scope network:write
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
}

/// Somebody who can be asked.
struct Asked {
    calls: Calls,
    db: Option<Db>,
}

impl Through {
    async fn open(&self, settings: &Settings) -> Result<Asked, Box<dyn std::error::Error>> {
        if let (Some(server), Some(file)) = (&self.server, &self.token_file) {
            return Ok(Asked { calls: connect(server, file)?, db: None });
        }
        let console = app::console(settings, Arc::new(SystemClock), PROGRAM.into()).await?;
        Ok(Asked { calls: Api::in_process(console.routes).anonymous(), db: Some(console.db) })
    }
}

impl Asked {
    async fn close(self) {
        if let Some(db) = self.db {
            db.close().await;
        }
    }
}

/// A server, called with the token in a file.
pub(super) fn connect(server: &str, file: &Path) -> Result<Calls, String> {
    let token = token(file).map_err(|error| format!("--token-file can't be read: {error}"))?;
    let credentials = Credentials::bearer(token.trim()).map_err(|error| error.message)?;
    let api = Api::connect(server).map_err(|error| error.message)?;
    Ok(api.with(credentials))
}

fn token(file: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(file)?.take(TOKEN_FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// What is said of a failure.
pub(super) fn sentence(status: &Status) -> String {
    plain(status.message())
}

/// What could not be told, for one sentence at the end: the rest is.
#[derive(Default)]
struct Missed {
    /// Targets of which there is nothing to tell.
    unknown: Vec<String>,
    /// Targets about which a question failed, and why.
    failed: Vec<String>,
}

impl Missed {
    fn know_nothing_of(&mut self, target: &str) {
        self.unknown.push(plain(target));
    }

    fn fail(&mut self, target: &str, why: String) {
        let target = plain(target);
        // Some sentences name it already.
        self.failed.push(if why.starts_with(&target) { why } else { format!("{target}: {why}") });
    }

    /// The end of a command, which says this of those of which there is nothing to tell.
    fn end(self, unknown: &str) -> Outcome {
        let unknown = (!self.unknown.is_empty()).then(|| format!("{unknown} {}", self.unknown.join(", ")));
        let sentences: Vec<String> = unknown.into_iter().chain(self.failed).collect();
        if sentences.is_empty() { Ok(()) } else { Err(sentences.join("; ").into()) }
    }
}

/// A span as people read it.
fn millis(span: prost_types::Duration) -> f64 {
    span.seconds as f64 * 1e3 + f64::from(span.nanos) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_told_is_one_sentence() {
        assert!(Missed::default().end("nothing is known of").is_ok());
        let mut missed = Missed::default();
        missed.know_nothing_of("192.0.2.1");
        missed.fail("x\u{1b}", "no address".into());
        missed.fail("a.example", "a.example: no resolver answered".into());
        missed.know_nothing_of("192.0.2.2");
        let said = missed.end("nothing is known of").expect_err("something is missing").to_string();
        assert_eq!(
            said,
            "nothing is known of 192.0.2.1, 192.0.2.2; x\u{fffd}: no address; a.example: no resolver answered"
        );
    }
}
