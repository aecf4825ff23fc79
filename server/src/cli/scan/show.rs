//! `atalaya scan show`: what a scan has found, for people.

use atalaya_proto::scans::v1::{Finding, FindingSeverity, Scan, ScanState, Site, SiteHost};
use atalaya_server::{config::Settings, scans::shown::shown};
use clap::Args;
use serde_json::Value;

use super::{Common, Ended, document, progress, status, table};
use crate::cli::output;

/// Characters of a text of others within a line.
const TEXT: usize = 300;

/// Show a scan.
#[derive(Args)]
pub(super) struct Show {
    /// The scan's number
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    common: Common,
}

impl Show {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        let asked = self.common.open(settings).await?;
        let found = async { Ok::<_, String>((asked.result(self.id).await?, asked.findings(self.id).await?)) };
        let found = found.await;
        asked.close().await;
        let ((scan, sites), findings) = found?;
        if self.common.form.is_json() {
            self.common.form.say("", &document::all(&scan, &sites, &findings))?;
        } else {
            self.common.form.say(text(&scan, &sites, &findings), &Value::Null)?;
        }
        Ok(status(false))
    }
}

/// A scan with all that it has found.
pub(super) fn text(scan: &Scan, sites: &[Site], findings: &[Finding]) -> String {
    let mut parts = vec![head(scan, sites)];
    for site in sites {
        let name = shown(&site.name, TEXT);
        parts.extend(site.hosts.iter().map(|host| format!("{name}: {}", of_host(host))));
    }
    parts.push(drift(findings));
    if let Some(files) = &scan.files {
        parts.push(format!("Report: {}", shown(&files.html_path, TEXT)));
    }
    parts.join("\n\n")
}

fn head(scan: &Scan, sites: &[Site]) -> String {
    let hosts = sites.iter().map(|site| site.hosts.len()).sum::<usize>();
    let took = took(scan).map_or_else(String::new, |seconds| format!(" in {seconds:.1} s"));
    let counts =
        scan.counts.filter(|_| scan.state() == ScanState::Completed).map_or_else(String::new, |counts| {
            format!("; {} of {hosts} hosts up, {}", counts.hosts_up, progress::open(counts.open_ports))
        });
    format!("Scan {}, {}: {}{took}{counts}", scan.id, shown(&scan.title, TEXT), end(scan))
}

/// How a scan ended.
pub(super) fn end(scan: &Scan) -> String {
    match scan.state() {
        ScanState::Unspecified | ScanState::Running => "is not over".to_owned(),
        ScanState::Completed => "completed".to_owned(),
        ScanState::Failed => format!("failed: {}", shown(&scan.error_message, 2 * TEXT)),
        ScanState::Cancelled => "was stopped".to_owned(),
    }
}

/// Seconds from the question to the end.
pub(super) fn took(scan: &Scan) -> Option<f64> {
    let (start, end) = (scan.start_time?, scan.end_time?);
    Some((end.seconds - start.seconds) as f64 + f64::from(end.nanos - start.nanos) / 1e9)
}

fn of_host(host: &SiteHost) -> String {
    let ping = match host.ping_actual {
        Some(true) => "answers pings",
        Some(false) => "answers no pings",
        None => "was not pinged",
    };
    let mut lines = vec![format!("{}, {ping}", shown(&host.address, TEXT))];
    if !host.complete {
        lines.push("INCOMPLETE: not everything was asked".to_owned());
    }
    lines.extend(host.problems.iter().map(|problem| format!("PROBLEM: {}", shown(problem, TEXT))));
    if !host.ports.is_empty() {
        let rows: Vec<_> = host.ports.iter().map(table::port).collect();
        lines.push(output::table(table::PORT, &rows));
    }
    lines.join("\n")
}

fn drift(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "Everything is as expected.".to_owned();
    }
    let rows: Vec<_> = findings.iter().map(finding).collect();
    let count =
        if findings.len() == 1 { "1 thing is".to_owned() } else { format!("{} things are", findings.len()) };
    format!("{count} not as expected:\n{}", output::table(["SEVERITY", "HOST", "PORT", "WHAT"], &rows))
}

fn finding(finding: &Finding) -> [String; 4] {
    let port = match finding.port {
        0 => String::new(),
        port => format!("{port}/{}", shown(&finding.protocol, TEXT)),
    };
    let doubt = if finding.is_confirmed { "" } else { " (not certain)" };
    let text = format!("{}{doubt}", shown(&finding.text, TEXT));
    [severity(finding.severity()).to_owned(), shown(&finding.address, TEXT).to_string(), port, text]
}

pub(super) fn severity(severity: FindingSeverity) -> &'static str {
    match severity {
        FindingSeverity::Unspecified | FindingSeverity::Low => "low",
        FindingSeverity::Medium => "medium",
        FindingSeverity::High => "high",
    }
}

#[cfg(test)]
mod tests {
    use atalaya_proto::scans::v1::ScanCounts;
    use prost_types::Timestamp;

    use super::*;

    fn scan() -> Scan {
        let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
        let counts = Some(ScanCounts { hosts_up: 1, open_ports: 1, findings: 0 });
        let mut scan = Scan { id: 7, title: "A\u{1b}[2Jsite".into(), counts, ..Scan::default() };
        (scan.start_time, scan.end_time) = (time(10, 900_000_000), time(13, 400_000_000));
        scan.set_state(ScanState::Completed);
        scan
    }

    #[test]
    fn a_scan_is_told_with_its_hosts_and_what_is_not_as_expected() {
        let host = SiteHost { address: "192.0.2.1".into(), complete: true, ..SiteHost::default() };
        let site = Site { id: 1, name: "Web".into(), hosts: vec![host] };
        let said = text(&scan(), &[site], &[]);
        assert_eq!(
            said,
            "Scan 7, A\u{fffd}[2Jsite: completed in 2.5 s; 1 of 1 hosts up, 1 open port\n\n\
             Web: 192.0.2.1, was not pinged\n\nEverything is as expected."
        );
        let mut found =
            Finding { address: "192.0.2.1".into(), port: 80, protocol: "tcp".into(), ..Finding::default() };
        found.text = "80/tcp is open".into();
        found.set_severity(FindingSeverity::High);
        let said = drift(&[found]);
        assert!(said.starts_with("1 thing is not as expected:\nSEVERITY  HOST "), "{said}");
        assert!(said.ends_with("high      192.0.2.1  80/tcp  80/tcp is open (not certain)"), "{said}");
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let mut scan = scan();
        scan.error_message = "no way".into();
        scan.set_state(ScanState::Failed);
        assert_eq!(end(&scan), "failed: no way");
        assert!(!head(&scan, &[]).contains("hosts up"));
    }
}
