//! What was found against what was expected: every difference is a [`Finding`], worth a person's look.

pub mod alerts;
mod ports;
mod services;
#[cfg(test)]
mod tests;

use std::{fmt, net::IpAddr, str::FromStr};

pub(in crate::scans) use self::services::{days_of, expiring_within, words as service_words};
use super::record::{Host, Index, Moment, Ports, Protocol, Report};

/// A certificate that expires within so many days is a finding.
pub const EXPIRING_DAYS: i64 = 30;
/// One that expires within so many days is an urgent one, and is told a second time.
pub const URGENT_DAYS: i64 = 7;
/// Characters of a text of others within the text of a finding.
const TEXT: usize = 120;

/// A difference between what was found and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What and where.
    pub key: Key,
    /// How bad that may be.
    pub severity: Severity,
    /// Whether it is certain. What may be the network's loss is not: nobody is told of it before it was asked again.
    pub confirmed: bool,
    /// A sentence for people, without the place. It holds bounded texts of others, without control characters.
    pub text: String,
    /// What of it is news when it changes, where `text` may change each day: the expiry of a certificate, the list of
    /// weaknesses.
    pub substance: String,
}

/// What names a finding: there is one at most per kind and place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is about.
    pub kind: Kind,
    /// The site's name.
    pub site: String,
    /// The host.
    pub address: IpAddr,
    /// The port; `None` of what is about the whole host.
    pub port: Option<(Protocol, u16)>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A port is open, and was not expected.
    UnexpectedPort,
    /// A port is not open, and was expected.
    MissingPort,
    /// Pings are answered, and were not expected to be; or the other way round.
    PingMismatch,
    /// A certificate is past its time.
    CertificateExpired,
    /// A certificate expires within [`EXPIRING_DAYS`].
    CertificateExpiring,
    /// A certificate's time has not come.
    CertificateNotYetValid,
    /// A version or suite of TLS is spoken that is weak.
    WeakTls,
    /// A certificate is weak by its key or signature.
    WeakCertificate,
    /// Another service, product or version than last time.
    ServiceChanged,
}

/// How bad a finding may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// To be known.
    Low,
    /// To be looked at some day soon.
    Medium,
    /// To be looked at now.
    High,
}

/// Everything that differs from what was expected, as of `now`; the worst first, then in the order of the record.
/// `before` is the last scan of the same configuration: without it nothing counts as changed or as lost.
pub fn findings(report: &Report, before: Option<&Report>, now: Moment) -> Vec<Finding> {
    findings_within(EXPIRING_DAYS, report, before, now)
}

/// The same, with every certificate that expires within so many days.
pub fn findings_within(days: i64, report: &Report, before: Option<&Report>, now: Moment) -> Vec<Finding> {
    let before = before.map(Index::of);
    let mut findings = Vec::new();
    for (site, host) in report.hosts() {
        let old = before.as_ref().and_then(|before| before.host(site, host.address));
        of_host(&Place { site, host, old, days }, now, &mut findings);
    }
    findings.sort_by(|a, b| (b.severity, a.key.kind).cmp(&(a.severity, b.key.kind)));
    findings
}

/// A host with what is known of it from before.
struct Place<'a> {
    site: &'a str,
    host: &'a Host,
    old: Option<&'a Host>,
    /// So many days ahead the end of a certificate is told of.
    days: i64,
}

impl Place<'_> {
    fn key(&self, kind: Kind, port: Option<(Protocol, u16)>) -> Key {
        Key { kind, site: self.site.to_owned(), address: self.host.address, port }
    }

    /// Whether silence may be the network's.
    fn is_lossy(&self) -> bool {
        self.host.loss_estimate.is_some_and(|loss| loss > 0.0)
    }
}

fn of_host(place: &Place<'_>, now: Moment, findings: &mut Vec<Finding>) {
    findings.extend(ports::ping(place));
    let old = place.old.map(Ports::of).unwrap_or_default();
    for port in &place.host.ports {
        let before = old.get(port.protocol, port.port);
        findings.extend(ports::port(place, port, before));
        findings.extend(services::of_port(place, port, before, now));
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::UnexpectedPort,
        Self::MissingPort,
        Self::PingMismatch,
        Self::CertificateExpired,
        Self::CertificateExpiring,
        Self::CertificateNotYetValid,
        Self::WeakTls,
        Self::WeakCertificate,
        Self::ServiceChanged,
    ];

    /// As programs call it, such as `unexpected_port`.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnexpectedPort => "unexpected_port",
            Self::MissingPort => "missing_port",
            Self::PingMismatch => "ping_mismatch",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateExpiring => "certificate_expiring",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::WeakTls => "weak_tls",
            Self::WeakCertificate => "weak_certificate",
            Self::ServiceChanged => "service_changed",
        }
    }

    /// As people call it, such as `Unexpected port`.
    pub fn title(self) -> &'static str {
        match self {
            Self::UnexpectedPort => "Unexpected port",
            Self::MissingPort => "Missing port",
            Self::PingMismatch => "Ping mismatch",
            Self::CertificateExpired => "Certificate expired",
            Self::CertificateExpiring => "Certificate expiring",
            Self::CertificateNotYetValid => "Certificate not yet valid",
            Self::WeakTls => "Weak TLS",
            Self::WeakCertificate => "Weak certificate",
            Self::ServiceChanged => "Service changed",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}

impl FromStr for Severity {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Low, Self::Medium, Self::High].into_iter().find(|one| one.name() == name).ok_or(())
    }
}

impl Severity {
    /// `low`, `medium` or `high`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The same for the same finding in every scan, such as `missing_port 192.168.1.10 22/tcp Data Center`; the site stands
/// last, as its name may hold anything.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.kind.name(), self.address)?;
        match self.port {
            Some((protocol, port)) => write!(f, "{port}/{}", protocol.name())?,
            None => f.write_str("host")?,
        }
        write!(f, " {}", self.site)
    }
}
