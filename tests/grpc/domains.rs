//! Domains: what is found and where, what is kept from whom, and what remains when something fails.

mod web;

use std::{sync::Arc, time::Duration};

use atalaya_proto::audit::v1::ListEventsRequest;
use atalaya_proto::network::v1::{AnalyzeDomainRequest, AnalyzeDomainResponse, NameSource};
use atalaya_server::network::{
    dns::{Data, Kind, Owner, Soa, Srv, Unanswered},
    world::Unresolved,
};
use atalaya_tests::{
    House, Person, Plan, ScriptedWorld, refused,
    world::dns::{owner, record},
};
use tokio::time::timeout;
use tonic::Status;

fn of(domain: &str) -> AnalyzeDomainRequest {
    AnalyzeDomainRequest { domain: domain.into(), ..AnalyzeDomainRequest::default() }
}

async fn analyze(person: &Person, request: AnalyzeDomainRequest) -> Result<AnalyzeDomainResponse, Status> {
    person.calls.network().analyze_domain(request).await.map(tonic::Response::into_inner)
}

/// A house in a world, and somebody in it.
async fn in_world(world: ScriptedWorld, test: impl AsyncFn(&House, &Person, &ScriptedWorld)) {
    let world = Arc::new(world);
    let plan = Plan::default().with("ATALAYA_ALLOW_TARGETS", "198.51.100.0/24").in_world(&world);
    House::each_as(&plan, async |house| test(house, &house.user("Mara").await, &world).await).await;
}

fn names_of(answer: &AnalyzeDomainResponse) -> Vec<&str> {
    answer.subdomains.iter().map(|subdomain| subdomain.name.as_str()).collect()
}

fn sources(answer: &AnalyzeDomainResponse, name: &str) -> Vec<NameSource> {
    let found = answer.subdomains.iter().find(|subdomain| subdomain.name == name);
    found.map(|found| found.sources().collect()).unwrap_or_default()
}

fn failure<'a>(answer: &'a AnalyzeDomainResponse, part: &str) -> Option<&'a str> {
    answer.failures.iter().find(|failure| failure.part == part).map(|failure| failure.detail.as_str())
}

fn values<'a>(answer: &'a AnalyzeDomainResponse, name: &str, kind: &str) -> &'a [String] {
    let set = answer.records.iter().find(|set| set.name == name && set.r#type == kind);
    set.map_or(&[], |set| &set.values)
}

/// A zone that has everything.
fn rich() -> ScriptedWorld {
    let world = ScriptedWorld::default();
    let dns = &world.dns;
    dns.host("example.com", &["198.51.100.7"]);
    dns.say("example.com", Data::Ns(owner("ns1.example.com")));
    dns.say("example.com", Data::Ns(owner("ns2.example.net")));
    dns.say("example.com", Data::Mx(10, owner("mail.example.com")));
    dns.say("example.com", Data::Txt("v=spf1 include:_spf.example.com -all".into()));
    dns.say("example.com", Data::Other(Kind::Caa, "0 issue ca.example".into()));
    dns.say("example.com", Data::Other(Kind::Ds, "1 13 2 ABCD".into()));
    dns.say("_dmarc.example.com", Data::Txt("v=DMARC1; p=reject".into()));
    dns.say("_mta-sts.example.com", Data::Txt("v=STSv1; id=7".into()));
    let target = owner("sip.example.com");
    dns.say("_sip._tcp.example.com", Data::Srv(Srv { priority: 1, weight: 2, port: 5060, target }));
    let (primary, mailbox) = (owner("ns1.example.com"), owner("hostmaster.example.com"));
    let soa = Data::Soa(Box::new(Soa { primary, mailbox, serial: 1, seconds: [1, 2, 3, 4] }));
    dns.say("example.com", soa);
    dns.host("mail.example.com", &["198.51.100.25"]);
    dns.host("www.example.com", &["198.51.100.7"]);
    dns.host("www-dev.example.com", &["198.51.100.8"]);
    world
}

#[tokio::test]
async fn records_and_what_they_say_of_the_domain_s_security_are_told() {
    in_world(rich(), async |_, mara, _| {
        let answer = analyze(mara, of("Example.COM.")).await.expect("an analysis");
        assert_eq!((answer.domain.as_str(), answer.exists, answer.timed_out), ("example.com", true, false));
        assert_eq!(values(&answer, "example.com", "CAA"), ["0 issue ca.example"]);
        assert_eq!(values(&answer, "_sip._tcp.example.com", "SRV"), ["1 2 5060 sip.example.com"]);
        let security = answer.security.clone().expect("security");
        assert!(security.signed && !security.zone_transfer_open && !security.wildcard);
        assert_eq!(security.spf, "v=spf1 include:_spf.example.com -all");
        assert_eq!(
            (security.dmarc.as_str(), security.mta_sts.as_str()),
            ("v=DMARC1; p=reject", "v=STSv1; id=7")
        );
        let found = ["_spf.example.com", "mail.example.com", "ns1.example.com", "sip.example.com"];
        assert_eq!(names_of(&answer), found);
        assert_eq!(answer.subdomains[1].addresses, ["198.51.100.25"]);
        assert!(answer.start_time.is_some() && answer.records[0].ttl.is_some());
    })
    .await;
}

#[tokio::test]
async fn every_name_is_told_with_all_places_where_it_was_found() {
    let world = rich();
    world.names.say("ns1.example.com", &["198.51.100.53"]);
    world.names.say("ns2.example.net", &["127.0.0.1"]);
    let zone = [("www.example.com", [198, 51, 100, 7]), ("vault.example.com", [198, 51, 100, 9])];
    let records = zone.map(|(name, address)| record(name, Data::A(address.into())));
    world.dns.hand_over("198.51.100.53", "example.com", records.into());
    for (name, next) in [
        ("example.com", "cellar.example.com"),
        ("cellar.example.com", "*.example.com"),
        ("*.example.com", "www.example.com"),
        ("www.example.com", "example.com"),
    ] {
        world.dns.say(name, Data::Nsec(owner(next)));
    }
    world.web.certify(
        "198.51.100.7:443",
        &["www.example.com", "*.shop.example.com", "notexample.com", "example.com"],
    );
    in_world(world, async |house, mara, _| {
        let answer = analyze(mara, of("example.com")).await.expect("an analysis");
        let (records, axfr) = (NameSource::Records, NameSource::ZoneTransfer);
        let (nsec, certificate) = (NameSource::Nsec, NameSource::Certificate);
        assert_eq!(sources(&answer, "www.example.com"), [axfr, nsec, certificate]);
        assert_eq!(sources(&answer, "vault.example.com"), [axfr]);
        assert_eq!(sources(&answer, "cellar.example.com"), [nsec]);
        assert_eq!(sources(&answer, "shop.example.com"), [certificate]);
        assert_eq!(sources(&answer, "mail.example.com"), [records]);
        let security = answer.security.clone().expect("security");
        assert!(security.zone_transfer_open && security.wildcard);
        let refusal = "127.0.0.1 may not be looked at: it is this server's own machine";
        assert_eq!(failure(&answer, "zone transfer from ns2.example.net"), Some(refusal));
        assert!(names_of(&answer).iter().all(|name| name.ends_with(".example.com")), "{answer:?}");
        let root = house.root().await;
        let request =
            ListEventsRequest { action: "network.analyze_domain".into(), ..ListEventsRequest::default() };
        let events = root.calls.audit().list_events(request).await.expect("a page").into_inner().events;
        assert!(events.iter().any(|event| event.detail.contains(refusal)), "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn names_are_guessed_when_they_are_asked_for_and_what_a_wildcard_answers_is_none() {
    in_world(rich(), async |_, mara, world| {
        let guessing = AnalyzeDomainRequest { guess_names: true, ..of("example.com") };
        let before = world.dns.asked().len();
        let answer = analyze(mara, guessing.clone()).await.expect("an analysis");
        let asked = world.dns.asked().len() - before;
        assert!((2000..4000).contains(&asked), "{asked} questions");
        for guessed in ["www.example.com", "www-dev.example.com"] {
            assert_eq!(sources(&answer, guessed), [NameSource::Guess], "{guessed}");
        }
        assert_eq!(sources(&answer, "mail.example.com"), [NameSource::Records, NameSource::Guess]);
        let security = answer.security.expect("security");
        assert!(
            !security.wildcard && answer.failures.iter().all(|failure| !failure.part.starts_with("guess"))
        );
        let answer = analyze(mara, of("example.com")).await.expect("an analysis");
        assert_eq!(sources(&answer, "www.example.com"), []);
    })
    .await;
    let world = rich();
    world.dns.host("*.example.com", &["198.51.100.7"]);
    world.dns.host("a.eu.example.com", &["198.51.100.10"]);
    world.dns.host("www.eu.example.com", &["198.51.100.11"]);
    world.web.certify("198.51.100.7:443", &["a.eu.example.com"]);
    in_world(world, async |_, mara, _| {
        let guessing = AnalyzeDomainRequest { guess_names: true, ..of("example.com") };
        let answer = analyze(mara, guessing).await.expect("an analysis");
        assert!(answer.security.clone().expect("security").wildcard);
        // Of the names that are there, only those tell themselves apart whose addresses are not the wildcard's.
        assert_eq!(sources(&answer, "www.example.com"), []);
        assert_eq!(sources(&answer, "mail.example.com"), [NameSource::Records, NameSource::Guess]);
        assert_eq!(sources(&answer, "www.eu.example.com"), [NameSource::Guess]);
        assert!(names_of(&answer).len() < 12, "{:?}", names_of(&answer));
    })
    .await;
}

#[tokio::test]
async fn hidden_and_made_up_lists_of_names_are_named_as_what_they_are() {
    let world = ScriptedWorld::default();
    for domain in ["hashed.example", "made-up.example"] {
        world.dns.host(domain, &["198.51.100.7"]);
    }
    world.dns.say("hashed.example", Data::Other(Kind::Nsec3param, "1 0 0 -".into()));
    let made_up = Owner::from_labels([b"\0".as_slice(), b"made-up", b"example"]);
    world.dns.say("made-up.example", Data::Nsec(made_up));
    in_world(world, async |_, mara, _| {
        let hashed = analyze(mara, of("hashed.example")).await.expect("an analysis");
        assert_eq!(failure(&hashed, "NSEC"), Some("the zone lists its names as hashes only (NSEC3)"));
        let made_up = analyze(mara, of("made-up.example")).await.expect("an analysis");
        assert_eq!(failure(&made_up, "NSEC"), Some("the servers make the list up for each question"));
        assert!(hashed.subdomains.is_empty() && made_up.subdomains.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_fails_is_named_and_all_else_is_whole() {
    let world = rich();
    world.dns.fail("example.com", Kind::Mx, Unanswered::Failed("SERVFAIL".into()));
    world.dns.fail("example.com", Kind::Txt, Unanswered::TimedOut);
    world.names.fail("ns1.example.com", Unresolved::TimedOut);
    in_world(world, async |_, mara, _| {
        let answer = analyze(mara, of("example.com")).await.expect("an analysis");
        assert_eq!(failure(&answer, "MX"), Some("the resolver answered: SERVFAIL"));
        assert_eq!(failure(&answer, "TXT"), Some("no resolver answered in time"));
        assert_eq!(
            failure(&answer, "zone transfer from ns1.example.com"),
            Some("no resolver answered in time")
        );
        assert_eq!(failure(&answer, "certificate"), Some("no connection: connection refused"));
        assert_eq!(values(&answer, "example.com", "NS"), ["ns1.example.com", "ns2.example.net"]);
        assert!(!answer.timed_out);
    })
    .await;
}

#[tokio::test]
async fn one_deadline_cuts_everything_off_and_what_was_found_until_then_is_told() {
    let world = rich();
    world.dns.hold("_dmarc.example.com");
    world.dns.hold("void.example");
    in_world(world, async |_, mara, _| {
        let brief = |domain: &str| AnalyzeDomainRequest {
            timeout: Some(prost_types::Duration { seconds: 0, nanos: 500_000_000 }),
            ..of(domain)
        };
        let answer = timeout(Duration::from_secs(5), analyze(mara, brief("example.com")));
        let answer = answer.await.expect("in time").expect("an analysis");
        assert!(answer.timed_out && answer.exists);
        assert_eq!(values(&answer, "example.com", "NS").len(), 2);
        assert_eq!(refused(analyze(mara, brief("void.example")).await), "DEADLINE_EXCEEDED/RESOLVER_TIMEOUT");
    })
    .await;
}

#[tokio::test]
async fn silence_of_all_resolvers_is_an_error_and_a_missing_name_is_an_answer() {
    let world = ScriptedWorld::default();
    world.dns.fail_below("silent.example", Unanswered::TimedOut);
    world.dns.fail_below("lost.example", Unanswered::Unavailable);
    world.dns.fail_below("broken.example", Unanswered::Failed("SERVFAIL".into()));
    in_world(world, async |_, mara, world| {
        let told = async |domain: &str| refused(analyze(mara, of(domain)).await);
        assert_eq!(told("silent.example").await, "DEADLINE_EXCEEDED/RESOLVER_TIMEOUT");
        assert_eq!(told("lost.example").await, "UNAVAILABLE/RESOLVER_UNAVAILABLE");
        let broken = analyze(mara, of("broken.example")).await.expect("an analysis");
        assert_eq!(failure(&broken, "SOA"), Some("the resolver answered: SERVFAIL"));
        let before = world.dns.asked().len();
        let guessing = AnalyzeDomainRequest { guess_names: true, ..of("nothing.example") };
        let missing = analyze(mara, guessing).await.expect("an analysis");
        assert!(!missing.exists && missing.failures.is_empty() && missing.records.is_empty(), "{missing:?}");
        assert_eq!(world.dns.asked().len() - before, 2);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_look_there_is_refused_before_anything_is_asked_of_it() {
    let world = ScriptedWorld::default();
    world.dns.host("inside.example", &["198.51.100.7", "10.0.0.7"]);
    world.dns.host("own.example", &["127.0.0.1"]);
    world.web.title("198.51.100.7:443", "inside");
    in_world(world, async |house, mara, world| {
        let before = world.web.visits().len();
        for domain in ["inside.example", "own.example", "10.0.0.7", "::ffff:127.0.0.1", "64:ff9b::10.0.0.7"] {
            assert_eq!(
                refused(analyze(mara, of(domain)).await),
                "PERMISSION_DENIED/TARGET_DENIED",
                "{domain}"
            );
        }
        assert_eq!(world.web.visits()[before..], []);
        let inside = analyze(&house.admin().await, of("inside.example")).await.expect("an analysis");
        assert_eq!(inside.title.as_deref(), Some("inside"));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_domain_is_refused() {
    let label = format!("{}.example", "a".repeat(64));
    let name = format!("{}com", "a.".repeat(126));
    in_world(ScriptedWorld::default(), async |_, mara, world| {
        let before = world.dns.asked().len();
        for domain in
            ["", ".", "a..b", "exa mple.com", "127.1", "0x7f000001", "http://a.example", &label, &name]
        {
            assert_eq!(refused(analyze(mara, of(domain)).await), "INVALID_ARGUMENT/HOST_INVALID", "{domain}");
        }
        for (seconds, nanos) in [(0, 99_000_000), (300, 1), (-1, 0), (i64::MAX, 0)] {
            let request = AnalyzeDomainRequest {
                timeout: Some(prost_types::Duration { seconds, nanos }),
                ..of("a.example")
            };
            assert_eq!(
                refused(analyze(mara, request).await),
                "INVALID_ARGUMENT/TIMEOUT_INVALID",
                "{seconds}"
            );
        }
        assert_eq!(world.dns.asked()[before..], []);
        let unicode = analyze(mara, of("bücher.example")).await.expect("an analysis");
        assert_eq!(unicode.domain, "xn--bcher-kva.example");
    })
    .await;
}
