//! The nouns of schedules.

use std::time::SystemTime;

use uuid::Uuid;

use super::cron::Rhythm;
use crate::scans::{model::Source, shown::is_deceptive};

/// Most schedules.
pub const MAX_SCHEDULES: i64 = 200;
/// Most characters of a name.
pub const MAX_NAME: usize = 100;
/// Most times that a preview tells.
pub const MAX_PREVIEW: usize = 50;
/// Most characters of what a schedule says of a scan that did not begin.
const MAX_PROBLEM: usize = 500;

/// A schedule's number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub i64);

/// A name: 1 to [`MAX_NAME`] characters, none of which deceives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidName;

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

impl TryFrom<&str> for Name {
    type Error = InvalidName;

    fn try_from(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        let fits = (1..=MAX_NAME).contains(&text.chars().count()) && !text.chars().any(is_deceptive);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its number.
    pub id: Id,
    /// What people call it.
    pub name: Name,
    /// The configuration of its scans.
    pub source: Source,
    /// When it comes due.
    pub rhythm: Rhythm,
    /// Whether it begins scans.
    pub enabled: bool,
    /// When it is due.
    pub next_run: Option<SystemTime>,
    /// What it last did.
    pub last: Last,
    /// The account whose rights its scans have: whoever wrote it last; `None` for the operator.
    pub asked_by: Option<Uuid>,
    /// One more each time that somebody changes it.
    pub version: i64,
    /// When it was made.
    pub create_time: SystemTime,
    /// When somebody last changed it.
    pub update_time: SystemTime,
}

/// What a schedule last did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Last {
    /// When it last came due or was triggered.
    pub time: Option<SystemTime>,
    /// The scan that began last.
    pub scan: Option<i64>,
    /// Why no scan began when it last came due; empty if one did.
    pub problem: String,
}

impl Last {
    /// A scan has begun.
    pub(super) fn began(time: SystemTime, scan: i64) -> Self {
        Self { time: Some(time), scan: Some(scan), problem: String::new() }
    }

    /// None has, and the one before remains the last.
    pub(super) fn passed(&self, time: SystemTime, why: &str) -> Self {
        let problem = why.chars().take(MAX_PROBLEM).collect();
        Self { time: Some(time), scan: self.scan, problem }
    }
}

impl Schedule {
    /// When it is due next, seen from a time: what came due before is made up for once at most, whoever asks how late.
    pub fn due_after(&self, time: SystemTime) -> Option<SystemTime> {
        if self.enabled { self.rhythm.after(time) } else { None }
    }
}

/// A new schedule.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// The configuration of its scans.
    pub source: Source,
    /// Its cron text.
    pub cron: String,
    /// Its zone; empty for UTC.
    pub zone: String,
    /// Whether it begins scans.
    pub enabled: bool,
}

/// What is to be different about a schedule.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its name.
    pub name: Option<String>,
    /// The configuration of its scans.
    pub source: Option<Source>,
    /// Its cron text.
    pub cron: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Whether it begins scans.
    pub enabled: Option<bool>,
}

/// How many schedules there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// All.
    pub all: i64,
    /// Those that begin scans.
    pub enabled: i64,
    /// When the first of them is due.
    pub next_run: Option<SystemTime>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_can_be_seen() {
        assert_eq!(Name::try_from(" Nightly – 概要 ").map(|name| name.0), Ok("Nightly – 概要".to_owned()));
        assert!(Name::try_from("ü".repeat(MAX_NAME).as_str()).is_ok());
        for text in ["", "  ", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(MAX_NAME + 1)] {
            assert_eq!(Name::try_from(text), Err(InvalidName), "{text:?}");
        }
    }
}
