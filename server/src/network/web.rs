//! One visit of a web server, in values of our own.

use super::{
    model::Host,
    targets::{Denied, Permit},
};

/// Most bytes of a page that are read, after unpacking.
pub const MAX_PAGE: usize = 256 << 10;

/// Most bytes that a source of data answers; one that answers more is broken.
pub const MAX_SOURCE: usize = 2 << 20;

/// What is asked of a web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Where it is.
    pub server: Permit,
    /// Its port.
    pub port: u16,
    /// Whether by TLS. Whoever answers is read, whatever his certificate says: broken sites are looked at too.
    pub secure: bool,
    /// The site's host.
    pub host: Host,
    /// Path and query, beginning with a slash.
    pub path: String,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The status of HTTP.
    pub status: u16,
    /// Where to look instead.
    pub location: Option<String>,
    /// What the body is.
    pub content_type: Option<String>,
    /// Of a page its first [`MAX_PAGE`] bytes, or those up to the end of its title.
    pub body: Vec<u8>,
}

/// Why a server was not reached, or not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// The policy keeps the server from everyone.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No connection.
    #[error("no connection: {0}")]
    Connection(String),
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// No TLS with it.
    #[error("no TLS: {0}")]
    Tls(String),
    /// It does not speak HTTP, or breaks off.
    #[error("no HTTP: {0}")]
    Http(String),
}
