//! What speaks at an open port, and which program of which version it is.
//!
//! A greeting is waited for while TLS and HTTP are tried on connections of their own; who says nothing to these is asked
//! in his own protocol. Inside TLS the same is done again. All of it is bounded by [`Limits`].

mod caller;
mod clean;
pub mod datagrams;
mod finding;
#[cfg(fuzzing)]
pub mod fuzzing;
mod greeting;
mod http;
mod model;
mod naming;
mod probes;
mod second;
#[cfg(test)]
mod tests;
mod trial;
mod tunnel;
mod verdict;

use self::{caller::Caller, trial::Trial};
pub use self::{
    clean::MAX_FIELD,
    model::{Detected, Http, Limits},
};
use super::{Door, fingerprints::Fingerprints};

/// Finds out what speaks at a port. `host` is the name by which the target is known, if it has one.
///
/// It takes no longer than [`Limits::deadline`], whatever the other side does, and fails at nothing: where nothing was
/// found out, it says what usually listens there.
pub async fn detect(door: &Door, host: Option<&str>, prints: &Fingerprints, limits: &Limits) -> Detected {
    let caller = Caller::new(door, limits);
    let name = tunnel::server_name(host, door.address());
    let trial = Trial::new(&caller, host, &name).run().await;
    let mut heard = trial;
    if let Some(finding) = &mut heard.finding
        && let Some(path) = second::path(finding)
    {
        second::look(&caller, host, heard.is_tls.then_some(&name), path, finding).await;
    }
    let mut detected = verdict::detected(&heard, prints, door.port());
    detected.is_cut_short = caller.is_cut_short();
    detected
}
