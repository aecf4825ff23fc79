//! How long to wait for an answer: RFC 6298's estimate of the way, per host, with floors of our own.

use std::time::Duration;

/// The shortest wait. A wait of 50 ms lost answers when this machine was busy.
const FLOOR: Duration = Duration::from_millis(100);
/// Most times that the floor doubles with tries.
const DOUBLINGS: u8 = 2;
/// What a wait is before any answer (RFC 6298, 2.1).
pub(super) const UNKNOWN: Duration = Duration::from_secs(1);
/// What a wait is at a host that was silent for [`UNKNOWN`]: enough for most of the world, and if the first
/// probes, which wait longer, do get an answer, the rest is asked again.
const SILENT: Duration = Duration::from_millis(300);

/// The estimate of a way's round trip.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTrip(Option<Estimate>);

#[derive(Debug, Clone, Copy)]
struct Estimate {
    smoothed: Duration,
    variation: Duration,
    shortest: Duration,
}

impl RoundTrip {
    /// Learns from an answer that took `sample`.
    pub(super) fn learn(&mut self, sample: Duration) {
        self.0 = Some(match self.0 {
            None => Estimate { smoothed: sample, variation: sample / 2, shortest: sample },
            Some(old) => Estimate {
                variation: (old.variation * 3 + old.smoothed.abs_diff(sample)) / 4,
                smoothed: (old.smoothed * 7 + sample) / 8,
                shortest: old.shortest.min(sample),
            },
        });
    }

    /// The smoothed round trip; `None` before the first answer.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.0.map(|estimate| estimate.smoothed)
    }

    /// The shortest round trip; `None` before the first answer.
    pub(super) fn shortest(&self) -> Option<Duration> {
        self.0.map(|estimate| estimate.shortest)
    }

    /// How long the `round`th try waits, the first being 1; `None` before the first answer.
    pub(super) fn wait(&self, round: u8) -> Option<Duration> {
        let estimate = self.0?;
        let floor = FLOOR * (1 << round.saturating_sub(1).min(DOUBLINGS));
        Some((estimate.smoothed + estimate.variation * 4).max(floor))
    }

    /// How long a probe waits at a host that was silent so far, this being the way to all of them together.
    pub(super) fn wait_at_silent(&self) -> Duration {
        self.wait(1).map_or(SILENT, |wait| (wait * 2).min(UNKNOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn an_estimate_follows_the_samples_as_the_rfc_says() {
        let mut way = RoundTrip::default();
        assert_eq!((way.smoothed(), way.wait(1)), (None, None));
        way.learn(millis(80));
        assert_eq!((way.smoothed(), way.wait(1)), (Some(millis(80)), Some(millis(80 + 160))));
        way.learn(millis(160));
        // variation = 3/4 * 40 + 1/4 * 80 = 50; smoothed = 7/8 * 80 + 1/8 * 160 = 90
        assert_eq!((way.smoothed(), way.wait(1)), (Some(millis(90)), Some(millis(290))));
        assert_eq!(way.shortest(), Some(millis(80)));
    }

    #[test]
    fn a_wait_has_a_floor_that_doubles_with_tries() {
        let mut way = RoundTrip::default();
        way.learn(Duration::from_micros(50));
        assert_eq!(
            [1, 2, 3, 9].map(|round| way.wait(round)),
            [100, 200, 400, 400].map(|ms| Some(millis(ms)))
        );
    }

    #[test]
    fn silent_hosts_wait_longer_than_known_ones_and_not_for_ever() {
        let mut way = RoundTrip::default();
        assert_eq!(way.wait_at_silent(), SILENT);
        way.learn(millis(60));
        assert_eq!(way.wait_at_silent(), millis(360));
        way.learn(millis(3000));
        assert_eq!(way.wait_at_silent(), UNKNOWN);
    }
}
