//! Which findings are news: what was told once is not told again until it changes or comes back.

use std::collections::{BTreeMap, HashSet};

use super::{Finding, Key};
use crate::scans::record::{Index, Report};

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
/// Only what is confirmed is news. Something is over only where the scan, which is done, has looked: not at hosts that
/// it left incomplete, and not where a finding is back unconfirmed. What was told of a host is over as well when that
/// has left the configuration.
pub fn settle<'a>(report: &Report, findings: &'a [Finding], told: &Told) -> Settled<'a> {
    let confirmed = findings.iter().filter(|finding| finding.confirmed);
    let news = confirmed.filter(|finding| told.get(&finding.key) != Some(&finding.substance)).collect();
    let found: HashSet<_> = findings.iter().map(|finding| &finding.key).collect();
    let hosts = Index::of(report);
    let looked = |key: &Key| hosts.host(&key.site, key.address).is_none_or(|host| host.complete);
    let over = told.keys().filter(|key| !found.contains(key) && looked(key)).cloned().collect();
    Settled { news, over }
}
