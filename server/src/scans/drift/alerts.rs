//! Which findings are news: what was told once is not told again until it changes or comes back.

use std::collections::{BTreeMap, HashSet};

use super::{Finding, Key, Kind, ports::CONFIRMING, services::BETWEEN};
use crate::scans::record::{Host, Index, Port, Ports, Report, Service, State};

/// A port that is neither open nor expected is not listed. Where no more than this part of the probes gets lost, each of
/// which is sent at least twice, that means that it is not open.
const LITTLE: f64 = 0.05;

/// What people were told, by the place and kind of it: the substance of the finding then.
pub type Told = BTreeMap<Key, String>;

/// What there is to tell after a scan, and to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled<'a> {
    /// To be told, in the order of the findings.
    pub news: Vec<&'a Finding>,
    /// Told before, and no longer so. To be forgotten; worth a word where people like to hear that all is well again.
    pub over: Vec<Key>,
}

impl Settled<'_> {
    /// What is to be remembered once the news were told.
    pub fn remember(&self, mut told: Told) -> Told {
        for key in &self.over {
            told.remove(key);
        }
        told.extend(self.news.iter().map(|finding| (finding.key.clone(), finding.substance.clone())));
        told
    }
}

/// Holds findings against what was told before.
///
/// Only what is confirmed is news. Something is over only where the scan, which is done, has seen that it is: not at
/// hosts that it left incomplete, and not where a finding is back unconfirmed. What was told of a host is over as well
/// when that has left the configuration.
pub fn settle<'a>(report: &Report, findings: &'a [Finding], told: &Told) -> Settled<'a> {
    let hosts = Index::of(report);
    let seen = |key: &Key| hosts.host(&key.site, key.address).is_none_or(|host| is_seen(host, key));
    let is_news = |finding: &Finding| match told.get(&finding.key) {
        None => true,
        Some(before) => before != &finding.substance && (adds(finding, before) || seen(&finding.key)),
    };
    let news = findings.iter().filter(|finding| finding.confirmed && is_news(finding)).collect();
    let found: HashSet<_> = findings.iter().map(|finding| &finding.key).collect();
    let over = told.keys().filter(|key| !found.contains(key) && seen(key)).cloned().collect();
    Settled { news, over }
}

/// Whether a finding says more than what was told: of a list of weaknesses, whether there is one that is new.
fn adds(finding: &Finding, before: &str) -> bool {
    let is_list = matches!(finding.key.kind, Kind::WeakTls | Kind::WeakCertificate);
    let known: HashSet<_> = before.split(BETWEEN).collect();
    !is_list || finding.substance.split(BETWEEN).any(|one| !known.contains(one))
}

/// Whether a scan of the host would have found such a thing again.
fn is_seen(host: &Host, key: &Key) -> bool {
    let Some((protocol, number)) = key.port else {
        return host.complete && (host.ping.expected.is_none() || host.ping.actual.is_some());
    };
    let loss = host.loss_estimate.unwrap_or_default();
    let state = |port: &Port| match port.state {
        State::Open => is_seen_through(port, key.kind),
        State::Closed => true,
        State::Filtered => loss == 0.0 || port.asked_again >= CONFIRMING,
        State::OpenOrFiltered | State::Unknown => false,
    };
    host.complete && Ports::of(host).get(protocol, number).map_or(loss <= LITTLE, state)
}

/// Whether all was seen that such a finding at an open port is made of.
fn is_seen_through(port: &Port, kind: Kind) -> bool {
    let service = port.service.as_ref();
    match kind {
        Kind::UnexpectedPort | Kind::MissingPort | Kind::PingMismatch | Kind::ServiceChanged => true,
        Kind::WeakTls => service.is_some_and(Service::knows_tls),
        Kind::WeakCertificate
        | Kind::CertificateExpired
        | Kind::CertificateExpiring
        | Kind::CertificateNotYetValid => service.is_some_and(Service::knows_certificates),
    }
}
