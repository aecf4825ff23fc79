//! One look at a domain: the jobs that go on side by side, and what they share.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, stream};

use super::{findings::Findings, model::NameSource, transparency::Logs, words::Words};
use crate::network::{
    dns::{Kind, Owner, Question, Reply, Unanswered},
    model::Host,
    targets::{Clearance, Denied, Permit, Purpose, TargetPolicy},
    world::World,
};

/// Questions of one job under way at once; the real world has a bound of its own for all jobs.
const AT_ONCE: usize = 256;

/// A job to be done.
pub(super) type Job<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What the jobs of one look share.
pub(in crate::network) struct Look<'a> {
    /// What is asked.
    pub(super) world: &'a dyn World,
    /// Who may be asked.
    pub(super) policy: &'a TargetPolicy,
    /// By whom.
    pub(super) clearance: &'a Clearance,
    /// What is guessed, if anything is.
    pub(super) words: Option<&'a Words>,
    /// The logs of certificates, if they may be asked.
    pub(super) logs: Option<&'a Logs>,
    /// About whom.
    pub(super) host: &'a Host,
    findings: Mutex<Findings>,
}

impl<'a> Look<'a> {
    /// A look at a host, on behalf of somebody.
    pub(in crate::network) fn new(
        world: &'a dyn World,
        policy: &'a TargetPolicy,
        clearance: &'a Clearance,
        host: &'a Host,
    ) -> Self {
        let domain = match host {
            Host::Name(name) => Some(Owner::from(name)),
            Host::Address(_) => None,
        };
        let findings = Mutex::new(Findings::new(domain));
        Self { world, policy, clearance, words: None, logs: None, host, findings }
    }

    /// The same, with words to guess names with, and with logs of certificates, if there are any.
    pub(in crate::network) fn with(self, words: Option<&'a Words>, logs: Option<&'a Logs>) -> Self {
        Self { words, logs, ..self }
    }

    /// What has been found so far. Never held across an await.
    pub(super) fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was found.
    pub(in crate::network) fn into_findings(self) -> Findings {
        self.findings.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to send packets to an address.
    pub(super) fn permit(&self, purpose: Purpose, address: IpAddr) -> Result<Permit, Denied> {
        self.policy.check(self.clearance, purpose, address)
    }

    /// Asks, and keeps what comes back.
    pub(super) async fn ask(&self, owner: Owner, kind: Kind) -> Result<Reply, Unanswered> {
        let question = Question::new(owner, kind);
        let reply = self.world.query(&question).await;
        self.findings().add_reply(&question, &reply);
        reply
    }

    /// First the addresses, which decide whether the rest may be: those of the name, or the address itself.
    pub(in crate::network) async fn addresses(&self) -> Vec<IpAddr> {
        match self.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let owner = Owner::from(name);
                let (v4, v6) = tokio::join!(self.ask(owner.clone(), Kind::A), self.ask(owner, Kind::Aaaa));
                let replies = [&v4, &v6].into_iter().flatten();
                let mut addresses: Vec<IpAddr> = replies.flat_map(Reply::addresses).collect();
                addresses.dedup();
                addresses
            }
        }
    }

    /// Everything else, with permits for the addresses.
    pub(in crate::network) async fn all(&self, permits: &[Permit]) {
        let Host::Name(name) = self.host else {
            tokio::join!(self.reverse(), self.title(permits));
            return;
        };
        // What does not exist has nothing below it either (RFC 8020).
        if self.findings().is_missing() {
            return;
        }
        let domain = &Owner::from(name);
        tokio::join!(
            self.zone(domain),
            self.walk(domain),
            self.certificate(permits),
            self.title(permits),
            self.guess(domain),
            self.logged(domain),
        );
        self.deeper().await;
        self.missing_addresses().await;
    }

    /// Names in the logs of certificates.
    async fn logged(&self, domain: &Owner) {
        let Some(logs) = self.logs else { return };
        match logs.names(self.world, domain).await {
            Ok(logged) => {
                let mut findings = self.findings();
                for name in &logged.names {
                    findings.add_name(name, NameSource::Transparency, &[]);
                }
                if logged.more {
                    findings.fail("transparency", "there are more certificates than were looked at");
                }
            }
            Err(why) => self.findings().fail("transparency", &why),
        }
    }

    /// The records, and then what only they make possible.
    async fn zone(&self, domain: &Owner) {
        self.records(domain).await;
        self.transfers(domain).await;
    }
}

/// Does jobs side by side.
pub(super) fn do_all<'a>(jobs: impl Iterator<Item = Job<'a>> + Send + 'a) -> Job<'a> {
    do_some(AT_ONCE, jobs)
}

/// Does jobs side by side, so many at once.
pub(super) fn do_some<'a>(at_once: usize, jobs: impl Iterator<Item = Job<'a>> + Send + 'a) -> Job<'a> {
    let jobs: Box<dyn Iterator<Item = Job<'a>> + Send + 'a> = Box::new(jobs);
    Box::pin(stream::iter(jobs).buffer_unordered(at_once).for_each(|()| std::future::ready(())))
}
