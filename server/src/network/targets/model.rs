//! The nouns of the target policy.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use uuid::Uuid;

use crate::{auth::Role, edge::Cidr};

/// Most characters of a grant's note.
pub const MAX_NOTE: usize = 255;
/// Most grants of an account.
pub const MAX_GRANTS: i64 = 100;

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The internet's.
    Public,
    /// A private network's.
    Private,
    /// The server's own machine.
    Loopback,
    /// The server's own link, cloud metadata among it.
    LinkLocal,
    /// Many at once.
    Multicast,
    /// Set aside for something else.
    Reserved,
    /// Where the server itself listens.
    Own,
}

impl Class {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Own => "own",
        }
    }
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// What the target is, and who asks.
    Class,
    /// The setting ATALAYA_ALLOW_TARGETS.
    AllowSetting,
    /// The setting ATALAYA_DENY_TARGETS.
    DenySetting,
    /// A grant.
    Grant,
}

impl Rule {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::AllowSetting => "ATALAYA_ALLOW_TARGETS",
            Self::DenySetting => "ATALAYA_DENY_TARGETS",
            Self::Grant => "grant",
        }
    }
}

/// What packets are sent for. Told in the log with each refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An echo request.
    Ping,
    /// A port scan.
    Scan,
    /// A question to a name server.
    Dns,
    /// A page of a site.
    Page,
    /// A source of data that the operator switched on.
    Source,
    /// Word to people: mail, webhooks.
    Word,
}

/// What somebody may look at.
#[derive(Debug, Clone)]
pub enum Clearance {
    /// An account of a role, with its grants.
    Account(Role, Arc<[Cidr]>),
    /// The operator, at the command line.
    Operator,
}

impl Clearance {
    /// Whether private networks are open to them without a grant.
    pub(super) fn has_private(&self) -> bool {
        match self {
            Self::Account(role, _) => *role >= Role::Admin,
            Self::Operator => true,
        }
    }

    /// Whether a grant names the address.
    pub(super) fn is_granted(&self, address: IpAddr) -> bool {
        match self {
            Self::Account(_, grants) => grants.iter().any(|grant| grant.contains(address)),
            Self::Operator => false,
        }
    }
}

/// The policy's answer about an address that it keeps from somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{address} may not be looked at: {}", self.why())]
pub struct Denied {
    /// The address.
    pub address: IpAddr,
    /// What it is, or what it carries is.
    pub class: Class,
    /// What decided.
    pub rule: Rule,
}

impl Denied {
    fn why(&self) -> &'static str {
        match (self.rule, self.class) {
            (Rule::DenySetting, _) => "this server's operator has shut it (ATALAYA_DENY_TARGETS)",
            (_, Class::Private) => "private networks are for admins, and for accounts with a grant",
            (_, Class::Loopback) => "it is this server's own machine",
            (_, Class::LinkLocal) => "it is of the server's own link, or a cloud's metadata",
            (_, Class::Multicast) => "it is many hosts at once",
            (_, Class::Own) => "this server itself listens there",
            (_, Class::Reserved | Class::Public) => "it is set aside for something else",
        }
    }
}

/// Why somebody may look at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// What it is.
    pub class: Class,
    /// What decided.
    pub rule: Rule,
}

/// The right of an account to look at a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// The network.
    pub cidr: Cidr,
    /// Why.
    pub note: Note,
    /// The admin who granted it; `None` for the operator.
    pub granted_by: Option<Uuid>,
    /// When.
    pub create_time: SystemTime,
}

/// Why something was granted: at most [`MAX_NOTE`] characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note(String);

/// Not a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNote;

impl Note {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From the database, which holds only what was one.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }
}

impl TryFrom<&str> for Note {
    type Error = InvalidNote;

    fn try_from(text: &str) -> Result<Self, InvalidNote> {
        let fits = text.chars().count() <= MAX_NOTE && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidNote) }
    }
}
