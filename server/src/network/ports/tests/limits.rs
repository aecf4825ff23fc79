//! What the caller and the machine allow is kept, and what was not done is said.

use std::time::Duration;

use super::{
    SERVICES,
    world::{Machine, Other, World, limits, range},
};
use crate::network::ports::{Incomplete, Limits};

#[test]
fn no_more_are_under_way_than_the_caller_allows() {
    let limits = Limits { max_concurrent: 100, ..limits() };
    let outcome =
        World::new(vec![Machine::new(&SERVICES, Other::Drops, 20); 3], 1).scan(&range(1, 500), limits, 1);
    assert_eq!(outcome.most_under_way, 100);
    assert_eq!(outcome.open(2), SERVICES[..9]);
}

#[test]
fn no_more_are_sent_a_second_than_the_caller_allows() {
    let limits = Limits { rate: Some(500), ..limits() };
    let outcome =
        World::new(vec![Machine::new(&SERVICES, Other::Resets, 20)], 1).scan(&range(1, 2000), limits, 1);
    assert_eq!(outcome.summary.counts.closed, 2000 - 10);
    let busiest = outcome.times.iter().map(|start| {
        outcome.times.iter().filter(|time| *time >= start && **time < *start + Duration::from_secs(1)).count()
    });
    let busiest = busiest.max().unwrap();
    assert!((490..=506).contains(&busiest), "{busiest}");
}

#[test]
fn no_probe_waits_longer_than_the_caller_allows() {
    let limits = Limits { timeout: Duration::from_millis(50), ..limits() };
    let outcome = World::new(vec![Machine::absent()], 1).scan(&range(1, 10), limits, 1);
    assert!(outcome.summary.duration <= Duration::from_millis(101), "{:?}", outcome.summary.duration);
    assert_eq!((outcome.summary.counts.filtered, outcome.summary.silent_hosts), (10, 1));
}

#[test]
fn at_its_deadline_a_scan_tells_what_it_knows_and_counts_the_rest() {
    let limits = Limits { deadline: Duration::from_millis(400), rate: Some(1000), ..limits() };
    let outcome =
        World::new(vec![Machine::new(&SERVICES, Other::Resets, 20)], 1).scan(&range(1, 1000), limits, 1);
    let counts = outcome.summary.counts;
    assert_eq!(outcome.summary.incomplete, Some(Incomplete::Deadline));
    assert!((350..=410).contains(&(counts.open + counts.closed)), "{counts:?}");
    assert_eq!(counts.open + counts.closed + counts.unscanned, 1000, "no port is told that was not asked");
    assert_eq!(outcome.summary.duration, Duration::from_millis(400));
}

#[test]
fn silent_ports_are_told_at_the_deadline_only_if_they_were_asked() {
    let limits = Limits { deadline: Duration::from_millis(900), rate: Some(1000), ..limits() };
    let outcome = World::new(vec![Machine::new(&[80], Other::Drops, 20)], 1).scan(&range(1, 1000), limits, 1);
    let counts = outcome.summary.counts;
    assert_eq!(counts.filtered + counts.unscanned, 999);
    // Asked 900 at most, of which those of the last 100 ms still wait for their answer.
    assert!((750..=810).contains(&counts.filtered), "{counts:?}");
    assert_eq!(outcome.found.len() as u64, counts.filtered + 1);
}

#[test]
fn a_cancelled_scan_ends_at_once() {
    let mut world = World::new(vec![Machine::new(&SERVICES, Other::Drops, 20)], 1);
    world.cancelled_at = Duration::from_millis(150);
    let outcome = world.scan(&range(1, 65_535), limits(), 1);
    assert_eq!(outcome.summary.incomplete, Some(Incomplete::Cancelled));
    assert!(outcome.summary.duration < Duration::from_millis(151));
    let counts = outcome.summary.counts;
    assert_eq!(counts.open + counts.unscanned, 65_535);
}

#[test]
fn a_machine_with_few_sockets_loses_no_port() {
    for sockets in [9, 64, 200] {
        let mut world = World::new(vec![Machine::new(&SERVICES, Other::Resets, 20)], 1);
        world.sockets = vec![(Duration::ZERO, sockets)];
        let outcome = world.scan(&range(1, 1000), limits(), 1);
        let counts = outcome.summary.counts;
        assert_eq!((counts.open, counts.closed, counts.filtered), (10, 990, 0), "{sockets} sockets");
        assert!(outcome.most_under_way <= sockets + 1 && outcome.summary.complete());
        assert_eq!(outcome.summary.loss_estimate, Some(0.0), "no socket is no loss");
    }
}

#[test]
fn a_machine_whose_sockets_run_out_for_a_while_goes_on_after_it() {
    let mut world = World::new(vec![Machine::new(&SERVICES, Other::Resets, 20)], 1);
    world.sockets = vec![(Duration::from_millis(40), 0), (Duration::from_secs(2), 5000)];
    let outcome = world.scan(&range(1, 1000), limits(), 1);
    assert_eq!(outcome.summary.counts.closed, 990);
    assert!(outcome.summary.complete());
}

#[test]
fn a_machine_without_any_socket_ends_the_scan_and_tells_no_state() {
    let mut world = World::new(vec![Machine::new(&SERVICES, Other::Resets, 20)], 1);
    world.sockets = vec![(Duration::ZERO, 0)];
    let outcome = world.scan(&range(1, 1000), limits(), 1);
    assert_eq!(outcome.summary.incomplete, Some(Incomplete::NoSockets));
    assert_eq!((outcome.found.len(), outcome.summary.counts.unscanned), (0, 1000));
}
