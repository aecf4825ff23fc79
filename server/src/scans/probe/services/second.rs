//! A second look at web services whose version stands at a path of its own.

use rustls::pki_types::ServerName;

use super::{
    caller::Caller,
    finding::{Clue, Finding},
    greeting::contains,
    http, trial,
};
use crate::scans::probe::fingerprints::kinds;

/// What shows that a service is there, and the path at which it tells its version to everybody.
const PLACES: [(&str, &[u8], &str); 4] = [
    (kinds::HTTP_LOCATION, b"/graph", "/api/v1/status/buildinfo"),
    (kinds::HTTP_LOCATION, b"/query", "/api/v1/status/buildinfo"),
    (kinds::HTTP_LOCATION, b"/login", "/api/health"),
    (kinds::HTTP_BODY, b"404 page not found", "/version"),
];

/// Where to look, if anywhere. Servers that name themselves are not looked at again.
pub(super) fn path(finding: &Finding) -> Option<&'static str> {
    let names_itself = finding.clues.iter().any(|clue| clue.kind == kinds::HTTP_SERVER);
    if finding.page.is_none() || names_itself {
        return None;
    }
    let is_there = |kind: &str, word: &[u8]| {
        finding.clues.iter().any(|clue| clue.kind == kind && contains(&clue.text, word))
    };
    PLACES.iter().find(|(kind, word, _)| is_there(kind, word)).map(|(.., path)| *path)
}

/// Looks there, and adds what is told in JSON.
pub(super) async fn look(
    caller: &Caller<'_>,
    host: Option<&str>,
    secure: Option<&ServerName<'static>>,
    path: &str,
    finding: &mut Finding,
) {
    let heard = trial::page(caller, host, secure, path).await;
    let Some(response) = http::Response::parse(&heard).filter(|response| response.status == 200) else {
        return;
    };
    let bodies = response.finding().clues.into_iter().filter(|clue| clue.kind == kinds::HTTP_BODY);
    let bodies: Vec<Clue> = bodies.filter(|clue| clue.text.trim_ascii_start().starts_with(b"{")).collect();
    finding.clues.splice(0..0, bodies);
}
