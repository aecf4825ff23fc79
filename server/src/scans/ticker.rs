//! Begins scans of schedules when they are due: sleeps until then, and no longer than [`NAP`].

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use tokio::time::timeout;

use super::schedules;

/// The longest sleep: so late are schedules seen that another server has made, and clocks that were set.
const NAP: Duration = Duration::from_secs(15);
/// The shortest one, so that a clock that stands still or runs behind is not asked without end.
const BLINK: Duration = Duration::from_millis(100);

/// Does so for ever.
pub(super) async fn tick(schedules: schedules::Service) -> Infallible {
    loop {
        let nap = match schedules.run_due().await {
            Ok(next) => nap(schedules.now(), next),
            Err(error) => {
                tracing::warn!("schedules can't be looked at: {error}");
                NAP
            }
        };
        // Whoever wakes us has changed what is due.
        let _ = timeout(nap, schedules.changed()).await;
    }
}

/// How long there is nothing to do.
fn nap(now: SystemTime, next: Option<SystemTime>) -> Duration {
    let left = next.map_or(NAP, |next| next.duration_since(now).unwrap_or_default());
    left.clamp(BLINK, NAP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    #[test]
    fn it_sleeps_until_something_is_due_but_neither_long_nor_not_at_all() {
        let now = from_millis(1_000_000);
        for (next, expected) in [
            (None, NAP),
            (Some(1_002_000), Duration::from_secs(2)),
            (Some(1_000_000), BLINK),
            (Some(1_000_050), BLINK),
            (Some(0), BLINK),
            (Some(90_000_000), NAP),
        ] {
            assert_eq!(nap(now, next.map(from_millis)), expected, "{next:?}");
        }
    }
}
