//! A scan, stage by stage: whom, who is there, what is open, who serves, what it means.

mod discovery;
mod host;
mod preparation;
mod scanning;
mod service;
mod teller;
mod tls;

use std::{collections::HashMap, net::IpAddr, path::PathBuf};

use futures::{StreamExt, stream};

use self::{preparation::Aim, teller::Teller};
use super::{
    drift,
    error::Error,
    model::{Counts, End, Report as Files, Scan, Stage, State},
    record::{Host, moment},
    site_config::Expected,
    worker::Crew,
};
use crate::{network::targets::Permit, tasks::Progress};

/// Hosts whose services are looked at at once.
const HOSTS_AT_ONCE: usize = 4;

/// Why a scan came to no end of its own.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It can't be done, in a sentence for people.
    Failed(String),
    /// The database or the disk: another try may do.
    Error(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What is known of every address after a stage.
type ByAddress<T> = HashMap<IpAddr, T>;

/// Does a scan; its end, with its reports written.
pub(super) async fn run(crew: &Crew, scan: &Scan, progress: &Progress) -> Result<End, Stopped> {
    let teller = Teller::new(crew, scan, progress);
    teller.begin().await?;
    let aim = preparation::aim(crew, scan).await?;
    teller.stage(Stage::Discovery, aim.hosts() as u32).await?;
    let pings = discovery::pings(crew, &aim, &teller).await?;
    teller.stage(Stage::Ports, aim.hosts() as u32).await?;
    let ports = scanning::ports(crew, &aim, &pings, &teller).await?;
    teller.stage(Stage::Services, aim.hosts() as u32).await?;
    let stem = crew.scans.free_stem(scan, moment(scan.start_time)).await?;
    let ground = Ground { crew, aim: &aim, pictures: crew.scans.pictures(&stem) };
    look(&ground, scan, &pings, &ports, &teller).await?;
    teller.stage(Stage::Reports, aim.hosts() as u32).await?;
    report(crew, scan, stem).await
}

/// What every look at a host needs.
pub(super) struct Ground<'a> {
    crew: &'a Crew,
    aim: &'a Aim,
    /// Where pictures go.
    pictures: PathBuf,
}

/// Looks at the services of every host, some at once, and writes each down when it is done.
async fn look(
    ground: &Ground<'_>,
    scan: &Scan,
    pings: &ByAddress<discovery::Pinged>,
    ports: &ByAddress<scanning::Seen>,
    teller: &Teller<'_>,
) -> Result<(), Stopped> {
    let look = |(place, (site, expected)): (usize, (&str, &Expected))| {
        let (ping, seen) = (pings.get(&expected.address), ports.get(&expected.address));
        let known = host::Known { expected: expected.clone(), ping: ping.cloned(), seen: seen.cloned() };
        let site = site.to_owned();
        async move { (place, site, host::look(ground, &known).await) }
    };
    let looks: Vec<_> = ground.aim.config.hosts().enumerate().map(look).collect();
    let mut looks = stream::iter(looks).buffer_unordered(HOSTS_AT_ONCE);
    while let Some((place, site, host)) = looks.next().await {
        teller.host(scan, place, &site, &host).await?;
    }
    Ok(())
}

/// Writes the reports, and counts what was found.
async fn report(crew: &Crew, scan: &Scan, stem: String) -> Result<End, Stopped> {
    let scans = &crew.scans;
    let now = moment(scans.clock.now());
    let mut report = scans.record(scan).await?;
    report.scan.completed_at = Some(now);
    let before = scans.record_before(scan).await?;
    let findings = drift::findings(&report, before.as_ref(), now);
    let counts = Counts {
        hosts_up: report.hosts().filter(|(_, host)| is_up(host)).count() as u32,
        open_ports: report
            .hosts()
            .map(|(_, host)| host.ports.iter().filter(|port| port.is_open()).count() as u32)
            .sum(),
        findings: findings.len() as u32,
    };
    let has_screenshots = scans.write(&stem, &report).await?;
    let files = Files { stem, has_screenshots };
    Ok(End { state: State::Completed, error_message: String::new(), counts, report: Some(files) })
}

fn is_up(host: &Host) -> bool {
    let answered = |port: &super::record::Port| port.is_open() || port.reason == "conn-refused";
    host.ping.actual == Some(true) || host.ports.iter().any(answered)
}

/// A permit of every address.
type Permits = ByAddress<Permit>;
