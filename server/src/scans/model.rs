//! The nouns of scans.

use std::{str::FromStr, time::SystemTime};

use uuid::Uuid;

/// Scans of all that wait or are under way.
pub const MAX_RUNNING: i64 = 100;
/// Most characters of what a scan says of its failure.
const MAX_MESSAGE: usize = 500;

/// What a subject of tasks looks like that is a scan: this, and its number.
const SPACE: u64 = 0x7363_616e_0000_4000;

/// A scan's number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub i64);

impl Id {
    /// The same as a subject of tasks.
    pub fn subject(self) -> Uuid {
        Uuid::from_u64_pair(SPACE, self.0.unsigned_abs())
    }

    /// The scan that is a task's subject.
    pub fn of_subject(subject: Uuid) -> Option<Self> {
        let (space, number) = subject.as_u64_pair();
        i64::try_from(number).ok().filter(|_| space == SPACE).map(Self)
    }
}

/// Which configuration is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, by its path as it was asked for.
    File(String),
    /// A stored one, by its name.
    Stored(String),
}

impl Source {
    /// As people call it.
    pub fn text(&self) -> &str {
        match self {
            Self::File(text) | Self::Stored(text) => text,
        }
    }
}

/// Makes an enum that the database knows by names.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Its name in the database and in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(name: &str) -> Result<Self, Unknown> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(Unknown),
                }
            }
        }
    };
}

named!(
    /// Where a scan stands.
    State {
        /// Waits for its turn, or is under way.
        Running = "running",
        /// Done.
        Completed = "completed",
        /// It could not go on.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
);

named!(
    /// Who has begun a scan.
    Trigger {
        /// Somebody asked for it.
        Manual = "manual",
        /// A schedule did.
        Scheduled = "scheduled",
    }
);

named!(
    /// What a scan is at.
    Stage {
        /// Its hosts are checked against the target policy.
        Preparation = "preparation",
        /// Who is there.
        Discovery = "discovery",
        /// Which ports are open.
        Ports = "ports",
        /// Who serves there, host by host.
        Services = "services",
        /// Reports are written.
        Reports = "reports",
    }
);

/// A name that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown name")]
pub struct Unknown;

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is at.
    pub stage: Stage,
    /// How much is done, 0 to 1000.
    pub permille: u16,
    /// Hosts of which everything is known.
    pub hosts_done: u32,
    /// Hosts in all.
    pub hosts_total: u32,
}

/// What was found, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Hosts that answered.
    pub hosts_up: u32,
    /// Open ports.
    pub open_ports: u32,
    /// What differs from what is expected.
    pub findings: u32,
}

/// The schedule that a scan belongs to, which may be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its number.
    pub id: i64,
    /// What it was called when the scan began.
    pub name: String,
}

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its number.
    pub id: Id,
    /// The task that does it.
    pub task: Uuid,
    /// What its configuration calls it.
    pub title: String,
    /// Its configuration.
    pub source: Source,
    /// The account that asked for it; `None` for the operator.
    pub asked_by: Option<Uuid>,
    /// Who has begun it.
    pub trigger: Trigger,
    /// The schedule that it belongs to.
    pub schedule: Option<Planned>,
    /// Where it stands.
    pub state: State,
    /// How far it is.
    pub progress: Progress,
    /// What was found.
    pub counts: Counts,
    /// Why it failed; empty if it has not.
    pub error_message: String,
    /// Its reports, if there are any.
    pub report: Option<Report>,
    /// When it was asked for.
    pub start_time: SystemTime,
    /// When it ended.
    pub end_time: Option<SystemTime>,
}

/// The files of a finished scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What their names begin with, such as `scan_report_20251114_103000`.
    pub stem: String,
    /// Whether there are screenshots.
    pub has_screenshots: bool,
}

/// How a scan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// [`State::Running`] is none.
    pub state: State,
    /// Why it failed.
    pub error_message: String,
    /// What was found.
    pub counts: Counts,
    /// The figures that are drawn over time, as reports keep them; empty without any.
    pub summary: String,
    /// Its reports.
    pub report: Option<Report>,
}

impl End {
    /// It failed, in a sentence for people.
    pub fn failed(why: &str) -> Self {
        let error_message = why.chars().take(MAX_MESSAGE).collect();
        Self {
            state: State::Failed,
            error_message,
            counts: Counts::default(),
            summary: String::new(),
            report: None,
        }
    }

    /// It was stopped.
    pub fn cancelled() -> Self {
        Self { state: State::Cancelled, ..Self::failed("") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_a_subject_of_tasks_and_nothing_else_is() {
        for id in [Id(1), Id(42), Id(i64::MAX)] {
            assert_eq!(Id::of_subject(id.subject()), Some(id));
        }
        assert_eq!(Id::of_subject(Uuid::new_v4()), None);
        assert_eq!(Id::of_subject(Uuid::nil()), None);
    }
}
