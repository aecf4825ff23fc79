//! Pings over the wire: real ones to this machine, scripted ones elsewhere, and the program without any rights.

use std::{net::IpAddr, sync::Arc, time::Duration};

use atalaya_client::Api;
use atalaya_proto::network::v1::{PingOutcome, PingRequest, PingResponse};
use atalaya_server::network::{model::ping::Echoed, world::Unresolved};
use atalaya_tests::{House, Person, Plan, ScriptedWorld, failure, people, process::Program, refused};
use tonic::Status;

async fn ping(who: &Person, request: PingRequest) -> Result<PingResponse, Status> {
    Ok(who.calls.network().ping(request).await?.into_inner())
}

fn of(host: &str) -> PingRequest {
    PingRequest { host: host.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn this_machine_answers_itself_when_the_operator_lets_it() {
    House::each_as(&Plan::default().with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8,::1"), async |house| {
        let mara = house.user("Mara").await;
        for host in ["127.0.0.1", "::1", "localhost"] {
            for (packet_size, ttl) in [(0, 0), (8, 1), (1500, 255)] {
                let timeout = Some(prost_types::Duration { seconds: 30, nanos: 0 });
                let answer = ping(&mara, PingRequest { timeout, packet_size, ttl, ..of(host) }).await;
                let answer = answer.expect("an answer");
                assert_eq!(answer.outcome(), PingOutcome::Echoed, "{host}: {}", answer.detail);
                assert!(answer.address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()));
                let time = answer.round_trip.expect("a round trip");
                let time = Duration::try_from(time).expect("a duration");
                assert!(time > Duration::ZERO && time < Duration::from_secs(30), "{time:?}");
                assert_eq!((answer.answer_ttl, &*answer.detail), (64, ""), "{host}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_s_first_address_is_asked_and_all_of_them_must_be_allowed() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    world.names.say("two.example", &["198.51.100.7", "198.51.100.8"]);
    world.names.say("mixed.example", &["198.51.100.7", "10.0.0.1"]);
    world.names.fail("slow.example", Unresolved::TimedOut);
    world.names.fail("dark.example", Unresolved::Unavailable);
    world.pings.echo("198.51.100.7", Duration::from_millis(12), 55);
    let plan = Plan::default().with("ATALAYA_ALLOW_TARGETS", "198.51.100.0/24").in_world(&world);
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let before = world.pings.sent().len();
        let answer = ping(&mara, PingRequest { ttl: 9, packet_size: 100, ..of("two.example") }).await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.outcome(), &*answer.address), (PingOutcome::Echoed, "198.51.100.7"));
        assert_eq!(answer.round_trip, Some(prost_types::Duration { seconds: 0, nanos: 12_000_000 }));
        assert_eq!(answer.answer_ttl, 55);
        let sent = world.pings.sent();
        let [(_, echo)] = sent[before..] else { panic!("one packet: {sent:?}") };
        assert_eq!(
            (echo.size(), echo.ttl().map(u8::from), echo.timeout()),
            (100, Some(9), Duration::from_secs(4))
        );
        for (host, verdict) in [
            ("mixed.example", "PERMISSION_DENIED/TARGET_DENIED"),
            ("nowhere.example", "NOT_FOUND/HOST_NOT_FOUND"),
            ("slow.example", "DEADLINE_EXCEEDED/RESOLVER_TIMEOUT"),
            ("dark.example", "UNAVAILABLE/RESOLVER_UNAVAILABLE"),
            ("two..example", "INVALID_ARGUMENT/HOST_INVALID"),
        ] {
            assert_eq!(refused(ping(&mara, of(host)).await), verdict, "{host}");
        }
        let denied = failure(ping(&mara, of("mixed.example")).await);
        assert_eq!((&*denied.metadata["address"], &*denied.metadata["class"]), ("10.0.0.1", "private"));
        assert_eq!(world.pings.sent().len(), before + 1, "no other packet was sent");
    })
    .await;
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_is_an_outcome_and_silence_is_a_timeout() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    let router = "198.51.100.1".parse().expect("an address");
    world.pings.say("198.51.100.2", Echoed::Unreachable("no way".into()));
    world.pings.say("198.51.100.3", Echoed::TtlExceeded(router));
    world.pings.say("198.51.100.4", Echoed::NotPermitted("no right".into()));
    let plan = Plan::default().with("ATALAYA_ALLOW_TARGETS", "198.51.100.0/24").in_world(&world);
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        for (host, outcome, detail) in [
            ("198.51.100.2", PingOutcome::Unreachable, "no way"),
            ("198.51.100.3", PingOutcome::TtlExceeded, "198.51.100.1 says: time to live exceeded"),
            ("198.51.100.4", PingOutcome::NotPermitted, "no right"),
        ] {
            let answer = ping(&mara, of(host)).await.expect("an answer");
            assert_eq!((answer.outcome(), &*answer.detail), (outcome, detail));
            assert_eq!((answer.round_trip, &*answer.address), (None, host));
        }
        let timeout = Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 });
        let silent = failure(ping(&mara, PingRequest { timeout, ..of("198.51.100.9") }).await);
        assert_eq!(silent.metadata["timeout"], "1.5");
        assert_eq!(refused(ping(&mara, of("198.51.100.9")).await), "DEADLINE_EXCEEDED/PING_TIMEOUT");
    })
    .await;
}

#[tokio::test]
async fn values_out_of_their_ranges_are_refused_with_the_ranges() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let seconds = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
        for (request, verdict, min, max) in [
            (
                PingRequest { timeout: seconds(0, 99_999_999), ..of("a.example") },
                "TIMEOUT_INVALID",
                "0.1",
                "300",
            ),
            (PingRequest { timeout: seconds(300, 1), ..of("a.example") }, "TIMEOUT_INVALID", "0.1", "300"),
            (PingRequest { timeout: seconds(-4, 0), ..of("a.example") }, "TIMEOUT_INVALID", "0.1", "300"),
            (PingRequest { packet_size: 7, ..of("a.example") }, "PACKET_SIZE_INVALID", "8", "1500"),
            (PingRequest { packet_size: 1501, ..of("a.example") }, "PACKET_SIZE_INVALID", "8", "1500"),
            (PingRequest { ttl: 256, ..of("a.example") }, "TTL_INVALID", "1", "255"),
        ] {
            let error = failure(ping(&mara, request.clone()).await);
            assert_eq!((&*error.metadata["min"], &*error.metadata["max"]), (min, max));
            assert_eq!(refused(ping(&mara, request).await), format!("INVALID_ARGUMENT/{verdict}"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_without_rights_says_so_and_how_to_give_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::on(folder.path()).with("ATALAYA_ALLOW_TARGETS", "127.0.0.1");
    // Root keeps every right that is not taken out of reach.
    let bound = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"];
    let program = if nix::unistd::geteuid().is_root() { program.behind(&bound) } else { program };
    let server = program.start().await.expect("the server starts");
    let api = Api::connect(&server.url()).expect("an address");
    let answer = ping(&people::user(&api, "Mara").await, of("127.0.0.1")).await.expect("an answer");
    if everyone_may_ping() {
        assert_eq!(answer.outcome(), PingOutcome::Echoed, "{}", answer.detail);
    } else {
        assert_eq!(answer.outcome(), PingOutcome::NotPermitted);
        assert!(answer.detail.contains("ping_group_range") && answer.detail.contains("CAP_NET_RAW"));
        assert_eq!(answer.round_trip, None);
    }
}

/// Whether this system lets our group open datagram ICMP sockets.
fn everyone_may_ping() -> bool {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap_or_default();
    let bounds: Vec<u32> = range.split_whitespace().filter_map(|bound| bound.parse().ok()).collect();
    let [first, last] = bounds[..] else { return false };
    (first..=last).contains(&nix::unistd::getegid().as_raw())
}
