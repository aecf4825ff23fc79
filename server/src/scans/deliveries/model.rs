//! The nouns of deliveries.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

/// Most tries of one delivery.
pub const MAX_ATTEMPTS: u32 = 8;

/// How people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By e-mail, as the settings say.
    Email,
    /// By the webhook of this number.
    Webhook(i64),
}

impl Channel {
    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The webhook; 0 of e-mail.
    pub fn webhook(self) -> i64 {
        match self {
            Self::Email => 0,
            Self::Webhook(id) => id,
        }
    }

    /// As the database has it.
    pub(super) fn stored(webhook: i64) -> Self {
        if webhook == 0 { Self::Email } else { Self::Webhook(webhook) }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for a try, or is being tried.
    Pending,
    /// It was taken.
    Delivered,
    /// It was refused for good, or tried as often as may be.
    Failed,
}

impl State {
    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|one| one.name() == name).ok_or(())
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// The scan; 0 of a test.
    pub scan: i64,
    /// By which channel.
    pub channel: Channel,
    /// Where it stands.
    pub state: State,
    /// Tries so far.
    pub attempts: u32,
    /// What the last try was answered, as HTTP or SMTP count; 0 for nothing.
    pub status: u16,
    /// Why the last try failed, or who was refused of those that a mail is for; empty if all went well.
    pub error: String,
    /// When it was written.
    pub create_time: SystemTime,
    /// When it is tried next.
    pub next_time: SystemTime,
    /// When it ended.
    pub end_time: Option<SystemTime>,
}

impl Delivery {
    /// The entry of a test, which is tried once.
    pub(super) fn of_test(id: i64, webhook: i64, tried: Tried, now: SystemTime) -> Self {
        let (state, status, error) = match tried {
            Ok(taken) => (State::Delivered, taken.status, taken.but),
            Err(failed) => (State::Failed, failed.status, failed.why),
        };
        Self {
            id,
            scan: 0,
            channel: Channel::Webhook(webhook),
            state,
            attempts: 1,
            status,
            error,
            create_time: now,
            next_time: now,
            end_time: Some(now),
        }
    }
}

/// A delivery in the hands of one who tries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its number.
    pub id: i64,
    /// Whose claim it is: later ones have a greater one.
    pub fence: i64,
    /// By which channel.
    pub channel: Channel,
    /// What to tell, as JSON.
    pub digest: String,
    /// The number of this try, from 1.
    pub attempt: u32,
}

/// What a try came to: what was delivered, or why nothing was.
pub type Tried = Result<Taken, Failed>;

/// What the other side took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What it answered, as HTTP or SMTP count.
    pub status: u16,
    /// Who gets none of it, in words for people; empty if everybody does.
    pub but: String,
}

impl Taken {
    /// All of it.
    pub fn whole(status: u16) -> Self {
        Self { status, but: String::new() }
    }
}

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What was answered, as HTTP or SMTP count; 0 for nothing.
    pub status: u16,
    /// In words for people, without secrets.
    pub why: String,
    /// Whether another try would come to the same.
    pub is_final: bool,
    /// When the other side wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl Failed {
    /// For good.
    pub fn for_good(why: impl ToString) -> Self {
        Self { is_final: true, ..Self::so_far(why) }
    }

    /// Another try may do.
    #[expect(clippy::needless_pass_by_value, reason = "errors and texts are said as they are")]
    pub fn so_far(why: impl ToString) -> Self {
        Self { status: 0, why: why.to_string(), is_final: false, retry_after: None }
    }

    /// After such an answer.
    #[must_use]
    pub fn answered(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// What becomes of a delivery after a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Where it stands.
    pub state: State,
    /// What was answered.
    pub status: u16,
    /// Why the try failed, or for whom.
    pub error: String,
    /// When it is tried next.
    pub next_time: SystemTime,
}
