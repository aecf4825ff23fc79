//! Names and questions, by the resolvers that the operator names, or the system's.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use hickory_resolver::{
    Hosts, NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts, ServerOrderingStrategy},
    lookup::Lookup,
    net::{
        DnsError, NetError, NoRecords,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle, RetryDnsHandle},
    },
    proto::op::ResponseCode,
    system_conf,
};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    lines::{self, Lines},
    wire,
};
use crate::network::{
    dns::{Kind, Owner, Question, Reply, Unanswered},
    model::Name,
    targets::Permit,
    world::Unresolved,
};

/// How long one resolver may take for one question, and how often the question is asked anew.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 1;
/// How long a question may take in all, its turn awaited.
const DEADLINE: Duration = Duration::from_secs(5);
/// Questions under way at once where every resolver is of the operator's own networks.
const AT_ONCE: usize = 256;
/// Questions under way at once where a resolver is a public one: most of them drop what comes faster than some 1,500
/// questions a second, and a home router's forwarder has room for 150.
const AT_ONCE_IN_PUBLIC: usize = 24;
/// Most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 32;

/// A resolver that may be asked.
#[derive(Debug, Clone, Copy)]
pub struct Resolver {
    /// Where it is.
    pub server: Permit,
    /// Its port.
    pub port: u16,
    /// Whether it is the internet's, and not of a network of the operator's.
    pub public: bool,
}

type Pool = RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>;

/// The resolvers, asked one after the other; the one that answers faster comes first.
pub(super) struct Resolvers {
    lines: Lines,
    pool: Option<Pool>,
    hosts: Hosts,
    turns: Semaphore,
}

impl Resolvers {
    /// These. With none there is no answer to anything.
    pub(super) fn new(resolvers: &[Resolver]) -> Self {
        let at = resolvers.iter().filter_map(|resolver| resolver.server.socket(resolver.port).ok());
        let lines = Lines::new(at.clone());
        let servers: Vec<NameServerConfig> = at.map(server).collect();
        let at_once =
            if resolvers.iter().any(|resolver| resolver.public) { AT_ONCE_IN_PUBLIC } else { AT_ONCE };
        let pool = (!servers.is_empty()).then(|| TlsConfig::new().ok()).flatten().map(|tls| {
            let context = Arc::new(PoolContext::new(options(), tls));
            let pool = NameServerPool::from_config(servers, context, TokioRuntimeProvider::default());
            RetryDnsHandle::new(pool, ATTEMPTS)
        });
        // Without such a file nothing is in it.
        let hosts = Hosts::from_system().unwrap_or_default();
        Self { lines, pool, hosts, turns: Semaphore::new(at_once) }
    }

    /// What they say to a question.
    pub(super) async fn query(&self, question: &Question) -> Result<Reply, Unanswered> {
        let pool = self.pool.as_ref().ok_or(Unanswered::Unavailable)?;
        let query = wire::query(question)?;
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await.map_err(|_| Unanswered::Unavailable)?;
        // What is plain is told at once; the pool has TCP, the other resolvers, and more patience.
        if let Some(answer) = self.lines.ask(&wire::request(query.clone())).await {
            return wire::reply(&answer);
        }
        let mut answers = pool.send(wire::request(query));
        match timeout(DEADLINE.saturating_sub(lines::PATIENCE), answers.next()).await {
            Err(_) | Ok(None) => Err(Unanswered::TimedOut),
            Ok(Some(Ok(message))) => wire::reply(&message),
            Ok(Some(Err(error))) => no_reply(&error),
        }
    }

    /// The addresses of a name, IPv4 first.
    pub(super) async fn resolve(&self, name: &Name) -> Result<Vec<IpAddr>, Unresolved> {
        let owner = Owner::from(name);
        // RFC 6761 6.3: such names never leave the machine.
        if owner.as_str().rsplit('.').next() == Some("localhost") {
            return Ok(vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)]);
        }
        let in_file = self.in_file(&owner);
        if !in_file.is_empty() {
            return Ok(in_file);
        }
        let (v4, v6) = (Question::new(owner.clone(), Kind::A), Question::new(owner, Kind::Aaaa));
        let replies = tokio::join!(self.query(&v4), self.query(&v6));
        let mut addresses: Vec<IpAddr> =
            [&replies.0, &replies.1].into_iter().flatten().flat_map(Reply::addresses).collect();
        addresses.dedup();
        addresses.truncate(MAX_ADDRESSES);
        match (addresses.is_empty(), replies) {
            (false, _) => Ok(addresses),
            (true, (Err(why), _) | (_, Err(why))) => Err(unresolved(&why)),
            (true, (Ok(_), Ok(_))) => Err(Unresolved::NotFound),
        }
    }

    /// Of the machine's own file of hosts.
    fn in_file(&self, owner: &Owner) -> Vec<IpAddr> {
        let lookup = |kind: Kind| {
            let query = wire::query(&Question::new(owner.clone(), kind)).ok()?;
            self.hosts.lookup_static_host(&query)
        };
        let found = [lookup(Kind::A), lookup(Kind::Aaaa)];
        found.iter().flatten().flat_map(Lookup::answers).filter_map(|record| record.data.ip_addr()).collect()
    }
}

/// The resolvers of `/etc/resolv.conf`; none if there is no such file, or none in it.
pub fn of_system() -> Vec<SocketAddr> {
    let read = system_conf::read_system_conf();
    let servers = read.map(|(config, _)| config.name_servers).unwrap_or_default();
    let port =
        |server: &NameServerConfig| server.connections.first().map_or(53, |connection| connection.port);
    servers.iter().map(|server| SocketAddr::new(server.ip, port(server))).collect()
}

fn server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    let with_port = |connection: &mut ConnectionConfig| connection.port = address.port();
    server.connections.iter_mut().for_each(with_port);
    server
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = PATIENCE;
    options.attempts = ATTEMPTS;
    options.num_concurrent_reqs = 1;
    options.max_active_requests = AT_ONCE;
    options.server_ordering_strategy = ServerOrderingStrategy::QueryStatistics;
    options
}

fn no_reply(error: &NetError) -> Result<Reply, Unanswered> {
    if let NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code, .. })) = error {
        return Ok(Reply { exists: *response_code == ResponseCode::NoError, records: Vec::new() });
    }
    if let NetError::Dns(DnsError::ResponseCode(code)) = error {
        return Err(Unanswered::Failed(wire::code_name(*code)));
    }
    if matches!(error, NetError::Timeout) {
        Err(Unanswered::TimedOut)
    } else if matches!(error, NetError::Io(_) | NetError::NoConnections | NetError::Busy) {
        Err(Unanswered::Unavailable)
    } else {
        Err(Unanswered::Garbled)
    }
}

fn unresolved(why: &Unanswered) -> Unresolved {
    match why {
        Unanswered::TimedOut => Unresolved::TimedOut,
        Unanswered::Unavailable | Unanswered::Failed(_) | Unanswered::Garbled => Unresolved::Unavailable,
    }
}
