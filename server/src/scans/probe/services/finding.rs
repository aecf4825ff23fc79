//! What an answer has told: whose protocol it is, and the texts in which its program may show itself.

use crate::scans::probe::fingerprints::kinds;

/// A text of some [kind](kinds).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clue {
    pub(super) kind: &'static str,
    pub(super) text: Vec<u8>,
}

impl Clue {
    pub(super) fn new(kind: &'static str, text: impl Into<Vec<u8>>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// What was recognised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Finding {
    /// The service's name without TLS; empty where the protocol is known by none.
    pub(super) service: &'static str,
    /// What may give its program away, the best first.
    pub(super) clues: Vec<Clue>,
    /// What the protocol itself tells, in words of ours.
    pub(super) notes: Vec<String>,
    /// What it said first.
    pub(super) banner: Option<Vec<u8>>,
    /// What it said by HTTP.
    pub(super) page: Option<Page>,
}

/// An answer of HTTP, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) location: Option<Vec<u8>>,
    pub(super) title: Option<String>,
}

impl Finding {
    /// Of a service that is known by one text.
    pub(super) fn of(service: &'static str, kind: &'static str, text: impl Into<Vec<u8>>) -> Self {
        Self { service, clues: vec![Clue::new(kind, text)], ..Self::default() }
    }

    /// Of a service that tells nothing of itself.
    pub(super) fn bare(service: &'static str) -> Self {
        Self { service, ..Self::default() }
    }

    /// The same, with a note.
    pub(super) fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// Of a greeting that is known by its own words only.
pub(super) fn other(service: &'static str, text: &[u8]) -> Finding {
    Finding::of(service, kinds::OTHER, text)
}
