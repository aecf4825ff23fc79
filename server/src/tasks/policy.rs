//! What becomes of a task whose try is over: pure rules, no clock, no database.

use std::time::Duration;

use super::model::State;

/// Waits before the tries after the first; one failure more ends the task.
const DELAYS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(8), Duration::from_mins(1)];
/// Up to this share of a wait is added to it, in percent, so that failed tasks don't return all at once.
const JITTER_PERCENT: u64 = 20;
/// Tries that may kill their process; then the task is poison.
const MAX_CRASHES: i64 = 2;
/// Times that a worker may vanish with the task; then it is likely the task's doing.
const MAX_LAPSES: i64 = 10;
/// Longest reason that is kept, in characters.
const MAX_NOTE: usize = 500;

/// How a try ended, other than well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Another try would fail as well.
    Failed(String),
    /// Another try may do.
    Transient(String),
    /// It killed its process.
    Crashed(String),
    /// Its worker vanished.
    Lapsed,
    /// Its worker is stopping, which is not the task's fault.
    Stopped,
    /// Its end was asked for.
    Cancelled,
}

/// What a running task has behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tries {
    pub(super) failures: i64,
    pub(super) crashes: i64,
    pub(super) lapses: i64,
    /// Its end was asked for.
    pub(super) cancel: bool,
}

/// What it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) state: State,
    pub(super) note: String,
    /// Until it may be tried again.
    pub(super) delay: Duration,
    pub(super) tries: Tries,
}

/// The next state after a try; `random` spreads the waits.
pub(super) fn next(outcome: Outcome, mut tries: Tries, random: u64) -> Next {
    if tries.cancel {
        return ended(State::Cancelled, String::new(), tries);
    }
    match outcome {
        Outcome::Cancelled => ended(State::Cancelled, String::new(), tries),
        Outcome::Failed(note) => ended(State::Failed, note, tries),
        Outcome::Stopped => waiting(State::Queued, String::new(), Duration::ZERO, tries),
        Outcome::Lapsed => {
            tries.lapses += 1;
            if tries.lapses >= MAX_LAPSES {
                let note = format!("its worker vanished {MAX_LAPSES} times, so it is not tried again");
                return ended(State::Failed, note, tries);
            }
            waiting(State::Queued, "its worker vanished".to_owned(), Duration::ZERO, tries)
        }
        Outcome::Crashed(note) => {
            tries.crashes += 1;
            if tries.crashes >= MAX_CRASHES {
                let note =
                    format!("it crashed its process {MAX_CRASHES} times, so it is not tried again: {note}");
                return ended(State::Failed, note, tries);
            }
            retry(note, tries, random)
        }
        Outcome::Transient(note) => retry(note, tries, random),
    }
}

fn retry(note: String, mut tries: Tries, random: u64) -> Next {
    let delay = usize::try_from(tries.failures).ok().and_then(|n| DELAYS.get(n));
    tries.failures += 1;
    match delay {
        Some(&delay) => waiting(State::Retrying, note, delay + jitter(delay, random), tries),
        None => ended(State::Failed, note, tries),
    }
}

fn jitter(delay: Duration, random: u64) -> Duration {
    delay.mul_f64((random % 1000) as f64 / 1000.0 * JITTER_PERCENT as f64 / 100.0)
}

fn waiting(state: State, note: String, delay: Duration, tries: Tries) -> Next {
    Next { state, note: short(note), delay, tries }
}

fn ended(state: State, note: String, tries: Tries) -> Next {
    Next { state, note: short(note), delay: Duration::ZERO, tries }
}

fn short(note: String) -> String {
    match note.char_indices().nth(MAX_NOTE) {
        Some((end, _)) => note[..end].to_owned(),
        None => note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transient() -> Outcome {
        Outcome::Transient("store away".to_owned())
    }

    #[test]
    fn a_transient_failure_is_tried_again_after_1_8_and_60_seconds() {
        let mut tries = Tries::default();
        for seconds in [1, 8, 60] {
            let after = next(transient(), tries, 0);
            assert_eq!((after.state, after.delay), (State::Retrying, Duration::from_secs(seconds)));
            let latest = next(transient(), tries, 999).delay;
            assert!(latest > after.delay && latest < after.delay.mul_f64(1.2));
            tries = after.tries;
        }
        let after = next(transient(), tries, 0);
        assert_eq!((after.state, after.note.as_str()), (State::Failed, "store away"));
    }

    #[test]
    fn the_second_crash_is_the_last() {
        let crash = || Outcome::Crashed("killed by SIGSEGV".to_owned());
        let first = next(crash(), Tries::default(), 0);
        assert_eq!((first.state, first.tries.failures), (State::Retrying, 1));
        let second = next(crash(), first.tries, 0);
        assert_eq!(second.state, State::Failed);
        assert!(second.note.contains("crashed its process 2 times") && second.note.contains("SIGSEGV"));
    }

    #[test]
    fn a_vanished_worker_does_not_count_as_a_failure_but_ten_end_the_task() {
        let mut tries = Tries::default();
        for _ in 0..9 {
            let after = next(Outcome::Lapsed, tries, 0);
            assert_eq!((after.state, after.delay, after.tries.failures), (State::Queued, Duration::ZERO, 0));
            tries = after.tries;
        }
        assert_eq!(next(Outcome::Lapsed, tries, 0).state, State::Failed);
    }

    #[test]
    fn a_stopped_try_counts_as_nothing() {
        let tries = Tries { failures: 2, crashes: 1, lapses: 3, cancel: false };
        let after = next(Outcome::Stopped, tries, 0);
        assert_eq!((after.state, after.tries), (State::Queued, tries));
    }

    #[test]
    fn whatever_happens_to_a_cancelled_task_it_ends_as_cancelled() {
        let tries = Tries { cancel: true, ..Tries::default() };
        for outcome in [transient(), Outcome::Lapsed, Outcome::Stopped, Outcome::Crashed(String::new())] {
            assert_eq!(next(outcome, tries, 0).state, State::Cancelled);
        }
    }

    #[test]
    fn reasons_are_cut_between_characters() {
        let after = next(Outcome::Failed("ä".repeat(600)), Tries::default(), 0);
        assert_eq!(after.note.chars().count(), MAX_NOTE);
    }
}
