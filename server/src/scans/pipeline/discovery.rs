//! Who answers pings.

use std::{net::IpAddr, time::Duration};

use futures::{StreamExt, stream};

use super::{ByAddress, Stopped, preparation::Aim, teller::Teller};
use crate::{
    network::{
        model::ping::{Echo, Echoed},
        targets::Permit,
    },
    scans::{error::Error, worker::Crew},
};

/// Pings under way at once.
const AT_ONCE: usize = 64;
/// How long an answer may take, and how often it is asked for.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: u32 = 2;

/// What became of a host's pings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pinged {
    /// It answered, after so long.
    Answered(Duration),
    /// It did not.
    Silent,
    /// None could be sent, and why.
    Unsent(String),
}

/// Pings every address.
pub(super) async fn pings(crew: &Crew, aim: &Aim, teller: &Teller<'_>) -> Result<ByAddress<Pinged>, Stopped> {
    let echo = Echo::new(Some(PATIENCE), 0, 0)
        .map_err(|invalid| Stopped::Error(Error::Files(std::io::Error::other(invalid))))?;
    let total = aim.permits.len() as u64;
    let ping = |permit: Permit| async move { (permit.address(), ping(crew, permit, echo).await) };
    let pings: Vec<_> = aim.permits.values().copied().map(ping).collect();
    let mut pings = stream::iter(pings).buffer_unordered(AT_ONCE);
    let mut pinged: ByAddress<Pinged> = ByAddress::new();
    while let Some((address, outcome)) = pings.next().await {
        pinged.insert(address, outcome);
        teller.part(pinged.len() as u64, total).await?;
    }
    Ok(pinged)
}

async fn ping(crew: &Crew, permit: Permit, echo: Echo) -> Pinged {
    for _ in 0..TRIES {
        match crew.world.ping(permit, echo).await {
            Ok(Some(Echoed::Answered { round_trip, .. })) => return Pinged::Answered(round_trip),
            Ok(Some(Echoed::Unreachable(_) | Echoed::TtlExceeded(_)) | None) => {}
            Ok(Some(Echoed::NotPermitted(why))) => return Pinged::Unsent(why),
            Err(error) => return Pinged::Unsent(error.kind().to_string()),
        }
    }
    Pinged::Silent
}

/// The addresses that answered, and the others.
pub(super) fn split(pinged: &ByAddress<Pinged>) -> (Vec<IpAddr>, Vec<IpAddr>) {
    let answered = |address: &IpAddr| matches!(pinged.get(address), Some(Pinged::Answered(_)));
    let mut all: Vec<IpAddr> = pinged.keys().copied().collect();
    all.sort_unstable();
    all.into_iter().partition(answered)
}
