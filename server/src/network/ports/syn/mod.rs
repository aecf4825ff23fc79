//! Half-open scans: SYNs by raw sockets, whose answers are reset before there is a connection. Faster than connecting
//! and kinder to the target, whose services never hear of it; but they need CAP_NET_RAW.
//!
//! The sockets are in a process of their own, which holds nothing else ([`child`]); the engine, the policy and all that
//! is decided stay in the server ([`link`]).

pub mod child;
mod link;
mod packet;
mod raw;
mod wire;

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::link::{Begun, Link};
use super::{
    Error,
    driver::Driver,
    engine::Engine,
    model::{Found, Limits, PortSet, Summary},
    scan::on_thread,
};
use crate::network::targets::Permit;

/// The argument that makes the program the process with the raw sockets: `atalaya raw-sockets`.
pub const SUBCOMMAND: &str = "raw-sockets";

/// Scans each TCP port at each address by SYNs that a process of `program raw-sockets` sends; else as
/// [`scan`](super::scan()).
pub async fn scan(
    program: PathBuf,
    permits: Vec<Permit>,
    ports: PortSet,
    limits: Limits,
    seed: u64,
    sink: mpsc::Sender<Vec<Found>>,
    cancel: CancellationToken,
) -> Result<Summary, Error> {
    let work = move |cancel| {
        let link = match Link::begin(&program)? {
            Begun::Ready(link) => link,
            Begun::Forbidden => return Err(Error::NoRawSockets),
        };
        let engine = Engine::new(&permits, &ports, limits, seed);
        Ok(Driver::new(engine, permits.len(), link, sink, cancel).run()?)
    };
    on_thread("syn-scan", cancel, work).await
}
