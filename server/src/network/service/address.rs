//! What is known of an address. No packet goes to it, so that it needs no permit.

use std::net::IpAddr;

use super::{Asker, Service, entry};
use crate::{
    audit::Action,
    network::{
        Error, Name,
        addresses::{Known, Source, merge},
        targets::special,
        world::Unresolved,
    },
};

const ADDRESS: Action = Action("network.address");
/// Most names that reverse DNS may give an address.
const MAX_NAMES: usize = 20;

impl Service {
    /// What is known of an address. Of a special range that the internet does not route, its registry tells all.
    pub async fn address(&self, asker: Asker, address: IpAddr) -> Result<Known, Error> {
        self.call(asker)?;
        self.write_down(&entry(asker, ADDRESS, address)).await?;
        let address = address.to_canonical();
        let special = special::range(address);
        let mut known = Known {
            address,
            special,
            location: None,
            network: None,
            names: Vec::new(),
            sources: special.map(|_| registry()).into_iter().collect(),
            failures: Vec::new(),
        };
        if special.is_none_or(|range| range.global) {
            self.look_up(&mut known).await;
        }
        let nothing = special.is_none() && known.location.is_none() && known.network.is_none();
        if nothing && known.names.is_empty() { Err(Error::AddressUnknown(address)) } else { Ok(known) }
    }

    async fn look_up(&self, known: &mut Known) {
        let (found, names) = tokio::join!(self.data.find(known.address), self.names_of(known.address));
        let (findings, failures) = found;
        let (location, network, sources) = merge(&findings);
        (known.location, known.network) = (location, network);
        known.sources.extend(sources);
        known.failures.extend(failures);
        match names {
            Ok(names) => known.names = names,
            Err(why) => known.failures.push(format!("reverse DNS: {why}")),
        }
    }

    /// What reverse DNS calls an address; most addresses have no name.
    async fn names_of(&self, address: IpAddr) -> Result<Vec<Name>, Unresolved> {
        match self.world.reverse(address).await {
            Ok(mut names) => {
                names.truncate(MAX_NAMES);
                Ok(names)
            }
            Err(Unresolved::NotFound) => Ok(Vec::new()),
            Err(why) => Err(why),
        }
    }
}

/// The source of what special ranges are for.
fn registry() -> Source {
    Source { name: "IANA special-purpose address registries".to_owned(), ..Source::default() }
}
