//! Names, by the resolver of the system.

use std::{io::ErrorKind, net::IpAddr, time::Duration};

use tokio::{net::lookup_host, time::timeout};

use crate::network::{model::Name, world::Unresolved};

/// How long a name may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 32;

/// The addresses of a name, IPv4 first.
pub(super) async fn resolve(name: &Name) -> Result<Vec<IpAddr>, Unresolved> {
    // With its last dot, so that no search list turns it into another name.
    let absolute = format!("{name}.");
    let answer = timeout(DEADLINE, lookup_host((absolute.as_str(), 0))).await;
    let found = answer.map_err(|_| Unresolved::TimedOut)?.map_err(|error| {
        let late = matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        if late { Unresolved::TimedOut } else { Unresolved::NotFound }
    })?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    if addresses.is_empty() { Err(Unresolved::NotFound) } else { Ok(addresses) }
}
