//! Port scans: what is told of them as they go on, who may scan what, and how they end. Real ones are of loopback.

use std::{sync::Arc, time::Duration};

use atalaya_proto::{
    audit::v1::ListEventsRequest,
    network::v1::{
        Port, PortReason, PortState, Protocol, ScanMethod, ScanPortsRequest, ScanSummary,
        scan_ports_response::Event,
    },
};
use atalaya_tests::{House, Person, Plan, ScriptedWorld, refused, verdict::failure, wait::until};
use tokio::{
    net::{TcpListener, UdpSocket},
    time::timeout,
};
use tonic::Status;
use uuid::Uuid;

/// How long a stop may take.
const STOPPED: Duration = Duration::from_secs(1);

fn of(host: &str, ports: &str) -> ScanPortsRequest {
    ScanPortsRequest { hosts: vec![host.to_owned()], ports: ports.to_owned(), ..Default::default() }
}

fn udp(host: &str, udp_ports: &str) -> ScanPortsRequest {
    ScanPortsRequest { udp_ports: udp_ports.to_owned(), ..of(host, "") }
}

async fn scan(person: &Person, request: ScanPortsRequest) -> Result<(Vec<Port>, ScanSummary), Status> {
    let mut events = person.calls.network().scan_ports(request).await?.into_inner();
    let (mut ports, mut summary) = (Vec::new(), None);
    while let Some(answer) = events.message().await? {
        assert!(summary.is_none(), "the summary is the last");
        match answer.event.expect("an event") {
            Event::Port(port) => ports.push(port),
            Event::Progress(progress) => assert!(progress.done <= progress.total),
            Event::Summary(last) => summary = Some(last),
        }
    }
    ports.sort_by_key(|port| (port.address.clone(), port.port));
    Ok((ports, summary.expect("a summary")))
}

/// A house that may look at this machine.
fn loopback() -> Plan {
    Plan::default().with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8,::1")
}

#[tokio::test]
async fn every_port_of_loopback_is_told_once_and_as_it_is() {
    House::each_as(&loopback(), async |house| {
        let mara = house.user("Mara").await;
        for host in ["127.0.0.1", "::1"] {
            let Ok(listener) = TcpListener::bind((host, 0)).await else { continue };
            let open = u32::from(listener.local_addr().expect("an address").port());
            let (ports, summary) = scan(&mara, of(host, "-")).await.expect("a scan");
            let numbers: Vec<u32> = ports.iter().map(|port| port.port).collect();
            assert_eq!(numbers, (1..=65_535).collect::<Vec<_>>());
            let ours = &ports[open as usize - 1];
            assert_eq!((ours.state(), ours.reason()), (PortState::Open, PortReason::SynAck));
            assert!(ours.response_time.is_some() && ours.scan_time.is_some(), "{ours:?}");
            assert_eq!(summary.open + summary.closed + summary.filtered, 65_535, "{summary:?}");
            assert_eq!((summary.unscanned, summary.complete), (0, true), "{summary:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn where_the_server_itself_listens_nobody_looks() {
    House::each_as(&loopback(), async |house| {
        let mara = house.user("Mara").await;
        let own = house.rest.address().port();
        let (ports, summary) = scan(&mara, of("127.0.0.1", &own.to_string())).await.expect("a scan");
        assert_eq!((ports[0].state(), ports[0].reason()), (PortState::Filtered, PortReason::Policy));
        assert_eq!((summary.filtered, summary.probes), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn networks_are_scanned_whole_and_open_ports_alone_if_asked_for() {
    let world = Arc::new(ScriptedWorld::default());
    world.ports.open("192.0.43.9:80");
    world.names.say("web.example", &["192.0.43.9", "192.0.43.10"]);
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        let request = ScanPortsRequest { open_only: true, ..of("192.0.43.8/30", "80,443") };
        let (ports, summary) = scan(&mara, request).await.expect("a scan");
        assert_eq!(ports.len(), 1, "{ports:?}");
        assert_eq!((ports[0].address.as_str(), ports[0].port), ("192.0.43.9", 80));
        assert_eq!((summary.total, summary.open, summary.closed), (8, 1, 7));
        assert_eq!(summary.addresses, ["192.0.43.8", "192.0.43.9", "192.0.43.10", "192.0.43.11"]);
        let request =
            ScanPortsRequest { hosts: vec!["web.example".into(), "192.0.43.9".into()], ..of("", "80") };
        let (_, summary) = scan(&mara, request).await.expect("a scan");
        assert_eq!(summary.addresses, ["192.0.43.9"], "of a name the first address, and each address once");
    })
    .await;
}

#[tokio::test]
async fn of_many_long_names_as_many_are_written_down_as_there_is_room_for() {
    let world = Arc::new(ScriptedWorld::default());
    // Of random labels, which no database packs.
    let labels = || std::array::from_fn::<_, 7, _>(|_| Uuid::new_v4().simple().to_string()).join(".");
    let hosts: Vec<String> = (0..257).map(|_| labels() + ".example").collect();
    for name in &hosts {
        world.names.say(name, &["192.0.43.9"]);
    }
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        let request = |hosts: &[String]| ScanPortsRequest { hosts: hosts.to_vec(), ..of("", "80") };
        scan(&mara, request(&hosts[..256])).await.expect("as many as a user may scan");
        assert_eq!(refused(scan(&mara, request(&hosts)).await), "INVALID_ARGUMENT/HOST_INVALID");
        let asked = ListEventsRequest { action: "network.scan".into(), ..ListEventsRequest::default() };
        let events = root.calls.audit().list_events(asked).await.expect("a list").into_inner().events;
        let [event] = &*events else { panic!("{events:?}") };
        assert!(event.target.starts_with(&hosts[0]) && event.target.ends_with(" more"), "{}", event.target);
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_scanned_is_refused_by_its_reason() {
    let world = Arc::new(ScriptedWorld::default());
    world.names.say("inside.example", &["192.0.43.9", "127.0.0.1"]);
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        let request = |change: &dyn Fn(&mut ScanPortsRequest)| {
            let mut request = of("192.0.43.9", "80");
            change(&mut request);
            request
        };
        let span = |millis| Duration::from_millis(millis).try_into().ok();
        for (reason, request) in [
            ("INVALID_ARGUMENT/HOST_INVALID", request(&|r| r.hosts.clear())),
            ("INVALID_ARGUMENT/HOST_INVALID", of("127.1", "80")),
            ("INVALID_ARGUMENT/HOST_INVALID", of("192.0.0.0/16", "80")),
            ("INVALID_ARGUMENT/HOST_INVALID", of("2001:db8::/64", "80")),
            ("INVALID_ARGUMENT/PORTS_INVALID", of("192.0.43.9", "")),
            ("INVALID_ARGUMENT/PORTS_INVALID", of("192.0.43.9", "0")),
            ("INVALID_ARGUMENT/PORTS_INVALID", of("192.0.43.9", "80-70")),
            ("INVALID_ARGUMENT/PORTS_INVALID", udp("192.0.43.9", "0")),
            ("INVALID_ARGUMENT/PORTS_INVALID", udp("192.0.43.9", "1-65")),
            ("INVALID_ARGUMENT/TIMEOUT_INVALID", request(&|r| r.timeout = span(99))),
            ("INVALID_ARGUMENT/TIMEOUT_INVALID", request(&|r| r.timeout = span(30_001))),
            ("INVALID_ARGUMENT/CONCURRENCY_INVALID", request(&|r| r.max_concurrent = 8_193)),
            ("INVALID_ARGUMENT/CONCURRENCY_INVALID", request(&|r| r.max_rate = 1_000_001)),
            ("NOT_FOUND/HOST_NOT_FOUND", of("nowhere.example", "80")),
            ("PERMISSION_DENIED/TARGET_DENIED", of("127.0.0.1", "80")),
            ("PERMISSION_DENIED/TARGET_DENIED", of("inside.example", "80")),
            ("PERMISSION_DENIED/TARGET_DENIED", of("10.0.0.0/24", "80")),
        ] {
            assert_eq!(refused(scan(&mara, request.clone()).await), reason, "{request:?}");
        }
        let admin = house.admin().await;
        let too_many = scan(&admin, udp("10.0.0.0/20", "1-5")).await;
        assert_eq!(refused(too_many), "INVALID_ARGUMENT/PORTS_INVALID", "over all hosts");
        let (_, summary) = scan(&admin, of("10.0.0.0/20", "80")).await.expect("an admin scans more at once");
        assert_eq!(summary.total, 4_096);
    })
    .await;
}

#[tokio::test]
async fn scans_are_few_at_a_time_and_end_when_their_caller_leaves() {
    let world = Arc::new(ScriptedWorld::default());
    world.ports.hold();
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        let begin = async |host: &str| mara.calls.network().scan_ports(of(host, "80")).await;
        let first = begin("192.0.43.8").await.expect("a scan").into_inner();
        let _second = begin("192.0.43.9").await.expect("a scan").into_inner();
        let error = failure(begin("192.0.43.10").await.map(|_| ()));
        assert_eq!(atalaya_tests::verdict::of(&error), "RESOURCE_EXHAUSTED/TOO_MANY_RUNS");
        assert!(error.retry_after.is_some());
        drop(first);
        let again = until("room for another scan", async || begin("192.0.43.10").await.ok());
        timeout(STOPPED, again).await.expect("a scan ends soon after its caller has left");
    })
    .await;
}

#[tokio::test]
async fn a_day_has_so_many_probes() {
    let world = Arc::new(ScriptedWorld::default());
    let plan = Plan::default().with("ATALAYA_PROBES_PER_DAY", "1500").in_world(&world);
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        scan(&mara, of("192.0.43.9", "1-1000")).await.expect("a scan");
        let error = failure(scan(&mara, of("192.0.43.9", "1-501")).await);
        assert_eq!(atalaya_tests::verdict::of(&error), "RESOURCE_EXHAUSTED/PROBES_EXHAUSTED");
        assert!(error.retry_after.expect("a wait") <= Duration::from_hours(24));
        scan(&mara, of("192.0.43.9", "1-500")).await.expect("what was refused did not count");
    })
    .await;
}

#[tokio::test]
async fn udp_ports_are_told_beside_those_of_tcp() {
    let world = Arc::new(ScriptedWorld::default());
    world.ports.open("192.0.43.9:80");
    world.ports.open_udp("192.0.43.9:53");
    world.ports.close_udp("192.0.43.10:123");
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        let (ports, summary) = scan(&mara, udp("192.0.43.8/30", "53,123")).await.expect("a scan");
        assert_eq!((ports.len(), summary.total), (8, 8));
        assert!(ports.iter().all(|port| port.protocol() == Protocol::Udp), "{ports:?}");
        let state = |address: &str, number| {
            let port = ports.iter().find(|port| port.address == address && port.port == number);
            port.map(|port| (port.state(), port.reason())).expect("a port")
        };
        assert_eq!(state("192.0.43.9", 53), (PortState::Open, PortReason::Response));
        assert_eq!(state("192.0.43.10", 123), (PortState::Closed, PortReason::PortUnreachable));
        assert_eq!(state("192.0.43.8", 53), (PortState::OpenOrFiltered, PortReason::NoResponse));
        assert_eq!((summary.open, summary.closed, summary.filtered), (1, 1, 6), "{summary:?}");
        let both = ScanPortsRequest { ports: "80,443".into(), ..udp("192.0.43.9", "53") };
        let (ports, summary) = scan(&mara, both).await.expect("a scan");
        let open = ports.iter().filter(|port| port.state() == PortState::Open).count();
        assert_eq!((ports.len(), open, summary.total, summary.open), (3, 2, 3, 2), "{ports:?}");
        assert_eq!((summary.silent_hosts, summary.complete), (0, true));
    })
    .await;
}

#[tokio::test]
async fn udp_ports_of_loopback_are_told_as_they_are() {
    House::each_as(&loopback(), async |house| {
        let mara = house.user("Mara").await;
        for host in ["127.0.0.1", "::1"] {
            let Ok(service) = UdpSocket::bind((host, 0)).await else { continue };
            let closed =
                UdpSocket::bind((host, 0)).await.and_then(|socket| socket.local_addr()).expect("one");
            let open = service.local_addr().expect("an address").port();
            let answers = tokio::spawn(async move {
                let (_, from) = service.recv_from(&mut [0; 16]).await.expect("a question");
                service.send_to(b"here", from).await.expect("an answer");
            });
            let request = udp(host, &format!("{open},{}", closed.port()));
            let (mut ports, summary) = scan(&mara, request).await.expect("a scan");
            answers.await.expect("an answer");
            ports.sort_by_key(|port| u32::from(open) != port.port);
            assert_eq!((ports[0].state(), ports[0].reason()), (PortState::Open, PortReason::Response));
            assert!(ports[0].response_time.is_some(), "{ports:?}");
            assert_eq!(
                (ports[1].state(), ports[1].reason()),
                (PortState::Closed, PortReason::PortUnreachable)
            );
            assert_eq!((summary.open, summary.closed, summary.complete), (1, 1, true), "{summary:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn scans_by_syns_need_a_right_and_see_what_accepts_for_every_port() {
    let world = Arc::new(ScriptedWorld::default());
    (1..=12).for_each(|port| world.ports.open(&format!("192.0.43.9:{port}")));
    world.ports.open("192.0.43.10:1");
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let mara = house.user("Mara").await;
        let by = |method: ScanMethod| ScanPortsRequest {
            method: method.into(),
            open_only: true,
            ..of("192.0.43.8/30", "1-20")
        };
        world.ports.hollow(false);
        world.ports.allow_raw_sockets(true);
        let (_, summary) = scan(&mara, by(ScanMethod::Syn)).await.expect("a scan");
        assert!(summary.suspicious_addresses.is_empty() && summary.open == 13, "{summary:?}");
        world.ports.hollow(true);
        let (ports, summary) = scan(&mara, by(ScanMethod::Syn)).await.expect("a scan");
        assert!(ports.iter().all(|port| port.reason() == PortReason::HollowSynAck), "{ports:?}");
        assert_eq!(summary.suspicious_addresses, ["192.0.43.9"], "one open port is no sign");
        world.ports.allow_raw_sockets(false);
        let error = failure(scan(&mara, by(ScanMethod::Syn)).await);
        assert_eq!(atalaya_tests::verdict::of(&error), "FAILED_PRECONDITION/RAW_SOCKETS_FORBIDDEN");
        assert!(error.message.contains("setcap cap_net_raw+ep"), "{}", error.message);
        scan(&mara, by(ScanMethod::Connect)).await.expect("connecting needs no right");
    })
    .await;
}
