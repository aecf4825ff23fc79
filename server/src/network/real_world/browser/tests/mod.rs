//! The proxy of a picture: who gets through, and where to.

mod world;

use std::{net::IpAddr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use self::world::Few;
use super::{Browser, proxy::Proxy};
use crate::{
    auth::Role,
    network::{
        shot::{Shot, Unshot},
        targets::{Class, Clearance, Purpose, TargetPolicy},
    },
};

const SITE: &str = "192.0.2.10:80";
const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\n\r\npage";
const MOVED: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A site, by a name of its own, whoever looks at it being a user.
fn shot() -> Shot {
    let open = vec!["192.0.2.0/24".parse().expect("a range"), "127.0.0.0/8".parse().expect("a range")];
    let policy = TargetPolicy::new(open, Vec::new());
    policy.listens_at("127.0.0.1:8080".parse().expect("an address"));
    let user = Clearance::Account(Role::User, Arc::new([]));
    let server = policy.check(&user, Purpose::Page, address("192.0.2.10")).expect("a permit");
    let ask = Arc::new(move |address| policy.check(&user, Purpose::Page, address));
    Shot {
        secure: false,
        host: "site.example".parse().expect("a host"),
        server,
        port: 80,
        path: "/".into(),
        ask,
    }
}

fn few() -> Few {
    let mut world = Few::default();
    for (name, addresses) in [
        ("friend.example", &["192.0.2.20"][..]),
        ("inside.example", &["192.0.2.20", "10.0.0.1"]),
        // Not where the site is: its name is not resolved again.
        ("site.example", &["10.0.0.1"]),
        ("here.example", &["127.0.0.1"]),
    ] {
        world.names.insert(name, addresses.iter().map(|text| address(text)).collect());
    }
    for (server, answer) in [
        (SITE, PAGE),
        ("192.0.2.10:81", MOVED),
        ("192.0.2.10:82", b"old <b>server</b>\n"),
        ("192.0.2.20:443", b""),
        ("127.0.0.1:8080", PAGE),
        ("10.0.0.1:80", PAGE),
        ("169.254.169.254:80", PAGE),
    ] {
        world.servers.insert(server.parse().expect("an address"), answer);
    }
    world
}

/// What a proxy answers to each of these heads, on a connection of its own, and then what `more` gets.
async fn answers<const N: usize>(world: &Few, shot: &Shot, heads: [&str; N]) -> ([String; N], u32) {
    let proxy = Proxy::open(world, shot).await.expect("a proxy");
    let mut answers = [const { String::new() }; N];
    let asking = async {
        for (head, answer) in heads.iter().zip(&mut answers) {
            *answer = ask(&proxy, head, true).await;
        }
    };
    tokio::select! {
        () = asking => {}
        never = proxy.serve() => match never {},
    }
    let denied = proxy.denied();
    (answers, denied)
}

async fn ask(proxy: &Proxy<'_>, head: &str, knows: bool) -> String {
    let url = proxy.url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.expect("a connection");
    let secret = STANDARD.encode(format!("atalaya:{}", if knows { proxy.secret() } else { "guess" }));
    let port = url.rsplit_once(':').expect("a port").1;
    let head = head.replace("PORT", port);
    let tunnel = head.starts_with("CONNECT");
    let request = format!(
        "{head} HTTP/1.1\r\nhost: whatever\r\nproxy-authorization: Basic {secret}\r\nproxy-connection: keep-alive\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut bytes = vec![0; 4096];
    let mut answer = Vec::new();
    let mut echoed = !tunnel;
    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
        answer.extend_from_slice(&bytes[..length]);
        if tunnel && answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"\r\n\r\n") {
            stream.write_all(b"through").await.expect("the tunnel takes bytes");
        } else if !echoed && answer.ends_with(b"through") {
            echoed = true;
            stream.shutdown().await.expect("an end");
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn who_may_be_reached_is() {
    let (world, shot) = (few(), shot());
    let heads = [
        "GET http://site.example/a?b=c",
        "GET http://192.0.2.10:81/",
        "CONNECT friend.example:443",
        "GET http://site.example:82/",
    ];
    let ([page, moved, tunnel, old], denied) = answers(&world, &shot, heads).await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("\r\n\r\npage"), "{page}");
    assert!(!page.contains("x-hop") && !page.contains("keep-alive"), "{page}");
    // Where an answer points is the browser's affair, which asks again.
    assert!(moved.starts_with("HTTP/1.1 302 Found\r\n") && moved.contains("169.254.169.254"), "{moved}");
    assert!(tunnel.starts_with("HTTP/1.1 200 OK\r\n") && tunnel.ends_with("\r\n\r\nthrough"), "{tunnel}");
    assert!(old.starts_with("HTTP/1.1 200 OK\r\n") && old.contains("old <b>server</b>"), "{old}");
    assert_eq!(denied, 0);
    let dialed = ["192.0.2.10:80", "192.0.2.10:81", "192.0.2.20:443", "192.0.2.10:82"];
    assert_eq!(world.dialed(), dialed.map(|address| address.parse().expect("an address")));
    let heard = world.heard();
    assert!(heard.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{heard}");
    assert!(!heard.to_lowercase().contains("proxy"), "{heard}");
}

#[tokio::test]
async fn who_may_not_be_reached_is_not() {
    let (world, shot) = (few(), shot());
    let heads = [
        "GET http://169.254.169.254/",
        "CONNECT 169.254.169.254:80",
        "GET http://10.0.0.1/",
        "CONNECT inside.example:80",
        "CONNECT 127.0.0.1:8080",
        "GET http://here.example:8080/",
        "CONNECT [::ffff:10.0.0.1]:80",
        "CONNECT [::1]:80",
        // The proxy itself.
        "CONNECT 127.0.0.1:PORT",
    ];
    let count = heads.len();
    let (answers, denied) = answers(&world, &shot, heads).await;
    for answer in &answers {
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    }
    assert_eq!((denied as usize, world.dialed()), (count, vec![]));
}

#[tokio::test]
async fn what_is_no_request_or_leads_nowhere_gets_an_answer() {
    let (world, shot) = (few(), shot());
    let heads = [
        "GET /",
        "GET ftp://site.example/",
        "CONNECT site.example",
        "GET http://0x7f.1/",
        "GET http://nobody.example/",
        "GET http://192.0.2.99/",
        "CONNECT nobody.example:443",
    ];
    let (answers, denied) = answers(&world, &shot, heads).await;
    // Pages would show what we say; of tunnels only the status counts.
    let statuses: Vec<&str> = answers.iter().map(|answer| answer.get(9..12).unwrap_or_default()).collect();
    assert_eq!((&statuses[..], denied), (&["", "", "502", "", "", "", "502"][..], 0));
}

#[tokio::test]
async fn whoever_does_not_know_the_secret_gets_nowhere() {
    let (world, shot) = (few(), shot());
    let proxy = Proxy::open(&world, &shot).await.expect("a proxy");
    let other = Proxy::open(&world, &shot).await.expect("a proxy");
    assert_ne!(proxy.secret(), other.secret());
    let answer = tokio::select! {
        answer = ask(&proxy, "GET http://site.example/", false) => answer,
        never = proxy.serve() => match never {},
    };
    assert!(answer.starts_with("HTTP/1.1 407 Proxy Authentication Required\r\n"), "{answer}");
    assert!(answer.contains("proxy-authenticate: Basic realm=\"atalaya\""), "{answer}");
    assert_eq!(world.dialed(), []);
}

#[tokio::test]
async fn a_refusal_is_known_by_its_address() {
    let (world, shot) = (few(), shot());
    let proxy = Proxy::open(&world, &shot).await.expect("a proxy");
    tokio::select! {
        _ = ask(&proxy, "GET http://169.254.169.254/a", true) => {}
        never = proxy.serve() => match never {},
    }
    for there in ["http://169.254.169.254/", "http://169.254.169.254:80/b?c"] {
        assert_eq!(proxy.denial_of(there).map(|denied| denied.class), Some(Class::LinkLocal), "{there}");
    }
    for other in ["https://169.254.169.254/", "http://site.example/", "about:blank", "", "http://"] {
        assert_eq!(proxy.denial_of(other), None, "{other}");
    }
    assert_eq!(proxy.first_denial().map(|denied| denied.class), Some(Class::LinkLocal));
    assert_eq!(proxy.first_failure(), None);
}

#[tokio::test]
async fn a_browser_that_did_not_start_is_not_tried_again_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (program, log) = (folder.path().join("browser"), folder.path().join("log"));
    std::fs::write(&program, format!("#!/bin/sh\necho once >> {}\nexit 1\n", log.display()))
        .expect("a program");
    // It runs as nobody.
    for path in [folder.path(), &program] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("a mode");
    }
    let browser = Browser::named(&program);
    let first = browser.shoot(&few(), &shot()).await.expect_err("no browser");
    assert!(matches!(first, Unshot::Start(_)), "{first:?}");
    let starts = std::fs::read_to_string(&log).expect("a log");
    assert_eq!(browser.shoot(&few(), &shot()).await, Err(first));
    assert_eq!(std::fs::read_to_string(&log).expect("a log"), starts);
}
