//! What is asked of a TLS server, and what was found. Texts that come from the server are hostile, and cleaned of
//! whatever does not show; whoever puts them into a page escapes them.

use std::time::Duration;

use super::{certificate::Certificate, suites::Suite};

/// How gently, and how long, a server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at once; at least 1 is made.
    pub at_once: usize,
    /// How long to wait after each connection before its place is taken by the next.
    pub pause: Duration,
    /// How long the server may take for an answer on a connection, its greeting and STARTTLS included.
    pub answer: Duration,
    /// How long all of it may take. What is not known by then is told as unknown.
    pub all: Duration,
}

impl Default for Limits {
    /// Gentle: 4 connections at once, 4 seconds for an answer, 60 for all.
    fn default() -> Self {
        Self {
            at_once: 4,
            pause: Duration::ZERO,
            answer: Duration::from_secs(4),
            all: Duration::from_mins(1),
        }
    }
}

/// How TLS begins on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StartTls {
    /// At once.
    Direct,
    /// After `STARTTLS` (RFC 3207).
    Smtp,
    /// After `STARTTLS` (RFC 9051, 6.2.1).
    Imap,
    /// After `STLS` (RFC 2595).
    Pop3,
    /// After `AUTH TLS` (RFC 4217).
    Ftp,
    /// After an extended request (RFC 4511, 4.14).
    Ldap,
    /// After PostgreSQL's SSLRequest.
    Postgres,
    /// After MySQL's SSL request packet.
    Mysql,
    /// After `<starttls/>` (RFC 6120, 5).
    Xmpp,
}

impl StartTls {
    /// How TLS begins within a service, by IANA's name of that; `None` where there is no way, or we know none.
    pub fn within(service: &str) -> Option<Self> {
        match service {
            "smtp" | "submission" => Some(Self::Smtp),
            "imap" => Some(Self::Imap),
            "pop3" => Some(Self::Pop3),
            "ftp" => Some(Self::Ftp),
            "ldap" => Some(Self::Ldap),
            "postgresql" => Some(Self::Postgres),
            "mysql" => Some(Self::Mysql),
            "xmpp-client" => Some(Self::Xmpp),
            _ => None,
        }
    }
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// SSL 2.0.
    Ssl2,
    /// SSL 3.0 (RFC 6101).
    Ssl3,
    /// TLS 1.0 (RFC 2246).
    Tls10,
    /// TLS 1.1 (RFC 4346).
    Tls11,
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl Version {
    /// All of them, the oldest first.
    pub const ALL: [Self; 6] = [Self::Ssl2, Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// Such as `TLS 1.2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssl2 => "SSL 2.0",
            Self::Ssl3 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }

    /// Its number in messages.
    pub(super) fn wire(self) -> u16 {
        match self {
            Self::Ssl2 => 0x0002,
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }
}

/// All that was found of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Each of [`Version::ALL`], in its order.
    pub versions: Vec<(Version, Support)>,
    /// One chain per kind of key that the server has a certificate for; no certificate stands first in two of them.
    pub chains: Vec<Chain>,
    /// What could not be found out beside the versions, a sentence each.
    pub problems: Vec<String>,
    /// Whether the server said, in the protocol that it speaks before TLS, that it does not begin TLS.
    pub declines: bool,
    /// Connections that were made for it.
    pub connections: u32,
}

impl Examined {
    /// Whether some version is spoken.
    pub fn speaks(&self) -> bool {
        self.versions.iter().any(|(_, support)| matches!(support, Support::Supported(_)))
    }
}

/// Whether a version is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// It is.
    Supported(Suites),
    /// The server said no, by an alert, by another version, or by hanging up while it talked on about others.
    NotSupported,
    /// Nobody knows, and why: silence is not a no.
    Unknown(String),
}

/// The suites that a server takes in a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suites {
    /// In the server's order if that is the one that counts, else in the order in which we prefer them.
    pub accepted: Vec<Suite>,
    /// Whose order counts; `None` with fewer than two suites, and where it can't be told: in SSL 2.0 the client
    /// chooses, and servers that take no long hello are asked in parts.
    pub order: Option<Order>,
    /// Why there may be more; `None` if these are all.
    pub unfinished: Option<String>,
}

/// Whose order of suites counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// The certificates that a server shows for one kind of key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The server's own first, the others as they came; never empty.
    pub certificates: Vec<Certificate>,
    /// Whether an authority that browsers trust vouches for the first of them now, and for the name if one was asked
    /// for; or why not. Neither revocation nor transparency is looked at.
    pub trusted: Result<(), String>,
}
