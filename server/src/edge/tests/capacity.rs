//! How many connections: in all, for one address, and when the process has no file descriptors left.

use std::{fs::File, process::Command};

use futures::FutureExt;
use nix::sys::resource::{Resource, getrlimit};
use tokio::net::TcpSocket;

use super::*;

/// File descriptors of the process that runs out of them.
const FEW: u64 = 64;

async fn connect_from(edge: &Edge, own: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(own.parse().unwrap(), 0)).unwrap();
    soon(socket.connect(edge.address)).await.unwrap()
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_refused_and_others_are_not() {
    let edge =
        Edge::start(Limits { connections_per_address: 2, exempt_loopback: false, ..Limits::default() });
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect_from(&edge, "127.0.0.2").await;
        assert!(ask(&mut stream, &get("/peer")).await.is_ok());
        held.push(stream);
    }
    assert!(until_closed(&mut connect_from(&edge, "127.0.0.2").await).await.is_empty());
    assert!(ask(&mut connect_from(&edge, "127.0.0.3").await, &get("/peer")).await.is_ok());
    assert!(ask(&mut held[0], &get("/peer")).await.is_ok());
    assert_eq!(edge.stop().await, Report { accepted: 3, refused: 1, cut: 0 });
}

#[tokio::test]
async fn loopback_escapes_the_bound_by_default() {
    let edge = Edge::start(Limits { connections_per_address: 1, ..Limits::default() });
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut stream = edge.connect().await;
        assert!(ask(&mut stream, &get("/peer")).await.is_ok());
        held.push(stream);
    }
}

#[tokio::test]
async fn past_the_total_a_connection_waits_until_another_has_gone() {
    let edge = Edge::start(Limits { connections: 1, ..Limits::default() });
    let mut first = edge.connect().await;
    assert!(ask(&mut first, &get("/peer")).await.is_ok());
    let mut second = edge.connect().await;
    second.write_all(get("/peer").as_bytes()).await.unwrap();
    for _ in 0..10 {
        assert!(ask(&mut first, &get("/peer")).await.is_ok());
        assert!(read_answer(&mut second).now_or_never().is_none());
    }
    drop(first);
    assert!(soon(read_answer(&mut second)).await.unwrap().starts_with("HTTP/1.1 200"));
}

/// Runs once more in a process of its own, with few file descriptors, where it uses them up.
#[tokio::test]
async fn running_out_of_file_descriptors_ends_neither_the_loop_nor_what_it_serves() {
    let (soft, _hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if soft > FEW {
        run_with_few("running_out_of_file_descriptors_ends_neither_the_loop_nor_what_it_serves");
        return;
    }
    let edge = Edge::start(Limits::default());
    let mut before = edge.connect().await;
    assert!(ask(&mut before, &get("/peer")).await.is_ok());
    let socket = TcpSocket::new_v4().unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    let mut late = soon(socket.connect(edge.address)).await.unwrap();
    late.write_all(get("/peer").as_bytes()).await.unwrap();
    for _ in 0..10 {
        assert!(ask(&mut before, &get("/peer")).await.is_ok());
        assert!(read_answer(&mut late).now_or_never().is_none());
    }
    drop(hoard);
    assert!(soon(read_answer(&mut late)).await.unwrap().starts_with("HTTP/1.1 200"));
}

fn run_with_few(test: &str) {
    let (_crate, module) = module_path!().split_once("::").unwrap();
    let script = format!("ulimit -n {FEW}; exec \"$0\" --exact {module}::{test}");
    let run =
        Command::new("sh").args(["-c", &script]).arg(std::env::current_exe().unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}
