//! When a delivery is tried again: with pauses that grow fourfold from 5 seconds to an hour, each up to a fifth shorter
//! or longer, so that what failed together does not come back together.

use std::time::{Duration, SystemTime};

use super::model::{Failed, MAX_ATTEMPTS, State, Taken, Tried, Verdict};

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_hours(1);
/// How much longer each pause is than the one before.
const GROWTH: u32 = 4;
/// Most of a pause that chance takes off or adds, in permille.
const JITTER: u64 = 200;

/// What becomes of a delivery after the try of this number, counted from 1; `seed` is any number of its own.
pub(super) fn verdict(tried: Tried, attempt: u32, seed: u64, now: SystemTime) -> Verdict {
    let failed = match tried {
        Ok(Taken { status, but }) => {
            return Verdict { state: State::Delivered, status, error: but, next_time: now };
        }
        Err(failed) => failed,
    };
    let Failed { status, why, is_final, retry_after } = failed;
    if is_final {
        return Verdict { state: State::Failed, status, error: why, next_time: now };
    }
    if attempt >= MAX_ATTEMPTS {
        let error = format!("{why}; given up after {attempt} tries");
        return Verdict { state: State::Failed, status, error, next_time: now };
    }
    let pause = pause(attempt, seed).max(retry_after.unwrap_or_default().min(LONGEST));
    Verdict { state: State::Pending, status, error: why, next_time: now + pause }
}

fn pause(attempt: u32, seed: u64) -> Duration {
    let growth = GROWTH.saturating_pow(attempt.saturating_sub(1));
    let pause = FIRST.saturating_mul(growth).min(LONGEST);
    let permille = 1000 - JITTER + mixed(seed, attempt) % (2 * JITTER + 1);
    Duration::from_millis(pause.as_millis() as u64 * permille / 1000)
}

/// A number that looks like chance (SplitMix64).
fn mixed(seed: u64, attempt: u32) -> u64 {
    let step = u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut mixed = seed.wrapping_add(step);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock, from_millis};

    /// Tries a delivery that always fails until it is given up; the pauses between.
    fn pauses(seed: u64) -> Vec<Duration> {
        let clock = ManualClock::at(from_millis(1_763_116_200_000));
        let mut pauses = Vec::new();
        for attempt in 1.. {
            let now = clock.now();
            let verdict = verdict(Err(Failed::so_far("timed out")), attempt, seed, now);
            if verdict.state == State::Failed {
                assert_eq!(verdict.error, "timed out; given up after 8 tries");
                break;
            }
            assert_eq!((verdict.state, verdict.error.as_str()), (State::Pending, "timed out"));
            let pause = verdict.next_time.duration_since(now).expect("a time to come");
            pauses.push(pause);
            clock.advance(pause);
        }
        pauses
    }

    #[test]
    fn pauses_grow_to_an_hour_and_end_after_eight_tries_within_some_hours() {
        for seed in 0..200 {
            let pauses = pauses(seed);
            assert_eq!(pauses.len(), 7);
            for (pause, seconds) in pauses.iter().zip([5, 20, 80, 320, 1280, 3600, 3600]) {
                let usual = Duration::from_secs(seconds);
                assert!(*pause >= usual * 8 / 10 && *pause <= usual * 12 / 10, "{pause:?} {usual:?}");
            }
            let all: Duration = pauses.iter().sum();
            assert!(all > Duration::from_hours(1) && all < Duration::from_hours(4), "{all:?}");
        }
    }

    #[test]
    fn deliveries_that_fail_together_come_back_apart() {
        let firsts: std::collections::HashSet<_> = (0..100).map(|seed| pause(3, seed)).collect();
        assert!(firsts.len() > 50, "{}", firsts.len());
    }

    #[test]
    fn what_is_final_is_not_tried_again_and_success_is_one() {
        let now = from_millis(0);
        let verdict = |tried| verdict(tried, 1, 7, now);
        let gone = verdict(Err(Failed::for_good("no such address").answered(550)));
        assert_eq!((gone.state, gone.status, gone.error.as_str()), (State::Failed, 550, "no such address"));
        let taken = verdict(Ok(Taken::whole(204)));
        assert_eq!((taken.state, taken.status, taken.error.as_str()), (State::Delivered, 204, ""));
    }

    #[test]
    fn the_other_side_may_ask_for_more_patience_but_not_for_more_than_an_hour() {
        let now = from_millis(0);
        for (asked, least, most) in [(1, 4, 6), (600, 600, 600), (1_000_000, 3600, 3600)] {
            let failed = Failed { retry_after: Some(Duration::from_secs(asked)), ..Failed::so_far("busy") };
            let next = verdict(Err(failed), 1, 3, now).next_time.duration_since(now).expect("later");
            assert!((least..=most).contains(&next.as_secs()), "{asked}: {next:?}");
        }
    }
}
