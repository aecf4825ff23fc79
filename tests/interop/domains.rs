//! Domains as a real name server has them, over real sockets.

use atalaya_proto::network::v1::{AnalyzeDomainRequest, AnalyzeDomainResponse, NameSource};
use atalaya_server::network::{
    World,
    dns::{Kind, Owner, Question},
};
use atalaya_tests::{House, Person, Plan, database::Backend};
use futures::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::knot::{self, Knot, SERVER};

/// Questions in one go, and under way at once.
const QUESTIONS: usize = 20_000;
const AT_ONCE: usize = 512;

async fn analyze(person: &Person, domain: &str) -> AnalyzeDomainResponse {
    let request = AnalyzeDomainRequest { domain: domain.into(), guess_names: true, ..Default::default() };
    person.calls.network().analyze_domain(request).await.expect("an analysis").into_inner()
}

fn values<'a>(answer: &'a AnalyzeDomainResponse, name: &str, kind: &str) -> &'a [String] {
    let set = answer.records.iter().find(|set| set.name == name && set.r#type == kind);
    set.map_or(&[], |set| &set.values)
}

fn sources(answer: &AnalyzeDomainResponse, name: &str) -> Vec<NameSource> {
    let found = answer.subdomains.iter().find(|subdomain| subdomain.name == name);
    found.map(|found| found.sources().collect()).unwrap_or_default()
}

fn failure<'a>(answer: &'a AnalyzeDomainResponse, part: &str) -> Option<&'a str> {
    answer.failures.iter().find(|failure| failure.part == part).map(|failure| failure.detail.as_str())
}

#[tokio::test]
async fn zones_of_a_real_name_server_are_told_as_they_are() {
    let knot = Knot::start().await;
    let plan = Plan::default()
        .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8")
        .with("ATALAYA_RESOLVERS", &knot.address().to_string());
    let house = House::open(Backend::Sqlite, &plan).await;
    let mara = house.user("Mara").await;
    open_zone(&analyze(&mara, "open.test").await);
    hashed_zone(&analyze(&mara, "hashed.test").await);
    wild_zone(&analyze(&mara, "wild.test").await);
    page(&mara).await;
    house.close().await;
}

fn open_zone(answer: &AnalyzeDomainResponse) {
    assert!(answer.exists && !answer.timed_out, "{answer:?}");
    assert_eq!(values(answer, "open.test", "A"), [SERVER]);
    assert_eq!(values(answer, "open.test", "MX"), ["10 mail.open.test", "20 backup.open.test"]);
    assert_eq!(values(answer, "open.test", "TXT"), ["v=spf1 mx -all"]);
    assert_eq!(values(answer, "open.test", "CAA"), ["0 issue ca.example"]);
    assert_eq!(values(answer, "_sip._tcp.open.test", "SRV"), ["1 2 5060 sip.open.test"]);
    let soa = &values(answer, "open.test", "SOA")[0];
    assert!(
        soa.starts_with("ns1.open.test hostmaster.open.test ") && soa.ends_with(" 7200 3600 1209600 300")
    );
    let keys = values(answer, "open.test", "DNSKEY").iter().map(|key| key.split_at(9).0);
    assert_eq!(keys.collect::<Vec<_>>(), ["256 3 13 ", "257 3 13 "]);
    let security = answer.security.clone().expect("security");
    assert_eq!((security.spf.as_str(), security.dmarc.as_str()), ("v=spf1 mx -all", "v=DMARC1; p=none"));
    assert!(!security.signed && !security.wildcard, "no zone above has a hash of its key");
    // The cellar is in no list of words.
    let transfer = knot::can_transfer();
    let cellar =
        if transfer { vec![NameSource::ZoneTransfer, NameSource::Nsec] } else { vec![NameSource::Nsec] };
    assert_eq!(sources(answer, "cellar.open.test"), cellar);
    assert_eq!(security.zone_transfer_open, transfer);
    for name in ["mail.open.test", "www.open.test", "ns1.open.test"] {
        let sources = sources(answer, name);
        assert!(
            sources.contains(&NameSource::Guess) && sources.contains(&NameSource::Nsec),
            "{name}: {sources:?}"
        );
    }
    assert!(sources(answer, "deep.hole.open.test").contains(&NameSource::Nsec));
}

fn hashed_zone(answer: &AnalyzeDomainResponse) {
    assert_eq!(failure(answer, "NSEC"), Some("the zone lists its names as hashes only (NSEC3)"));
    assert_eq!(sources(answer, "cellar.hashed.test"), []);
    assert_eq!(sources(answer, "www.hashed.test"), [NameSource::Guess]);
    if knot::can_transfer() {
        let refusal = failure(answer, "zone transfer from ns1.hashed.test").expect("a refusal");
        assert!(refusal.starts_with("the server answered: NOTAUTH"), "{refusal}");
    }
}

fn wild_zone(answer: &AnalyzeDomainResponse) {
    assert!(answer.security.as_ref().is_some_and(|security| security.wildcard));
    assert_eq!(sources(answer, "vpn.wild.test"), [NameSource::Guess]);
    assert_eq!(sources(answer, "www.wild.test"), [NameSource::Guess]);
    // Its address is the wildcard's, as are those of names that nobody has.
    assert_eq!(sources(answer, "shop.wild.test"), []);
    assert!(answer.subdomains.len() < 12, "{:?}", answer.subdomains);
}

/// The page of the domain's own machine, if we can put one there.
async fn page(mara: &Person) {
    let Ok(listener) = TcpListener::bind((SERVER, 80)).await else { return };
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Whoever does not hear it has left.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<title>K&ouml;ln</title>").await;
        }
    });
    let answer = analyze(mara, "words.test").await;
    assert_eq!((answer.title.as_deref(), answer.title_url.as_str()), (Some("Köln"), "http://words.test/"));
    serving.abort();
}

#[tokio::test]
async fn twenty_thousand_questions_at_once_are_all_answered() {
    let knot = Knot::start_plain().await;
    let world = &knot.world();
    let zone = &Owner::from_labels([b"words".as_slice(), b"test"]);
    let names = (0..QUESTIONS).map(|number| zone.below(&format!("word{number}")).expect("a name"));
    let questions = names.map(|name| async move { world.query(&Question::new(name, Kind::A)).await });
    let replies = stream::iter(questions).buffer_unordered(AT_ONCE);
    let missing = replies.filter(|reply| std::future::ready(reply.as_ref().is_ok_and(|reply| !reply.exists)));
    assert_eq!(missing.count().await, QUESTIONS);
}
