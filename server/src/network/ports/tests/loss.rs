//! What gets lost on the way is found all the same, and the loss is told.

use super::{
    SERVICES,
    world::{Machine, Other, World, limits, range},
};
use crate::network::ports::{Incomplete, State};

#[test]
fn five_percent_loss_hides_no_port_of_a_firewalled_host() {
    for seed in 0..200 {
        let machine = Machine::new(&SERVICES, Other::Drops, 20).with_loss(0.05);
        let outcome = World::new(vec![machine], seed).scan(&range(1, 1000), limits(), seed);
        assert_eq!(outcome.open(0), SERVICES[..10], "seed {seed}: {:?}", outcome.summary);
        assert!(outcome.summary.complete());
    }
}

#[test]
fn five_percent_loss_hides_no_port_of_a_host_that_resets() {
    for seed in 0..50 {
        let machine = Machine::new(&SERVICES, Other::Resets, 20).with_loss(0.05);
        let outcome = World::new(vec![machine], seed).scan(&range(1, 1000), limits(), seed);
        let counts = outcome.summary.counts;
        assert_eq!((counts.open, counts.closed, counts.filtered), (10, 990, 0), "seed {seed}");
        let loss = outcome.summary.loss_estimate.unwrap();
        assert!((0.06..0.14).contains(&loss), "{loss}");
        assert!(outcome.summary.complete());
    }
}

#[test]
fn loss_is_told_where_nearly_all_is_silent() {
    let machine = Machine::new(&SERVICES, Other::Drops, 20).with_loss(0.05);
    let outcome = World::new(vec![machine], 3).scan(&range(1, 65_535), limits(), 3);
    assert_eq!(outcome.open(0), SERVICES);
    let loss = outcome.summary.loss_estimate.unwrap();
    assert!((0.04..0.16).contains(&loss), "{loss}");
}

#[test]
fn heavy_loss_costs_time_and_no_truth() {
    for seed in 0..20 {
        let machine = Machine::new(&SERVICES, Other::Drops, 20).with_loss(0.2);
        let outcome = World::new(vec![machine], seed).scan(&range(1, 1000), limits(), seed);
        assert_eq!(outcome.open(0), SERVICES[..10], "seed {seed}: {:?}", outcome.summary);
    }
}

#[test]
fn a_host_that_limits_its_resets_is_never_told_wrong_and_what_is_unsure_is_said() {
    let machine = Machine::new(&SERVICES, Other::ResetsUpTo(200), 20);
    let outcome = World::new(vec![machine], 1).scan(&range(1, 5000), limits(), 1);
    assert_eq!(outcome.open(0), SERVICES[..12]);
    let filtered = outcome.summary.counts.filtered;
    assert!(filtered == 0 || outcome.summary.incomplete == Some(Incomplete::Loss), "{:?}", outcome.summary);
    assert!(
        outcome
            .found
            .iter()
            .all(|found| found.state != State::Open || SERVICES.contains(&found.port.number()))
    );
}

#[test]
fn a_narrow_way_is_filled_and_not_flooded() {
    let machine = Machine::new(&SERVICES, Other::Resets, 20).with_capacity(5_000, 500);
    let outcome = World::new(vec![machine], 1).scan(&range(1, 20_000), limits(), 1);
    let counts = outcome.summary.counts;
    assert_eq!((counts.open, counts.closed, counts.filtered), (18, 19_982, 0), "{:?}", outcome.summary);
    // 20,000 ports at 5,000 a second take 4 s at best.
    assert!(outcome.seconds() < 8.0, "{}", outcome.seconds());
}
