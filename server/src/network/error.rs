//! What can go wrong with looking at networks.

use std::{io, net::IpAddr, time::Duration};

use super::{
    model::{Host, InvalidHost, Name, ping::InvalidEcho, scan::InvalidScan},
    ports,
    runs::Refused,
    targets::Denied,
    world::Unresolved,
};
use crate::db;

/// Why a call on networks failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither an address nor a name.
    #[error(transparent)]
    Host(#[from] InvalidHost),
    /// A port scan that can't be.
    #[error(transparent)]
    Scan(#[from] InvalidScan),
    /// A port scan that our own system could not make.
    #[error(transparent)]
    Ports(#[from] ports::Error),
    /// An echo request that can't be.
    #[error(transparent)]
    Echo(#[from] InvalidEcho),
    /// An echo request that nothing came back for in the time given.
    #[error("nothing came back within {} seconds", .0.as_secs_f64())]
    PingTimeout(Duration),
    /// Our own system failed.
    #[error("the system failed: {0}")]
    System(#[source] io::Error),
    /// An address of which nothing is known.
    #[error("nothing is known of {0}")]
    AddressUnknown(IpAddr),
    /// A name without addresses for us.
    #[error("{0}: {1}")]
    Unresolved(Name, Unresolved),
    /// A question to which nobody has an answer, and nothing else was found out either.
    #[error("{0}: {1}")]
    Unanswered(Host, Unresolved),
    /// The policy keeps the target from the caller.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller, or others, do as much as may be done already.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}
