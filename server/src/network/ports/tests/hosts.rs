//! Every state is told as it is, in the time that it needs.

use std::time::Duration;

use super::{
    SERVICES, permit,
    world::{Machine, Other, World, address, limits, range},
};
use crate::network::ports::{PortSet, Reason, State, model::Port};

#[test]
fn a_host_that_resets_is_known_after_one_probe_a_port() {
    let outcome =
        World::new(vec![Machine::new(&SERVICES, Other::Resets, 20)], 1).scan(&range(1, 65_535), limits(), 1);
    assert_eq!(outcome.open(0), SERVICES);
    let counts = outcome.summary.counts;
    assert_eq!((counts.open, counts.closed, counts.filtered, counts.unscanned), (23, 65_512, 0, 0));
    assert_eq!((outcome.summary.probes, outcome.summary.loss_estimate), (65_535, Some(0.0)));
    assert!(outcome.summary.complete());
    // What the simulated machine needs for so many connects, and a few round trips to get going.
    assert!(outcome.seconds() < 0.525 + 0.2, "{}", outcome.seconds());
}

#[test]
fn a_thousand_ports_of_a_firewalled_host_take_less_than_six_tenths_of_a_second() {
    for seed in 0..20 {
        let outcome = World::new(vec![Machine::new(&SERVICES, Other::Drops, 20)], seed).scan(
            &range(1, 1000),
            limits(),
            seed,
        );
        assert_eq!(outcome.open(0), SERVICES[..10]);
        assert!(outcome.summary.complete());
        assert_eq!(outcome.summary.counts.filtered, 990);
        assert!(outcome.seconds() <= 0.6, "{}", outcome.seconds());
    }
}

#[test]
fn all_ports_of_a_firewalled_host_are_asked_twice_and_its_services_as_canaries() {
    let outcome =
        World::new(vec![Machine::new(&SERVICES, Other::Drops, 20)], 1).scan(&range(1, 65_535), limits(), 1);
    assert_eq!(outcome.open(0), SERVICES);
    assert!(outcome.summary.complete());
    let (canaries, silent): (Vec<_>, Vec<_>) =
        outcome.probes.iter().partition(|((_, port), _)| SERVICES.contains(port));
    assert!(silent.iter().all(|(_, count)| **count == 2));
    assert!(canaries.iter().all(|(_, count)| (2..=17).contains(*count)), "{canaries:?}");
    assert!(outcome.seconds() < 5.0, "{}", outcome.seconds());
}

#[test]
fn one_hidden_service_is_found_however_late_its_turn_comes() {
    for seed in 0..10 {
        let hidden = 1000 + u16::try_from(seed).unwrap() * 6000;
        let outcome = World::new(vec![Machine::new(&[hidden], Other::Drops, 20)], seed).scan(
            &range(1, 65_535),
            limits(),
            seed,
        );
        assert_eq!(outcome.open(0), [hidden]);
        assert!(outcome.summary.complete());
        assert!(outcome.seconds() < 16.0, "{}", outcome.seconds());
    }
}

#[test]
fn a_host_that_is_far_away_is_not_taken_for_an_absent_one() {
    for rtt in [350, 600, 900] {
        let machines =
            vec![Machine::new(&SERVICES, Other::Drops, rtt), Machine::new(&SERVICES, Other::Resets, 5)];
        let outcome = World::new(machines, 1).scan(&range(1, 2000), limits(), 1);
        assert_eq!(outcome.open(0), SERVICES[..10], "{rtt} ms");
        assert_eq!(outcome.summary.silent_hosts, 0);
        assert!(outcome.summary.complete(), "{:?}", outcome.summary);
    }
}

#[test]
fn a_network_of_mostly_absent_hosts_takes_little_longer_than_its_longest_wait() {
    let alive = Machine::new(&SERVICES[..16], Other::Drops, 20);
    let machines = (0..256).map(|host| if host < 32 { alive.clone() } else { Machine::absent() }).collect();
    let ports = PortSet::new(SERVICES.into_iter().chain(10_000..10_077).filter_map(Port::new));
    assert_eq!(ports.len(), 100);
    let outcome = World::new(machines, 1).scan(&ports, limits(), 1);
    for host in 0..32 {
        assert_eq!(outcome.open(host), SERVICES[..16]);
    }
    assert_eq!((outcome.summary.silent_hosts, outcome.summary.counts.open), (224, 512));
    assert_eq!(outcome.found.len(), 25_600);
    assert!(outcome.seconds() < 1.9, "{}", outcome.seconds());
}

#[test]
fn probes_to_many_hosts_are_spread_over_them() {
    let machines = vec![Machine::new(&SERVICES, Other::Resets, 20); 64];
    let outcome = World::new(machines, 1).scan(&range(1, 100), limits(), 1);
    assert_eq!(outcome.summary.counts.closed, 64 * 95);
    let counts = outcome.probes.values().sum::<u32>();
    assert_eq!(counts, 6400);
    assert!(outcome.seconds() < 0.3, "{}", outcome.seconds());
}

#[test]
fn what_a_router_says_is_told_with_its_reason() {
    let outcome =
        World::new(vec![Machine::new(&[22], Other::Unreachable, 20)], 1).scan(&range(20, 29), limits(), 1);
    assert_eq!(outcome.open(0), [22]);
    let others: Vec<_> = outcome.found.iter().filter(|found| found.port.number() != 22).collect();
    assert_eq!(others.len(), 9);
    assert!(others.iter().all(|f| f.state == State::Filtered && f.reason == Reason::HostUnreachable));
}

#[test]
fn a_port_that_the_policy_keeps_is_told_and_never_touched() {
    let permit = permit(address(0), Some(22));
    let outcome = World::new(vec![Machine::new(&SERVICES, Other::Resets, 1)], 1).scan_with(
        &[permit],
        &range(20, 25),
        limits(),
        1,
    );
    assert_eq!(outcome.open(0), [21, 25]);
    assert!(!outcome.probes.contains_key(&(address(0), 22)));
    let kept: Vec<_> = outcome.found.iter().filter(|found| found.port.number() == 22).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].state, kept[0].reason), (State::Filtered, Reason::Policy));
    assert_eq!((outcome.found.len(), outcome.summary.counts.filtered), (6, 1));
}

#[test]
fn no_ports_and_no_hosts_are_no_work() {
    let nothing = PortSet::new([]);
    let outcome = World::new(vec![Machine::absent()], 1).scan(&nothing, limits(), 1);
    assert!(outcome.found.is_empty() && outcome.summary.complete());
    let outcome = World::new(vec![], 1).scan(&range(1, 10), limits(), 1);
    assert!(outcome.found.is_empty() && outcome.summary.complete());
    assert_eq!(outcome.summary.duration, Duration::ZERO);
}
