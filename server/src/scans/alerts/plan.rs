//! What there is to tell after a scan: what is news, of that what the rules ask for, and what is over.

use super::model::Rule;
use crate::scans::{
    drift::{
        EXPIRING_DAYS, Finding, Key, Kind, Severity, URGENT_DAYS,
        alerts::{Told, settle},
        days_of, expiring_within,
    },
    record::{Certificate, Index, Moment, Ports, Report},
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

/// Findings as these rules look at them: a certificate that expires is one thing to tell for each number of days that a
/// rule names, or that makes it worse, and none before the first of them.
pub(super) fn staged(
    (report, findings): (&Report, &[Finding]),
    told: &Told,
    rules: &[Rule],
    config: &str,
    now: Moment,
) -> Vec<Finding> {
    let hosts = Index::of(report);
    let asked = |finding: &Finding| {
        let about = rules.iter().filter(|rule| rule.terms.is_about(finding.key.kind, config));
        let named: Vec<_> = about.map(|rule| i64::from(rule.terms.threshold_days)).collect();
        named.into_iter().chain([EXPIRING_DAYS, URGENT_DAYS])
    };
    let stage = |finding: &Finding| {
        let Some(one) = expiring(&hosts, &finding.key, now) else { return Some(finding.clone()) };
        let left = now.days_until(one.not_valid_after);
        let stage = asked(finding).filter(|days| left < *days).min()?;
        // What was told at this stage or a later one stays told, also where its rule has gone.
        let before = told.get(&finding.key).and_then(|told| days_of(one, told));
        let stage = before.filter(|before| *before <= stage).unwrap_or(stage);
        Some(Finding { substance: expiring_within(one, stage), ..finding.clone() })
    };
    findings.iter().filter_map(stage).collect()
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
    expiring(hosts, key, now).map(|one| now.days_until(one.not_valid_after))
}

fn expiring<'r>(hosts: &Index<'r>, key: &Key, now: Moment) -> Option<&'r Certificate> {
    let (protocol, port) = key.port.filter(|_| key.kind == Kind::CertificateExpiring)?;
    let ports = Ports::of(hosts.host(&key.site, key.address)?);
    let tls = ports.get(protocol, port)?.service.as_ref()?.tls.as_ref()?;
    let good = tls.certificates.iter().filter(|one| one.not_valid_after >= now);
    good.min_by_key(|one| one.not_valid_after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scans::{
        alerts::model::{MAX_THRESHOLD_DAYS, Terms},
        drift::findings_within,
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
        let findings = findings_within(MAX_THRESHOLD_DAYS.into(), &report, None, now);
        let findings = staged((&report, &findings), told, rules, "site", now);
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
        let findings = findings_within(30, &report, None, now());
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

    /// The days from now on which a certificate that is good for so many is told of, and what is said then.
    fn told_on(good: i64, days: std::ops::Range<i64>, rules: &[Rule]) -> Vec<(i64, String)> {
        let hosts = || vec![host(vec![serving(443, https("www.example.com", good))])];
        let mut told = Told::new();
        let tell = |day| tell(hosts(), day, rules, &mut told).0.pop().map(|said| (day, said));
        days.filter_map(tell).collect()
    }

    #[test]
    fn a_rule_may_ask_for_a_year_ahead_and_it_gets_worse_on_the_way() {
        let rules = [with(rule(5, Kind::CertificateExpiring), |terms| terms.threshold_days = 120)];
        let said = |day, severity| (day, format!("certificate_expiring {severity} rule 5"));
        assert_eq!(told_on(130, 0..130, &rules), [said(11, "low"), said(101, "medium"), said(124, "high")]);
    }

    #[test]
    fn each_rule_is_met_at_its_own_time_and_what_was_told_stays_told_without_it() {
        let of = |id, days| with(rule(id, Kind::CertificateExpiring), |terms| terms.threshold_days = days);
        let days =
            |rules: &[Rule]| told_on(60, 0..60, rules).into_iter().map(|(day, _)| day).collect::<Vec<_>>();
        assert_eq!(days(&[of(5, 30)]), [31, 54]);
        assert_eq!(days(&[of(5, 30), of(6, 14), of(7, 50)]), [11, 31, 47, 54]);
        assert_eq!(days(&[of(6, 3)]), [58]);

        let hosts = |good| vec![host(vec![serving(443, https("www.example.com", good))])];
        let (both, mut told) = ([of(5, 30), of(6, 14)], Told::new());
        let mut count = |good, rules: &[Rule]| tell(hosts(good), 0, rules, &mut told);
        assert_eq!(count(10, &both).0.len(), 1);
        assert_eq!(count(10, &both[..1]).0.len(), 0, "the nearer rule has gone");
        // A certificate that is good for longer than anybody asks is a worry that is over.
        assert_eq!(count(90, &both), (vec![], 1));
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
