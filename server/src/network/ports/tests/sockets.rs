//! Real sockets, on this machine only.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    permit,
    world::{limits, range},
};
use crate::network::ports::{Found, Incomplete, Limits, Port, PortSet, Reason, State, Summary, scan};

async fn run(address: IpAddr, ports: PortSet, limits: Limits) -> (Vec<Found>, Summary) {
    let (sink, mut source) = mpsc::channel(4);
    let collect = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(batch) = source.recv().await {
            all.extend(batch);
        }
        all
    });
    let permits = vec![permit(address, None)];
    let summary = scan(permits, ports, limits, 1, sink, CancellationToken::new()).await.unwrap();
    (collect.await.unwrap(), summary)
}

/// Ports at an address of which every second one listens. The others are connections' own, and so refuse.
fn half_open(address: IpAddr) -> (Vec<TcpListener>, Vec<TcpStream>, BTreeMap<u16, State>) {
    let here = SocketAddr::new(address, 0);
    let listeners: Vec<_> = (0..20).map(|_| TcpListener::bind(here).unwrap()).collect();
    let to = listeners[0].local_addr().unwrap();
    let streams: Vec<_> = (0..20).map(|_| TcpStream::connect(to).unwrap()).collect();
    let open = listeners.iter().map(|l| (l.local_addr().unwrap().port(), State::Open));
    let closed = streams.iter().map(|s| (s.local_addr().unwrap().port(), State::Closed));
    let states = open.chain(closed).collect();
    (listeners, streams, states)
}

async fn tells_states_of(address: IpAddr) {
    let (_listeners, _streams, states) = half_open(address);
    let ports = PortSet::new(states.keys().copied().filter_map(Port::new));
    let (found, summary) = run(address, ports, limits()).await;
    let seen: BTreeMap<u16, State> = found.iter().map(|found| (found.port.number(), found.state)).collect();
    assert_eq!(seen, states);
    assert_eq!(found.len(), 40);
    assert!(found.iter().all(|found| found.response.is_some_and(|took| took < Duration::from_secs(1))));
    assert!(
        found
            .iter()
            .all(|f| f.reason == if f.state == State::Open { Reason::SynAck } else { Reason::ConnRefused })
    );
    assert!(summary.complete(), "{summary:?}");
}

#[tokio::test]
async fn states_are_told_over_ipv4() {
    tells_states_of(Ipv4Addr::LOCALHOST.into()).await;
}

#[tokio::test]
async fn states_are_told_over_ipv6() {
    tells_states_of(Ipv6Addr::LOCALHOST.into()).await;
}

#[tokio::test]
async fn every_port_is_told_once_whatever_their_number() {
    // Nobody listens there but what listens everywhere.
    let (found, summary) = run(Ipv4Addr::new(127, 83, 1, 7).into(), range(1, 65_535), limits()).await;
    let mut ports: Vec<u16> = found.iter().map(|found| found.port.number()).collect();
    ports.sort_unstable();
    assert_eq!(ports, (1..=65_535).collect::<Vec<_>>());
    let counts = summary.counts;
    assert_eq!(counts.open + counts.closed, 65_535, "{summary:?}");
}

#[tokio::test]
async fn a_scan_that_nobody_listens_to_ends() {
    let (sink, source) = mpsc::channel(1);
    drop(source);
    let limits = Limits { rate: Some(100), ..limits() };
    let permits = vec![permit(Ipv4Addr::LOCALHOST.into(), None)];
    let cancel = CancellationToken::new();
    let summary = scan(permits, range(1, 65_535), limits, 1, sink, cancel).await.unwrap();
    assert_eq!(summary.incomplete, Some(Incomplete::Cancelled));
    assert!(summary.duration < Duration::from_secs(1), "{summary:?}");
}

#[tokio::test]
async fn a_scan_ends_within_a_second_of_its_cancel() {
    let (sink, mut source) = mpsc::channel(100);
    let limits = Limits { rate: Some(100), ..limits() };
    let permits = vec![permit(Ipv4Addr::LOCALHOST.into(), None)];
    let cancel = CancellationToken::new();
    let task = tokio::spawn(scan(permits, range(1, 65_535), limits, 1, sink, cancel.clone()));
    source.recv().await.unwrap();
    let asked = tokio::time::Instant::now();
    cancel.cancel();
    let summary = task.await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(summary.incomplete, Some(Incomplete::Cancelled));
    assert!(summary.counts.unscanned > 60_000);
}
