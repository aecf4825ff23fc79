//! How many probes are under way at once, and how many a second.

use std::time::Duration;

use super::timers::RoundTrip;

/// Probes under way at the start, and at a host that seems to suffer.
const FIRST: u32 = 64;
/// The least sockets that a scan goes on with.
const LEAST: u32 = 8;
/// The step of growth before anything answered.
const UNKNOWN_STEP: Duration = Duration::from_millis(50);
/// The shortest step of growth.
const SHORTEST_STEP: Duration = Duration::from_millis(5);
/// A queue on the way that makes round trips twice as long and this much longer is one that we fill.
const QUEUE: Duration = Duration::from_millis(40);
/// The first pause when the machine has no sockets left; doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// Most times that the pause doubles: to half a second.
const MOST_DOUBLINGS: u32 = 8;
/// Pauses in a row after which a scan without a single socket is over: some 10 s.
const MOST_PAUSES: u32 = 28;

/// All probes of a scan: few at first, doubling with each round trip (slow start, RFC 5681, 3.1) up to a cap,
/// which shrinks when the machine has no sockets left.
#[derive(Debug)]
pub(super) struct Window {
    size: u32,
    cap: u32,
    grown: Duration,
    pauses: u32,
    paused_until: Duration,
}

impl Window {
    /// At most `cap` probes at once.
    pub(super) fn new(cap: u32) -> Self {
        let cap = cap.max(1);
        Self { size: FIRST.min(cap), cap, grown: Duration::ZERO, pauses: 0, paused_until: Duration::ZERO }
    }

    /// Whether one more may be sent; if not, when to ask again at the latest.
    pub(super) fn admit(&mut self, now: Duration, under_way: u32, way: &RoundTrip) -> Result<(), Duration> {
        if now < self.paused_until {
            return Err(self.paused_until);
        }
        if under_way < self.size {
            return Ok(());
        }
        let step = way.smoothed().map_or(UNKNOWN_STEP, |rtt| rtt.clamp(SHORTEST_STEP, UNKNOWN_STEP));
        if self.size >= self.cap {
            return Err(Duration::MAX);
        }
        if now < self.grown + step {
            return Err(self.grown + step);
        }
        self.size = self.size.saturating_mul(2).min(self.cap);
        self.grown = now;
        if under_way < self.size { Ok(()) } else { Err(now + step) }
    }

    /// Goes on with fewer, after a pause, because the machine had no socket for one more. `false` if that has
    /// been so for too long.
    pub(super) fn exhausted(&mut self, now: Duration, under_way: u32) -> bool {
        self.pauses += 1;
        if under_way > 0 {
            self.pauses = 1;
        }
        self.cap = self.cap.min((under_way - under_way / 8).max(LEAST));
        self.size = self.size.min(self.cap);
        self.paused_until = now + FIRST_PAUSE * (1 << (self.pauses - 1).min(MOST_DOUBLINGS));
        self.pauses < MOST_PAUSES
    }

    /// A probe was sent after all.
    pub(super) fn sent(&mut self) {
        self.pauses = 0;
    }
}

/// The probes of one host: as many as the scan has, fewer where they get lost or queue up.
#[derive(Debug)]
pub(super) struct Share {
    size: u32,
    cap: u32,
    changed: Duration,
}

impl Share {
    /// At most `cap` at once.
    pub(super) fn new(cap: u32) -> Self {
        Self { size: cap.max(1), cap: cap.max(1), changed: Duration::ZERO }
    }

    /// Whether one more may be sent.
    pub(super) fn admits(&self, under_way: u32) -> bool {
        under_way < self.size
    }

    /// Learns from an answer: fewer when round trips grow, because then we fill a queue; more again when they
    /// are short. At most one step a round trip.
    pub(super) fn heed(&mut self, now: Duration, under_way: u32, way: &RoundTrip) {
        let (Some(rtt), Some(shortest)) = (way.smoothed(), way.shortest()) else { return };
        if now < self.changed + rtt.max(SHORTEST_STEP) {
            return;
        }
        if rtt > shortest * 2 + QUEUE {
            self.size = (self.size.min(under_way) / 4 * 3).max(FIRST.min(self.cap));
            self.changed = now;
        } else if rtt < shortest * 3 / 2 + QUEUE / 2 && self.size < self.cap {
            self.size = (self.size + self.size / 8 + 1).min(self.cap);
            self.changed = now;
        }
    }

    /// Goes on with fewer after a pass in which this part of the answers had been lost before.
    pub(super) fn slow_down(&mut self, lost: f64) {
        let size = if lost > 0.25 {
            self.size / 2
        } else if lost > 0.02 {
            self.size / 4 * 3
        } else {
            self.size
        };
        self.size = size.max(FIRST.min(self.cap));
    }
}

/// At most so many probes a second, in bursts of a hundredth of a second (GCRA, ITU-T I.371).
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    burst: Duration,
    due: Duration,
}

impl Pace {
    /// So many a second; `None` for no pace at all.
    pub(super) fn new(rate: Option<u32>) -> Self {
        let interval = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Self { interval, burst: Duration::from_millis(10).saturating_sub(interval), due: Duration::ZERO }
    }

    /// Whether one may be sent now; if not, when.
    pub(super) fn admit(&self, now: Duration) -> Result<(), Duration> {
        let earliest = self.due.saturating_sub(self.burst);
        if now < earliest { Err(earliest) } else { Ok(()) }
    }

    /// One was sent.
    pub(super) fn sent(&mut self, now: Duration) {
        self.due = self.due.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_window_doubles_with_each_round_trip_up_to_its_cap() {
        let mut way = RoundTrip::default();
        way.learn(millis(20));
        let mut window = Window::new(300);
        assert_eq!(window.admit(Duration::ZERO, 63, &way), Ok(()));
        assert_eq!(window.admit(Duration::ZERO, 64, &way), Err(millis(20)));
        assert_eq!(window.admit(millis(20), 64, &way), Ok(()));
        assert_eq!(window.admit(millis(21), 128, &way), Err(millis(40)));
        assert_eq!(window.admit(millis(60), 128, &way), Ok(()));
        assert_eq!(window.admit(millis(80), 256, &way), Ok(()));
        assert_eq!(window.admit(millis(500), 300, &way), Err(Duration::MAX));
    }

    #[test]
    fn a_window_grows_slowly_while_nothing_answers() {
        let mut window = Window::new(1000);
        assert_eq!(window.admit(millis(49), 64, &RoundTrip::default()), Err(millis(50)));
        assert_eq!(window.admit(millis(50), 64, &RoundTrip::default()), Ok(()));
    }

    #[test]
    fn a_machine_without_sockets_makes_the_window_smaller_and_at_last_ends_it() {
        let (mut window, way) = (Window::new(1000), RoundTrip::default());
        assert!(window.exhausted(Duration::ZERO, 40));
        assert_eq!(window.admit(millis(1), 0, &way), Err(millis(2)));
        assert_eq!(window.admit(millis(2), 34, &way), Ok(()));
        assert_eq!(window.admit(millis(900), 35, &way), Err(Duration::MAX));
        let mut now = millis(2);
        while window.exhausted(now, 0) {
            now = window.admit(now, 0, &way).unwrap_err();
        }
        assert!(now > Duration::from_secs(8) && now < Duration::from_secs(12), "{now:?}");
    }

    #[test]
    fn a_share_gives_way_to_queues_and_to_loss_and_recovers() {
        let (mut share, mut way) = (Share::new(1000), RoundTrip::default());
        way.learn(millis(20));
        for _ in 0..20 {
            way.learn(millis(200));
        }
        share.heed(millis(1000), 800, &way);
        assert!(share.admits(599) && !share.admits(600));
        share.heed(millis(1010), 800, &way);
        assert!(share.admits(599), "one step a round trip");
        share.slow_down(0.9);
        assert!(share.admits(299) && !share.admits(300));
        for _ in 0..50 {
            way.learn(millis(20));
        }
        share.heed(millis(2000), 10, &way);
        assert!(share.admits(330));
    }

    #[test]
    fn a_pace_is_kept_over_any_second() {
        let mut pace = Pace::new(Some(1000));
        let (mut now, mut sent) = (Duration::ZERO, 0);
        while now < Duration::from_secs(2) {
            match pace.admit(now) {
                Ok(()) => {
                    pace.sent(now);
                    sent += 1;
                }
                Err(until) => now = until,
            }
        }
        assert!((2000..=2011).contains(&sent), "{sent}");
        assert_eq!(Pace::new(None).admit(Duration::ZERO), Ok(()));
    }

    #[test]
    fn a_pace_of_one_a_second_has_no_burst() {
        let mut pace = Pace::new(Some(1));
        pace.sent(Duration::ZERO);
        assert_eq!(pace.admit(millis(999)), Err(Duration::from_secs(1)));
    }
}
