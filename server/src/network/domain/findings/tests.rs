//! What becomes of replies, names and silence.

use std::net::Ipv4Addr;

use super::*;
use crate::network::dns::{Data, Record};

fn owner(text: &str) -> Owner {
    Owner::from_labels(text.split('.').map(str::as_bytes))
}

fn findings() -> Findings {
    Findings::new(Some(owner("example.com")))
}

fn host() -> Host {
    "example.com".parse().expect("a host")
}

fn record(name: &str, ttl: u32, data: Data) -> Record {
    Record { owner: owner(name), ttl, data }
}

fn answer(findings: &mut Findings, name: &str, kind: Kind, records: Vec<Record>) {
    findings.add_reply(&Question::new(owner(name), kind), &Ok(Reply { exists: true, records }));
}

fn names(report: &Report) -> Vec<&str> {
    report.names.iter().map(|found| found.name.as_str()).collect()
}

#[test]
fn the_records_of_a_name_are_its_own_and_addresses_those_at_the_end_of_its_aliases() {
    let mut findings = findings();
    let alias = record("example.com", 60, Data::Cname(owner("edge.cdn.example")));
    let address = record("edge.cdn.example", 30, Data::A(Ipv4Addr::new(192, 0, 2, 1)));
    answer(&mut findings, "example.com", Kind::A, vec![alias.clone(), address]);
    let foreign = record("edge.cdn.example", 9, Data::Mx(10, owner("mx.cdn.example")));
    answer(&mut findings, "example.com", Kind::Mx, vec![alias.clone(), foreign]);
    answer(&mut findings, "example.com", Kind::Cname, vec![alias]);
    let report = findings.into_report(host(), false).expect("a report");
    let sets: Vec<_> =
        report.records.iter().map(|set| (set.kind, set.values.join(" "), set.ttl.as_secs())).collect();
    assert_eq!(
        sets,
        [(Kind::A, "192.0.2.1".to_owned(), 30), (Kind::Cname, "edge.cdn.example".to_owned(), 60),]
    );
    assert!(report.exists && report.failures.is_empty() && report.names.is_empty());
}

#[test]
fn values_come_in_the_order_of_their_preference_and_the_domain_s_own_first() {
    let mut findings = findings();
    let policy = Data::Txt("v=STSv1; id=1".into());
    answer(&mut findings, "_mta-sts.example.com", Kind::Txt, vec![record("_mta-sts.example.com", 1, policy)]);
    let mx = |preference, name: &str| record("example.com", 300, Data::Mx(preference, owner(name)));
    answer(
        &mut findings,
        "example.com",
        Kind::Mx,
        vec![mx(100, "c.example"), mx(20, "b.example"), mx(20, "a.example")],
    );
    let report = findings.into_report(host(), false).expect("a report");
    assert_eq!(report.records[0].values, ["20 a.example", "20 b.example", "100 c.example"]);
    assert_eq!(report.records[1].owner, owner("_mta-sts.example.com"));
    assert_eq!(report.security.mta_sts, "v=STSv1; id=1");
}

#[test]
fn names_come_from_records_with_every_source_that_names_them() {
    let mut findings = findings();
    let ns = |name: &str| record("example.com", 300, Data::Ns(owner(name)));
    answer(
        &mut findings,
        "example.com",
        Kind::Ns,
        vec![ns("ns1.example.com"), ns("ns.notexample.com"), ns("com")],
    );
    let spf =
        "v=spf1 include:_spf.example.com ~a:mail.example.com/24 redirect=%{d}.example.com ip4:192.0.2.1 -all";
    answer(&mut findings, "example.com", Kind::Txt, vec![record("example.com", 300, Data::Txt(spf.into()))]);
    let address = IpAddr::from([192, 0, 2, 1]);
    findings.add_name(&owner("ns1.example.com"), NameSource::Guess, &[address]);
    findings.add_name(&owner("*.apps.example.com"), NameSource::Certificate, &[]);
    findings.add_name(&owner("*.example.com"), NameSource::Certificate, &[]);
    findings.add_addresses(&owner("mail.example.com"), &[address]);
    findings.add_addresses(&owner("unknown.example.com"), &[address]);
    let report = findings.into_report(host(), false).expect("a report");
    assert_eq!(
        names(&report),
        ["_spf.example.com", "apps.example.com", "mail.example.com", "ns1.example.com"]
    );
    let ns1 = &report.names[3];
    assert_eq!(ns1.sources, BTreeSet::from([NameSource::Records, NameSource::Guess]));
    assert_eq!((ns1.addresses.len(), report.names[2].addresses.len()), (1, 1));
    assert_eq!(report.security.spf, spf);
}

#[test]
fn what_is_told_is_bounded() {
    let mut findings = findings();
    for number in 0..MAX_NAMES + 5 {
        let addresses: Vec<IpAddr> = (0..30u8).map(|last| IpAddr::from([10, 0, 0, last])).collect();
        findings.add_name(&owner(&format!("n{number}.example.com")), NameSource::ZoneTransfer, &addresses);
        findings.fail(format!("part {number}"), "no");
    }
    findings.add_name(&owner(&format!("{0}.{0}.{0}.{0}.example.com", "a".repeat(63))), NameSource::Nsec, &[]);
    let texts = (0..200).map(|n| record("example.com", 1, Data::Txt(format!("text {n}")))).collect();
    answer(&mut findings, "example.com", Kind::Txt, texts);
    let report = findings.into_report(host(), false).expect("a report");
    assert_eq!((report.names.len(), report.records[0].values.len()), (MAX_NAMES, MAX_VALUES));
    let addresses: usize = report.names.iter().map(|found| found.addresses.len()).sum();
    assert!(report.names.iter().all(|found| found.addresses.len() <= MAX_ADDRESSES));
    assert_eq!((addresses, report.failures.len()), (MAX_ALL_ADDRESSES, MAX_FAILURES));
}

#[test]
fn levels_are_names_with_names_below_them() {
    let mut findings = findings();
    for name in [
        "a.dev.example.com",
        "b.dev.example.com",
        "x.y.eu.example.com",
        "www.example.com",
        "_sip._tcp.example.com",
    ] {
        findings.add_name(&owner(name), NameSource::Certificate, &[]);
    }
    let levels = findings.levels(10);
    assert_eq!(levels, [owner("dev.example.com"), owner("eu.example.com"), owner("y.eu.example.com")]);
    assert_eq!(findings.levels(1), [owner("dev.example.com")]);
}

#[test]
fn silence_is_an_error_only_where_nothing_at_all_was_found() {
    let question = Question::new(owner("example.com"), Kind::Mx);
    let silent = |why: Unanswered| {
        let mut findings = findings();
        findings.add_reply(&question, &Err(why));
        findings
    };
    assert_eq!(silent(Unanswered::TimedOut).into_report(host(), false).err(), Some(Unanswered::TimedOut));
    assert_eq!(
        silent(Unanswered::Unavailable).into_report(host(), true).err(),
        Some(Unanswered::Unavailable)
    );
    assert_eq!(findings().into_report(host(), true).err(), Some(Unanswered::TimedOut));
    let mut partly = silent(Unanswered::TimedOut);
    answer(
        &mut partly,
        "example.com",
        Kind::Ns,
        vec![record("example.com", 1, Data::Ns(owner("ns.example")))],
    );
    let report = partly.into_report(host(), true).expect("a report");
    assert_eq!(
        report.failures,
        [Failure { part: "MX".into(), detail: "no resolver answered in time".into() }]
    );
    assert!(report.timed_out && report.records.len() == 1);
    // A resolver that can't tell has answered nevertheless.
    let report = silent(Unanswered::Failed("SERVFAIL".into())).into_report(host(), false).expect("a report");
    assert_eq!(report.failures[0].detail, "the resolver answered: SERVFAIL");
    let mut titled = silent(Unanswered::TimedOut);
    titled.set_title(Title { text: "t".into(), url: "u".into() });
    assert!(titled.into_report(host(), false).is_ok());
}

#[test]
fn a_name_is_missing_only_if_every_answer_says_so() {
    let none = Ok(Reply::default());
    let question = |kind| Question::new(owner("example.com"), kind);
    let mut gone = findings();
    assert!(!gone.is_missing());
    gone.add_reply(&question(Kind::A), &none);
    assert!(gone.is_missing());
    gone.add_reply(&question(Kind::Aaaa), &Err(Unanswered::TimedOut));
    assert!(!gone.is_missing());
    let mut there = findings();
    there.add_reply(&question(Kind::A), &none);
    there.add_reply(&question(Kind::Aaaa), &Ok(Reply { exists: true, records: Vec::new() }));
    assert!(!there.is_missing());
}

#[test]
fn policies_begin_with_their_version() {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let spf = |list: &[&str]| policy(&texts(list), "v=spf1");
    assert_eq!(spf(&["google-site-verification=x", "V=SPF1 -all"]), "V=SPF1 -all");
    assert_eq!(spf(&["v=spf1"]), "v=spf1");
    for none in ["v=spf10 -all", " v=spf1 -all", "v=sp", "ä=spf1 -all", "v=spfé"] {
        assert_eq!(spf(&[none]), "", "{none}");
    }
    assert_eq!(policy(&texts(&["v=DMARC1;p=none"]), "v=DMARC1"), "v=DMARC1;p=none");
}
