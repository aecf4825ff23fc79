//! Each document's own requests and answers, on each database, with and without the slash at a path's end.

use std::{sync::Arc, time::Duration};

use atalaya_server::network::{
    dns::{Data, Soa, Unanswered},
    model::ping::Echoed,
    ports::Incomplete,
};
use atalaya_tests::{
    House, Plan, ScriptedWorld,
    golden::{Endpoints, Exchange, Slashes, read, walk},
    identities::{self, OMIKRON},
    mmdb::{Mmdb, Value},
    snapshot,
    world::dns::owner,
};
use serde_json::json;

const PIXERASE: &str = "goldens/pixerase";
const IPSEITY: &str = "goldens/ipseity";
const TENSAMIN: &str = "goldens/tensamin";
const SNEAKYSCANNER: &str = "goldens/sneakyscanner";

async fn pixerase(resource: &str) {
    for slashes in [Slashes::AsDocumented, Slashes::Without] {
        House::each(async |house| walk(&format!("{PIXERASE}/{resource}.http"), house.rest, slashes).await)
            .await;
    }
}

#[tokio::test]
async fn pixerase_index_and_healthcheck_answer_as_documented() {
    pixerase("common").await;
}

#[tokio::test]
async fn pixerase_authentication_answers_as_documented() {
    pixerase("auth").await;
}

#[tokio::test]
async fn pixerase_user_management_answers_as_documented() {
    pixerase("users").await;
}

#[tokio::test]
async fn pixerase_image_processing_answers_as_documented() {
    pixerase("images").await;
}

#[tokio::test]
async fn pixerase_pictures_are_drawn_anew_in_the_style_of_the_document() {
    pixerase("drawings").await;
}

#[tokio::test]
async fn pixerase_port_scans_answer_as_documented() {
    for slashes in [Slashes::AsDocumented, Slashes::Without] {
        let world = Arc::new(ScriptedWorld::default());
        world.names.say("router.example", &["192.168.1.1"]);
        for port in [22, 80, 443, 5432, 8081] {
            world.ports.open(&format!("192.168.1.1:{port}"));
        }
        world.ports.lose("192.168.1.2", Incomplete::NoRoute);
        world.ports.lose("192.168.1.3", Incomplete::Deadline);
        let plan = Plan::default().with("ATALAYA_ALLOW_TARGETS", "192.168.1.0/30").in_world(&world);
        House::each_as(&plan, async |house| {
            walk(&format!("{PIXERASE}/ports.http"), house.rest, slashes).await;
        })
        .await;
    }
}

#[tokio::test]
async fn pixerase_task_management_answers_as_documented() {
    pixerase("tasks").await;
}

#[tokio::test]
async fn pixerase_internet_protocol_answers_as_documented() {
    let plan = Plan::default()
        .with("ATALAYA_ALLOW_TARGETS", "198.51.100.0/24,2001:db8::/32")
        .with_file("geo/city.mmdb", city())
        .with_file("geo/asn.csv", b"198.51.101.0,198.51.101.255,64500,Example Net\n".to_vec())
        .in_world(&network_world());
    for slashes in [Slashes::AsDocumented, Slashes::Without] {
        House::each_as(&plan, async |house| {
            walk(&format!("{PIXERASE}/network.http"), house.rest, slashes).await;
        })
        .await;
    }
}

/// What a file says of 198.51.101.0/24.
fn city() -> Vec<u8> {
    let name = |name| Value::Map(vec![("names", Value::Map(vec![("en", Value::Text(name))]))]);
    let position = vec![("latitude", Value::Double(52.53)), ("longitude", Value::Double(13.38))];
    let entry = vec![
        ("city", name("Berlin")),
        ("country", Value::Map(vec![("iso_code", Value::Text("DE"))])),
        ("location", Value::Map(position)),
        ("postal", Value::Map(vec![("code", Value::Text("10115"))])),
        ("subdivisions", Value::List(vec![name("Land Berlin")])),
    ];
    Mmdb::new("Example-City", 1_780_000_000).with("198.51.101.0/24", Value::Map(entry)).bytes()
}

/// The world of the golden `network.http`.
fn network_world() -> Arc<ScriptedWorld> {
    let world = ScriptedWorld::default();
    world.names.say("host.example", &["198.51.100.7", "2001:db8::7"]);
    world.names.say("inside.example", &["198.51.100.7", "127.0.0.1"]);
    let router = "198.51.100.1".parse().expect("an address");
    world.pings.echo("198.51.100.7", Duration::from_micros(12_500), 55);
    world.pings.echo("2001:db8::7", Duration::from_micros(250), 64);
    let unreachable = "198.51.100.1 says: the host can't be reached";
    world.pings.say("198.51.100.9", Echoed::Unreachable(unreachable.to_owned()));
    world.pings.say("198.51.100.10", Echoed::TtlExceeded(router));
    world.dns.call("198.51.102.1", &["host.example"]);
    world.into()
}

#[tokio::test]
async fn pixerase_domain_analysis_answers_as_documented() {
    let plan = Plan::default().with("ATALAYA_ALLOW_TARGETS", "198.51.100.0/24").in_world(&domain_world());
    for slashes in [Slashes::AsDocumented, Slashes::Without] {
        House::each_as(&plan, async |house| {
            walk(&format!("{PIXERASE}/domain.http"), house.rest, slashes).await;
        })
        .await;
    }
}

/// The world of the golden `domain.http`.
fn domain_world() -> Arc<ScriptedWorld> {
    let world = ScriptedWorld::default();
    let dns = &world.dns;
    dns.host("example.com", &["198.51.100.7", "2606:4700::7"]);
    dns.say("example.com", Data::Mx(20, owner("backup.example.net")));
    dns.say("example.com", Data::Mx(10, owner("mail.example.com")));
    for server in ["ns1.example.com", "ns2.example.net"] {
        dns.say("example.com", Data::Ns(owner(server)));
    }
    dns.say("example.com", Data::Txt("v=spf1 mx -all".into()));
    let (primary, mailbox) = (owner("ns1.example.com"), owner("hostmaster.example.com"));
    let seconds = [7200, 3600, 1_209_600, 300];
    dns.say("example.com", Data::Soa(Box::new(Soa { primary, mailbox, serial: 2_026_112_601, seconds })));
    dns.host("www.example.com", &["198.51.100.7"]);
    world.web.certify("198.51.100.7:443", &["example.com", "*.shop.example.com", "notexample.com"]);
    world.web.title("198.51.100.7:443", "Example &amp; Domain");
    dns.say("bare.example", Data::Cname(owner("www.example.com")));
    dns.host("inside.example", &["198.51.100.7", "127.0.0.1"]);
    for (name, why) in [("silent.example", Unanswered::TimedOut), ("lost.example", Unanswered::Unavailable)] {
        dns.fail_below(name, why);
    }
    world.into()
}

async fn ipseity(resource: &str, plan: &Plan) {
    for slashes in [Slashes::AsDocumented, Slashes::With] {
        House::each_as(plan, async |house| {
            walk(&format!("{IPSEITY}/{resource}.http"), house.rest, slashes).await;
        })
        .await;
    }
}

#[tokio::test]
async fn ipseity_version_and_public_key_answer_as_documented() {
    ipseity("common", &Plan::default()).await;
}

#[tokio::test]
async fn ipseity_users_answer_as_documented() {
    ipseity("user", &Plan::default()).await;
}

#[tokio::test]
async fn ipseity_tokens_and_their_check_answer_as_documented() {
    ipseity("token", &Plan::default()).await;
}

#[tokio::test]
async fn ipseity_refresh_tokens_answer_as_documented() {
    ipseity("refresh_token", &Plan::default()).await;
}

#[tokio::test]
async fn ipseity_shows_no_key_where_a_shared_secret_signs() {
    ipseity("shared_secret", &Plan::default().with("ATALAYA_TOKEN_ALGORITHM", "HS256")).await;
}

#[test]
fn every_documented_status_has_an_exchange_and_no_other_has() {
    for folder in [PIXERASE, IPSEITY, TENSAMIN, SNEAKYSCANNER] {
        let complaints = endpoints(folder).complaints(&exchanges(folder));
        assert!(complaints.is_empty(), "{folder}: {}", complaints.join("\n"));
    }
}

async fn tensamin(resource: &str) {
    for slashes in [Slashes::AsDocumented, Slashes::OneMore] {
        House::each(async |house| {
            identities::add_omikron(&house.root().await, OMIKRON).await;
            walk(&format!("{TENSAMIN}/{resource}.http"), house.rest, slashes).await;
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_said_to_be_missing_is_not_there() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (method, path) in endpoints(PIXERASE).missing() {
            let path = path.replace("{image_id}", "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f");
            let answer = house.rest.ask(method, &path).cookie(&mara.token).send().await.expect(404);
            assert_eq!(answer.json(), json!({ "detail": "Not Found" }), "{method} {path} is there: list it");
        }
    })
    .await;
}

#[tokio::test]
async fn tensamin_users_are_answered_as_documented() {
    tensamin("users").await;
}

#[tokio::test]
async fn tensamin_iotas_are_answered_as_documented() {
    tensamin("iotas").await;
}

#[tokio::test]
async fn tensamin_omikrons_are_answered_as_documented() {
    tensamin("omikrons").await;
}

#[test]
fn the_document_of_tensamin_has_ten_operations() {
    assert_eq!(endpoints(TENSAMIN).documented().len(), 10);
}

const BOTH: [Slashes; 2] = [Slashes::AsDocumented, Slashes::With];

async fn sneakyscanner(resource: &str, slashes: &[Slashes]) {
    let site = "title: Production Network Scan\ntcp_ports: 22,443,8080\nsites:\n  - name: Production Web Servers\n    \
        ips:\n      - address: 192.168.1.10\n        expected: {ping: true, tcp_ports: [22, 443]}\n";
    let forbidden = site.replace("192.168.1.10", "192.168.1.11");
    for slashes in slashes {
        let world = ScriptedWorld::default();
        world.pings.echo("192.168.1.10", Duration::from_millis(3), 60);
        for port in [443, 8080] {
            world.ports.open(&format!("192.168.1.10:{port}"));
        }
        let plan = Plan::default()
            .with("ATALAYA_DENY_TARGETS", "192.168.1.11")
            .with_file("configs/production.yaml", site.into())
            .with_file("configs/forbidden.yaml", forbidden.clone().into())
            .with_file("configs/broken.yaml", b"title: x\nsitez: []\n".to_vec())
            .in_world(&world.into());
        House::each_as(&plan, async |house| {
            walk(&format!("{SNEAKYSCANNER}/{resource}.http"), house.rest, *slashes).await;
        })
        .await;
    }
}

#[tokio::test]
async fn sneakyscanner_authentication_answers_as_documented() {
    sneakyscanner("auth", &BOTH).await;
}

#[tokio::test]
async fn sneakyscanner_scans_answer_as_documented() {
    sneakyscanner("scans", &BOTH).await;
}

#[tokio::test]
async fn sneakyscanner_schedules_answer_as_they_are_told_of() {
    sneakyscanner("schedules", &BOTH).await;
}

#[tokio::test]
async fn sneakyscanner_settings_answer_as_documented() {
    sneakyscanner("settings", &BOTH).await;
}

#[tokio::test]
async fn sneakyscanner_alerts_and_webhooks_answer_as_later_versions_do() {
    sneakyscanner("alerts", &BOTH).await;
}

#[tokio::test]
async fn sneakyscanner_pages_are_pages() {
    // Where a log-in leads back is the path as it was asked for.
    sneakyscanner("pages", &[Slashes::AsDocumented]).await;
}

#[test]
fn the_document_of_sneakyscanner_has_ten_operations() {
    assert_eq!(endpoints(SNEAKYSCANNER).documented().len(), 10);
}

#[tokio::test]
async fn the_openapi_document_of_pixerase_names_the_same_operations() {
    House::each(async |house| {
        let document = house.rest.get("/api/openapi.json").send().await.expect(200).json();
        let paths = document["paths"].as_object().expect("paths");
        let mut described: Vec<_> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("an item").keys();
                methods.map(|method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        described.sort();
        assert_eq!(described, endpoints(PIXERASE).documented());
    })
    .await;
}

fn endpoints(folder: &str) -> Endpoints {
    Endpoints::parse(&snapshot::read(&format!("{folder}/ENDPOINTS")))
}

/// The exchanges of every golden in a folder.
fn exchanges(folder: &str) -> Vec<Exchange> {
    let entries = std::fs::read_dir(snapshot::path(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let goldens = names.filter(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == "http"));
    goldens.flat_map(|name| read(&format!("{folder}/{name}"))).collect()
}
