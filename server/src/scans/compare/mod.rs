//! Two scans side by side: what came, what went, what is not as it was.

mod certificates;
mod ports;
mod services;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, net::IpAddr};

use super::{
    record::{Host, Index, Ports, Protocol, Report},
    shown::shown,
};

/// Characters of a text of others that a change tells.
const TEXT: usize = 200;
/// How much ports, services and certificates weigh in [`Comparison::drift_score`].
const WEIGHTS: [f64; 3] = [3.0, 2.0, 1.0];
/// How much of a change is a change that neither adds nor removes.
const CHANGED: f64 = 0.5;

/// What differs between two scans.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Open ports. A port that is open in neither scan but listed in both has changed if its state has.
    pub ports: Changes,
    /// Services at ports that are open in both.
    pub services: Changes,
    /// Certificates at ports that are open in both.
    pub certificates: Changes,
    /// Ports, open in one scan, of which the other can't say whether they were: it left their host incomplete, or lost
    /// packets on the way. They count neither as changed nor as unchanged.
    pub uncertain: Vec<Change>,
}

/// What differs of one kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// By site, address, protocol and port.
    pub changes: Vec<Change>,
    /// How many are the same in both.
    pub unchanged: usize,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// How it was, in bounded words; empty of what was added.
    pub before: String,
    /// How it is, in bounded words; empty of what was removed.
    pub after: String,
    /// Of what has changed: what about it, and from what to what.
    pub details: Vec<Detail>,
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It is in the later scan only.
    Added,
    /// It is in the earlier scan only.
    Removed,
    /// It is in both, and not the same.
    Changed,
}

/// A port of a host of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The site's name.
    pub site: String,
    /// The host.
    pub address: IpAddr,
    /// The port's protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
}

/// One thing that has become another. Both texts are bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Which, such as `version`.
    pub what: &'static str,
    /// How it was; empty if it was not there.
    pub before: String,
    /// How it is; empty if it is gone.
    pub after: String,
}

/// Everything that differs from `old` to `new`. Hosts are the same if site and address are.
pub fn compare(old: &Report, new: &Report) -> Comparison {
    let (olds, news) = (Index::of(old), Index::of(new));
    let hosts: BTreeSet<_> =
        old.hosts().chain(new.hosts()).map(|(site, host)| (site, host.address)).collect();
    let mut comparison = Comparison::default();
    for (site, address) in hosts {
        let pair = Pair { site, address, old: olds.host(site, address), new: news.host(site, address) };
        host(&pair, &mut comparison);
    }
    comparison
}

/// A host in two scans.
struct Pair<'a> {
    site: &'a str,
    address: IpAddr,
    old: Option<&'a Host>,
    new: Option<&'a Host>,
}

fn host(pair: &Pair<'_>, comparison: &mut Comparison) {
    let (olds, news) = [pair.old, pair.new].map(|host| host.map(Ports::of).unwrap_or_default()).into();
    let listed = [pair.old, pair.new].into_iter().flatten().flat_map(|host| &host.ports);
    let ports: BTreeSet<_> = listed.map(|port| (port.protocol, port.port)).collect();
    for (protocol, port) in ports {
        let place = Place { site: pair.site.to_owned(), address: pair.address, protocol, port };
        let (old, new) = (olds.get(protocol, port), news.get(protocol, port));
        ports::compare(pair, &place, old, new, comparison);
        if let Some((old, new)) = old.zip(new).filter(|(old, new)| old.is_open() && new.is_open()) {
            services::compare(&place, old.service.as_ref(), new.service.as_ref(), &mut comparison.services);
            certificates::compare(&place, old, new, &mut comparison.certificates);
        }
    }
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.kinds().iter().all(|changes| changes.changes.is_empty())
    }

    /// Which part of everything differs, from 0.0 (nothing) to 1.0 (all of it).
    ///
    /// Of ports, services and certificates each: what was added or removed counts whole, what has changed counts half,
    /// and the sum is divided by all there is in either scan. The three parts are averaged, ports by weight 3, services
    /// by 2, certificates by 1; a kind of which neither scan has any has no weight.
    pub fn drift_score(&self) -> f64 {
        let parts =
            self.kinds().into_iter().zip(WEIGHTS).filter_map(|(kind, weight)| Some((kind.share()?, weight)));
        let (sum, weights) = parts
            .fold((0.0, 0.0), |(sum, weights), (share, weight)| (sum + share * weight, weights + weight));
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// Ports, services, certificates.
    fn kinds(&self) -> [&Changes; 3] {
        [&self.ports, &self.services, &self.certificates]
    }
}

impl Changes {
    /// How many changes of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }

    /// Which part differs, 0 to 1; `None` where there is nothing.
    fn share(&self) -> Option<f64> {
        let all = self.changes.len() + self.unchanged;
        let changed = self.count(Kind::Changed) as f64 * CHANGED;
        let others = (self.count(Kind::Added) + self.count(Kind::Removed)) as f64;
        (all > 0).then(|| (changed + others) / all as f64)
    }

    /// Takes what is there in both scans, with what differs about it.
    fn both(&mut self, place: &Place, words: [String; 2], details: Vec<Detail>) {
        if details.is_empty() {
            self.unchanged += 1;
        } else {
            let [before, after] = words;
            self.changes.push(Change { kind: Kind::Changed, place: place.clone(), before, after, details });
        }
    }

    fn added(&mut self, place: &Place, after: String) {
        self.changes.push(Change::added(place, after));
    }

    fn removed(&mut self, place: &Place, before: String) {
        self.changes.push(Change::removed(place, before));
    }
}

impl Change {
    fn added(place: &Place, after: String) -> Self {
        Self { kind: Kind::Added, place: place.clone(), before: String::new(), after, details: Vec::new() }
    }

    fn removed(place: &Place, before: String) -> Self {
        Self { kind: Kind::Removed, place: place.clone(), before, after: String::new(), details: Vec::new() }
    }
}

impl Detail {
    /// What has become of a text; `None` where it is the same.
    fn of(what: &'static str, before: Option<&str>, after: Option<&str>) -> Option<Self> {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let show = |text: &str| shown(text, TEXT).to_string();
        (before != after).then(|| Self { what, before: show(before), after: show(after) })
    }
}

impl Kind {
    /// `added`, `removed` or `changed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

impl Place {
    /// Such as `443/tcp`.
    pub fn port_name(&self) -> String {
        format!("{}/{}", self.port, self.protocol.name())
    }
}
