//! What one target is to bear in all, whichever accounts look at it: calls a second and probes a day. Counted in this
//! process's memory, and forgotten at its end.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use super::runs::{Refused, day, until_midnight};
use crate::auth::rate::{Key, Limiter, Rate};

/// Calls about one target: 240 at once, then 10 a second.
const CALLS: Rate = Rate { burst: 240, refill: std::time::Duration::from_millis(100) };
/// Targets whose probes are remembered. When they are more, those that had the fewest are forgotten.
const MAX_TARGETS: usize = 100_000;

/// Each address by itself: neighbours in a network bear for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Target(IpAddr);

impl Key for Target {
    fn owner(self) -> Self {
        self
    }
}

/// What targets have borne.
pub(super) struct Bearing {
    probes_per_day: u64,
    calls: Limiter<Target>,
    today: Mutex<Today>,
}

#[derive(Default)]
struct Today {
    day: i64,
    probes: HashMap<IpAddr, u64>,
}

impl Bearing {
    /// Nothing yet. So many probes a day; calls are counted if they are limited.
    pub(super) fn new(probes_per_day: u64, limited: bool) -> Self {
        Self { probes_per_day, calls: Limiter::new(limited.then_some(CALLS)), today: Mutex::default() }
    }

    /// Counts a call that sends so many probes to each of these targets, or says which of them bears no more.
    pub(super) fn take(&self, targets: &[IpAddr], probes: u64, now: SystemTime) -> Result<(), Refused> {
        for target in targets {
            let taken = self.calls.take(Target(*target), now);
            taken.map_err(|wait| Refused::TargetWorn(*target, wait))?;
        }
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        today.begin(day(now));
        let after = |target: &IpAddr| today.probes.get(target).copied().unwrap_or_default() + probes;
        if let Some(worn) = targets.iter().find(|target| after(target) > self.probes_per_day) {
            return Err(Refused::TargetWorn(*worn, until_midnight(now)));
        }
        for target in targets {
            *today.probes.entry(*target).or_default() += probes;
        }
        today.make_room();
        Ok(())
    }
}

impl Today {
    /// Nothing is remembered of another day.
    fn begin(&mut self, day: i64) {
        if self.day != day {
            *self = Self { day, probes: HashMap::new() };
        }
    }

    fn make_room(&mut self) {
        if self.probes.len() > MAX_TARGETS {
            let mut counts: Vec<u64> = self.probes.values().copied().collect();
            let (_, median, _) = counts.select_nth_unstable(MAX_TARGETS / 2);
            let few = *median;
            self.probes.retain(|_, probes| *probes > few);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: Duration = Duration::from_hours(24 * 20_000 + 12);

    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + NOON
    }

    fn ip(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn a_target_bears_so_many_probes_a_day_and_one_that_bears_no_more_stops_all() {
        let bearing = Bearing::new(100, true);
        assert_eq!(bearing.take(&[ip(1), ip(2)], 60, noon()), Ok(()));
        let worn = Refused::TargetWorn(ip(2), Duration::from_hours(12));
        assert_eq!(bearing.take(&[ip(3), ip(2)], 41, noon()), Err(worn));
        // What was refused did not count.
        assert_eq!(bearing.take(&[ip(3)], 100, noon()), Ok(()));
        assert_eq!(bearing.take(&[ip(2)], 40, noon()), Ok(()));
        assert_eq!(bearing.take(&[ip(2)], 100, noon() + Duration::from_hours(12)), Ok(()));
    }

    #[test]
    fn calls_about_one_target_have_a_pace_and_neighbours_have_their_own() {
        let bearing = Bearing::new(1_000_000, true);
        assert!((0..CALLS.burst).all(|_| bearing.take(&[ip(1)], 1, noon()).is_ok()));
        assert_eq!(bearing.take(&[ip(1)], 1, noon()), Err(Refused::TargetWorn(ip(1), CALLS.refill)));
        assert_eq!(bearing.take(&[ip(2)], 1, noon()), Ok(()));
        assert_eq!(bearing.take(&[ip(1)], 1, noon() + CALLS.refill), Ok(()));
        let unlimited = Bearing::new(1_000_000, false);
        assert!((0..2 * CALLS.burst).all(|_| unlimited.take(&[ip(1)], 1, noon()).is_ok()));
    }

    #[test]
    fn of_too_many_targets_those_that_bore_least_are_forgotten() {
        let bearing = Bearing::new(100, false);
        assert_eq!(bearing.take(&[ip(0)], 90, noon()), Ok(()));
        let others: Vec<IpAddr> = (1..=MAX_TARGETS as u32).map(ip).collect();
        assert_eq!(bearing.take(&others, 1, noon()), Ok(()));
        assert!(bearing.take(&[ip(0)], 11, noon()).is_err());
        assert_eq!(bearing.take(&[ip(1)], 100, noon()), Ok(()));
    }
}
