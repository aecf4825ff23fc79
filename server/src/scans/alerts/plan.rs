//! What there is to tell after a scan: what is news, of that what the rules ask for, and what is over.

use super::model::Rule;
use crate::scans::{
    drift::{
        Finding, Key, Kind, Severity,
        alerts::{Told, settle},
    },
    record::{Index, Moment, Ports, Report},
};

/// News of one scan that become alerts; what is beyond is told after the next.
pub(super) const MAX_NEWS: usize = 2_000;

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan<'a> {
    /// To be told, the worst first.
    pub(super) news: Vec<News<'a>>,
    /// To be forgotten.
    pub(super) over: Vec<Key>,
}

/// A finding that is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News<'a> {
    pub(super) finding: &'a Finding,
    /// The first rule that it meets.
    pub(super) rule: i64,
    /// The worst that a rule calls it.
    pub(super) severity: Severity,
    /// Whether a rule wants it mailed.
    pub(super) email: bool,
    /// Whether a rule wants it told to webhooks.
    pub(super) webhook: bool,
}

/// Holds a scan's findings against what was told of its configuration before.
pub(super) fn plan<'a>(
    (report, findings): (&Report, &'a [Finding]),
    told: &Told,
    rules: &[Rule],
    config: &str,
    now: Moment,
) -> Plan<'a> {
    let settled = settle(report, findings, told);
    let hosts = Index::of(report);
    // What no rule asks for is not told, and so not remembered: once a rule asks, it is news.
    let wanted = settled.news.into_iter().filter_map(|finding| {
        let days_left = days_left(&hosts, &finding.key, now);
        let met = rules.iter().filter(|rule| rule.terms.meets(finding, config, days_left));
        news(finding, met)
    });
    let mut news: Vec<_> = wanted.collect();
    news.sort_by_key(|news| std::cmp::Reverse(news.severity));
    news.truncate(MAX_NEWS);
    Plan { news, over: settled.over }
}

fn news<'a, 'r>(finding: &'a Finding, met: impl Iterator<Item = &'r Rule>) -> Option<News<'a>> {
    let mut all: Option<News<'a>> = None;
    for Rule { id, terms, .. } in met {
        let severity = terms.severity.unwrap_or(finding.severity);
        let before = all.take();
        let is = |of: fn(&News<'_>) -> bool| before.as_ref().is_some_and(of);
        all = Some(News {
            finding,
            email: terms.email || is(|news| news.email),
            webhook: terms.webhook || is(|news| news.webhook),
            rule: before.as_ref().map_or(*id, |news| news.rule),
            severity: before.as_ref().map_or(severity, |news| news.severity.max(severity)),
        });
    }
    all
}

/// How long the certificate at a place is good that expires next; `None` where there is none.
fn days_left(hosts: &Index<'_>, key: &Key, now: Moment) -> Option<i64> {
    let (protocol, port) = key.port.filter(|_| key.kind == Kind::CertificateExpiring)?;
    let ports = Ports::of(hosts.host(&key.site, key.address)?);
    let tls = ports.get(protocol, port)?.service.as_ref()?.tls.as_ref()?;
    let ends = tls.certificates.iter().map(|one| one.not_valid_after).filter(|end| *end >= now);
    ends.min().map(|end| now.days_until(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scans::{
        alerts::model::Terms,
        drift::findings,
        record::{Host, State},
        testing::{days, host, https, now, port, report, serving},
    };

    fn rule(id: i64, kind: Kind) -> Rule {
        let terms = Terms {
            name: "A rule".into(),
            kind,
            threshold_days: if kind == Kind::CertificateExpiring { 30 } else { 0 },
            severity: None,
            email: true,
            webhook: false,
            enabled: true,
            config: String::new(),
        };
        Rule { id, terms, update_time: None }
    }

    fn with(rule: Rule, change: impl FnOnce(&mut Terms)) -> Rule {
        let mut rule = rule;
        change(&mut rule.terms);
        rule
    }

    /// What is told of these hosts so many days from now, in words, and what is remembered then.
    fn tell(hosts: Vec<Host>, ahead: i64, rules: &[Rule], told: &mut Told) -> (Vec<String>, usize) {
        let (report, now) = (report(hosts), days(ahead));
        let findings = findings(&report, None, now);
        let Plan { news, over } = plan((&report, &findings), told, rules, "site", now);
        for key in &over {
            told.remove(key);
        }
        told.extend(news.iter().map(|one| (one.finding.key.clone(), one.finding.substance.clone())));
        let words = |news: &News<'_>| {
            let kind = news.finding.key.kind.name();
            format!("{kind} {} rule {}", news.severity.name(), news.rule)
        };
        (news.iter().map(words).collect(), over.len())
    }

    fn closed() -> Vec<Host> {
        vec![host(vec![port(22, State::Closed)])]
    }

    #[test]
    fn what_changed_is_told_once_and_again_when_it_comes_back() {
        let (rules, mut told) = ([rule(2, Kind::MissingPort)], Told::new());
        let once = (vec!["missing_port high rule 2".to_owned()], 0);
        let first = tell(closed(), 0, &rules, &mut told);
        assert_eq!(first.0.len(), 1, "{first:?}");
        assert!(first.0[0].starts_with("missing_port"), "{first:?}");
        assert_eq!(tell(closed(), 0, &rules, &mut told), (vec![], 0));
        assert_eq!(tell(vec![host(vec![port(22, State::Open)])], 0, &rules, &mut told), (vec![], 1));
        assert!(told.is_empty());
        assert_eq!(tell(closed(), 0, &rules, &mut told), (first.0, once.1));
    }

    #[test]
    fn what_no_rule_asks_for_is_not_told_until_one_does() {
        let mut told = Told::new();
        let off = with(rule(2, Kind::MissingPort), |terms| terms.enabled = false);
        let elsewhere = with(rule(3, Kind::MissingPort), |terms| terms.config = "other".into());
        let other = rule(4, Kind::WeakTls);
        assert_eq!(tell(closed(), 0, &[off, elsewhere, other], &mut told), (vec![], 0));
        assert!(told.is_empty());
        let here = with(rule(5, Kind::MissingPort), |terms| terms.config = "site".into());
        assert_eq!(tell(closed(), 0, &[here], &mut told).0.len(), 1);
    }

    #[test]
    fn of_several_rules_the_worst_severity_and_every_channel_count() {
        let report = report(closed());
        let findings = findings(&report, None, now());
        let low = with(rule(2, Kind::MissingPort), |terms| terms.severity = Some(Severity::Low));
        let high = with(rule(7, Kind::MissingPort), |terms| {
            terms.severity = Some(Severity::High);
            (terms.email, terms.webhook) = (false, true);
        });
        let plan = plan((&report, &findings), &Told::new(), &[low, high], "site", now());
        let [news] = plan.news.as_slice() else { panic!("{plan:?}") };
        assert_eq!((news.rule, news.severity, news.email, news.webhook), (2, Severity::High, true, true));
    }

    #[test]
    fn a_certificate_is_told_of_when_its_days_fall_below_the_rule_and_again_when_it_is_urgent() {
        let hosts = || vec![host(vec![serving(443, https("www.example.com", 25))])];
        let rules = [with(rule(5, Kind::CertificateExpiring), |terms| terms.threshold_days = 14)];
        let mut told = Told::new();
        let count = |ahead, told: &mut Told| tell(hosts(), ahead, &rules, told).0.len();
        assert_eq!(count(0, &mut told), 0, "25 days are left");
        assert_eq!(count(11, &mut told), 0, "14 days are left");
        assert_eq!(count(12, &mut told), 1, "13 days are left");
        assert_eq!(count(13, &mut told), 0, "told before");
        assert_eq!(count(20, &mut told), 1, "5 days are left, which is urgent");
        assert_eq!(count(21, &mut told), 0, "told before");
    }

    #[test]
    fn one_scan_tells_so_much_and_the_next_tells_the_rest() {
        let hosts = || {
            let ports = (1..=2_500).map(|number| port(number, State::Closed)).collect();
            vec![host(ports)]
        };
        let (rules, mut told) = ([rule(2, Kind::MissingPort)], Told::new());
        let told_of = |told: &mut Told| tell(hosts(), 0, &rules, told).0.len();
        assert_eq!((told_of(&mut told), told_of(&mut told), told_of(&mut told)), (MAX_NEWS, 500, 0));
    }
}
