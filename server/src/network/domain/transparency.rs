//! Names in the public logs of certificates (certificate transparency, RFC 9162), as two services that read them tell:
//! crt.sh, and Cert Spotter where that one fails, as it often does. Asked only where the operator has switched sources of
//! the internet on: they learn which domain somebody looks at.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use tokio::{sync::Semaphore, time::Instant};

use super::model::MAX_NAMES;
use crate::{
    auth::Role,
    network::{
        dns::Owner,
        model::{Host, Name},
        targets::{Clearance, Denied, Purpose, TargetPolicy},
        web::{Page, Unreached, Visit},
        world::{Unresolved, World},
    },
};

/// The services.
const FIRST: &str = "crt.sh";
const SECOND: &str = "api.certspotter.com";
const HTTPS: u16 = 443;
/// Pages of the second service that are read, each of at most 100 certificates.
const MAX_PAGES: usize = 10;
/// How long names are kept, and most names of all domains that are.
const FRESH: Duration = Duration::from_hours(24);
const MAX_KEPT: usize = 200_000;
/// Most domains that are asked about at once: the services bear little.
const AT_ONCE: usize = 2;

/// Why a service says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failed {
    #[error("{0}: {1}")]
    Unresolved(&'static str, Unresolved),
    #[error("{0}: {1}")]
    Unreached(&'static str, Unreached),
    #[error("{0} answers {1}")]
    Status(&'static str, u16),
    #[error("{0} answers what is no list")]
    Garbled(&'static str),
    #[error("{0}; {1}")]
    Both(Box<Failed>, Box<Failed>),
}

/// The names below a domain that certificates were made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    /// The names.
    pub(super) names: BTreeSet<Owner>,
    /// Whether there are more.
    pub(super) more: bool,
}

/// The logs, and what they have said.
pub struct Logs {
    policy: Arc<TargetPolicy>,
    turns: Semaphore,
    kept: Mutex<HashMap<Owner, (Instant, Arc<Logged>)>>,
}

impl Logs {
    /// Under a policy.
    pub fn new(policy: Arc<TargetPolicy>) -> Self {
        Self { policy, turns: Semaphore::new(AT_ONCE), kept: Mutex::default() }
    }

    /// The names below a domain in them.
    pub(super) async fn names(&self, world: &dyn World, domain: &Owner) -> Result<Arc<Logged>, Failed> {
        if let Some(logged) = self.fresh(domain) {
            return Ok(logged);
        }
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        // Somebody else may have asked the same while this one waited.
        if let Some(logged) = self.fresh(domain) {
            return Ok(logged);
        }
        let now = Instant::now();
        let logged = match self.first(world, domain).await {
            Ok(logged) => logged,
            Err(first) => {
                let second = self.second(world, domain).await;
                second.map_err(|second| Failed::Both(first.into(), second.into()))?
            }
        };
        let logged = Arc::new(logged);
        self.keep(domain, now, &logged);
        Ok(logged)
    }

    /// What was said of a domain not long ago.
    fn fresh(&self, domain: &Owner) -> Option<Arc<Logged>> {
        let kept = self.kept();
        let (at, logged) = kept.get(domain)?;
        (at.elapsed() < FRESH).then(|| Arc::clone(logged))
    }

    fn keep(&self, domain: &Owner, now: Instant, logged: &Arc<Logged>) {
        let mut kept = self.kept();
        let count: usize = kept.values().map(|(_, logged)| logged.names.len() + 1).sum();
        if count + logged.names.len() > MAX_KEPT {
            kept.clear();
        }
        kept.insert(domain.clone(), (now, Arc::clone(logged)));
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Owner, (Instant, Arc<Logged>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn first(&self, world: &dyn World, domain: &Owner) -> Result<Logged, Failed> {
        #[derive(Deserialize)]
        struct Certificate {
            name_value: String,
        }
        let path = format!("/?q=%25.{domain}&output=json&deduplicate=Y");
        let page = self.fetch(world, FIRST, path).await?;
        let list: Vec<Certificate> =
            serde_json::from_slice(&page.body).map_err(|_| Failed::Garbled(FIRST))?;
        let mut logged = Logged { names: BTreeSet::new(), more: false };
        for certificate in &list {
            logged.add(domain, certificate.name_value.lines());
        }
        Ok(logged)
    }

    async fn second(&self, world: &dyn World, domain: &Owner) -> Result<Logged, Failed> {
        #[derive(Deserialize)]
        struct Issuance {
            id: String,
            dns_names: Vec<String>,
        }
        let mut logged = Logged { names: BTreeSet::new(), more: false };
        let mut after = String::new();
        for _ in 0..MAX_PAGES {
            let path =
                format!("/v1/issuances?domain={domain}&include_subdomains=true&expand=dns_names{after}");
            let page = self.fetch(world, SECOND, path).await?;
            let list: Vec<Issuance> =
                serde_json::from_slice(&page.body).map_err(|_| Failed::Garbled(SECOND))?;
            let Some(end) = list.last() else { return Ok(logged) };
            // It goes into the next question.
            if !end.id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Failed::Garbled(SECOND));
            }
            after = format!("&after={}", end.id);
            for issuance in &list {
                logged.add(domain, issuance.dns_names.iter().map(String::as_str));
            }
        }
        logged.more = true;
        Ok(logged)
    }

    /// An answer of a service, at an address that anybody may look at.
    async fn fetch(&self, world: &dyn World, service: &'static str, path: String) -> Result<Page, Failed> {
        let unresolved = |why| Failed::Unresolved(service, why);
        let name: Name = service.parse().map_err(|_| unresolved(Unresolved::NotFound))?;
        let addresses = world.resolve(&name).await.map_err(unresolved)?;
        let anybody = Clearance::Account(Role::User, Arc::new([]));
        let check = |address| self.policy.check(&anybody, Purpose::Source, address);
        let permits: Result<Vec<_>, Denied> = addresses.into_iter().map(check).collect();
        let permits = permits.map_err(|denied| Failed::Unreached(service, denied.into()))?;
        let server = *permits.first().ok_or_else(|| unresolved(Unresolved::NotFound))?;
        let visit = Visit { server, port: HTTPS, secure: true, host: Host::Name(name), path };
        let page = world.consult(&visit).await.map_err(|why| Failed::Unreached(service, why))?;
        if page.status == 200 { Ok(page) } else { Err(Failed::Status(service, page.status)) }
    }
}

impl Logged {
    /// What is a name, and below the domain: certificates are for e-mail addresses and the like too.
    fn add<'a>(&mut self, domain: &Owner, names: impl Iterator<Item = &'a str>) {
        let names = names.filter_map(Owner::parse);
        let names = names.map(|name| name.without_star().unwrap_or(name));
        for name in names.filter(|name| name.is_below(domain)) {
            if self.names.len() >= MAX_NAMES {
                self.more = true;
                return;
            }
            self.names.insert(name);
        }
    }
}
