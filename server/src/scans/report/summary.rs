//! A scan in figures, which are kept to be drawn over time.

use serde::{Deserialize, Serialize};

use crate::scans::{
    drift::{Finding, Kind},
    record::{Host, Moment, Port, Report, State},
};

/// A scan in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Hosts of the configuration.
    pub hosts: u32,
    /// Those that answered anything.
    pub hosts_up: u32,
    /// Open ports of all hosts.
    pub ports_open: u32,
    /// Open ports of which it is known who serves there, by more than their number.
    pub services: u32,
    /// Different certificates.
    pub certificates: u32,
    /// Everything that was not expected.
    pub findings: u32,
    /// Of these: open ports.
    pub unexpected: u32,
    /// Of these: ports that are not open, confirmed or not.
    pub missing: u32,
    /// Of these: certificates that have expired or soon will.
    pub expiring: u32,
    /// Of these: servers with weak TLS or a weak certificate.
    pub weak: u32,
}

/// An earlier scan in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub at: Moment,
    /// What it found.
    pub summary: Summary,
}

impl Summary {
    /// Of a record and what of it was not expected.
    pub fn of(report: &Report, findings: &[Finding]) -> Self {
        let hosts = || report.hosts().map(|(_, host)| host);
        let open = || hosts().flat_map(|host| &host.ports).filter(|port| port.is_open());
        let of_kinds = |kinds: &[Kind]| count(findings.iter().filter(|one| kinds.contains(&one.key.kind)));
        Self {
            hosts: count(hosts()),
            hosts_up: count(hosts().filter(|host| is_up(host))),
            ports_open: count(open()),
            services: count(open().filter(|port| is_known(port))),
            certificates: certificates(report),
            findings: count(findings.iter()),
            unexpected: of_kinds(&[Kind::UnexpectedPort]),
            missing: of_kinds(&[Kind::MissingPort]),
            expiring: of_kinds(&[Kind::CertificateExpired, Kind::CertificateExpiring]),
            weak: of_kinds(&[Kind::WeakTls, Kind::WeakCertificate]),
        }
    }
}

fn count<T>(these: impl Iterator<Item = T>) -> u32 {
    u32::try_from(these.count()).unwrap_or(u32::MAX)
}

/// Whether a host has answered anything: a ping, a connection, or with a refusal.
pub(super) fn is_up(host: &Host) -> bool {
    let answers = |port: &Port| matches!(port.state, State::Open | State::Closed);
    host.ping.actual == Some(true) || host.ports.iter().any(answers)
}

fn is_known(port: &Port) -> bool {
    let known = |name: &Option<String>, guessed: bool| name.is_some() && !guessed;
    port.service.as_ref().is_some_and(|it| known(&it.name, it.guessed) || it.product.is_some())
}

fn certificates(report: &Report) -> u32 {
    let ports = report.hosts().flat_map(|(_, host)| &host.ports);
    let tls = ports.filter_map(|port| port.service.as_ref()?.tls.as_ref());
    let different: std::collections::HashSet<_> =
        tls.flat_map(|tls| &tls.certificates).map(|one| one.sha256.as_str()).collect();
    count(different.iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scans::{
        drift,
        record::Service,
        testing::{host, https, now, port, report, service, serving},
    };

    #[test]
    fn figures_count_what_there_is() {
        let silent = {
            let mut host = host(vec![port(22, State::Filtered)]);
            host.ping.actual = None;
            host
        };
        let guessed = Service { guessed: true, ..service("http-alt", "", "") };
        let busy = host(vec![
            port(21, State::Closed),
            serving(443, https("example.com", 3)),
            serving(444, https("example.com", 3)),
            Port { expected: false, ..serving(8080, guessed) },
        ]);
        let report = report(vec![busy, silent]);
        let findings = drift::findings(&report, None, now());
        let summary = Summary::of(&report, &findings);
        let expected = Summary {
            hosts: 2,
            hosts_up: 1,
            ports_open: 3,
            services: 2,
            certificates: 1,
            findings: 5,
            unexpected: 1,
            missing: 2,
            expiring: 2,
            weak: 0,
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn figures_read_back_from_their_json_and_from_one_that_knew_fewer() {
        let summary = Summary { hosts: 3, weak: 1, ..Summary::default() };
        let text = serde_json::to_string(&summary).expect("JSON");
        assert_eq!(serde_json::from_str::<Summary>(&text).expect("a summary"), summary);
        assert_eq!(serde_json::from_str::<Summary>("{}").expect("a summary"), Summary::default());
    }
}
