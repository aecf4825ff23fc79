//! Whom a scan is about, and that whoever asked for it may look at every one of them.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use super::{Permits, Stopped};
use crate::{
    audit::{self, Action, Actor, Entry},
    auth::Role,
    network::{
        ports::{self, Port, PortSet},
        shot::Ask,
        targets::{Clearance, Denied, Purpose},
    },
    scans::{
        error::Error,
        model::{Scan, Source},
        record::Protocol,
        site_config::{Expected, MAX_FOR_ALL_PORTS, SiteConfig, files::Unread},
        worker::Crew,
    },
};

/// Denied addresses that are named.
const NAMED: usize = 10;
const RUN: Action = Action("scan.run");

/// Whom a scan is about.
pub(super) struct Aim {
    /// What is expected of them.
    pub(super) config: SiteConfig,
    /// Says whether whoever asked may look at an address.
    pub(super) ask: Ask,
    /// A permit of every address.
    pub(super) permits: Permits,
    /// The TCP ports of each that are asked for.
    pub(super) tcp: PortSet,
    expected: HashSet<(IpAddr, Protocol, u16)>,
}

impl Aim {
    /// Hosts, each counted as often as a site names it.
    pub(super) fn hosts(&self) -> usize {
        self.config.hosts().count()
    }

    /// Whether some site expects a port of an address to be open.
    pub(super) fn is_expected(&self, address: IpAddr, (protocol, port): (Protocol, u16)) -> bool {
        self.expected.contains(&(address, protocol, port))
    }
}

/// Reads the configuration anew, and asks for the permits: all or none.
pub(super) async fn aim(crew: &Crew, scan: &Scan) -> Result<Aim, Stopped> {
    let config = crew.scans.read(&scan.source).await.map_err(|error| unread(&scan.source, error))?;
    let clearance = clearance(crew, scan).await?;
    let mut permits = Permits::new();
    let mut denied = Vec::new();
    for (_, host) in config.hosts() {
        match crew.targets.policy().check(&clearance, Purpose::Scan, host.address) {
            Ok(permit) => drop(permits.insert(host.address, permit)),
            Err(refused) => denied.push(refused),
        }
    }
    let detail = if denied.is_empty() { format!("{} addresses", permits.len()) } else { refusal(&denied) };
    write_down(crew, scan, &detail, !denied.is_empty()).await?;
    if !denied.is_empty() {
        return Err(Stopped::Failed(detail));
    }
    let tcp = tcp_ports(&config, permits.len());
    let expected = expected(&config);
    let policy = Arc::clone(crew.targets.policy());
    let ask: Ask = Arc::new(move |address| policy.check(&clearance, Purpose::Page, address));
    Ok(Aim { config, ask, permits, tcp, expected })
}

fn expected(config: &SiteConfig) -> HashSet<(IpAddr, Protocol, u16)> {
    let of = |host: &Expected| {
        let address = host.address;
        let tcp = host.tcp.iter().map(move |port| (address, Protocol::Tcp, port.number()));
        let udp = host.udp.iter().map(move |port| (address, Protocol::Udp, port.number()));
        tcp.chain(udp).collect::<Vec<_>>()
    };
    config.hosts().flat_map(|(_, host)| of(host)).collect()
}

/// Why a configuration that was there when the scan was asked for is there no more.
fn unread(source: &Source, error: Error) -> Stopped {
    match error {
        Error::Unread { path, cause: Unread::Missing } => {
            Stopped::Failed(format!("Config file not found: {path}"))
        }
        Error::Unread { path, cause } => Stopped::Failed(format!("Config file {path}: {cause}")),
        Error::BadConfig(bad) => Stopped::Failed(format!("Config {} is not valid: {bad}", source.text())),
        Error::NoSuchConfig(name) => Stopped::Failed(format!("Config not found: {name}")),
        other @ (Error::NotFound(_)
        | Error::InvalidName
        | Error::ConfigInUse(_)
        | Error::TooManyConfigs
        | Error::TooManyScans
        | Error::TooManyWatchers
        | Error::NoReport(_)
        | Error::ReportTooLarge(_)
        | Error::Files(_)
        | Error::Record(_)
        | Error::Task(_)
        | Error::Database(_)) => Stopped::Error(other),
    }
}

/// What whoever asked may look at now.
async fn clearance(crew: &Crew, scan: &Scan) -> Result<Clearance, Stopped> {
    let Some(account) = scan.asked_by else { return Ok(Clearance::Operator) };
    let role = crew.accounts.role(account).await.map_err(|error| {
        tracing::warn!("the role of an account can't be read: {error}");
        Stopped::Error(Error::Database(crate::db::Error::PoolTimedOut))
    })?;
    match role.filter(|role| *role >= Role::Admin) {
        // Admins need no grants.
        Some(role) => Ok(Clearance::Account(role, Arc::new([]))),
        None => Err(Stopped::Failed("whoever asked for the scan may scan no more".to_owned())),
    }
}

fn refusal(denied: &[Denied]) -> String {
    let named: Vec<String> = denied.iter().take(NAMED).map(ToString::to_string).collect();
    let more = denied.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("the target policy denies it: {}{more}", named.join("; "))
}

async fn write_down(crew: &Crew, scan: &Scan, detail: &str, is_refused: bool) -> Result<(), Stopped> {
    let actor = scan.asked_by.map_or(Actor::Operator, Actor::Account);
    let entry = Entry::new(actor, None, RUN, scan.id.0);
    let entry = if is_refused { entry.refused(detail) } else { entry.with(detail) };
    let mut tx = crew.scans.db.begin().await.map_err(Error::from)?;
    audit::record(&mut tx, crew.scans.clock.now(), &entry).await.map_err(Error::from)?;
    Ok(tx.commit().await.map_err(Error::from)?)
}

/// What is asked for: what the configuration says, or everything of a few hosts, or the usual of many; and in each case
/// whatever is expected of any.
fn tcp_ports(config: &SiteConfig, hosts: usize) -> PortSet {
    let all = |last| (1..=last).filter_map(Port::new);
    let base: Vec<Port> = match &config.tcp_ports {
        Some(ports) => ports.iter().collect(),
        None if hosts <= MAX_FOR_ALL_PORTS => all(u16::MAX).collect(),
        None => all(1023).chain(ports::named()).collect(),
    };
    PortSet::new(base.into_iter().chain(config.hosts().flat_map(|(_, host)| host.tcp.iter())))
}
