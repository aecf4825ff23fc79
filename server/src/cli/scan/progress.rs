//! How far a scan is, on standard error: a bar on a terminal, lines without one, nothing beside JSON.

use std::{
    collections::HashSet,
    io::{IsTerminal, stderr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use atalaya_proto::scans::v1::{Scan, ScanStage, Site, SiteHost};
use tokio::time::Instant;

use super::asked::Asked;
use crate::cli::output::plain;

/// Characters of the bar.
const BAR: usize = 24;
/// Up to so many hosts each is told of as it is done.
const TOLD: u32 = 64;

/// Shows it.
pub(super) struct Progress {
    way: Way,
    since: Instant,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Bar,
    Lines,
    Nothing,
}

/// What was shown.
#[derive(Default)]
struct Seen {
    scan: Option<Scan>,
    stage: Option<ScanStage>,
    /// By site and address.
    hosts: HashSet<(String, String)>,
}

impl Progress {
    pub(super) fn new(is_json: bool) -> Self {
        let way = match (stderr().is_terminal(), is_json) {
            (true, _) => Way::Bar,
            (false, false) => Way::Lines,
            (false, true) => Way::Nothing,
        };
        Self { way, since: Instant::now(), seen: Mutex::default() }
    }

    /// Hears how a scan stands.
    pub(super) async fn hear(&self, asked: &Asked, scan: Scan) {
        if self.way == Way::Nothing {
            return;
        }
        let progress = scan.progress.unwrap_or_default();
        let news = progress.hosts_total <= TOLD && progress.hosts_done as usize > self.seen().hosts.len();
        // Who can't be told of hosts is told of the scan all the same.
        let sites = if news { asked.result(scan.id).await.map(|(_, sites)| sites) } else { Ok(Vec::new()) };
        let mut seen = self.seen();
        if self.way == Way::Lines && seen.stage != Some(progress.stage()) {
            seen.stage = Some(progress.stage());
            eprintln!("scan {}: {}", scan.id, stage(progress.stage()));
        }
        seen.scan = Some(scan);
        for (site, host) in sites.iter().flatten().flat_map(of_site) {
            if seen.hosts.insert((site.name.clone(), host.address.clone())) {
                self.line(&told(host));
            }
        }
        drop(seen);
        self.draw();
    }

    /// Draws the bar.
    pub(super) fn draw(&self) {
        if self.way == Way::Bar
            && let Some(scan) = &self.seen().scan
        {
            eprint!("\r\x1b[K{}", bar(scan, self.since.elapsed().as_secs()));
        }
    }

    /// Leaves the line as it was.
    pub(super) fn clear(&self) {
        if self.way == Way::Bar {
            eprint!("\r\x1b[K");
        }
    }

    fn line(&self, text: &str) {
        self.clear();
        eprintln!("{text}");
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_site(site: &Site) -> impl Iterator<Item = (&Site, &SiteHost)> {
    site.hosts.iter().map(move |host| (site, host))
}

fn bar(scan: &Scan, seconds: u64) -> String {
    let progress = scan.progress.unwrap_or_default();
    let permille = usize::try_from(progress.permille).unwrap_or_default().min(1000);
    let done = BAR * permille / 1000;
    let hosts = format!("{} of {} hosts done", progress.hosts_done, progress.hosts_total);
    let stage = stage(progress.stage());
    format!(
        "[{}{}] {:>3} %  {stage}  {hosts}  {seconds} s",
        "#".repeat(done),
        "-".repeat(BAR - done),
        permille / 10
    )
}

fn stage(stage: ScanStage) -> &'static str {
    match stage {
        ScanStage::Unspecified | ScanStage::Preparation => "preparation",
        ScanStage::Discovery => "discovery",
        ScanStage::Ports => "ports",
        ScanStage::Services => "services",
        ScanStage::Reports => "reports",
    }
}

/// So many open ports, in words.
pub(super) fn open(count: impl Into<u64>) -> String {
    match count.into() {
        1 => "1 open port".to_owned(),
        count => format!("{count} open ports"),
    }
}

fn told(host: &SiteHost) -> String {
    let ports = open(host.ports.iter().filter(|port| port.state == "open").count() as u64);
    let more = if host.complete { "" } else { ", INCOMPLETE" };
    format!("{}: {ports}{more}", plain(&host.address))
}

#[cfg(test)]
mod tests {
    use atalaya_proto::scans::v1::{ScanProgress, SitePort};

    use super::*;

    #[test]
    fn a_bar_is_as_long_at_the_end_as_at_the_beginning() {
        let scan = |permille| {
            let stage = ScanStage::Services.into();
            let progress = Some(ScanProgress { stage, permille, hosts_done: 1, hosts_total: 3 });
            Scan { progress, ..Scan::default() }
        };
        assert_eq!(bar(&scan(500), 7), "[############------------]  50 %  services  1 of 3 hosts done  7 s");
        for permille in [-5, 0, 1, 999, 1000, 5000] {
            assert_eq!(bar(&scan(permille), 7).len(), bar(&scan(500), 7).len(), "{permille}");
        }
    }

    #[test]
    fn a_host_is_told_with_its_open_ports() {
        let port = |state: &str| SitePort { state: state.into(), ..SitePort::default() };
        let ports = vec![port("open"), port("closed")];
        let mut host = SiteHost { address: "192.0.2.1".into(), complete: true, ports, ..SiteHost::default() };
        assert_eq!(told(&host), "192.0.2.1: 1 open port");
        host.complete = false;
        host.ports.push(port("open"));
        assert_eq!(told(&host), "192.0.2.1: 2 open ports, INCOMPLETE");
    }
}
