//! Port scans: every open port and no other, each state with its reason.

use std::path::Path;

use atalaya_tests::lab::{FAR, FAR_V6, FIREWALLED, Lab, NEAR, PROHIBITED, SERVICES};
use serde_json::{Value, json};

use crate::can_make_namespaces;

/// The program that scans, from inside of a namespace.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_lab");

pub(crate) fn lab() -> Lab {
    Lab::new(Path::new(PROGRAM))
}

/// What a scan says of the services at an address, up to a port.
pub(crate) fn services(address: &str, last: u16) -> Value {
    let ports = SERVICES.split(',').filter_map(|port| port.parse::<u16>().ok()).filter(|port| *port <= last);
    ports.map(|port| format!("{address} {port}")).collect()
}

#[test]
fn every_port_of_a_machine_by_itself_is_told_without_phantoms() {
    if !can_make_namespaces("phantoms") {
        return;
    }
    let lab = lab();
    for seed in ["seed=1", "seed=2", "seed=3"] {
        let told = lab.scan_itself(&["127.0.0.1", "1-65535", seed]);
        assert_eq!(told["open"], services("127.0.0.1", 65_535));
        assert_eq!(told["counts"], json!({ "Open SynAck": 23, "Closed ConnRefused": 65_512 }));
        assert_eq!((&told["incomplete"], &told["loss"]), (&Value::Null, &json!(0.0)));
    }
}

#[test]
fn every_port_of_a_neighbour_is_told() {
    if !can_make_namespaces("neighbour") {
        return;
    }
    let told = lab().scan(&[], &[NEAR, "1-65535"]);
    assert_eq!(told["open"], services(NEAR, 65_535));
    assert_eq!(told["counts"]["Closed ConnRefused"], 65_512);
}

#[test]
fn states_have_their_reasons_over_a_long_cable() {
    if !can_make_namespaces("reasons") {
        return;
    }
    let lab = lab().with_cable(10, 0.0);
    for address in [FAR, FAR_V6] {
        let told = lab.scan(&[], &[address, "1-1000"]);
        assert_eq!(told["open"], services(address, 1000));
        assert_eq!(told["counts"], json!({ "Open SynAck": 10, "Closed ConnRefused": 990 }));
    }
    let told = lab.scan(&[], &[FIREWALLED, "1-1000"]);
    assert_eq!(told["open"], services(FIREWALLED, 1000));
    assert_eq!(told["counts"], json!({ "Open SynAck": 10, "Filtered NoResponse": 990 }));
    assert_eq!(told["incomplete"], Value::Null);
    let told = lab.scan(&[], &[FIREWALLED, "1-20000"]);
    assert_eq!(told["counts"], json!({ "Open SynAck": 18, "Filtered NoResponse": 19_982 }));
    let told = lab.scan(&[], &[PROHIBITED, "31"]);
    assert_eq!(told["counts"], json!({ "Filtered PortUnreachable": 1 }), "a firewall's word is no host's");
    let told = lab.scan(&[], &[PROHIBITED, "20-30"]);
    assert_eq!(told["open"], services(PROHIBITED, 30));
    assert_eq!(told["counts"]["Closed ConnRefused"], Value::Null, "{told}");
    assert!(told["counts"]["Filtered AdminProhibited"].as_u64() > Some(0), "{told}");
}

#[test]
fn loss_hides_no_port_and_is_told() {
    if !can_make_namespaces("loss") {
        return;
    }
    let lab = lab().with_cable(10, 0.05);
    for address in [FAR, FIREWALLED] {
        let told = lab.scan(&[], &[address, "1-1000"]);
        assert_eq!(told["open"], services(address, 1000), "{told}");
        let loss = told["loss"].as_f64().unwrap_or_default();
        // On a busy machine the cable is late, and what is late seems lost until it comes.
        assert!((0.02..0.5).contains(&loss), "{told}");
    }
}

#[test]
fn few_descriptors_hide_no_port() {
    if !can_make_namespaces("descriptors") {
        return;
    }
    let lab = lab().with_cable(10, 0.0);
    for limit in ["--nofile=256", "--nofile=24"] {
        let told = lab.scan(&["prlimit", limit], &[FAR, "1-1000"]);
        assert_eq!(told["open"], services(FAR, 1000), "{limit}: {told}");
        assert_eq!(told["counts"]["Closed ConnRefused"], 990, "{limit}");
    }
}

#[test]
fn udp_services_answer_and_others_are_told_by_icmp_or_silence() {
    if !can_make_namespaces("udp") {
        return;
    }
    let lab = lab().with_cable(10, 0.0);
    let lab = lab.with_answers(&[FAR, FIREWALLED, FAR_V6].join(","), "53,69,123,161,40000");
    for address in [FAR, FAR_V6] {
        let told = lab.scan(&[], &[address, "53,69,123,161,500,40000", "udp"]);
        let open = [53, 69, 123, 161].map(|port| format!("{address} {port}"));
        assert_eq!(told["open"], json!(open), "{told}");
        let closed_and_silent = json!({ "Open Response": 4, "Closed PortUnreachable": 1,
            "OpenOrFiltered NoResponse": 1 });
        assert_eq!(told["counts"], closed_and_silent, "{address}");
    }
    let told = lab.scan(&[], &[FIREWALLED, "53,123,161", "udp"]);
    assert_eq!(told["open"], json!([format!("{FIREWALLED} 161")]));
    assert_eq!(told["counts"], json!({ "Open Response": 1, "OpenOrFiltered NoResponse": 2 }));
    let told = lab.scan(&[], &[PROHIBITED, "53,161", "udp"]);
    assert_eq!(
        told["counts"],
        json!({ "Filtered AdminProhibited": 1, "Closed PortUnreachable": 1 }),
        "{told}"
    );
}

#[test]
fn a_host_that_says_little_of_closed_udp_ports_is_asked_until_it_has_said_all() {
    if !can_make_namespaces("closed UDP ports") {
        return;
    }
    let lab = lab();
    let told = lab.scan(&[], &[NEAR, "1000-1011", "udp"]);
    assert_eq!(told["counts"], json!({ "Closed PortUnreachable": 12 }), "{told}");
}

#[test]
fn loss_hides_no_udp_service() {
    if !can_make_namespaces("loss of UDP") {
        return;
    }
    let lab = lab().with_cable(10, 0.1).with_answers(FAR, "53,69,123,161,500");
    let told = lab.scan(&[], &[FAR, "53,69,123,161,500", "udp", "timeout=2000"]);
    assert_eq!(told["counts"]["Open Response"], 5, "{told}");
}
