//! What is known of an address. No packet goes to it, so that it needs no permit.

use std::net::IpAddr;

use super::{Asker, Service, entry};
use crate::{
    audit::Action,
    network::{
        Error, Name,
        addresses::{Failed, Finding, Known, Source, merge},
        dns::{Kind, Owner, Question, Unanswered},
        targets::special,
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
        let (found, names, registered) = tokio::join!(
            self.data.find(known.address),
            self.names_of(known.address),
            self.registered(known.address),
        );
        let (mut findings, failures) = found;
        match registered {
            // Last: files say where an address is used, a registry where its holder is.
            Ok(finding) => findings.extend(finding),
            Err(why) => known.failures.push(format!("RDAP: {why}")),
        }
        let (location, network, sources) = merge(&findings);
        (known.location, known.network) = (location, network);
        known.sources.extend(sources);
        known.failures.extend(failures);
        match names {
            Ok(names) => known.names = names,
            Err(why) => known.failures.push(format!("reverse DNS: {why}")),
        }
    }

    /// What the registries of the internet say, if the operator lets us ask them.
    async fn registered(&self, address: IpAddr) -> Result<Option<Finding>, Failed> {
        match &self.registries {
            Some(registries) => registries.find(&*self.world, address).await,
            None => Ok(None),
        }
    }

    /// What reverse DNS calls an address, be it by an alias (RFC 2317); most addresses have no name.
    async fn names_of(&self, address: IpAddr) -> Result<Vec<Name>, Unanswered> {
        let question = Question::new(Owner::of_address(address), Kind::Ptr);
        let reply = self.world.query(&question).await?;
        let pointers = reply.records.iter().filter(|record| record.data.kind() == Kind::Ptr);
        Ok(pointers.filter_map(|record| record.data.host()?.host()).take(MAX_NAMES).collect())
    }
}

/// The source of what special ranges are for.
fn registry() -> Source {
    Source { name: "IANA special-purpose address registries".to_owned(), ..Source::default() }
}
