//! What is known of addresses: special ranges, files of data in their shapes, names, registries.

use std::{future::pending, sync::Arc};

use atalaya_proto::network::v1::{GetAddressRequest, GetAddressResponse};
use atalaya_server::{
    edge,
    network::{
        dns::{Kind, Unanswered},
        web::Page,
    },
};
use atalaya_tests::{
    House, Person, Plan, ScriptedWorld, failure,
    mmdb::{Mmdb, Value},
    refused,
    wait::until,
};
use axum::{Router, body::Body, routing::get};
use tonic::Status;
use tower::{ServiceExt, service_fn};

/// The second since 1970 in which the files were made.
const MADE: u32 = 1_780_000_000;

async fn ask(who: &Person, address: &str) -> Result<GetAddressResponse, Status> {
    let request = GetAddressRequest { address: address.to_owned() };
    Ok(who.calls.network().get_address(request).await?.into_inner())
}

fn text(text: &'static str) -> Value {
    Value::Text(text)
}

fn map(entries: &[(&'static str, Value)]) -> Value {
    Value::Map(entries.to_vec())
}

/// The shape of MaxMind's files and DB-IP's own.
fn nested() -> Value {
    let named = |name| map(&[("names", map(&[("de", text("?")), ("en", text(name))]))]);
    map(&[
        ("city", named("Lyon")),
        ("country", map(&[("iso_code", text("FR")), ("names", map(&[("en", text("France"))]))])),
        (
            "location",
            map(&[
                ("latitude", Value::Double(45.75)),
                ("longitude", Value::Double(4.85)),
                ("time_zone", text("Europe/Paris")),
            ]),
        ),
        ("postal", map(&[("code", text("69001"))])),
        ("subdivisions", Value::List(vec![named("Rhône-Alpes"), named("Rhône")])),
    ])
}

/// The shape of ip-location-db's files.
fn flat() -> Value {
    map(&[
        ("city", text("Lyon")),
        ("country_code", text("FR")),
        ("latitude", Value::Float(45.75)),
        ("longitude", Value::Float(4.85)),
        ("postcode", text("69001")),
        ("state1", text("Rhône-Alpes")),
        ("timezone", text("Europe/Paris")),
    ])
}

#[tokio::test]
async fn a_special_range_is_told_by_its_registry_and_nothing_else_is_asked() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let (mara, before) = (house.user("Mara").await, world.dns.asked().len());
        for (address, shown, cidr, name, document) in [
            ("10.1.2.3", "10.1.2.3", "10.0.0.0/8", "Private-Use", "RFC 1918"),
            ("::ffff:127.0.0.1", "127.0.0.1", "127.0.0.0/8", "Loopback", "RFC 1122"),
            ("FE80::1", "fe80::1", "fe80::/10", "Link-Local Unicast", "RFC 4291"),
            ("224.0.0.251", "224.0.0.251", "224.0.0.0/4", "Multicast", "RFC 5771"),
        ] {
            let known = ask(&mara, address).await.expect("it is known");
            let special = known.special.expect("a special range");
            assert_eq!(known.address, shown);
            assert_eq!(
                (&*special.cidr, &*special.name, &*special.document, special.global),
                (cidr, name, document, false)
            );
            assert_eq!(known.sources.len(), 1, "{address}");
            assert!(known.location.is_none() && known.network.is_none() && known.names.is_empty());
        }
        assert_eq!(world.dns.asked().len(), before, "nobody was asked for a name");
        assert_eq!(refused(ask(&mara, "10.1").await), "INVALID_ARGUMENT/HOST_INVALID");
        assert_eq!(refused(ask(&mara, "a.example").await), "INVALID_ARGUMENT/HOST_INVALID");
        let unknown = failure(ask(&mara, "1.1.1.1").await);
        assert_eq!(unknown.metadata["address"], "1.1.1.1");
        assert_eq!(refused(ask(&mara, "1.1.1.1").await), "NOT_FOUND/ADDRESS_UNKNOWN");
    })
    .await;
}

#[tokio::test]
async fn files_of_every_shape_say_the_same() {
    let files = [
        Mmdb::new("GeoLite2-City", MADE).with("198.51.101.0/24", nested()).bytes(),
        Mmdb::new("GeoLite2-City", MADE).of_v4().with("198.51.101.0/24", nested()).bytes(),
        Mmdb::new("GeoLite2-City", MADE).with("198.51.101.0/25", flat()).bytes(),
    ];
    for file in files {
        let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
        let plan = Plan::default().with_file("geo/a.mmdb", file).in_world(&world);
        House::each_as(&plan, async |house| {
            let known = ask(&house.user("Mara").await, "198.51.101.7").await.expect("it is known");
            let at = known.location.expect("a location");
            assert_eq!(
                [&*at.country_code, &at.country, &at.region, &at.city, &at.postal_code, &at.time_zone],
                ["FR", "France", "Rhône-Alpes", "Lyon", "69001", "Europe/Paris"]
            );
            let close =
                |number: Option<f64>, to: f64| number.is_some_and(|number| (number - to).abs() < 1e-5);
            assert!(close(at.latitude, 45.75) && close(at.longitude, 4.85));
            let [source] = &known.sources[..] else { panic!("one source: {:?}", known.sources) };
            assert_eq!(source.name, "a.mmdb");
            assert_eq!(source.data_time.map(|time| time.seconds), Some(MADE.into()));
            assert!(source.attribution.contains("MaxMind"));
            let elsewhere = ask(&house.user("Olek").await, "2606:4700::1").await;
            assert_eq!(refused(elsewhere), "NOT_FOUND/ADDRESS_UNKNOWN");
        })
        .await;
    }
}

#[tokio::test]
async fn networks_are_told_with_their_source_and_date() {
    let csv = "198.51.101.0,198.51.101.255,64500,\"Example, \"\"Net\"\"\"\n\
               2606:4700::,2606:4700:ffff:ffff:ffff:ffff:ffff:ffff,64501,Another\n";
    let isp = map(&[
        ("autonomous_system_number", Value::Number(64_502)),
        ("autonomous_system_organization", text("Third AS")),
        ("isp", text("Third")),
        ("organization", text("Third's customer")),
    ]);
    let text_number = map(&[("as_name", text("Fourth")), ("asn", text("AS64503")), ("country", text("nl"))]);
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    let plan = Plan::default()
        .with_file("geo/asn-ipv4-2026-06-17.csv", csv.into())
        .with_file("geo/isp.mmdb", Mmdb::new("ISP", MADE).with("198.51.102.0/24", isp).bytes())
        .with_file("geo/lite.mmdb", Mmdb::new("ipinfo", MADE).with("198.51.103.0/24", text_number).bytes())
        .in_world(&world);
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        for (address, asn, provider, organization, source) in [
            ("198.51.101.9", 64_500, "Example, \"Net\"", "", "asn-ipv4-2026-06-17.csv"),
            ("2606:4700::9", 64_501, "Another", "", "asn-ipv4-2026-06-17.csv"),
            ("198.51.102.9", 64_502, "Third", "Third's customer", "isp.mmdb"),
            ("198.51.103.9", 64_503, "Fourth", "", "lite.mmdb"),
        ] {
            let known = ask(&mara, address).await.expect("it is known");
            let network = known.network.expect("a network");
            assert_eq!((network.asn, &*network.provider), (asn, provider), "{address}");
            assert_eq!(
                (&*network.organization, &*known.sources[0].name),
                (organization, source),
                "{address}"
            );
            assert!(known.failures.is_empty(), "{:?}", known.failures);
        }
        let known = ask(&mara, "198.51.101.9").await.expect("it is known");
        let date = known.sources[0].data_time.expect("a date").seconds;
        assert_eq!(date, 1_781_654_400, "the date in the file's name");
        assert!(known.sources[0].attribution.contains("DB-IP"));
        let location = ask(&mara, "198.51.103.9").await.expect("known").location.expect("a location");
        assert_eq!((&*location.country_code, &*location.country), ("NL", "Netherlands"));
    })
    .await;
}

#[tokio::test]
async fn files_are_read_anew_when_they_change_and_broken_ones_are_named() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    let plan = Plan::default().with_file("geo/a.csv", b"198.51.101.0,198.51.101.255,DE\n".into());
    House::each_as(&plan.in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        let country = async || {
            let known = ask(&mara, "198.51.101.7").await.ok()?;
            Some((known.location?.country, known.failures))
        };
        assert_eq!(country().await, Some(("Germany".to_owned(), Vec::new())));
        let geo = house.folder().join("geo");
        std::fs::write(geo.join("b.mmdb"), "rubbish").expect("a file");
        std::fs::write(geo.join("a.csv"), "198.51.101.0,198.51.101.127,CH\n").expect("a file");
        let (_, failures) =
            until("the change", async || country().await.filter(|(name, _)| name == "Switzerland")).await;
        assert!(failures.len() == 1 && failures[0].starts_with("b.mmdb: "), "{failures:?}");
        std::fs::remove_dir_all(geo).expect("the folder is gone");
        let gone = until("the end", async || Some(ask(&mara, "198.51.101.7").await).filter(Result::is_err));
        assert_eq!(refused(gone.await), "NOT_FOUND/ADDRESS_UNKNOWN");
    })
    .await;
}

#[tokio::test]
async fn names_are_those_of_reverse_dns_and_its_failure_is_told() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    let many: Vec<String> = (0..30).map(|n| format!("host-{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    world.dns.call("198.51.101.1", &["a.example", "b.example", "no_host.example"]);
    world.dns.call("198.51.101.2", &many);
    world.dns.fail("3.101.51.198.in-addr.arpa", Kind::Ptr, Unanswered::TimedOut);
    let plan = Plan::default().with_file("geo/a.csv", b"198.51.101.3,198.51.101.3,DE\n".into());
    House::each_as(&plan.in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        assert_eq!(ask(&mara, "198.51.101.1").await.expect("known").names, ["a.example", "b.example"]);
        assert_eq!(ask(&mara, "198.51.101.2").await.expect("known").names.len(), 20);
        let known = ask(&mara, "198.51.101.3").await.expect("known");
        assert_eq!(known.failures, ["reverse DNS: no resolver answered in time"]);
    })
    .await;
}

const LIST: &str = r#"{ "services": [[["198.51.101.0/24"], ["http://rdap.example/"]]] }"#;
const ANSWER: &str = r#"{
    "objectClassName": "ip network", "name": "EXAMPLE-NET", "country": "NL",
    "startAddress": "198.51.101.0", "endAddress": "198.51.101.255",
    "entities": [
        { "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Example Foundation"]]] },
        { "roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "abuse@example.com"]]] }
    ] }"#;

fn page(status: u16, body: &str) -> Page {
    Page { status, body: body.as_bytes().to_vec(), ..Page::default() }
}

#[tokio::test]
async fn registries_are_asked_once_where_the_operator_lets_them_be() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    world.names.say("data.iana.org", &["198.51.102.1"]);
    world.names.say("rdap.example", &["198.51.102.2"]);
    world.web.page("198.51.102.1:443", "/rdap/ipv4.json", page(200, LIST));
    world.web.page("198.51.102.1:443", "/rdap/ipv6.json", page(500, ""));
    world.web.redirect("198.51.102.2:80", "/ip/198.51.101.7", "https://rdap.example/ip/198.51.101.7?x");
    world.web.page("198.51.102.2:443", "/ip/198.51.101.7?x", page(200, ANSWER));
    world.web.redirect("198.51.102.2:80", "/ip/198.51.101.8", "http://10.0.0.1/latest/");
    world.web.redirect("198.51.102.2:80", "/ip/198.51.101.9", "/ip/198.51.101.9");
    world.web.page("198.51.102.2:80", "/ip/198.51.101.10", page(404, ""));
    world.web.page("198.51.102.2:80", "/ip/198.51.101.11", page(200, "<html>"));
    for n in 7..=12 {
        world.dns.call(&format!("198.51.101.{n}"), &["a.example"]);
    }
    world.dns.call("2606:4700::1", &["a.example"]);
    world.dns.call("203.0.112.1", &["a.example"]);
    let off = Plan::default().in_world(&world);
    House::each_as(&off, async |house| {
        let known = ask(&house.user("Mara").await, "198.51.101.7").await.expect("known");
        assert!(known.network.is_none() && known.failures.is_empty());
    })
    .await;
    assert!(world.web.visits().is_empty(), "nobody is asked unless the operator says so");
    let on = Plan::default().with("ATALAYA_ONLINE_SOURCES", "on").in_world(&world);
    House::each_as(&on, async |house| {
        let mara = house.user("Mara").await;
        let before = world.web.visits().len();
        for _ in 0..2 {
            let known = ask(&mara, "198.51.101.7").await.expect("known");
            let network = known.network.expect("a network");
            assert_eq!(
                [&*network.cidr, &network.name, &network.organization, &network.abuse_email],
                ["198.51.101.0/24", "EXAMPLE-NET", "Example Foundation", "abuse@example.com"]
            );
            assert_eq!(known.location.expect("a location").country, "Netherlands");
            assert_eq!(known.sources[0].name, "RDAP of rdap.example");
        }
        assert_eq!(world.web.visits().len(), before + 3, "a list, a redirect, an answer: all are kept");
        for (address, failure) in [
            ("198.51.101.8", Some("10.0.0.1: 10.0.0.1 may not be looked at")),
            ("198.51.101.9", Some("rdap.example points to nowhere")),
            ("198.51.101.10", None),
            ("198.51.101.11", Some("rdap.example answers what is no RDAP")),
            ("198.51.101.12", Some("rdap.example: no connection: connection refused")),
            ("203.0.112.1", None),
            ("2606:4700::1", Some("data.iana.org answers 500")),
        ] {
            let known = ask(&mara, address).await.expect("its name is known");
            assert_eq!(known.network, None, "{address}");
            let told = known.failures.first().map(|why| why.trim_start_matches("RDAP: "));
            assert!(
                told.zip(failure).is_some_and(|(told, why)| told.starts_with(why)) || told == failure,
                "{told:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_registry_that_never_ends_or_says_too_much_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let list = format!(
        r#"{{ "services": [[["198.51.101.0/24"], ["http://{address}/good/"]],
                           [["198.51.102.0/24"], ["http://{address}/large/"]],
                           [["198.51.103.0/24"], ["http://{address}/silent/"]]] }}"#
    );
    let router = Router::new()
        .route("/lists/ipv4.json", get(async || list))
        .route("/good/ip/{address}", get(async || ANSWER))
        .route("/large/ip/{address}", get(async || "x".repeat(3 << 20)))
        .route("/silent/ip/{address}", get(async || pending::<String>().await));
    let doors =
        service_fn(move |request: http::Request<edge::Body>| router.clone().oneshot(request.map(Body::new)));
    let serving = tokio::spawn(edge::serve(listener, doors, edge::Limits::default(), pending()));
    let plan = Plan::default()
        .with("ATALAYA_ONLINE_SOURCES", "on")
        .with("ATALAYA_RDAP_BOOTSTRAP", &format!("http://{address}/lists"))
        .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8")
        // Where nobody listens: names are not what this is about.
        .with("ATALAYA_RESOLVERS", "127.0.0.1:1")
        .with_file("geo/a.csv", b"198.51.101.0,198.51.103.255,DE\n".into());
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        for (address, name, failure) in [
            ("198.51.101.7", "EXAMPLE-NET", None),
            ("198.51.102.7", "", Some("RDAP: 127.0.0.1: no HTTP: the answer has more than 2097152 bytes")),
            ("198.51.103.7", "", Some("RDAP: timed out")),
        ] {
            let known = ask(&mara, address).await.expect("known");
            assert_eq!(known.network.unwrap_or_default().name, name);
            assert_eq!(
                known.location.expect("a location").country,
                "Germany",
                "files come before registries"
            );
            let told = known.failures.iter().find(|why| why.starts_with("RDAP")).map(String::as_str);
            assert_eq!(told, failure);
        }
    })
    .await;
    serving.abort();
}
