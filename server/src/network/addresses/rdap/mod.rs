//! What the registries of the internet say of an address: RDAP (RFC 7480, RFC 9082, RFC 9083), found by IANA's lists of
//! who answers for what (RFC 9224).

mod answer;
mod list;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use url::Url;

pub(super) use self::answer::finding;
use self::list::List;
use super::model::{Finding, Source};
use crate::{
    auth::Role,
    network::{
        model::Host,
        targets::{Clearance, Denied, Permit, Purpose, TargetPolicy},
        web::{Page, Unreached, Visit},
        world::{Unresolved, World},
    },
};

/// Reads a list, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz_list(bytes: &[u8]) {
    if let Some(list) = List::read(bytes) {
        list.registry(IpAddr::from([192, 0, 2, 1]));
    }
}

/// How long it may take in all.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a list, and an answer, are kept.
const FRESH: Duration = Duration::from_hours(24);
/// Most answers that are kept.
const MAX_KEPT: usize = 1024;
/// Most addresses that are asked about at once: registries bear little.
const AT_ONCE: usize = 4;
/// Most times that an answer points elsewhere.
const MAX_REDIRECTS: u32 = 4;

/// Why the registries say nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// The name of one has no address.
    #[error("{0}: {1}")]
    Unresolved(String, Unresolved),
    /// One is not to be reached, or the policy keeps it from everyone.
    #[error("{0}: {1}")]
    Unreached(String, Unreached),
    /// One answers with this status.
    #[error("{0} answers {1}")]
    Status(String, u16),
    /// One answers what is no answer.
    #[error("{0} answers what is no RDAP")]
    Garbled(String),
    /// An answer points in circles, or to where nobody goes.
    #[error("{0} points to nowhere")]
    Nowhere(String),
}

/// The registries.
pub struct Registries {
    lists: Url,
    policy: Arc<TargetPolicy>,
    turns: Semaphore,
    /// The list of each kind of address: whether it is of IPv6.
    known: Mutex<HashMap<bool, (Instant, Arc<List>)>>,
    answers: Mutex<HashMap<IpAddr, (Instant, Option<Finding>)>>,
}

impl Registries {
    /// As the lists in a folder of the web name them.
    pub fn new(lists: Url, policy: Arc<TargetPolicy>) -> Self {
        let (known, answers) = (Mutex::default(), Mutex::default());
        Self { lists, policy, turns: Semaphore::new(AT_ONCE), known, answers }
    }

    /// What they say of an address; `None` if they know nothing.
    pub async fn find(&self, world: &dyn World, address: IpAddr) -> Result<Option<Finding>, Failed> {
        if let Some((at, finding)) = locked(&self.answers).get(&address)
            && at.elapsed() < FRESH
        {
            return Ok(finding.clone());
        }
        let finding = timeout(DEADLINE, self.ask(world, address)).await.map_err(|_| Failed::TimedOut)??;
        let mut answers = locked(&self.answers);
        if answers.len() >= MAX_KEPT {
            answers.clear();
        }
        answers.insert(address, (Instant::now(), finding.clone()));
        Ok(finding)
    }

    async fn ask(&self, world: &dyn World, address: IpAddr) -> Result<Option<Finding>, Failed> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await.map_err(|_| Failed::TimedOut)?;
        let list = self.list(world, address.is_ipv6()).await?;
        let Some(base) = list.registry(address) else { return Ok(None) };
        let url = base.join(&format!("ip/{address}")).map_err(|_| Failed::Garbled(named(base)))?;
        let (url, page) = self.fetch(world, url).await?;
        match page.status {
            200 => {
                let source = Source { name: format!("RDAP of {}", named(&url)), ..Source::default() };
                finding(&page.body, source).map(Some).ok_or_else(|| Failed::Garbled(named(&url)))
            }
            // RFC 7480 5.3: it has no information.
            404 => Ok(None),
            status => Err(Failed::Status(named(&url), status)),
        }
    }

    async fn list(&self, world: &dyn World, is_v6: bool) -> Result<Arc<List>, Failed> {
        if let Some((at, list)) = locked(&self.known).get(&is_v6)
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(list));
        }
        let name = if is_v6 { "ipv6.json" } else { "ipv4.json" };
        let url = self.lists.join(name).map_err(|_| Failed::Garbled(named(&self.lists)))?;
        let (url, page) = self.fetch(world, url).await?;
        if page.status != 200 {
            return Err(Failed::Status(named(&url), page.status));
        }
        let list = Arc::new(List::read(&page.body).ok_or_else(|| Failed::Garbled(named(&url)))?);
        locked(&self.known).insert(is_v6, (Instant::now(), Arc::clone(&list)));
        Ok(list)
    }

    /// A page, wherever it is in the end. Each server on the way is one that may be asked.
    async fn fetch(&self, world: &dyn World, mut url: Url) -> Result<(Url, Page), Failed> {
        for _ in 0..=MAX_REDIRECTS {
            let visit = self.visit(world, &url).await?;
            let page = world.consult(&visit).await.map_err(|why| Failed::Unreached(named(&url), why))?;
            let Some(location) = page.location.as_deref().filter(|_| (300..400).contains(&page.status))
            else {
                return Ok((url, page));
            };
            url = url.join(location).map_err(|_| Failed::Nowhere(named(&url)))?;
        }
        Err(Failed::Nowhere(named(&url)))
    }

    async fn visit(&self, world: &dyn World, url: &Url) -> Result<Visit, Failed> {
        let nowhere = || Failed::Nowhere(named(url));
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(nowhere()),
        };
        // Brackets are not part of an IPv6 address itself.
        let host = url.host_str().ok_or_else(nowhere)?.trim_matches(['[', ']']);
        let host: Host = host.parse().map_err(|_| nowhere())?;
        let addresses = match &host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let found = world.resolve(name).await;
                found.map_err(|why| Failed::Unresolved(name.to_string(), why))?
            }
        };
        // The operator's own list may be in a network of his own; where it leads may not.
        let is_own = (url.host_str(), url.port()) == (self.lists.host_str(), self.lists.port());
        let who = if is_own { Clearance::Operator } else { Clearance::Account(Role::User, Arc::new([])) };
        let check = |address| self.policy.check(&who, Purpose::Source, address);
        let permits: Result<Vec<Permit>, Denied> = addresses.into_iter().map(check).collect();
        let permits = permits.map_err(|denied| Failed::Unreached(named(url), denied.into()))?;
        let server = *permits.first().ok_or_else(nowhere)?;
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Visit { server, port: url.port_or_known_default().ok_or_else(nowhere)?, secure, host, path })
    }
}

/// Who answers at a URL.
fn named(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
