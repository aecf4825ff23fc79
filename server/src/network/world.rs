//! What we ask of the outside. Whoever answers is the real world, or the script of a test.

use std::{future::Future, io, net::IpAddr, pin::Pin, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::{
    dns::{Owner, Question, Record, Reply, Unanswered},
    model::{
        Host, Name,
        ping::{Echo, Echoed},
    },
    ports::{self, Found, Limits, PortSet},
    shot::{Screenshot, Shot, Unshot},
    targets::{Denied, Permit},
    web::{Page, Unreached, Visit},
};

/// Longest answer in one datagram that is read, in bytes.
pub const MAX_DATAGRAM: usize = 4096;

/// An answer that is waited for.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection with whoever listens at a port. Nothing was said on it yet.
pub type Connection = Box<dyn Stream>;

/// Why a name has no addresses for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// There is no such name, or it has no addresses.
    #[error("the name has no address")]
    NotFound,
    /// No resolver answered in time.
    #[error("no resolver answered in time")]
    TimedOut,
    /// No resolver can be asked.
    #[error("no resolver can be asked")]
    Unavailable,
}

/// A port scan: what to probe, and within which limits.
#[derive(Debug, Clone)]
pub struct Order {
    /// The hosts.
    pub permits: Vec<Permit>,
    /// The ports of each.
    pub ports: PortSet,
    /// Its limits.
    pub limits: Limits,
    /// What the order of probes comes from.
    pub seed: u64,
}

/// Why a zone was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untransferred {
    /// The policy keeps the server from everyone.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No connection, or it broke off.
    #[error("no connection: {0}")]
    Connection(String),
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// The server won't.
    #[error("the server answered: {0}")]
    Refused(String),
    /// What came is no zone.
    #[error("what came is no zone")]
    Garbled,
    /// More than we take.
    #[error("the zone is larger than {0}")]
    TooLarge(String),
}

/// The outside. Packets leave for others only here, and only with a `Permit`.
pub trait World: Send + Sync + 'static {
    /// The addresses of a name, IPv4 first, as the operator's resolvers know them.
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>>;

    /// Scans TCP ports, and tells of them in batches as they are known. Ends soon after it is stopped, and when nobody
    /// hears of them any more.
    fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>>;

    /// The same by SYNs whose answers are reset: see [`ports::syn`].
    fn scan_syn(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>>;

    /// The same of UDP ports, which should be few: see [`ports::udp`].
    fn scan_udp(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>>;

    /// Sends one echo request, and waits as long as it says; `None` when nothing came back in that time. Errors are our
    /// own system's: no descriptors, no memory.
    fn ping(&self, permit: Permit, echo: Echo) -> Answer<'_, io::Result<Option<Echoed>>>;
    /// What the operator's resolvers say to a question.
    fn query<'a>(&'a self, question: &'a Question) -> Answer<'a, Result<Reply, Unanswered>>;

    /// A whole zone, from one of its name servers (AXFR, RFC 5936).
    fn transfer<'a>(
        &'a self,
        server: Permit,
        zone: &'a Owner,
    ) -> Answer<'a, Result<Vec<Record>, Untransferred>>;

    /// A connection to a TCP port, made within so much time.
    fn dial(
        &self,
        server: Permit,
        port: u16,
        patience: Duration,
    ) -> Answer<'_, Result<Connection, Unreached>>;

    /// Sends one datagram to a UDP port, and waits so long for one that comes back from there: its first
    /// [`MAX_DATAGRAM`] bytes; `None` when none came, or the host said that nobody listens. Errors are our own system's.
    fn ask<'a>(
        &'a self,
        server: Permit,
        port: u16,
        datagram: &'a [u8],
        patience: Duration,
    ) -> Answer<'a, io::Result<Option<Vec<u8>>>>;

    /// The names for which the certificate at a port is, whoever has signed it.
    fn certified<'a>(
        &'a self,
        server: Permit,
        port: u16,
        host: &'a Host,
    ) -> Answer<'a, Result<Vec<String>, Unreached>>;

    /// What a source of data answers that the operator switched on. Unlike a page it is read whole, and over TLS only
    /// from who can prove who he is.
    fn consult<'a>(&'a self, visit: &'a Visit) -> Answer<'a, Result<Page, Unreached>>;

    /// A page, without following where it points.
    fn visit<'a>(&'a self, visit: &'a Visit) -> Answer<'a, Result<Page, Unreached>>;

    /// What a browser shows of a page, at the latest some 30 seconds after its turn has come. Dropped, it is not drawn.
    fn screenshot(&self, shot: Shot) -> Answer<'_, Result<Screenshot, Unshot>>;
}
