//! What we ask of the outside. Whoever answers is the real world, or the script of a test.

use std::{future::Future, net::IpAddr, pin::Pin};

use super::model::Name;

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

/// The outside. Packets leave for others only here, and only with a `Permit`.
pub trait World: Send + Sync + 'static {
    /// The addresses of a name, IPv4 first, as the operator's resolvers know them.
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>>;
}
