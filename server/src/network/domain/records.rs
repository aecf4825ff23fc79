//! The records that are asked for.

use std::net::IpAddr;

use super::{
    findings::{DMARC, MTA_STS, policy},
    look::{Job, Look, do_all},
};
use crate::network::{
    dns::{Data, Kind, Owner},
    model::Host,
};

/// Types that are asked for at the domain itself, addresses aside.
const OWN: [Kind; 8] =
    [Kind::Mx, Kind::Ns, Kind::Txt, Kind::Cname, Kind::Soa, Kind::Caa, Kind::Ds, Kind::Dnskey];
/// Services that are asked for by SRV records (RFC 2782, RFC 6186, RFC 6764, and what else is common).
const SERVICES: [&str; 24] = [
    "_autodiscover._tcp",
    "_caldav._tcp",
    "_caldavs._tcp",
    "_carddav._tcp",
    "_carddavs._tcp",
    "_gc._tcp",
    "_imap._tcp",
    "_imaps._tcp",
    "_jmap._tcp",
    "_kerberos._tcp",
    "_kerberos._udp",
    "_ldap._tcp",
    "_ldaps._tcp",
    "_matrix-fed._tcp",
    "_minecraft._tcp",
    "_pop3s._tcp",
    "_sip._tcp",
    "_sip._udp",
    "_sips._tcp",
    "_stun._udp",
    "_submission._tcp",
    "_submissions._tcp",
    "_xmpp-client._tcp",
    "_xmpp-server._tcp",
];
/// How many domains above are asked for a DMARC policy (RFC 9989, the tree walk).
const MAX_WALK: usize = 7;
/// How many names without addresses are asked for theirs.
const MAX_ASKED: usize = 200;

/// Most questions that one look takes, guesses aside.
pub(super) const MAX_QUESTIONS: usize = 2 + OWN.len() + SERVICES.len() + 2 + MAX_WALK + 2 * MAX_ASKED;

impl Look<'_> {
    /// The records of a domain, and of the names below it by which its policies and services go.
    pub(super) async fn records(&self, domain: &Owner) {
        let own = OWN.into_iter().map(|kind| (domain.clone(), kind));
        let services = SERVICES.into_iter().filter_map(|service| Some((domain.below(service)?, Kind::Srv)));
        let policies = [domain.below(MTA_STS)].into_iter().flatten().map(|owner| (owner, Kind::Txt));
        let questions = own.chain(services).chain(policies);
        let jobs = questions.map(|(owner, kind)| -> Job<'_> {
            Box::pin(async move {
                // What came of it is kept already.
                let _ = self.ask(owner, kind).await;
            })
        });
        let dmarc: Job<'_> = Box::pin(self.dmarc(domain));
        do_all(jobs.chain([dmarc])).await;
    }

    /// The policy of the domain, or of the nearest domain above that has one; those of one label have none for others.
    async fn dmarc(&self, domain: &Owner) {
        let mut above = Some(domain.clone());
        for _ in 0..=MAX_WALK {
            let Some(level) = above.filter(|level| level.depth() > 1) else { return };
            if let Some(owner) = level.below(DMARC) {
                let Ok(reply) = self.ask(owner, Kind::Txt).await else { return };
                let texts: Vec<String> =
                    reply
                        .records
                        .iter()
                        .filter_map(|record| {
                            if let Data::Txt(text) = &record.data { Some(text.clone()) } else { None }
                        })
                        .collect();
                let found = policy(&texts, "v=DMARC1");
                if !found.is_empty() {
                    self.findings().set_dmarc(found);
                    return;
                }
            }
            above = level.parent();
        }
    }

    /// The names of an address (RFC 1035 3.5, RFC 3596 2.5).
    pub(super) async fn reverse(&self) {
        let Host::Address(address) = self.host else { return };
        // What came of it is kept already.
        let _ = self.ask(Owner::of_address(*address), Kind::Ptr).await;
    }

    /// Addresses of names that were found without any.
    pub(super) async fn missing_addresses(&self) {
        let names = self.findings().names_without_address(MAX_ASKED);
        let questions = names.into_iter().flat_map(|name| [(name.clone(), Kind::A), (name, Kind::Aaaa)]);
        let jobs = questions.map(|(name, kind)| -> Job<'_> {
            Box::pin(async move {
                let question = crate::network::dns::Question::new(name, kind);
                // That there are none is no failure of the look.
                if let Ok(reply) = self.world.query(&question).await {
                    let addresses: Vec<IpAddr> = reply.addresses().collect();
                    self.findings().add_addresses(&question.owner, &addresses);
                }
            })
        });
        do_all(jobs).await;
    }
}
