//! What has been found so far: every job adds to it, and whatever is there at the deadline is the report. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use super::model::{
    Failure, MAX_ADDRESSES, MAX_ALL_ADDRESSES, MAX_FAILURES, MAX_NAME, MAX_NAMES, MAX_VALUES, NameSource,
    RecordSet, Report, Security, Subdomain, Title,
};
use crate::network::{
    dns::{Kind, Owner, Question, Reply, Unanswered},
    model::Host,
    targets::Denied,
};

/// Where a DMARC policy, and where an MTA-STS record is.
pub(super) const DMARC: &str = "_dmarc";
pub(super) const MTA_STS: &str = "_mta-sts";

/// What has been found.
#[derive(Debug, Default)]
pub(in crate::network) struct Findings {
    domain: Option<Owner>,
    exists: bool,
    answered: bool,
    silence: Option<Unanswered>,
    sets: BTreeMap<(Owner, Kind), (Vec<String>, u32)>,
    names: BTreeMap<Owner, Found>,
    addresses: usize,
    is_full: bool,
    security: Security,
    title: Option<Title>,
    failures: BTreeSet<Failure>,
    denied: BTreeSet<IpAddr>,
    denials: Vec<Denied>,
}

#[derive(Debug, Default)]
struct Found {
    sources: BTreeSet<NameSource>,
    addresses: BTreeSet<IpAddr>,
}

impl Findings {
    /// Nothing yet, of a domain; `None` of an address.
    pub(super) fn new(domain: Option<Owner>) -> Self {
        Self { domain, ..Self::default() }
    }

    /// A reply, or why there is none: the records go in under the name that was asked.
    pub(super) fn add_reply(&mut self, question: &Question, reply: &Result<Reply, Unanswered>) {
        match reply {
            Ok(reply) => {
                self.answered = true;
                self.exists |= reply.exists && self.domain.as_ref() == Some(&question.owner);
                self.add_set(question, reply);
                self.add_mentioned(reply);
            }
            Err(why) => {
                // A resolver that says that it can't tell has answered.
                self.answered |= matches!(why, Unanswered::Failed(_));
                let is_own = self.domain.as_ref() == Some(&question.owner);
                let part = if is_own {
                    question.kind.to_string()
                } else {
                    format!("{} of {}", question.kind, question.owner)
                };
                self.fail(part, why);
                self.silence.get_or_insert_with(|| why.clone());
            }
        }
    }

    fn add_set(&mut self, question: &Question, reply: &Reply) {
        let is_address = matches!(question.kind, Kind::A | Kind::Aaaa);
        // Addresses are those at the end of the aliases; all else is the name's own.
        let fitting = reply.records.iter().filter(|record| {
            record.data.kind() == question.kind && (is_address || record.owner == question.owner)
        });
        let (values, ttl) =
            self.sets.entry((question.owner.clone(), question.kind)).or_insert((Vec::new(), u32::MAX));
        for record in fitting {
            let value = record.data.to_string();
            if values.len() < MAX_VALUES && !values.contains(&value) {
                values.push(value);
                *ttl = record.ttl.min(*ttl);
            }
        }
        values.sort_by(|a, b| by_number(a).cmp(&by_number(b)).then_with(|| a.cmp(b)));
    }

    /// The names below the domain that its records speak of.
    fn add_mentioned(&mut self, reply: &Reply) {
        for record in &reply.records {
            if let Some(host) = record.data.host() {
                self.add_name(host, NameSource::Records, &[]);
            }
            for name in record.data.text().into_iter().flat_map(named_by_spf) {
                self.add_name(&name, NameSource::Records, &[]);
            }
        }
    }

    /// A name, if it is below the domain. A wildcard stands for the name that it is below.
    pub(super) fn add_name(&mut self, name: &Owner, source: NameSource, addresses: &[IpAddr]) {
        let Some(domain) = &self.domain else { return };
        let name = name.without_star().unwrap_or_else(|| name.clone());
        if !name.is_below(domain) || name.as_str().len() > MAX_NAME {
            return;
        }
        if self.names.len() >= MAX_NAMES && !self.names.contains_key(&name) {
            self.is_full = true;
            return;
        }
        let found = self.names.entry(name).or_default();
        found.sources.insert(source);
        for address in addresses {
            let has_room = found.addresses.len() < MAX_ADDRESSES && self.addresses < MAX_ALL_ADDRESSES;
            if has_room && found.addresses.insert(*address) {
                self.addresses += 1;
            }
        }
    }

    /// Addresses of a name that was found before.
    pub(super) fn add_addresses(&mut self, name: &Owner, addresses: &[IpAddr]) {
        let source = self.names.get(name).and_then(|found| found.sources.first().copied());
        if let Some(source) = source {
            self.add_name(name, source, addresses);
        }
    }

    /// Names that were found, by anything, without an address.
    pub(super) fn names_without_address(&self, limit: usize) -> Vec<Owner> {
        let bare = self.names.iter().filter(|(_, found)| found.addresses.is_empty());
        bare.map(|(name, _)| name.clone()).take(limit).collect()
    }

    /// Names below the domain that have names below themselves, the most populous first.
    pub(super) fn levels(&self, limit: usize) -> Vec<Owner> {
        let Some(domain) = &self.domain else { return Vec::new() };
        let mut children: BTreeMap<Owner, usize> = BTreeMap::new();
        for name in self.names.keys().filter(|name| name.host().is_some()) {
            for parent in std::iter::successors(name.parent(), Owner::parent)
                .take_while(|parent| parent.is_below(domain))
            {
                *children.entry(parent).or_default() += 1;
            }
        }
        let mut levels: Vec<(Owner, usize)> = children.into_iter().collect();
        levels.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        levels.into_iter().map(|(level, _)| level).take(limit).collect()
    }

    /// The values of a type of the domain's own.
    pub(super) fn values(&self, kind: Kind) -> &[String] {
        let domain = self.domain.as_ref();
        let set = domain.and_then(|domain| self.sets.get(&(domain.clone(), kind)));
        set.map_or(&[], |(values, _)| values)
    }

    /// Whether it is certain that there is no such name: every answer so far says so, and none is missing.
    pub(super) fn is_missing(&self) -> bool {
        self.answered && !self.exists && self.failures.is_empty()
    }

    /// What failed, and why.
    pub(super) fn fail(&mut self, part: impl Into<String>, why: &(impl ToString + ?Sized)) {
        if self.failures.len() < MAX_FAILURES {
            self.failures.insert(Failure { part: part.into(), detail: why.to_string() });
        }
    }

    /// What the policy kept from us on the way.
    pub(super) fn deny(&mut self, part: impl Into<String>, denied: Denied) {
        self.fail(part, &denied);
        if self.denied.insert(denied.address) {
            self.denials.push(denied);
        }
    }

    /// A server handed the zone over.
    pub(super) fn set_transfer_open(&mut self) {
        self.security.transfer_open = true;
    }

    /// Names that do not exist are answered.
    pub(super) fn set_wildcard(&mut self) {
        self.security.wildcard = true;
    }

    /// The title of the page.
    pub(super) fn set_title(&mut self, title: Title) {
        self.title = Some(title);
    }

    /// The DMARC policy of the domain, or of a domain above.
    pub(super) fn set_dmarc(&mut self, policy: String) {
        self.security.dmarc = policy;
    }

    /// The addresses that the policy kept from us.
    pub(in crate::network) fn denials(&self) -> &[Denied] {
        &self.denials
    }

    /// The report; why there is none, if no resolver answered and nothing else was found either.
    pub(in crate::network) fn into_report(
        mut self,
        host: Host,
        timed_out: bool,
    ) -> Result<Report, Unanswered> {
        if !self.answered && self.title.is_none() && self.names.is_empty() {
            let cut_off = timed_out.then_some(Unanswered::TimedOut);
            if let Some(why) = self.silence.take().or(cut_off) {
                return Err(why);
            }
        }
        if self.is_full {
            self.fail("names", &format!("there are more than {MAX_NAMES}"));
        }
        self.secure();
        let names = self.names.into_iter().map(|(name, found)| Subdomain {
            name,
            sources: found.sources,
            addresses: found.addresses,
        });
        let sets = self.sets.into_iter().filter(|(_, (values, _))| !values.is_empty());
        let records = sets.map(|((owner, kind), (values, ttl))| RecordSet {
            owner,
            kind,
            values,
            ttl: Duration::from_secs(ttl.into()),
        });
        let mut records: Vec<RecordSet> = records.collect();
        // The domain's own first.
        records.sort_by_key(|set| Some(&set.owner) != self.domain.as_ref());
        Ok(Report {
            host,
            exists: self.exists,
            records,
            names: names.collect(),
            security: self.security,
            title: self.title,
            failures: self.failures.into_iter().collect(),
            timed_out,
        })
    }

    /// What the records say of the domain's security.
    fn secure(&mut self) {
        self.security.signed = !self.values(Kind::Ds).is_empty();
        self.security.spf = policy(self.values(Kind::Txt), "v=spf1");
        let below = self.domain.as_ref().and_then(|domain| domain.below(MTA_STS));
        let set = below.and_then(|name| self.sets.get(&(name, Kind::Txt)));
        self.security.mta_sts = set.map_or_else(String::new, |(values, _)| policy(values, "v=STSv1"));
    }
}

/// The text that begins with a version, such as `v=spf1`; empty if there is none.
pub(super) fn policy(texts: &[String], version: &str) -> String {
    let is_it = |text: &&String| {
        let head = text.get(..version.len());
        let rest = text.get(version.len()..).unwrap_or_default();
        head.is_some_and(|head| head.eq_ignore_ascii_case(version))
            && rest.bytes().next().is_none_or(|byte| matches!(byte, b' ' | b';'))
    };
    texts.iter().find(is_it).cloned().unwrap_or_default()
}

/// MX and SRV records in the order of their first number.
fn by_number(value: &str) -> u32 {
    value.split_once(' ').and_then(|(number, _)| number.parse().ok()).unwrap_or_default()
}

/// The names in the mechanisms of an SPF policy (RFC 7208 5).
fn named_by_spf(text: &str) -> impl Iterator<Item = Owner> + '_ {
    let terms = text.strip_prefix("v=spf1 ").unwrap_or_default().split_ascii_whitespace();
    terms.filter_map(|term| {
        let term = term.trim_start_matches(['+', '-', '~', '?']);
        let (mechanism, name) = term.split_once([':', '='])?;
        let names = ["include", "a", "mx", "exists", "redirect", "ptr"];
        let name = name.split('/').next().unwrap_or_default();
        // A macro is no name.
        let is_name = names.contains(&mechanism) && !name.contains('%') && !name.is_empty();
        if is_name { Owner::parse(name) } else { None }
    })
}

#[cfg(test)]
mod tests;
