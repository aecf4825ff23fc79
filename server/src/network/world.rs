//! What we ask of the outside. Whoever answers is the real world, or the script of a test.

use std::{future::Future, io, net::IpAddr, pin::Pin};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    model::{
        Name,
        ping::{Echo, Echoed},
    },
    ports::{self, Found, Limits, PortSet},
    targets::Permit,
};

/// An answer that is waited for.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
    /// The TCP ports of each.
    pub ports: PortSet,
    /// Its limits.
    pub limits: Limits,
    /// What the order of probes comes from.
    pub seed: u64,
}

/// The outside. Packets leave for others only here, and only with a `Permit`.
pub trait World: Send + Sync + 'static {
    /// The addresses of a name, IPv4 first, as the operator's resolvers know them.
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>>;

    /// Scans ports, and tells of them in batches as they are known. Ends soon after it is stopped, and when nobody
    /// hears of them any more.
    fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>>;

    /// The names that reverse DNS gives an address, as the operator's resolvers know them. Nothing is sent to itself.
    fn reverse(&self, address: IpAddr) -> Answer<'_, Result<Vec<Name>, Unresolved>>;

    /// Sends one echo request, and waits as long as it says; `None` when nothing came back in that time. Errors are our
    /// own system's: no descriptors, no memory.
    fn ping(&self, permit: Permit, echo: Echo) -> Answer<'_, io::Result<Option<Echoed>>>;
}
