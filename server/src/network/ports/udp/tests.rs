//! The engine under simulated time, and real sockets on this machine.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    super::model::{Found, Incomplete, Limits, Port, PortSet, Reason, State, Summary},
    engine::{Action, Engine, Event},
};
use crate::network::targets::{Permit, TargetPolicy};

fn limits() -> Limits {
    Limits {
        max_concurrent: 1000,
        timeout: Duration::from_millis(500),
        rate: None,
        deadline: Duration::from_hours(1),
    }
}

fn ports(numbers: impl IntoIterator<Item = u16>) -> PortSet {
    PortSet::new(numbers.into_iter().filter_map(Port::new))
}

fn permits(count: u8) -> Vec<Permit> {
    let policy = TargetPolicy::default();
    (1..=count).map(|last| policy.resolver(IpAddr::from([198, 18, 0, last]))).collect()
}

/// Runs an engine to its end. `answer` says what the `try`th datagram to a port gets at once, if anything.
fn run(
    mut engine: Engine,
    mut answer: impl FnMut(IpAddr, u16, u32) -> Option<Event>,
) -> (Vec<Found>, Summary, Vec<(IpAddr, Duration)>) {
    let (mut now, mut found, mut sent) = (Duration::ZERO, Vec::new(), Vec::new());
    let mut tries: BTreeMap<u32, u32> = BTreeMap::new();
    loop {
        match engine.next(now) {
            Action::Ask { probe, permit, port, .. } => {
                let count = tries.entry(probe).or_default();
                *count += 1;
                sent.push((permit.address(), now));
                if let Some(event) = answer(permit.address(), port.number(), *count) {
                    engine.on(probe, event, now);
                }
            }
            Action::Close { .. } => {}
            Action::Wait(until) => {
                assert!(until > now && until < Duration::MAX, "it waits for {until:?} at {now:?}");
                now = until;
            }
            Action::Done => break,
        }
        found.extend(std::iter::from_fn(|| engine.take_found()));
    }
    found.extend(std::iter::from_fn(|| engine.take_found()));
    (found, engine.summary(now), sent)
}

fn state(found: &[Found], port: u16) -> (State, Reason) {
    let found = found.iter().find(|found| found.port.number() == port).unwrap();
    (found.state, found.reason)
}

#[test]
fn each_port_is_what_its_answer_says() {
    let engine = Engine::new(&permits(1), &ports([53, 123, 161, 500, 514]), limits());
    let (found, summary, _) = run(engine, |_, port, _| match port {
        53 => Some(Event::Response),
        123 => Some(Event::Closed),
        161 => Some(Event::Unreachable(Reason::PortUnreachable)),
        500 => Some(Event::Unreachable(Reason::AdminProhibited)),
        _ => None,
    });
    assert_eq!(state(&found, 53), (State::Open, Reason::Response));
    assert_eq!(state(&found, 123), (State::Closed, Reason::PortUnreachable));
    assert_eq!(state(&found, 161), (State::Filtered, Reason::PortUnreachable));
    assert_eq!(state(&found, 500), (State::Filtered, Reason::AdminProhibited));
    assert_eq!(state(&found, 514), (State::OpenOrFiltered, Reason::NoResponse));
    assert_eq!((found.len(), summary.silent_hosts, summary.probes), (5, 0, 7));
    assert!(summary.complete());
    // Asked at 0, 1 and 2 s, and silent for the timeout after that.
    assert_eq!(summary.duration, Duration::from_millis(2500));
}

#[test]
fn a_lost_datagram_hides_no_service() {
    let engine = Engine::new(&permits(1), &ports([53, 123]), limits());
    let (found, _, _) = run(engine, |_, port, count| (port == 53 && count == 3).then_some(Event::Response));
    assert_eq!(state(&found, 53), (State::Open, Reason::Response));
    assert_eq!(state(&found, 123), (State::OpenOrFiltered, Reason::NoResponse));
}

#[test]
fn a_host_that_says_one_thing_a_second_is_heard_out() {
    let engine = Engine::new(&permits(1), &ports(1..=64), limits());
    let mut messages = 0_u32;
    // Six at once, and then each datagram that asks again.
    let (found, summary, _) = run(engine, |_, _, count| {
        messages += 1;
        (count > 1 || messages <= 6).then_some(Event::Closed)
    });
    assert!(found.iter().all(|found| found.state == State::Closed), "{found:?}");
    assert_eq!(summary.counts.closed, 64);
    assert_eq!(summary.duration, Duration::from_secs(58));
}

#[test]
fn silent_ports_are_asked_again_in_turn_and_no_host_more_than_once_a_second() {
    let engine = Engine::new(&permits(3), &ports(1..=64), limits());
    let (found, summary, sent) = run(engine, |_, _, _| None);
    assert_eq!((found.len(), summary.counts.open_or_filtered, summary.silent_hosts), (192, 192, 3));
    for last in 1..=3 {
        let host = IpAddr::from([198, 18, 0, last]);
        let times: Vec<Duration> =
            sent.iter().filter(|(address, _)| *address == host).map(|sent| sent.1).collect();
        assert_eq!(times[63], Duration::ZERO, "each is asked at once");
        assert_eq!(times.len(), 128, "and once again");
        let again = &times[63..];
        assert!(again.windows(2).all(|pair| pair[1] >= pair[0] + Duration::from_secs(1)), "{again:?}");
    }
    assert_eq!(summary.duration, Duration::from_millis(64_500));
}

#[test]
fn no_more_sockets_are_used_and_no_more_is_sent_than_may_be() {
    let limits = Limits { max_concurrent: 5, rate: Some(10), ..limits() };
    let engine = Engine::new(&permits(2), &ports(1..=10), limits);
    let (found, summary, sent) = run(engine, |_, _, _| None);
    assert_eq!(found.len(), 20);
    assert!(summary.complete());
    let rate = sent.len() as f64 / summary.duration.as_secs_f64();
    assert!(rate < 10.1, "{rate}");
}

#[test]
fn what_can_not_be_asked_is_not_told() {
    let engine = Engine::new(&permits(2), &ports([53, 123]), limits());
    let (found, summary, _) =
        run(engine, |address, _, _| (address == IpAddr::from([198, 18, 0, 1])).then_some(Event::NoRoute));
    assert_eq!((found.len(), summary.counts.unscanned), (2, 2));
    assert_eq!(summary.incomplete, Some(Incomplete::NoRoute));
    let engine = Engine::new(&permits(1), &ports([53, 123]), limits());
    let (found, summary, _) = run(engine, |_, port, _| (port == 53).then_some(Event::Forbidden));
    assert_eq!((found.len(), summary.counts.unscanned), (1, 1));
}

#[test]
fn a_machine_without_sockets_asks_later_and_at_last_gives_up() {
    let mut refusals = 0;
    let engine = Engine::new(&permits(1), &ports([53, 123]), limits());
    let (found, summary, _) = run(engine, |_, _, _| {
        refusals += 1;
        Some(if refusals <= 3 { Event::NoSocket } else { Event::Response })
    });
    assert_eq!((found.len(), summary.complete()), (2, true));
    let engine = Engine::new(&permits(1), &ports([53, 123]), limits());
    let (found, summary, _) = run(engine, |_, _, _| Some(Event::NoSocket));
    assert_eq!((found.len(), summary.incomplete), (0, Some(Incomplete::NoSockets)));
    assert!(summary.duration < Duration::from_secs(15), "{summary:?}");
}

#[test]
fn a_deadline_tells_what_was_asked_and_a_cancel_nothing() {
    let limits = Limits { max_concurrent: 1, deadline: Duration::from_millis(100), ..limits() };
    let (found, summary, _) = run(Engine::new(&permits(1), &ports([53, 123]), limits), |_, _, _| None);
    assert_eq!((found.len(), summary.counts.unscanned), (1, 1));
    assert_eq!(summary.incomplete, Some(Incomplete::Deadline));
    let mut engine = Engine::new(&permits(1), &ports([53, 123]), limits);
    engine.next(Duration::ZERO);
    engine.interrupt(Incomplete::Cancelled);
    assert_eq!(engine.take_found(), None);
    let summary = engine.summary(Duration::ZERO);
    assert_eq!((summary.counts.unscanned, summary.incomplete), (2, Some(Incomplete::Cancelled)));
}

#[test]
fn where_the_server_listens_nobody_is_asked() {
    let policy = TargetPolicy::default();
    let here = IpAddr::from(Ipv4Addr::LOCALHOST);
    policy.listens_at(SocketAddr::new(here, 53));
    let engine = Engine::new(&[policy.resolver(here)], &ports([53, 123]), limits());
    let (found, _, sent) = run(engine, |_, _, _| Some(Event::Closed));
    assert_eq!(state(&found, 53), (State::Filtered, Reason::Policy));
    assert_eq!(sent.len(), 1);
}

async fn scan(address: IpAddr, ports: PortSet) -> (Vec<Found>, Summary) {
    let (sink, mut source) = mpsc::channel(64);
    let permits = vec![TargetPolicy::default().resolver(address)];
    let summary = super::scan(permits, ports, limits(), 1, sink, CancellationToken::new()).await.unwrap();
    let mut found = Vec::new();
    while let Ok(batch) = source.try_recv() {
        found.extend(batch);
    }
    (found, summary)
}

/// Sockets at an address: one that answers, one that is silent, and one whose port is closed again.
fn three(address: IpAddr) -> ([UdpSocket; 2], [u16; 3]) {
    let sockets: [UdpSocket; 3] = std::array::from_fn(|_| UdpSocket::bind((address, 0)).unwrap());
    let numbers = sockets.each_ref().map(|socket| socket.local_addr().unwrap().port());
    let [answering, silent, closed] = sockets;
    drop(closed);
    ([answering, silent], numbers)
}

async fn tells_states_of(address: IpAddr) {
    let ([answering, _silent], [open, silent, closed]) = three(address);
    let answers = thread::spawn(move || {
        let (_, from) = answering.recv_from(&mut [0; 16]).unwrap();
        answering.send_to(b"here", from).unwrap();
    });
    let (found, summary) = scan(address, ports([open, silent, closed])).await;
    answers.join().unwrap();
    assert_eq!(state(&found, open), (State::Open, Reason::Response));
    assert_eq!(state(&found, silent), (State::OpenOrFiltered, Reason::NoResponse));
    assert_eq!(state(&found, closed), (State::Closed, Reason::PortUnreachable));
    assert_eq!((found.len(), summary.complete()), (3, true), "{summary:?}");
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
async fn a_scan_ends_soon_after_its_cancel() {
    let address = IpAddr::from(Ipv4Addr::LOCALHOST);
    let ([_one, _other], [silent, ..]) = three(address);
    let (sink, _source) = mpsc::channel(1);
    let permits = vec![TargetPolicy::default().resolver(address)];
    let cancel = CancellationToken::new();
    cancel.cancel();
    let summary = super::scan(permits, ports([silent]), limits(), 1, sink, cancel).await.unwrap();
    assert_eq!((summary.incomplete, summary.counts.unscanned), (Some(Incomplete::Cancelled), 1));
}
