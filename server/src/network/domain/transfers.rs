//! Zones that are handed over whole to whoever asks.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    look::{Job, Look, do_some},
    model::NameSource,
};
use crate::network::{
    dns::{Kind, Owner, Record},
    targets::Purpose,
};

/// Name servers that are asked, and addresses of each.
const MAX_SERVERS: usize = 8;
const MAX_ADDRESSES: usize = 2;
/// Zones that are taken at once: each may be large.
const AT_ONCE: usize = 2;

impl Look<'_> {
    /// Asks each name server of the domain for the zone, at each of its addresses that may be asked.
    pub(super) async fn transfers(&self, domain: &Owner) {
        let servers: Vec<Owner> = {
            let findings = self.findings();
            let values = findings.values(Kind::Ns).iter().take(MAX_SERVERS);
            values.filter_map(|server| Owner::parse(server)).collect()
        };
        let jobs = servers.into_iter().map(|server| -> Job<'_> { Box::pin(self.transfer(domain, server)) });
        do_some(AT_ONCE, jobs).await;
    }

    async fn transfer(&self, domain: &Owner, server: Owner) {
        let part = format!("zone transfer from {server}");
        let Some(name) = server.host() else { return };
        let addresses = match self.world.resolve(&name).await {
            Ok(addresses) => addresses,
            Err(why) => return self.findings().fail(part, &why),
        };
        for address in addresses.into_iter().take(MAX_ADDRESSES) {
            let permit = match self.permit(Purpose::Dns, address) {
                Ok(permit) => permit,
                Err(denied) => {
                    self.findings().deny(part.clone(), denied);
                    continue;
                }
            };
            match self.world.transfer(permit, domain).await {
                Ok(records) => {
                    let mut findings = self.findings();
                    findings.set_transfer_open();
                    for (name, addresses) in names(&records) {
                        findings.add_name(name, NameSource::ZoneTransfer, &addresses);
                        if name.without_star().is_some_and(|below| below == *domain) {
                            findings.set_wildcard();
                        }
                    }
                    return;
                }
                Err(why) => self.findings().fail(part.clone(), &why),
            }
        }
    }
}

/// The names of a zone with their addresses.
fn names(records: &[Record]) -> BTreeMap<&Owner, Vec<IpAddr>> {
    let mut names: BTreeMap<&Owner, BTreeSet<IpAddr>> = BTreeMap::new();
    for record in records {
        names.entry(&record.owner).or_default().extend(record.data.address());
    }
    names.into_iter().map(|(name, addresses)| (name, addresses.into_iter().collect())).collect()
}
