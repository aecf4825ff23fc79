//! What is said on one connection, and heard.

use rustls::pki_types::ServerName;

use super::{
    caller::{Caller, Reading},
    finding::Finding,
    greeting, http,
    probes::Probe,
};
use crate::network::world::Connection;

async fn open(caller: &Caller<'_>, secure: Option<&ServerName<'static>>) -> Option<Connection> {
    match secure {
        Some(name) => caller.open_secure(name.clone()).await.ok(),
        None => caller.open().await,
    }
}

/// Who speaks first, and what was heard of him.
pub(super) async fn greet(
    caller: &Caller<'_>,
    secure: Option<&ServerName<'static>>,
) -> (Option<Finding>, Vec<u8>) {
    let Some(mut connection) = open(caller, secure).await else { return (None, Vec::new()) };
    let reading = Reading { patience: caller.limits.late, is_whole: greeting::is_whole };
    let heard = caller.hear(&mut connection, reading).await;
    let port = caller.port();
    if greeting::is_ambiguous(&heard, port) {
        let mut answer = Vec::new();
        if caller.say(&mut connection, b"EHLO atalaya.invalid\r\n").await {
            let reading = Reading { patience: caller.limits.answer, ..reading };
            answer = caller.hear(&mut connection, reading).await;
        }
        return (Some(greeting::decided(&heard, &answer)), heard);
    }
    (greeting::read(&heard, port), heard)
}

/// What a path is answered with, on a connection that is ready or a new one.
pub(super) async fn page(
    caller: &Caller<'_>,
    host: Option<&str>,
    secure: Option<&ServerName<'static>>,
    ready: Option<Connection>,
    path: &str,
) -> Vec<u8> {
    let opened = match ready {
        Some(connection) => Some(connection),
        None => open(caller, secure).await,
    };
    let Some(mut connection) = opened else { return Vec::new() };
    let usual = if secure.is_some() { 443 } else { 80 };
    let request = http::request(host, caller.address(), caller.port(), usual, path);
    if !caller.say(&mut connection, &request).await {
        return Vec::new();
    }
    caller.hear(&mut connection, Reading { patience: caller.limits.answer, is_whole: http::is_whole }).await
}

/// What the answer to a probe tells, and what was heard.
pub(super) async fn ask(
    caller: &Caller<'_>,
    secure: Option<&ServerName<'static>>,
    probe: &Probe,
) -> (Option<Finding>, Vec<u8>) {
    let Some(mut connection) = open(caller, secure).await else { return (None, Vec::new()) };
    let is_usual = probe.ports.contains(&caller.port());
    let patience = if is_usual { caller.limits.answer } else { caller.limits.unlikely };
    let reading = Reading { patience, is_whole: probe.is_whole };
    let mut heard = Vec::new();
    if caller.say(&mut connection, &(probe.request)()).await {
        heard = caller.hear(&mut connection, reading).await;
    }
    if let Some(more) = probe.then.and_then(|then| then(&heard))
        && caller.say(&mut connection, &more).await
    {
        heard.extend(caller.hear(&mut connection, reading).await);
    }
    ((probe.read)(&heard), heard)
}
