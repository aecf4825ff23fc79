//! The time, asked in one place: the system's own, or one that a test sets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock's time.
    fn now(&self) -> SystemTime;
}

/// A clock that many share.
pub type SharedClock = Arc<dyn Clock>;

/// The system's clock, to the millisecond: what is told of a time is what the database keeps of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    fn now(&self) -> SystemTime {
        from_millis(to_millis(SystemTime::now()))
    }
}

/// A clock that stands still until it is told to move. Precise to the millisecond.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `time`.
    pub fn at(time: SystemTime) -> Self {
        Self(AtomicI64::new(to_millis(time)))
    }

    /// Shows `time` from now on, be it earlier or later than before.
    pub fn set(&self, time: SystemTime) {
        self.0.store(to_millis(time), Ordering::SeqCst);
    }

    /// Moves forward by `step`.
    pub fn advance(&self, step: Duration) {
        self.0.fetch_add(span_millis(step), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Milliseconds since 1970, as the database keeps times; negative before.
pub fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => span_millis(after),
        Err(before) => -span_millis(before.duration()),
    }
}

/// The time that is so many milliseconds after 1970; 1970 itself where the system can't tell it.
pub fn from_millis(millis: i64) -> SystemTime {
    let span = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) };
    time.unwrap_or(UNIX_EPOCH)
}

/// A span in whole milliseconds.
pub fn span_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_from_their_milliseconds() {
        for millis in [0, 1, -1, 1_700_000_000_123, -86_400_000] {
            assert_eq!(to_millis(from_millis(millis)), millis);
        }
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(from_millis(1_000));
        assert_eq!(to_millis(clock.now()), 1_000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(to_millis(clock.now()), 3_000);
        clock.set(from_millis(500));
        assert_eq!(to_millis(clock.now()), 500);
    }

    #[test]
    fn the_system_clock_is_past_2020() {
        assert!(to_millis(SystemClock.now()) > 1_577_836_800_000);
    }
}
