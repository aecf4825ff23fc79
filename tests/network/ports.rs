//! Port scans: every open port and no other, each state with its reason.

use std::path::Path;

use atalaya_tests::lab::{FAR, FAR_V6, FIREWALLED, Lab, NEAR, PROHIBITED, SERVICES};
use serde_json::{Value, json};

use crate::can_make_namespaces;

/// The program that scans, from inside of a namespace.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_lab");

fn lab() -> Lab {
    Lab::new(Path::new(PROGRAM))
}

/// What a scan says of the services at an address, up to a port.
fn services(address: &str, last: u16) -> Value {
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
    let told = lab.scan(&[], &[PROHIBITED, "20-30"]);
    assert_eq!(told["open"], services(PROHIBITED, 30));
    assert_eq!(told["counts"]["Closed ConnRefused"], Value::Null, "{told}");
    assert!(told["counts"]["Filtered HostUnreachable"].as_u64() > Some(0), "{told}");
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
        assert!((0.02..0.3).contains(&loss), "{told}");
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
