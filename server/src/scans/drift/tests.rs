//! Findings, and which of them are news.

use super::{
    alerts::{Told, settle},
    *,
};
use crate::scans::{
    record::{Port, Protocol, Service, State, Support, Version},
    testing::{certificate, days, host, https, now, port, report, service, serving, tls, weakness},
};

fn one(report: &Report, before: Option<&Report>) -> Finding {
    let mut findings = findings(report, before, now());
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn unexpected(port: Port) -> Port {
    Port { expected: false, ..port }
}

#[test]
fn what_is_as_expected_is_no_finding() {
    let calm = report(vec![host(vec![
        serving(443, https("example.com", 60)),
        port(22, State::Open),
        unexpected(port(23, State::Closed)),
        Port { protocol: Protocol::Udp, ..port(123, State::OpenOrFiltered) },
        port(9, State::Unknown),
    ])]);
    assert_eq!(findings(&calm, None, now()), []);
    assert_eq!(findings(&calm, Some(&calm), now()), []);
}

#[test]
fn an_open_port_that_nobody_expects_is_told_with_who_serves_there() {
    let found =
        one(&report(vec![host(vec![unexpected(serving(8080, service("http", "Jetty", "9.4")))])]), None);
    assert_eq!(found.key.to_string(), "unexpected_port 192.0.2.1 8080/tcp Site");
    assert_eq!(found.text, "8080/tcp is open, and was not expected to be: http, Jetty 9.4");
    assert_eq!((found.severity, found.confirmed), (Severity::High, true));
}

#[test]
fn a_port_that_was_expected_is_missing_when_it_is_closed_or_filtered() {
    for (state, text) in [
        (State::Closed, "22/tcp is closed, and was expected to be open (conn-refused)"),
        (State::Filtered, "22/tcp is filtered, and was expected to be open (no-response)"),
    ] {
        let found = one(&report(vec![host(vec![port(22, state)])]), None);
        assert_eq!((found.key.kind, found.confirmed), (Kind::MissingPort, true));
        assert_eq!(found.text, text);
    }
}

#[test]
fn silence_of_a_port_that_was_open_is_unconfirmed_where_packets_get_lost() {
    let before = report(vec![host(vec![port(22, State::Open)])]);
    let lossy = |state| report(vec![Host { loss_estimate: Some(0.04), ..host(vec![port(22, state)]) }]);
    let found = one(&lossy(State::Filtered), Some(&before));
    assert_eq!((found.key.kind, found.confirmed), (Kind::MissingPort, false));
    assert!(found.text.contains("4.0 % of the probes got lost"), "{}", found.text);

    // A refusal is an answer; without loss silence is one, too; and of a port that was not open nothing is lost.
    assert!(one(&lossy(State::Closed), Some(&before)).confirmed);
    assert!(one(&report(vec![host(vec![port(22, State::Filtered)])]), Some(&before)).confirmed);
    assert!(one(&lossy(State::Filtered), Some(&lossy(State::Filtered))).confirmed);
    assert!(one(&lossy(State::Filtered), None).confirmed);
    let again = Port { asked_again: 3, ..port(22, State::Filtered) };
    let asked = report(vec![Host { loss_estimate: Some(0.04), ..host(vec![again]) }]);
    assert!(one(&asked, Some(&before)).confirmed, "four times nothing is no loss");
}

#[test]
fn pings_are_held_against_the_configuration_where_it_speaks_of_them() {
    for (expected, actual, is_finding) in [
        (Some(true), Some(false), true),
        (Some(false), Some(true), true),
        (Some(true), Some(true), false),
        (None, Some(false), false),
        (Some(true), None, false),
    ] {
        let mut host = host(Vec::new());
        (host.ping.expected, host.ping.actual) = (expected, actual);
        let found = findings(&report(vec![host]), None, now());
        assert_eq!(found.len(), usize::from(is_finding), "{expected:?} {actual:?}");
        assert!(found.iter().all(|one| one.key.to_string() == "ping_mismatch 192.0.2.1 host Site"));
    }
}

fn at_443(service: Service) -> Report {
    report(vec![host(vec![serving(443, service)])])
}

#[test]
fn certificates_are_told_when_they_end_soon_and_again_when_it_is_urgent() {
    for (left, kind, severity, text) in [
        (29, Kind::CertificateExpiring, Severity::Medium, "expires in 29 days (13 December 2025)"),
        (7, Kind::CertificateExpiring, Severity::Medium, "expires in 7 days"),
        (6, Kind::CertificateExpiring, Severity::High, "expires in 6 days"),
        (1, Kind::CertificateExpiring, Severity::High, "expires in 1 day "),
        (0, Kind::CertificateExpiring, Severity::High, "expires in less than a day"),
        (-3, Kind::CertificateExpired, Severity::High, "expired 2 days ago (11 November 2025)"),
    ] {
        let found = one(&at_443(https("example.com", left)), None);
        assert_eq!((found.key.kind, found.severity), (kind, severity), "{left}");
        assert!(found.text.starts_with("The certificate of CN=example.com "), "{}", found.text);
        assert!(found.text.contains(text), "{left}: {}", found.text);
    }
    assert_eq!(findings(&at_443(https("example.com", EXPIRING_DAYS)), None, now()), []);
    let early = one(&at_443(https("example.com", 200)), None);
    assert_eq!(early.key.kind, Kind::CertificateNotYetValid);
}

#[test]
fn the_year_1950_is_long_over() {
    let mut old = certificate("old.example", 0);
    (old.not_valid_before, old.not_valid_after) =
        (Moment::from_seconds(i64::MIN), Moment::from_seconds(-631_152_000));
    let found = one(&at_443(Service { tls: Some(tls(old)), ..Service::default() }), None);
    assert!(found.text.ends_with("expired 27711 days ago (1 January 1950)"), "{}", found.text);
}

#[test]
fn of_several_certificates_the_first_to_end_is_told() {
    let mut two = tls(certificate("late.example", 20));
    two.certificates.push(certificate("soon.example", 3));
    two.certificates.push(certificate("gone.example", -9));
    let found = findings(&at_443(Service { tls: Some(two), ..Service::default() }), None, now());
    let kinds: Vec<_> = found.iter().map(|one| one.key.kind).collect();
    assert_eq!(kinds, [Kind::CertificateExpired, Kind::CertificateExpiring]);
    assert!(found[1].text.contains("soon.example"), "{}", found[1].text);
}

#[test]
fn weaknesses_of_tls_and_of_certificates_are_one_finding_each() {
    let mut weak = tls(certificate("example.com", 60));
    weak.weaknesses =
        vec![weakness("TLS 1.1 is spoken"), weakness("TLS 1.0 is spoken"), weakness("TLS 1.0 is spoken")];
    weak.weaknesses
        .push(crate::scans::record::Weakness { of_certificate: true, ..weakness("The key is short") });
    let found = findings(&at_443(Service { tls: Some(weak), ..Service::default() }), None, now());
    let told: Vec<_> = found.iter().map(|one| (one.key.kind, one.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (Kind::WeakTls, "TLS 1.0 is spoken; TLS 1.1 is spoken"),
            (Kind::WeakCertificate, "The key is short")
        ]
    );
}

#[test]
fn another_version_is_a_change_and_an_unknown_one_is_none() {
    let nginx = |version| at_443(service("https", "nginx", version));
    let found = one(&nginx("1.26.0"), Some(&nginx("1.24.0")));
    assert_eq!(found.key.kind, Kind::ServiceChanged);
    assert_eq!(found.substance, "https, nginx 1.24.0 -> https, nginx 1.26.0");
    assert_eq!(findings(&nginx(""), Some(&nginx("1.24.0")), now()), []);
    assert_eq!(findings(&nginx("1.24.0"), Some(&nginx("")), now()), []);

    let guessed = at_443(Service { guessed: true, ..service("http-alt", "", "") });
    assert_eq!(findings(&guessed, Some(&at_443(service("http", "", ""))), now()), []);
    let plain = at_443(Service { http_protocol: Some("http".to_owned()), ..service("", "nginx", "1") });
    let secure = at_443(Service { http_protocol: Some("https".to_owned()), ..service("", "nginx", "1") });
    assert_eq!(one(&secure, Some(&plain)).substance, "nginx 1 over http -> nginx 1 over https");
}

#[test]
fn the_worst_comes_first() {
    let mut host = host(vec![serving(443, https("example.com", 20)), unexpected(port(23, State::Open))]);
    host.ping.expected = Some(false);
    let kinds: Vec<_> = findings(&report(vec![host]), None, now()).iter().map(|one| one.key.kind).collect();
    assert_eq!(kinds, [Kind::UnexpectedPort, Kind::PingMismatch, Kind::CertificateExpiring]);
}

#[test]
fn texts_of_others_can_neither_break_lines_nor_grow_a_finding() {
    let nasty = format!("nginx\r\nX: \u{202e}{}", "x".repeat(1_000_000));
    let mut https = https("example.com", 3);
    https.product = Some(nasty.clone());
    if let Some(tls) = https.tls.as_mut() {
        tls.certificates[0].subject.clone_from(&nasty);
        tls.weaknesses = (0..1_000).map(|number| weakness(&format!("{number}{nasty}"))).collect();
    }
    let found = findings(&report(vec![host(vec![unexpected(serving(443, https))])]), None, now());
    assert_eq!(found.len(), 3);
    for one in found {
        assert!(one.text.chars().count() < 1_000, "{}", one.text.len());
        assert!(!one.text.chars().any(crate::scans::shown::is_deceptive), "{}", one.text);
    }
}

#[test]
fn kinds_and_severities_have_names_of_their_own() {
    let names: std::collections::BTreeSet<_> = Kind::ALL.into_iter().map(Kind::name).collect();
    let titles: std::collections::BTreeSet<_> = Kind::ALL.into_iter().map(Kind::title).collect();
    assert_eq!((names.len(), titles.len()), (Kind::ALL.len(), Kind::ALL.len()));
    assert!(Severity::Low < Severity::Medium && Severity::Medium < Severity::High);
}

/// What is told of a scan, and what is remembered after it.
fn told(report: &Report, before: Option<&Report>, now: Moment, memory: &mut Told) -> (Vec<String>, usize) {
    let findings = findings(report, before, now);
    let settled = settle(report, &findings, memory);
    let news = settled.news.iter().map(|one| one.key.kind.name().to_owned()).collect();
    let over = settled.over.len();
    *memory = settled.remember(std::mem::take(memory));
    (news, over)
}

#[test]
fn a_finding_is_told_once_until_it_is_over_and_comes_back() {
    let (open, closed) =
        (report(vec![host(vec![port(22, State::Open)])]), report(vec![host(vec![port(22, State::Closed)])]));
    let mut memory = Told::new();
    assert_eq!(told(&closed, Some(&open), now(), &mut memory), (vec!["missing_port".to_owned()], 0));
    assert_eq!(told(&closed, Some(&closed), now(), &mut memory), (vec![], 0));
    assert_eq!(told(&open, Some(&closed), now(), &mut memory), (vec![], 1));
    assert_eq!(told(&open, Some(&open), now(), &mut memory), (vec![], 0));
    assert_eq!(told(&closed, Some(&open), now(), &mut memory), (vec!["missing_port".to_owned()], 0));
}

#[test]
fn a_certificate_is_told_at_thirty_days_at_seven_and_at_its_end() {
    let scan = at_443(https("example.com", 40));
    let mut memory = Told::new();
    let news: Vec<_> = (0..45).map(|day| told(&scan, Some(&scan), days(day), &mut memory).0.len()).collect();
    let days: Vec<_> = (0..45).filter(|&day| news[day] > 0).collect();
    assert_eq!(days, [11, 34, 41]);
}

/// A scan of a server whose TLS has these weaknesses, as far as was found out.
fn weak(weaknesses: &[&str], is_known: bool) -> Report {
    let mut service = https("example.com", 60);
    if let Some(tls) = &mut service.tls {
        tls.weaknesses = weaknesses.iter().map(|text| weakness(text)).collect();
        let support = if is_known { Support::NotSupported } else { Support::Unknown };
        let name = "SSL 3.0".to_owned();
        tls.versions =
            vec![Version { name, support, suites: Vec::new(), order: None, detail: String::new() }];
    }
    at_443(service)
}

#[test]
fn weaknesses_that_could_not_be_looked_for_are_neither_over_nor_news() {
    let both = weak(&["TLS 1.0 is spoken", "RC4 is taken"], true);
    let mut memory = Told::new();
    assert_eq!(told(&both, Some(&both), now(), &mut memory).0, ["weak_tls"]);
    for hidden in [weak(&[], false), weak(&["RC4 is taken"], false)] {
        assert_eq!(told(&hidden, Some(&both), now(), &mut memory), (vec![], 0));
    }
    assert_eq!(told(&both, Some(&both), now(), &mut memory), (vec![], 0));
    let new = weak(&["NULL is taken"], false);
    assert_eq!(told(&new, Some(&both), now(), &mut memory).0, ["weak_tls"]);
    assert_eq!(told(&weak(&[], true), Some(&both), now(), &mut memory), (vec![], 1));
}

#[test]
fn an_unexpected_port_is_over_when_its_silence_means_something() {
    let hosts = |ports, loss| report(vec![Host { loss_estimate: loss, ..host(ports) }]);
    let open = hosts(vec![unexpected(port(8080, State::Open))], None);
    let mut memory = Told::new();
    assert_eq!(told(&open, None, now(), &mut memory).0, ["unexpected_port"]);
    assert_eq!(told(&hosts(vec![], Some(0.3)), Some(&open), now(), &mut memory), (vec![], 0));
    assert_eq!(told(&hosts(vec![], Some(0.01)), Some(&open), now(), &mut memory), (vec![], 1));
}

#[test]
fn nothing_unconfirmed_is_told_and_nothing_is_over_that_nobody_looked_at() {
    let open = report(vec![host(vec![port(22, State::Open)])]);
    let lossy = report(vec![Host { loss_estimate: Some(0.1), ..host(vec![port(22, State::Filtered)]) }]);
    let mut memory = Told::new();
    assert_eq!(told(&lossy, Some(&open), now(), &mut memory), (vec![], 0));

    let closed = report(vec![host(vec![port(22, State::Closed)])]);
    assert_eq!(told(&closed, Some(&open), now(), &mut memory).0.len(), 1);
    assert_eq!(told(&lossy, Some(&open), now(), &mut memory), (vec![], 0));
    let stopped = report(vec![Host { complete: false, ..host(Vec::new()) }]);
    assert_eq!(told(&stopped, Some(&open), now(), &mut memory), (vec![], 0));
    assert_eq!(memory.len(), 1);
    assert_eq!(
        told(&report(Vec::new()), Some(&open), now(), &mut memory),
        (vec![], 1),
        "it is watched no more"
    );
}
