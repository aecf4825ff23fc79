//! The nouns of tasks: what is asked for, where it stands, what it is called.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::{error::Error, phrases};

/// Most unfinished tasks of one owner.
pub const MAX_UNFINISHED: i64 = 100;
/// Longest name of an operation, in characters.
const MAX_OPERATION: usize = 64;

/// Who does a task: each lane has workers of its own, so that none waits for another's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Edits and analyses of images.
    Images,
    /// Edits by neural networks, which take minutes.
    Networks,
    /// Scans of sites.
    Scans,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Images, Self::Networks, Self::Scans];

    /// The name that the database uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Networks => "networks",
            Self::Scans => "scans",
        }
    }

    /// The longest that one try may take.
    pub fn run_limit(self) -> Duration {
        match self {
            Self::Images | Self::Networks => Duration::from_mins(15),
            Self::Scans => Duration::from_hours(2),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Who shall do it.
    pub lane: Lane,
    /// What to do, such as `rotate_image`: the first half of the task's name.
    pub operation: String,
    /// What to do it to. Tasks of one subject run one after the other, in order.
    pub subject: Uuid,
    /// Whose task it is.
    pub owner: Uuid,
    /// All that the worker needs to know, in the words of the slice that asks.
    pub payload: String,
    /// Makes the same request within 24 hours answer with the first one's task.
    pub key: Option<IdempotencyKey>,
}

/// A task as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// UUID version 7: a later task of an owner or a subject has a greater one.
    pub id: Uuid,
    /// What is done.
    pub operation: String,
    /// What it is done to.
    pub subject: Uuid,
    /// Who asked.
    pub owner: Uuid,
    /// Where it stands.
    pub state: State,
    /// Why it failed, if it did.
    pub note: String,
    /// It runs, and its end was asked for.
    pub ending: bool,
    /// How much is done, 0 to 1000.
    pub progress: u16,
    /// How many times it was started.
    pub attempts: u32,
    /// When it was asked for.
    pub create_time: SystemTime,
    /// When it was last started.
    pub start_time: Option<SystemTime>,
    /// When it ended.
    pub end_time: Option<SystemTime>,
}

impl Task {
    /// `operation:subject`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.operation, self.subject)
    }

    /// A sentence for people, never empty.
    pub fn description(&self) -> String {
        phrases::describe(self)
    }
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for its turn.
    Queued,
    /// A worker has it.
    Running,
    /// A try failed; it waits to be tried again.
    Retrying,
    /// Done.
    Succeeded,
    /// Given up.
    Failed,
    /// Its end was asked for.
    Cancelled,
}

impl State {
    const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Retrying, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The name that the database uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// A name that is no state's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or(UnknownState)
    }
}

/// How a caller names a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// By its id.
    Id(Uuid),
    /// By its name: the newest of that name.
    Name {
        /// What is done.
        operation: String,
        /// What it is done to.
        subject: Uuid,
    },
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let uuid = |text: &str| text.parse::<Uuid>().map_err(|_| Error::IdInvalid);
        let Some((operation, subject)) = text.split_once(':') else {
            return uuid(text).map(Self::Id);
        };
        let fits = (1..=MAX_OPERATION).contains(&operation.len());
        if !fits || !operation.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Err(Error::IdInvalid);
        }
        Ok(Self::Name { operation: operation.to_owned(), subject: uuid(subject)? })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name { operation, subject } => write!(f, "{operation}:{subject}"),
        }
    }
}

/// What a client calls a request, so that it can safely be repeated: 8 to 64 of A-Z, a-z, 0-9, `-`, `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&[u8]> for IdempotencyKey {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(8..=64).contains(&bytes.len()) || !bytes.iter().all(plain) {
            return Err(Error::KeyInvalid);
        }
        Ok(Self(bytes.iter().copied().map(char::from).collect()))
    }
}

/// A task in a worker's hands. Only who holds the last claim of a task may write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Which task.
    pub id: Uuid,
    /// Grows at each claim of the task.
    pub fence: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_names_read_back() {
        for state in State::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert_eq!("dead".parse::<State>(), Err(UnknownState));
    }

    #[test]
    fn a_task_is_named_by_uuid_or_by_operation_and_subject() {
        let id = Uuid::from_u128(7);
        assert_eq!(id.to_string().parse::<Reference>().unwrap(), Reference::Id(id));
        let name = format!("rotate_image:{id}");
        assert_eq!(name.parse::<Reference>().unwrap().to_string(), name);
        for text in [
            "",
            "rotate_image",
            "rotate_image:",
            ":x",
            "Rotate:1",
            "a b:00000000-0000-0000-0000-000000000007",
        ] {
            assert!(matches!(text.parse::<Reference>(), Err(Error::IdInvalid)), "{text}");
        }
        assert!(format!("{}:{id}", "a".repeat(65)).parse::<Reference>().is_err());
    }

    #[test]
    fn idempotency_keys_have_their_letters_and_length() {
        assert_eq!(IdempotencyKey::try_from(&b"aZ09-_xy"[..]).unwrap().as_str(), "aZ09-_xy");
        for bytes in [&b"short12"[..], &[b'a'; 65], b"with space", "ümlautig".as_bytes()] {
            assert!(matches!(IdempotencyKey::try_from(bytes), Err(Error::KeyInvalid)));
        }
    }
}
