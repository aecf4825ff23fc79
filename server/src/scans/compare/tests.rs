//! What differs between two scans, and what does not.

use super::*;
use crate::scans::{
    record::{Port, Service, State, Support},
    testing::{address, certificate, host, https, port, report, service, serving, tls},
};

fn scan(ports: Vec<Port>) -> Report {
    report(vec![host(ports)])
}

fn counts(changes: &Changes) -> [usize; 4] {
    let count = |kind| changes.count(kind);
    [count(Kind::Added), count(Kind::Removed), count(Kind::Changed), changes.unchanged]
}

#[test]
fn a_scan_does_not_differ_from_itself() {
    let scan =
        scan(vec![serving(443, https("example.com", 60)), port(22, State::Open), port(25, State::Closed)]);
    let same = compare(&scan, &scan);
    assert!(same.is_empty() && same.uncertain.is_empty());
    assert_eq!([&same.ports, &same.services, &same.certificates].map(|changes| changes.unchanged), [3, 1, 1]);
    assert!(same.drift_score().abs() < f64::EPSILON);
    assert!(compare(&report(Vec::new()), &report(Vec::new())).drift_score().abs() < f64::EPSILON);
}

#[test]
fn scans_without_anything_in_common_differ_wholly() {
    let (old, new) = (scan(vec![serving(443, https("example.com", 60))]), scan(vec![port(22, State::Open)]));
    let all = compare(&old, &new);
    assert_eq!(counts(&all.ports), [1, 1, 0, 0]);
    assert_eq!(counts(&all.services), [0; 4]);
    assert!((all.drift_score() - 1.0).abs() < f64::EPSILON);
}

#[test]
fn ports_come_and_go_by_being_open() {
    let old = scan(vec![
        port(22, State::Open),
        port(25, State::Closed),
        port(80, State::Open),
        port(81, State::Closed),
    ]);
    let new = scan(vec![
        port(22, State::Closed),
        port(25, State::Filtered),
        port(80, State::Open),
        port(443, State::Open),
    ]);
    let compared = compare(&old, &new);
    let told: Vec<_> = compared
        .ports
        .changes
        .iter()
        .map(|one| (one.kind, one.place.port, &*one.before, &*one.after))
        .collect();
    assert_eq!(
        told,
        [
            (Kind::Removed, 22, "open", ""),
            (Kind::Changed, 25, "closed", "filtered"),
            (Kind::Added, 443, "", "open"),
        ]
    );
    assert_eq!(compared.ports.unchanged, 1);
    // (1 + 1 + 1/2) of 4.
    assert!((compared.drift_score() - 0.625).abs() < 1e-9);
}

#[test]
fn hosts_of_another_site_are_others() {
    let old = scan(vec![port(22, State::Open)]);
    let mut new = old.clone();
    new.sites[0].name = "Elsewhere".to_owned();
    assert_eq!(counts(&compare(&old, &new).ports), [1, 1, 0, 0]);
    let mut moved = old.clone();
    moved.sites[0].hosts[0].address = address(9);
    assert_eq!(counts(&compare(&old, &moved).ports), [1, 1, 0, 0]);
}

#[test]
fn what_a_scan_could_not_see_is_uncertain() {
    let open = scan(vec![port(22, State::Open)]);
    let lossy = |ports| report(vec![Host { loss_estimate: Some(0.2), ..host(ports) }]);
    let cut = report(vec![Host { complete: false, ..host(Vec::new()) }]);
    for other in
        [lossy(vec![port(22, State::Filtered)]), lossy(vec![]), cut, scan(vec![port(22, State::Unknown)])]
    {
        for (old, new, kind) in [(&open, &other, Kind::Removed), (&other, &open, Kind::Added)] {
            let compared = compare(old, new);
            assert_eq!(compared.uncertain.len(), 1, "{other:?}");
            assert_eq!(compared.uncertain[0].kind, kind);
            assert!(compared.is_empty() && compared.drift_score().abs() < f64::EPSILON);
        }
    }
    for other in [lossy(vec![port(22, State::Closed)]), scan(vec![]), scan(vec![port(22, State::Filtered)])] {
        assert_eq!(counts(&compare(&open, &other).ports), [0, 1, 0, 0]);
    }
}

#[test]
fn services_differ_by_what_they_say_of_themselves() {
    let at = |service: Option<Service>| scan(vec![Port { service, ..port(443, State::Open) }]);
    let nginx = |version| Some(service("https", "nginx", version));
    let compared = compare(&at(nginx("1.24.0")), &at(nginx("1.26.0")));
    let [change] = &compared.services.changes[..] else { panic!("{compared:?}") };
    assert_eq!((&*change.before, &*change.after), ("https, nginx 1.24.0", "https, nginx 1.26.0"));
    let detail = Detail { what: "version", before: "1.24.0".to_owned(), after: "1.26.0".to_owned() };
    assert_eq!(change.details, [detail]);
    // A port that is the same, a service that has changed: (3 x 0 + 2 x 1/2) / 5.
    assert!((compared.drift_score() - 0.2).abs() < 1e-9);
    assert_eq!(counts(&compare(&at(None), &at(nginx("1"))).services), [1, 0, 0, 0]);
    assert_eq!(counts(&compare(&at(nginx("1")), &at(None)).services), [0, 1, 0, 0]);
    assert_eq!(counts(&compare(&at(None), &at(None)).services), [0; 4]);
}

#[test]
fn tls_differs_by_versions_and_suites_that_both_scans_know_of() {
    let speaking = |change: &dyn Fn(&mut crate::scans::record::Tls)| {
        let mut tls = tls(certificate("example.com", 60));
        change(&mut tls);
        scan(vec![serving(443, Service { tls: Some(tls), ..Service::default() })])
    };
    let old = speaking(&|_| {});
    let fewer = compare(&old, &speaking(&|tls| tls.versions[4].support = Support::NotSupported));
    let detail = &fewer.services.changes[0].details[0];
    assert_eq!(
        (detail.what, &*detail.before, &*detail.after),
        ("TLS versions", "TLS 1.2, TLS 1.3", "TLS 1.2")
    );
    let silent = compare(&old, &speaking(&|tls| tls.versions[4].support = Support::Unknown));
    assert!(silent.is_empty());
    let suites =
        compare(&old, &speaking(&|tls| tls.versions[3].suites[0] = "TLS_RSA_WITH_NULL_SHA".to_owned()));
    let detail = &suites.services.changes[0].details[0];
    assert_eq!(detail.before, "TLS 1.2: TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    assert_eq!(detail.after, "TLS 1.2: TLS_RSA_WITH_NULL_SHA");
}

#[test]
fn a_renewed_certificate_has_changed_and_one_with_another_key_is_another() {
    let with = |certificates: Vec<crate::scans::record::Certificate>| {
        let mut tls = tls(certificate("example.com", 60));
        tls.certificates = certificates;
        scan(vec![serving(443, Service { tls: Some(tls), ..Service::default() })])
    };
    let (old, new) = (certificate("example.com", 10), certificate("example.com", 100));
    let mut curve = certificate("example.com", 50);
    "EC P-256".clone_into(&mut curve.key);
    let compared = compare(&with(vec![old.clone(), curve.clone()]), &with(vec![curve.clone(), new.clone()]));
    assert_eq!(counts(&compared.certificates), [0, 0, 1, 1]);
    let what: Vec<_> = compared.certificates.changes[0].details.iter().map(|detail| detail.what).collect();
    assert_eq!(what, ["good from", "good until"]);
    assert_eq!(compared.certificates.changes[0].after, "CN=example.com, until 2026-02-22T10:30:00Z");
    assert_eq!(
        counts(&compare(&with(vec![old.clone()]), &with(vec![curve.clone()])).certificates),
        [1, 1, 0, 0]
    );
    assert_eq!(
        counts(&compare(&with(vec![old.clone(), old.clone()]), &with(vec![old.clone()])).certificates),
        [0, 0, 0, 1]
    );
    // Whoever has TLS has a certificate that was not shown, as a rule.
    assert_eq!(counts(&compare(&with(vec![old]), &with(vec![])).certificates), [0; 4]);
}

#[test]
fn texts_of_others_are_bounded_in_a_comparison() {
    let nasty = |end: &str| format!("\u{1b}]0;\u{202e}{}{end}", "y".repeat(1_000_000));
    let at = |end: &str| {
        let mut service = https(&nasty(end), 50);
        service.extrainfo = Some(nasty(end));
        scan(vec![serving(443, service)])
    };
    let compared = compare(&at("1"), &at("2"));
    let changes = compared.services.changes.iter().chain(&compared.certificates.changes);
    let texts = changes.flat_map(|change| {
        let details = change.details.iter().flat_map(|detail| [&detail.before, &detail.after]);
        details.chain([&change.before, &change.after])
    });
    let texts: Vec<_> = texts.collect();
    assert!(texts.len() > 8);
    for text in texts {
        assert!(text.len() < 2_000 && !text.chars().any(crate::scans::shown::is_deceptive), "{text}");
    }
}

#[test]
fn a_change_somewhere_always_lifts_the_score_and_it_never_leaves_its_bounds() {
    let many = |open: u16| {
        scan(
            (1..=5_000)
                .map(|number| port(number, if number <= open { State::Open } else { State::Closed }))
                .collect(),
        )
    };
    let (one, all) =
        (compare(&many(5_000), &many(4_999)).drift_score(), compare(&many(5_000), &many(0)).drift_score());
    assert!(one > 0.0 && one < 0.001, "{one}");
    assert!((all - 1.0).abs() < f64::EPSILON, "{all}");
}
