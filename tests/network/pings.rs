//! Pings by the real program over a cable that takes 10 ms each way: answers, and what routers say instead.

use std::path::Path;

use atalaya_tests::{
    lab::{FAR, FAR_V6, Lab},
    process,
};
use serde_json::Value;

use crate::{can_make_namespaces, ports::PROGRAM};

/// The networks of the lab, which are open to nobody by themselves.
const NETWORKS: &str = "198.18.0.0/15,2001:db8::/32";
/// Beyond the target, which is their router: back to the scanner, and nowhere.
const BEYOND: &str = "198.19.2.1";
const NOWHERE: &str = "198.19.3.1";
const BEYOND_V6: &str = "2001:db8:2::1";
/// On the wire, where nobody has it.
const NOBODY: &str = "198.18.0.9";
/// Milliseconds for the way there and back.
const ROUND_TRIP: f64 = 20.0;

/// A lab whose target forwards.
fn lab() -> Lab {
    let lab = Lab::new(Path::new(PROGRAM)).with_cable(10, 0.0);
    let far = [
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
        "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
        "ip route add 198.19.2.0/24 via 198.18.1.1",
        "ip route add unreachable 198.19.3.0/24",
        "ip route add 2001:db8:2::/64 via 2001:db8:1::1",
    ];
    let near =
        ["ip route add 198.19.2.0/23 via 198.18.1.2", "ip route add 2001:db8:2::/64 via 2001:db8:1::2"];
    for (command, lines) in
        [(lab.at_target(&["sh", "-ec"]), &far[..]), (lab.at_scanner(&["sh", "-ec"]), &near)]
    {
        run(command, &lines.join("\n"));
    }
    // What is sent before somebody carries it is lost.
    let carries =
        |_| ping(&lab, &[], &["--timeout", "1s", FAR]).is_ok_and(|answer| answer["outcome"] == "echoed");
    assert!((0..30).any(carries), "the cable carries nothing");
    lab
}

fn run(mut command: std::process::Command, script: &str) {
    assert!(command.arg(script).status().expect("ip starts").success(), "{script}");
}

/// What `atalaya ping` says of one packet: its only try, or its sentence of failure.
fn ping(lab: &Lab, before: &[&str], arguments: &[&str]) -> Result<Value, String> {
    let program = process::binary();
    let program = program.to_str().expect("a path of text");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("a path of text");
    let settings = ["--data-dir", folder, "--allow-targets", NETWORKS];
    let words = [before, &[program], &settings, &["ping", "--json", "--count", "1"], arguments].concat();
    let output = lab.at_scanner(&words).output().expect("ip starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    match serde_json::from_slice::<Value>(&output.stdout) {
        Ok(document) => Ok(document[0]["tries"][0].clone()),
        Err(_) => Err(errors.into_owned()),
    }
}

fn check(lab: &Lab) {
    for (target, size) in [(FAR, "56"), (FAR_V6, "56"), (FAR, "8"), (FAR_V6, "1500")] {
        let answer = ping(lab, &[], &["--size", size, target]).expect("an answer");
        let time = answer["round_trip_ms"].as_f64().unwrap_or_default();
        assert!((ROUND_TRIP..ROUND_TRIP + 1000.0).contains(&time), "{target}: {answer}");
        assert_eq!((&answer["outcome"], &answer["ttl"]), (&"echoed".into(), &64.into()), "{target}");
    }
    for (target, ttl, outcome, detail) in [
        (BEYOND, "1", "ttl exceeded", "198.18.1.2 says: time to live exceeded"),
        (BEYOND_V6, "1", "ttl exceeded", "2001:db8:1::2 says: time to live exceeded"),
        (NOWHERE, "9", "unreachable", "198.18.1.2 says: the host can't be reached"),
        ("2001:db8:3::1", "9", "unreachable", "there is no route to its network"),
        (NOBODY, "9", "unreachable", "198.18.0.1 says: the host can't be reached"),
    ] {
        let answer = ping(lab, &[], &["--ttl", ttl, "--timeout", "20s", target]).expect("an answer");
        assert_eq!((&answer["outcome"], &answer["detail"]), (&outcome.into(), &detail.into()), "{target}");
    }
}

#[test]
fn answers_and_what_routers_say_are_told_by_both_kinds_of_sockets() {
    if !can_make_namespaces("pings") {
        return;
    }
    let lab = lab();
    // A new namespace lets no group open datagram sockets: raw ones are used.
    let groups = "/proc/sys/net/ipv4/ping_group_range";
    run(lab.at_scanner(&["sh", "-ec"]), &format!("grep -q '^1[[:space:]]0$' {groups}"));
    check(&lab);
    let bare = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
    let refused = ping(&lab, &bare, &[FAR]).expect_err("no right");
    assert!(refused.contains("ping_group_range") && refused.contains("CAP_NET_RAW"), "{refused}");
    // Now everybody may open them, and nobody needs a right.
    run(lab.at_scanner(&["sh", "-ec"]), &format!("echo '0 2147483647' >{groups}"));
    check(&lab);
    let answer = ping(&lab, &bare, &[FAR]).expect("an answer");
    assert_eq!(answer["outcome"], "echoed");
}
