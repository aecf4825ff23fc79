//! TLS as a server speaks it: versions, suites and whose order counts, certificates; by hello messages of our own,
//! which take what a library of TLS no longer says. Gentle by default; and silence is never told as a no.

mod answer;
mod certificate;
mod chains;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hello;
mod judge;
mod knock;
mod model;
mod shake;
mod start;
mod suites;
mod versions;

use std::time::SystemTime;

use rustls::pki_types::DnsName;

use self::knock::Probe;
use super::Door;

pub use self::{
    certificate::{Certificate, MAX_SANS, Unreadable},
    judge::{Weakness, weaknesses},
    model::{Chain, Examined, Limits, Order, StartTls, Suites, Support, Version},
    suites::Suite,
};

/// Finds out what a server does in TLS. `host` is the name that it is asked by; what is no name of DNS, addresses
/// included, is not asked by. `now` is the time at which certificates are to be good. Never fails: what could not be
/// found out is told as that. Dropping it ends it at once.
pub async fn examine(
    door: &Door,
    host: Option<&str>,
    start: StartTls,
    limits: &Limits,
    now: SystemTime,
) -> Examined {
    let host = host.filter(|host| DnsName::try_from(*host).is_ok());
    let probe = Probe::new(door, host, start, limits);
    let versions = versions::examine(&probe).await;
    let found = chains::collect(&probe, &versions, now).await;
    let (chains, problems) = (found.chains, found.problems);
    Examined { versions, chains, problems, declines: probe.declines(), connections: probe.connections() }
}

#[cfg(test)]
mod tests;
