//! The nouns of the audit log, and the hash that chains its entries.

use std::{str::FromStr, time::SystemTime};

use ring::digest;
use uuid::Uuid;

use crate::{
    auth::{Caller, Origin, RequestId, Visitor},
    clock,
};

/// Most characters of an entry's detail.
pub const MAX_DETAIL: usize = 255;
/// Most bytes of an entry's target: PostgreSQL keeps no text of more than 2,704 in an index.
pub const MAX_TARGET: usize = 1_000;
/// What stands at the end of a target that was cut.
const CUT: &str = "…";

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is not logged in.
    Nobody,
    /// An account.
    Account(Uuid),
    /// An identity of the directory.
    Identity(Uuid),
    /// A relay. Its id is its secret: it is not told.
    Omikron,
    /// Whoever types commands on the server's machine.
    Operator,
}

impl Actor {
    /// The kind of [`Self::Nobody`].
    pub const NOBODY: &'static str = "nobody";
    /// The kind of [`Self::Account`].
    pub const ACCOUNT: &'static str = "account";
    /// The kind of [`Self::Identity`].
    pub const IDENTITY: &'static str = "identity";
    /// The kind of [`Self::Omikron`].
    pub const OMIKRON: &'static str = "omikron";
    /// The kind of [`Self::Operator`].
    pub const OPERATOR: &'static str = "operator";

    /// The name of its kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Nobody => Self::NOBODY,
            Self::Account(_) => Self::ACCOUNT,
            Self::Identity(_) => Self::IDENTITY,
            Self::Omikron => Self::OMIKRON,
            Self::Operator => Self::OPERATOR,
        }
    }

    /// Its id; empty for those who have none.
    pub fn id(self) -> String {
        match self {
            Self::Account(id) | Self::Identity(id) => id.to_string(),
            Self::Nobody | Self::Omikron | Self::Operator => String::new(),
        }
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The name that the database uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Done, Self::Refused].into_iter().find(|outcome| outcome.name() == name).ok_or(())
    }
}

/// What is done, by its name in the log: a noun, a dot, a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action(pub &'static str);

/// What to write.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who did it.
    pub actor: Actor,
    /// Where from; `None` for commands.
    pub origin: Option<Origin>,
    /// What was done.
    pub action: Action,
    /// To whom or to what: a UUID or a name, perhaps nothing; at most [`MAX_TARGET`] bytes. Never a secret.
    pub target: String,
    /// How it went.
    pub outcome: Outcome,
    /// What else there is to know. Never a secret.
    pub detail: String,
}

impl Entry {
    /// Something that a caller did.
    pub fn by(caller: Caller, action: Action, target: impl ToString) -> Self {
        Self::new(Actor::Account(caller.account()), Some(caller.origin()), action, target)
    }

    /// Something that somebody did who need not be logged in.
    pub fn by_visitor(visitor: Visitor, action: Action, target: impl ToString) -> Self {
        let actor = visitor.caller.map_or(Actor::Nobody, |caller| Actor::Account(caller.account()));
        Self::new(actor, Some(visitor.origin), action, target)
    }

    /// Something that the operator did by a command.
    pub fn by_operator(action: Action, target: impl ToString) -> Self {
        Self::new(Actor::Operator, None, action, target)
    }

    /// Something that was done.
    #[expect(clippy::needless_pass_by_value, reason = "a UUID or a number is said as it is")]
    pub fn new(actor: Actor, origin: Option<Origin>, action: Action, target: impl ToString) -> Self {
        let (target, detail) = (bounded(target.to_string()), String::new());
        Self { actor, origin, action, target, outcome: Outcome::Done, detail }
    }

    /// The same, but it was refused, and why.
    #[must_use]
    pub fn refused(self, why: impl ToString) -> Self {
        Self { outcome: Outcome::Refused, ..self.with(why) }
    }

    /// The same with what else there is to know.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a UUID or a number is said as it is")]
    pub fn with(self, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        Self { detail: detail.chars().take(MAX_DETAIL).collect(), ..self }
    }
}

/// A target as it is, or its beginning.
fn bounded(mut target: String) -> String {
    if target.len() > MAX_TARGET {
        target.truncate(target.floor_char_boundary(MAX_TARGET - CUT.len()));
        target.push_str(CUT);
    }
    target
}

/// An entry as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3 and so on.
    pub number: i64,
    /// When it happened.
    pub time: SystemTime,
    /// The kind of who did it.
    pub actor_kind: String,
    /// Who did it.
    pub actor_id: String,
    /// What was done.
    pub action: String,
    /// To whom or to what.
    pub target: String,
    /// How it went.
    pub outcome: String,
    /// Where from.
    pub address: String,
    /// By which request.
    pub request_id: String,
    /// What else there is to know.
    pub detail: String,
    /// The hash over the event before and this one.
    pub hash: String,
}

impl Event {
    /// The entry's place in the chain: after `number - 1`, whose hash is `before`.
    pub fn chained(number: i64, before: &str, time: SystemTime, entry: &Entry) -> Self {
        let request = entry.origin.map_or(RequestId::NONE, |origin| origin.request);
        let mut event = Self {
            number,
            time,
            actor_kind: entry.actor.kind().to_owned(),
            actor_id: entry.actor.id(),
            action: entry.action.0.to_owned(),
            target: entry.target.clone(),
            outcome: entry.outcome.name().to_owned(),
            address: entry.origin.map_or_else(String::new, |origin| origin.address.to_string()),
            request_id: request.as_str().to_owned(),
            detail: entry.detail.clone(),
            hash: String::new(),
        };
        event.hash = event.hash_after(before);
        event
    }

    /// SHA-256 over the hash before and every field, each after its length, so that no two events are
    /// the same bytes.
    pub fn hash_after(&self, before: &str) -> String {
        let (number, time) = (self.number.to_string(), clock::to_millis(self.time).to_string());
        let fields = [
            before,
            &number,
            &time,
            &self.actor_kind,
            &self.actor_id,
            &self.action,
            &self.target,
            &self.outcome,
            &self.address,
            &self.request_id,
            &self.detail,
        ];
        let mut context = digest::Context::new(&digest::SHA256);
        for field in fields {
            context.update(&(field.len() as u64).to_be_bytes());
            context.update(field.as_bytes());
        }
        context.finish().as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// Which entries are asked for: those for which everything holds that is set.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The kind of who did it.
    pub actor_kind: Option<&'static str>,
    /// Who did it.
    pub actor_id: Option<String>,
    /// What was done; with a `.` at the end, whatever begins so.
    pub action: Option<String>,
    /// To whom or to what.
    pub target: Option<String>,
    /// How it went.
    pub outcome: Option<Outcome>,
    /// At this time or later.
    pub after: Option<SystemTime>,
    /// Before this time.
    pub before: Option<SystemTime>,
}

impl Filter {
    /// Whether no entry can be let through: there is no zero byte in any, and not every database is asked for
    /// one without taking offence.
    pub fn is_of_nothing(&self) -> bool {
        [&self.action, &self.target].into_iter().flatten().any(|text| text.contains('\0'))
    }
}

/// The end of the chain, as it is kept beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 if there is none.
    pub number: i64,
    /// Its hash.
    pub hash: String,
}

/// Whether the log is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries are as they were written, those before the first that was read among them.
    pub count: i64,
    /// The number of the first entry that is missing or not as it was written.
    pub broken_at: Option<i64>,
    /// The hash of the last entry that is as it was written.
    pub head: String,
    /// Whether a hash that was kept elsewhere is no entry's, though nothing else is wrong.
    pub lacks_kept: bool,
    /// Whether there are entries that were not read yet.
    pub unfinished: bool,
}

/// Goes along the chain, from its first entry or from one that is believed.
#[derive(Debug)]
pub struct Check<'a> {
    /// A hash that one of the entries must have.
    kept: Option<&'a str>,
    report: Report,
}

impl<'a> Check<'a> {
    /// Behind an entry that is believed; the default one is before the first.
    pub fn new(from: Head, kept: Option<&'a str>) -> Self {
        let Head { number: count, hash: head } = from;
        // The log that told an empty hash had no entry to look for.
        let kept = kept.filter(|kept| !kept.is_empty());
        Self { kept, report: Report { count, broken_at: None, head, lacks_kept: false, unfinished: false } }
    }

    /// Whether every entry up to this number is as it was written.
    pub fn is_at(&self, number: i64) -> bool {
        self.report.count == number && self.report.broken_at.is_none()
    }

    /// Where the rest is left to another time.
    pub fn pause(self) -> Report {
        Report { unfinished: true, ..self.report }
    }

    /// Takes the next entry; whether it is the next, as it was written.
    pub fn take(&mut self, event: &Event) -> bool {
        let expected = self.report.count + 1;
        let good = event.number == expected && event.hash == event.hash_after(&self.report.head);
        if good {
            self.report.count = expected;
            self.report.head.clone_from(&event.hash);
            self.kept = self.kept.filter(|kept| *kept != event.hash);
        } else {
            self.report.broken_at = Some(expected);
        }
        good
    }

    /// After the last entry: the chain must end where `head` says, no entry may come `last` behind it, and the
    /// hash that was kept must have been met.
    pub fn end(self, last: i64, head: &Head) -> Report {
        let Self { kept, mut report } = self;
        let next = report.count + 1;
        let broken = if report.count != head.number || last > head.number {
            Some(next)
        } else if report.head != head.hash {
            // The last entry was written anew, with a hash that fits it.
            Some(report.count.max(1))
        } else {
            None
        };
        report.broken_at = report.broken_at.or(broken);
        report.lacks_kept = report.broken_at.is_none() && kept.is_some();
        if report.lacks_kept {
            report.broken_at = Some(next);
        }
        report
    }
}
