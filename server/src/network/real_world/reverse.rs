//! The names of addresses, by the resolvers of the system (RFC 1035 3.5, RFC 3596 2.5).

use std::{net::IpAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    net::{DnsError, NetError},
    proto::rr::RData,
};
use tokio::time::timeout;

use crate::network::{model::Name, world::Unresolved};

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The names that reverse DNS gives an address. What is no host name is passed over.
pub(super) async fn names(address: IpAddr) -> Result<Vec<Name>, Unresolved> {
    let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
    let resolver = resolver.map_err(|_| Unresolved::Unavailable)?;
    let answer = timeout(DEADLINE, resolver.reverse_lookup(address)).await;
    let found = answer.map_err(|_| Unresolved::TimedOut)?.map_err(|error| match error {
        NetError::Dns(DnsError::NoRecordsFound(_)) => Unresolved::NotFound,
        NetError::Timeout => Unresolved::TimedOut,
        _ => Unresolved::Unavailable,
    })?;
    let names = found.answers().iter().filter_map(|record| match &record.data {
        RData::PTR(name) => name.to_string().parse().ok(),
        _ => None,
    });
    Ok(names.collect())
}
