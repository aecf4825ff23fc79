//! What is found out about a port, and within which limits.

use std::time::Duration;

/// What HTTP is spoken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Http {
    /// TCP.
    Plain,
    /// TLS.
    Secure,
}

impl Http {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "http",
            Self::Secure => "https",
        }
    }
}

/// What speaks at a port. Every text is clean: at most [`MAX_FIELD`](super::clean::MAX_FIELD) characters of one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detected {
    /// The service, by IANA's name where there is one; `None` where nobody speaks and nothing is expected.
    pub service_name: Option<String>,
    /// Whether the name is only what usually listens there: nothing was recognised.
    pub is_guess: bool,
    /// Whose program it is.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What else it gives away.
    pub extrainfo: Option<String>,
    /// The family of its operating system.
    pub ostype: Option<String>,
    /// How it calls its host.
    pub hostname: Option<String>,
    /// Its name in the Common Platform Enumeration, of the form 2.2.
    pub cpe: Option<String>,
    /// Whether it speaks HTTP, and over what.
    pub http_protocol: Option<Http>,
    /// Whether it speaks TLS from the first byte on.
    pub is_tls: bool,
    /// The status that `GET /` was answered with.
    pub http_status: Option<u16>,
    /// Where that points.
    pub location: Option<String>,
    /// The page's title.
    pub title: Option<String>,
    /// What it greets with, or answers where nothing was recognised.
    pub banner: Option<String>,
    /// Whether time or connections ran out before everything was tried.
    pub is_cut_short: bool,
}

/// What may be spent on one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time for all of it.
    pub deadline: Duration,
    /// How long a greeting is waited for before anything else, where one is expected.
    pub greeting: Duration,
    /// How long it is waited for beside everything else.
    pub late: Duration,
    /// How long one answer may take, however slowly it drips.
    pub answer: Duration,
    /// The same where nobody is expected to know the question.
    pub unlikely: Duration,
    /// How long TLS may take to be agreed on.
    pub handshake: Duration,
    /// How long silence lasts after an answer of unknown length, before it counts as whole.
    pub pause: Duration,
    /// How long answers to TLS and HTTP are waited for before other protocols are tried beside them.
    pub head_start: Duration,
    /// Connections at once.
    pub at_once: usize,
    /// Connections in all.
    pub connections: usize,
    /// Bytes of one answer that are read.
    pub answer_bytes: usize,
    /// Bytes that are read in all.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            greeting: Duration::from_millis(300),
            late: Duration::from_secs(6),
            answer: Duration::from_secs(3),
            unlikely: Duration::from_millis(800),
            handshake: Duration::from_secs(3),
            pause: Duration::from_millis(150),
            head_start: Duration::from_millis(500),
            at_once: 6,
            connections: 40,
            answer_bytes: 64 << 10,
            bytes: 512 << 10,
        }
    }
}
