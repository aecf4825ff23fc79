//! What a domain says of itself: its records, the names below it and where each was found, the title of its page.
//!
//! `look.rs` is the order of things; each job has a file of its own: `records`, `transfers` (AXFR), `walk` (NSEC),
//! `guess` (with `words` and `wildcard`), `site` (certificate and page, with `title`). All of them add to `findings`,
//! which is the report at the deadline, whatever is missing.

mod findings;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod guess;
mod look;
pub mod model;
mod records;
mod site;
pub(crate) mod title;
mod transfers;
mod transparency;
mod walk;
mod wildcard;
pub mod words;

pub(super) use self::look::Look;
pub use self::{title::title, transparency::Logs, words::Words};

/// Connections for pages, certificates and zones, at most.
pub(super) const CONNECTIONS: u64 = 40;

/// Most probes of one look, with these words to guess with.
pub(super) fn probes(words: Option<&Words>) -> u64 {
    let guesses = words.map_or(0, guess::questions);
    (records::MAX_QUESTIONS + walk::MAX_STEPS + guesses) as u64 + CONNECTIONS
}
