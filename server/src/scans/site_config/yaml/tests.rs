//! What is a configuration, and what is none.

use super::*;

const BOTH: &str = r#"
title: Production Network Scan
sites:
  - name: Web Servers
    ips:
      - address: 192.168.1.10
        expected:
          ping: true
          tcp_ports: [443, 22, 443]
          udp_ports: [53]
          services: [https, ssh]
      - address: "2001:db8::7"
  - name: Office
    cidr: 192.168.2.0/30
    ping_expected: false
    expected_ports:
      - port: 80
        protocol: tcp
        service: http
      - {port: 161, protocol: udp}
"#;

fn numbers_of(ports: &PortSet) -> Vec<u16> {
    ports.iter().map(Port::number).collect()
}

#[test]
fn both_forms_are_read() {
    let config = parse(BOTH).expect("a configuration");
    assert_eq!(config.title, "Production Network Scan");
    let hosts: Vec<_> = config.hosts().collect();
    assert_eq!(hosts.len(), 6);
    let (site, first) = hosts[0];
    assert_eq!(
        (site, first.address.to_string().as_str(), first.ping),
        ("Web Servers", "192.168.1.10", Some(true))
    );
    assert_eq!((numbers_of(&first.tcp), numbers_of(&first.udp)), (vec![22, 443], vec![53]));
    assert_eq!(hosts[1].1.address.to_string(), "2001:db8::7");
    assert_eq!(hosts[1].1.ping, None);
    let (site, last) = hosts[5];
    assert_eq!((site, last.address.to_string().as_str(), last.ping), ("Office", "192.168.2.3", Some(false)));
    assert_eq!((numbers_of(&last.tcp), numbers_of(&last.udp)), (vec![80], vec![161]));
}

#[test]
fn ports_of_all_hosts_can_be_said() {
    let text = "title: t\ntcp_ports: 1-3,80\nsites: [{name: s, cidr: 192.0.2.1/32}]";
    let ports = parse(text).expect("a configuration").tcp_ports.expect("ports");
    assert_eq!(numbers_of(&ports), [1, 2, 3, 80]);
}

/// What is wrong, and in which line.
#[track_caller]
fn refused(text: &str, part: &str, line: u64) {
    let bad = parse(text).expect_err("no configuration");
    assert!(bad.detail.contains(part), "{bad}");
    assert_eq!(bad.place.map(|(line, _)| line), Some(line), "{bad}");
    assert!(!bad.to_string().contains('\n'), "{bad}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    refused("title: t\nsites: []\n", "no site", 2);
    refused("title: t\n", "sites", 1);
    refused("title: t\nsites:\n  - name: s\n", "ips or a cidr", 3);
    refused("title: t\nsitez: []\n", "sitez", 2);
    refused("title: t\nsites:\n  - name: s\n    ips:\n      - adress: 1.2.3.4\n", "adress", 5);
    let with = |host: &str| format!("title: t\nsites:\n  - name: s\n    ips:\n      - {host}\n");
    refused(&with("address: 10.0.0.300"), "no IP address", 5);
    refused(&with("address: example.com"), "no IP address", 5);
    refused(&with("{address: 10.0.0.1, expected: {tcp_ports: [0]}}"), "1 to 65535", 5);
    refused(&with("{address: 10.0.0.1, expected: {tcp_ports: [65536]}}"), "1 to 65535", 5);
    refused(&with("{address: 10.0.0.1, expected: {ping: perhaps}}"), "bool", 5);
    refused(&with("address: 10.0.0.1\n      - address: ::ffff:10.0.0.1"), "twice", 6);
    let block = |cidr: &str| format!("title: t\nsites:\n  - name: s\n    cidr: {cidr}\n");
    refused(&block("0.0.0.0/0"), "at most 4096", 4);
    refused(&block("2001:db8::/32"), "at most 4096", 4);
    refused(&block("10.0.0.0/33"), "no block", 4);
    refused(
        "title: t\nsites:\n  - {name: s, cidr: 10.0.0.0/30}\n  - {name: s, cidr: 10.0.1.0/30}\n",
        "two sites",
        4,
    );
    refused(
        "title: t\nsites:\n  - {name: a, cidr: 10.0.0.0/20}\n  - {name: b, cidr: 10.1.0.0/32}\n",
        "at most 4096",
        4,
    );
    refused("title: \"\"\nsites: [{name: s, cidr: 10.0.0.1/32}]\n", "title has 1", 1);
    refused("title: t\ntitle: u\nsites: []\n", "title", 2);
    refused("title: t\nsites: [", "", 2);
}

#[test]
fn bombs_and_anchors_are_refused_at_once() {
    let level = |(next, last): (char, char)| {
        format!("{next}: &{next} [*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last}]\n")
    };
    let levels: String = ('b'..='i').zip('a'..).map(level).collect();
    let bomb = format!("title: t\na: &a [x]\n{levels}");
    assert!(parse(&bomb).is_err());
    assert!(parse("title: &t x\nsites: [{name: *t, cidr: 10.0.0.1/32}]\n").is_err());
    assert!(parse(&"[".repeat(100_000)).is_err());
    assert!(
        parse(&format!("title: {}", "x".repeat(MAX_BYTES))).expect_err("too long").detail.contains("bytes")
    );
    for garbage in ["", "\0", "- a\n- b", "title", "--- a\n--- b", "\u{feff}", "!!python/object:os.system x"]
    {
        assert!(parse(garbage).is_err(), "{garbage:?}");
    }
}
