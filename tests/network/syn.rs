//! Scans by SYNs: what connecting finds, by a process that holds nothing but its sockets.

use std::{fs, path::Path, process::Command};

use atalaya_tests::{
    lab::{FAR, FAR_V6, FIREWALLED, Lab, NEAR, PROHIBITED},
    process,
    wait::until,
};
use serde_json::{Value, json};

use crate::{
    can_make_namespaces,
    ports::{lab, services},
};

/// Nobody, with the right to raw sockets and no other.
const NOBODY: [&str; 5] =
    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+net_raw"];
const AMBIENT: &str = "--ambient-caps=+net_raw";

/// What a scan by SYNs says.
fn scan(lab: &Lab, before: &[&str], address: &str, ports: &str) -> Value {
    lab.scan(before, &[address, ports, "syn", &program()])
}

fn program() -> String {
    process::binary().to_str().expect("a path of text").to_owned()
}

#[test]
fn every_port_of_a_neighbour_and_of_a_machine_by_itself_is_told() {
    if !can_make_namespaces("neighbours by SYNs") {
        return;
    }
    let lab = lab();
    let told = scan(&lab, &[], NEAR, "1-65535");
    assert_eq!(told["open"], services(NEAR, 65_535));
    assert_eq!(told["counts"], json!({ "Open SynAck": 23, "Closed ConnRefused": 65_512 }), "{told}");
    let told = lab.scan_itself(&["127.0.0.1", "1-65535", "syn", &program()]);
    assert_eq!(told["open"], services("127.0.0.1", 65_535));
    assert_eq!(told["counts"], json!({ "Open SynAck": 23, "Closed ConnRefused": 65_512 }), "{told}");
}

#[test]
fn states_have_their_reasons_over_a_long_cable() {
    if !can_make_namespaces("reasons by SYNs") {
        return;
    }
    let lab = lab().with_cable(10, 0.0);
    for address in [FAR, FAR_V6] {
        let told = scan(&lab, &[], address, "1-1000");
        assert_eq!(told["open"], services(address, 1000), "{told}");
        assert_eq!(told["counts"], json!({ "Open SynAck": 10, "Closed ConnRefused": 990 }), "{address}");
    }
    let told = scan(&lab, &[], FIREWALLED, "1-1000");
    assert_eq!(told["open"], services(FIREWALLED, 1000));
    assert_eq!(told["counts"], json!({ "Open SynAck": 10, "Filtered NoResponse": 990 }));
    let told = scan(&lab, &[], PROHIBITED, "31");
    assert_eq!(told["counts"], json!({ "Filtered PortUnreachable": 1 }), "{told}");
    let told = scan(&lab, &[], PROHIBITED, "20-30");
    assert_eq!(told["open"], services(PROHIBITED, 30));
    assert_eq!(told["counts"]["Closed ConnRefused"], Value::Null, "{told}");
    assert!(told["counts"]["Filtered AdminProhibited"].as_u64() > Some(0), "{told}");
}

#[test]
fn loss_hides_no_port_and_is_told() {
    if !can_make_namespaces("loss by SYNs") {
        return;
    }
    let lab = lab().with_cable(10, 0.05);
    let told = scan(&lab, &[], FAR, "1-1000");
    assert_eq!(told["open"], services(FAR, 1000), "{told}");
    let loss = told["loss"].as_f64().unwrap_or_default();
    // On a busy machine the cable is late, and what is late seems lost until it comes.
    assert!((0.02..0.5).contains(&loss), "{told}");
}

#[test]
fn the_right_to_raw_sockets_is_enough_and_without_it_the_scan_says_so() {
    if !can_make_namespaces("rights of SYNs") {
        return;
    }
    let lab = lab();
    let told = scan(&lab, &[&NOBODY[..], &[AMBIENT]].concat(), NEAR, "1-1000");
    assert_eq!(told["open"], services(NEAR, 1000), "{told}");
    let bare = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
    let program = program();
    let words = [&bare[..], &[&program, "--data-dir"]].concat();
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = lab.at_scanner(&words);
    command.arg(folder.path()).args(["--allow-targets", "198.18.0.0/15", "ports", "-p", "80", "--method"]);
    let by = |method: &str| {
        Command::new(command.get_program()).args(command.get_args()).args([method, NEAR]).output()
    };
    let connected = by("connect").expect("ip starts");
    assert!(String::from_utf8_lossy(&connected.stdout).contains("80/tcp  open"), "{connected:?}");
    let refused = by("syn").expect("ip starts");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && words.contains("setcap cap_net_raw+ep"), "{words}");
}

#[tokio::test]
async fn the_process_with_the_sockets_holds_nothing_else_and_ends_with_its_scan() {
    if !can_make_namespaces("process of SYNs") {
        return;
    }
    let lab = lab().with_cable(10, 0.0);
    let mut scan = lab.begin_scan(&[], &[FIREWALLED, "1-1000", "syn", &program(), "rate=20"]);
    let (child, status) = until("a confined process", async || confined(scan.id())).await;
    for line in ["CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    scan.kill().expect("a scan to kill");
    scan.wait().expect("its end");
    let ended = async || (!Path::new(&format!("/proc/{child}")).exists()).then_some(());
    until("the end of the process", ended).await;
}

/// The child of a process, and what the kernel says of it, once its system calls are filtered.
fn confined(parent: u32) -> Option<(String, String)> {
    let mut threads = fs::read_dir(format!("/proc/{parent}/task")).ok()?.flatten();
    let child = threads.find_map(|thread| {
        let children = fs::read_to_string(thread.path().join("children")).ok()?;
        children.split_whitespace().next().map(str::to_owned)
    })?;
    let status = fs::read_to_string(format!("/proc/{child}/status")).ok()?;
    status.contains("Seccomp:\t2").then_some((child, status))
}
