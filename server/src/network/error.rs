//! What can go wrong with looking at networks.

use super::{
    model::{InvalidHost, Name, scan::InvalidScan},
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
    /// A name without addresses for us.
    #[error("{0}: {1}")]
    Unresolved(Name, Unresolved),
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
