//! `atalaya ip`, without a server: what is known of addresses, told to people and to programs.

use atalaya_tests::process::Program;
use serde_json::{Value, json};

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
