//! `atalaya ip`, `domain` and `ping`, without a server: what is known, told to people and to programs, and what is not.

use atalaya_tests::process::Program;
use serde_json::{Value, json};

/// What is said of `127.1` in the place of a host.
const NO_ADDRESS: &str = "127.1: an IPv4 address has four decimal numbers without leading zeros";

#[tokio::test]
async fn operators_are_told_what_is_known_of_addresses() {
    let folder = tempfile::tempdir().expect("a folder");
    let geo = folder.path().join("geo");
    std::fs::create_dir(&geo).expect("a folder");
    std::fs::write(geo.join("asn-2026-06-17.csv"), "198.51.101.0,198.51.101.255,64500,Net\n")
        .expect("a file");
    std::fs::write(geo.join("broken.mmdb"), "rubbish").expect("a file");
    let program = Program::on(folder.path()).with("ATALAYA_GEO_DIR", &geo);
    // Where nobody listens: names are not what this is about.
    let program = program.with("ATALAYA_RESOLVERS", "127.0.0.1:1");
    let said = program.clone().saying("ip").saying("10.1.2.3").saying("198.51.101.7").run("").await;
    let said = said.expect("an end");
    assert!(said.status.success(), "{said:?}");
    let lines: Vec<&str> = said.output.lines().collect();
    assert_eq!(lines[..2], ["10.1.2.3", "  for        10.0.0.0/8 Private-Use (RFC 1918)"]);
    for line in [
        "198.51.101.7",
        "  network    AS64500, Net",
        "  from       asn-2026-06-17.csv, 2026-06-17T00:00:00.000Z",
    ] {
        assert!(lines.contains(&line), "{line}: {}", said.output);
    }

    let json = program.clone().saying("ip").saying("--json");
    let said = json.clone().saying("198.51.101.7").run("").await.expect("an end");
    let document: Value = serde_json::from_str(&said.output).expect("JSON");
    assert_eq!(document[0]["network"]["asn"], 64_500);
    assert_eq!(document[0]["sources"][0]["data_time"], "2026-06-17T00:00:00.000Z");
    assert!(
        document[0]["failures"][0].as_str().is_some_and(|why| why.starts_with("broken.mmdb: ")),
        "{document}"
    );

    let said = json.clone().saying("1.1.1.1").saying("::1").run("").await.expect("an end");
    assert!(!said.status.success());
    assert_eq!(said.errors.lines().last(), Some("atalaya: nothing is known of 1.1.1.1"));
    let document: Value = serde_json::from_str(&said.output).expect("JSON");
    assert_eq!(document[0]["special"]["name"], json!("Loopback Address"));
    let said = json.saying("127.1").run("").await.expect("an end");
    assert!(!said.status.success() && said.output.is_empty(), "{said:?}");
}

#[tokio::test]
async fn a_target_that_fails_takes_nothing_from_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    // Where nobody listens: names are not what this is about.
    let program = Program::on(folder.path()).with("ATALAYA_RESOLVERS", "127.0.0.1:1");
    let program = program.with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8");
    let asked = |command| program.clone().saying(command).saying("--json");
    let three = |asked| ["10.1.2.3", "127.1", "10.1.2.4"].into_iter().fold(asked, Program::saying);
    let said = three(asked("ip")).run("").await.expect("an end");
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert_eq!(said.errors.lines().last(), Some("atalaya: 127.1: not an IPv4 or IPv6 address"), "{said:?}");
    let document: Value = serde_json::from_str(&said.output).expect("JSON");
    assert_eq!((&document[0]["address"], &document[1]["address"]), (&json!("10.1.2.3"), &json!("10.1.2.4")));

    let said = three(asked("domain").saying("--timeout").saying("2s")).run("").await.expect("an end");
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let unanswered = |address| format!("{address}: no resolver answered in time");
    let sentence = format!("atalaya: {}; {NO_ADDRESS}; {}", unanswered("10.1.2.3"), unanswered("10.1.2.4"));
    assert_eq!((said.errors.lines().last(), &*said.output), (Some(&*sentence), ""));

    let asked = program.saying("ping").saying("--count").saying("1").saying("127.1").saying("127.0.0.1");
    let said = asked.run("").await.expect("an end");
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(said.errors.contains(&format!("atalaya: {NO_ADDRESS}")), "{said:?}");
    // Where no process may open sockets for pings, the second one fails too.
    assert!(said.output.contains("127.0.0.1: 1 of 1") || said.errors.contains("; 127.0.0.1: "), "{said:?}");
}
