//! The nouns of domain analysis.

use std::{collections::BTreeSet, net::IpAddr, ops::RangeInclusive, time::Duration};

use crate::network::{
    dns::{Kind, Owner},
    model::Host,
};

/// How long an analysis may take, and takes at most without a word.
pub const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(5);
/// The same without a word of the caller's.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Most names below a domain that are told.
pub const MAX_NAMES: usize = 10_000;
/// Most characters of a name that is told: what needs more has bytes in it that stand as `\DDD`.
pub const MAX_NAME: usize = 255;
/// Most addresses of one name that are told, and of all names together.
pub const MAX_ADDRESSES: usize = 20;
/// See [`MAX_ADDRESSES`].
pub const MAX_ALL_ADDRESSES: usize = 40_000;
/// Most values of one type that are told.
pub const MAX_VALUES: usize = 100;
/// Most failures that are told.
pub const MAX_FAILURES: usize = 100;
/// Most characters of a title.
pub const MAX_TITLE: usize = 256;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// About whom.
    pub host: Host,
    /// The deadline for all.
    pub timeout: Timeout,
    /// Whether names below are guessed.
    pub guess: bool,
}

/// A deadline within [`TIMEOUT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(Duration);

/// Out of range. The words are those that REST clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimeout {
    /// Shorter than any may be.
    #[error("Timeout must be at least {} seconds", TIMEOUT.start().as_secs_f64())]
    Short,
    /// Longer than any may be.
    #[error("Timeout cannot exceed {} seconds", TIMEOUT.end().as_secs())]
    Long,
}

impl Timeout {
    /// How long it is.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl Default for Timeout {
    fn default() -> Self {
        Self(USUAL_TIMEOUT)
    }
}

impl TryFrom<Duration> for Timeout {
    type Error = InvalidTimeout;

    fn try_from(duration: Duration) -> Result<Self, InvalidTimeout> {
        if duration < *TIMEOUT.start() {
            Err(InvalidTimeout::Short)
        } else if duration > *TIMEOUT.end() {
            Err(InvalidTimeout::Long)
        } else {
            Ok(Self(duration))
        }
    }
}

/// What a domain says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who was asked about.
    pub host: Host,
    /// Whether DNS knows the name.
    pub exists: bool,
    /// Its records.
    pub records: Vec<RecordSet>,
    /// Names below it, sorted.
    pub names: Vec<Subdomain>,
    /// What its records say of its security.
    pub security: Security,
    /// The title of its page, and where that page is.
    pub title: Option<Title>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Whether the deadline cut anything off.
    pub timed_out: bool,
}

/// All records of one name and one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSet {
    /// Whose they are.
    pub owner: Owner,
    /// Their type.
    pub kind: Kind,
    /// What they say.
    pub values: Vec<String>,
    /// The shortest time that they may be kept.
    pub ttl: Duration,
}

/// Where a name was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameSource {
    /// In the domain's own records.
    Records,
    /// In the zone, which was handed over whole.
    ZoneTransfer,
    /// In the zone's own list.
    Nsec,
    /// In the site's certificate.
    Certificate,
    /// By a guess.
    Guess,
    /// In logs of certificates.
    Transparency,
}

/// A name below the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subdomain {
    /// The name.
    pub name: Owner,
    /// Where it was found.
    pub sources: BTreeSet<NameSource>,
    /// Its addresses, where they are known.
    pub addresses: BTreeSet<IpAddr>,
}

/// What DNS says of a domain's security.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// Whether the parent zone has the hash of its key.
    pub signed: bool,
    /// The SPF policy; empty if none.
    pub spf: String,
    /// The DMARC policy; empty if none.
    pub dmarc: String,
    /// The MTA-STS record; empty if none.
    pub mta_sts: String,
    /// Whether a server hands the zone over to anyone.
    pub transfer_open: bool,
    /// Whether names that do not exist are answered as though they did.
    pub wildcard: bool,
}

/// The title of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The title.
    pub text: String,
    /// Where the page is.
    pub url: String,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// What was asked.
    pub part: String,
    /// Why it failed.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_within_its_range() {
        for (milliseconds, why) in [
            (0, Some(InvalidTimeout::Short)),
            (99, Some(InvalidTimeout::Short)),
            (100, None),
            (300_000, None),
            (300_001, Some(InvalidTimeout::Long)),
        ] {
            assert_eq!(Timeout::try_from(Duration::from_millis(milliseconds)).err(), why, "{milliseconds}");
        }
        assert_eq!(InvalidTimeout::Long.to_string(), "Timeout cannot exceed 300 seconds");
        assert_eq!(InvalidTimeout::Short.to_string(), "Timeout must be at least 0.1 seconds");
    }
}
