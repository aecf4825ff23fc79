//! What is found in the web: titles of pages, and names in the logs of certificates.

use std::sync::Arc;

use atalaya_proto::network::v1::NameSource;
use atalaya_server::network::web::Page;
use atalaya_tests::{House, Plan, ScriptedWorld};

use super::{analyze, failure, in_world, names_of, of, sources};

/// Sites that lead elsewhere.
fn wandering() -> ScriptedWorld {
    let world = ScriptedWorld::default();
    let web = &world.web;
    for (domain, address) in [
        ("good.example", "198.51.100.1"),
        ("evil.example", "198.51.100.2"),
        ("circle.example", "198.51.100.3"),
        ("plain.example", "198.51.100.4"),
        ("image.example", "198.51.100.5"),
        ("odd.example", "198.51.100.6"),
    ] {
        world.dns.host(domain, &[address]);
    }
    world.names.say("www.good.example", &["198.51.100.8"]);
    world.names.say("rebound.example", &["198.51.100.9", "169.254.169.254"]);
    web.redirect("198.51.100.1:443", "/", "//www.good.example:8443/home?a=b");
    web.redirect("198.51.100.8:8443", "/home?a=b", "../last");
    let body = b"<title>Gr\xfc\xdfe</title>".to_vec();
    let page = Page { status: 404, content_type: Some("text/html".into()), body, location: None };
    web.page("198.51.100.8:8443", "/last", page);
    web.redirect("198.51.100.2:443", "/", "http://169.254.169.254/latest/meta-data/");
    web.redirect("198.51.100.2:80", "/", "http://rebound.example/");
    web.redirect("198.51.100.3:443", "/", "/");
    web.title("198.51.100.4:80", "plain");
    let png = Page { status: 200, content_type: Some("image/png".into()), ..Page::default() };
    web.page("198.51.100.5:443", "/", png);
    web.redirect("198.51.100.6:443", "/", "ftp://www.good.example/");
    web.redirect("198.51.100.6:80", "/", "http://www.good.example:25/");
    world
}

#[tokio::test]
async fn titles_are_followed_through_redirects_to_places_that_may_be_looked_at() {
    in_world(wandering(), async |_, mara, world| {
        let good = analyze(mara, of("good.example")).await.expect("an analysis");
        assert_eq!(good.title.as_deref(), Some("Grüße"));
        assert_eq!(good.title_url, "https://www.good.example:8443/last");
        let evil = analyze(mara, of("evil.example")).await.expect("an analysis");
        assert_eq!(evil.title, None);
        for part in ["title by https", "title by http"] {
            assert!(
                failure(&evil, part).expect("a failure").starts_with("169.254.169.254 may not"),
                "{evil:?}"
            );
        }
        let visited = world.web.visits();
        assert!(
            visited.iter().all(|(server, _)| !server.ip().to_string().starts_with("169.254")),
            "{visited:?}"
        );
        let circle = analyze(mara, of("circle.example")).await.expect("an analysis");
        assert_eq!(failure(&circle, "title by https"), Some("more than 5 redirects"));
        let visits =
            world.web.visits().iter().filter(|(server, _)| server.to_string() == "198.51.100.3:443").count();
        assert_eq!(visits % 6, 0, "{visits}");
        let plain = analyze(mara, of("plain.example")).await.expect("an analysis");
        assert_eq!(plain.title_url, "http://plain.example/");
        let refusal = "https://plain.example/: no connection: connection refused";
        assert_eq!(failure(&plain, "title by https"), Some(refusal));
        let image = analyze(mara, of("image.example")).await.expect("an analysis");
        assert_eq!((image.title, image.title_url.as_str()), (None, ""));
        let odd = analyze(mara, of("odd.example")).await.expect("an analysis");
        for part in ["title by https", "title by http"] {
            assert_eq!(failure(&odd, part), Some("it redirects to what is no page of the web"));
        }
    })
    .await;
}

#[tokio::test]
async fn logs_of_certificates_are_asked_where_the_operator_lets_us_and_one_of_two_is_enough() {
    let world = ScriptedWorld::default();
    for domain in ["example.com", "example.net", "example.org"] {
        world.dns.host(domain, &["198.51.100.7"]);
    }
    world.names.say("crt.sh", &["91.199.212.73"]);
    world.names.say("api.certspotter.com", &["147.75.202.72"]);
    let json = |body: &str| Page { status: 200, body: body.as_bytes().to_vec(), ..Page::default() };
    let first = |domain: &str| format!("/?q=%25.{domain}&output=json&deduplicate=Y");
    let second = |domain: &str, after: &str| {
        format!("/v1/issuances?domain={domain}&include_subdomains=true&expand=dns_names{after}")
    };
    let names = r#"[{"name_value":"*.Shop.example.com\nwww.example.com"},{"name_value":"mara@mail.example.com\nnotexample.com\nexample.com"}]"#;
    world.web.page("91.199.212.73:443", &first("example.com"), json(names));
    world.web.page("91.199.212.73:443", &first("example.net"), Page { status: 502, ..Page::default() });
    let page = r#"[{"id":"7","dns_names":["a.example.net"]},{"id":"9","dns_names":["b.example.net","example.net"]}]"#;
    world.web.page("147.75.202.72:443", &second("example.net", ""), json(page));
    world.web.page("147.75.202.72:443", &second("example.net", "&after=9"), json("[]"));
    world.web.page("91.199.212.73:443", &first("example.org"), json("<html>"));
    let world = Arc::new(world);
    let on = Plan::default().with("ATALAYA_ALLOW_TARGETS", "198.51.100.0/24").in_world(&world);
    let off = on.clone();
    House::each_as(&on.with("ATALAYA_ONLINE_SOURCES", "on"), async |house| {
        let mara = house.user("Mara").await;
        let answer = analyze(&mara, of("example.com")).await.expect("an analysis");
        assert_eq!(names_of(&answer), ["shop.example.com", "www.example.com"]);
        assert_eq!(sources(&answer, "shop.example.com"), [NameSource::Transparency]);
        let answer = analyze(&mara, of("example.net")).await.expect("an analysis");
        assert_eq!(names_of(&answer), ["a.example.net", "b.example.net"]);
        assert_eq!(failure(&answer, "transparency"), None);
        let answer = analyze(&mara, of("example.org")).await.expect("an analysis");
        let both = "crt.sh answers what is no list; api.certspotter.com: no connection: connection refused";
        assert_eq!(failure(&answer, "transparency"), Some(both));
        // What they have said once is kept.
        let before = world.web.visits().len();
        analyze(&mara, of("example.net")).await.expect("an analysis");
        let visits = world.web.visits();
        let to_logs = visits[before..].iter().filter(|(server, _)| !server.to_string().starts_with("198.51"));
        assert_eq!(to_logs.count(), 0);
    })
    .await;
    House::each_as(&off, async |house| {
        let answer = analyze(&house.user("Mara").await, of("example.com")).await.expect("an analysis");
        assert_eq!(names_of(&answer), [] as [&str; 0]);
    })
    .await;
}
