//! Whether silent ports are asked again: by evidence, not by a constant.
//!
//! A port that answers at its third try tells that two tries were lost. From all such trials follows how much the
//! way loses, and from that, how many ports that would answer are still hidden among the silent ones. Where nearly
//! all is silent there are few trials, so ports known to answer are asked again in between: canaries.

/// Hidden ports to be expected at most, when a host is done with: one in a thousand scans misses one.
const HIDDEN: f64 = 0.001;
/// Hidden ports to be expected at most after a pass that woke some.
const HIDDEN_AFTER_WAKING: f64 = 0.05;
/// Tries that every port gets at least.
const LEAST_PASSES: u8 = 2;
/// Tries that a port gets at most.
const MOST_PASSES: u8 = 10;
/// Ports of a host that may serve as canaries.
const CANARIES: usize = 64;
/// Times that a port serves as canary at most. Services count connections that say nothing: MySQL bars an address
/// after 100 of them.
const USES: u8 = 16;
/// Probes in a row without an answer after which a canary is sent.
const SILENCE: u32 = 128;

/// What is to happen with a host when a pass is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No port that would answer is likely to be hidden.
    Enough,
    /// The silent ports are asked again.
    Again,
    /// So many canaries may show that it is enough.
    Canaries(u32),
    /// The last pass still woke ports; more tries would be no help.
    GiveUp,
}

/// What a host's trials tell of loss.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loss {
    trials: u64,
    lost: u64,
    answering: u64,
}

impl Loss {
    /// A port answered for the first time, at this try.
    pub(super) fn answered(&mut self, tries: u8) {
        self.trials += u64::from(tries.max(1));
        self.lost += u64::from(tries.max(1)) - 1;
        self.answering += 1;
    }

    /// A canary came back, or did not.
    pub(super) fn canary(&mut self, came: bool) {
        self.trials += 1;
        self.lost += u64::from(!came);
    }

    /// A canary came back after it had been counted as lost.
    pub(super) fn canary_was_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// Trials, and how many of them were lost.
    pub(super) fn seen(&self) -> (u64, u64) {
        (self.trials, self.lost)
    }

    /// Whether any port answered.
    pub(super) fn any_answer(&self) -> bool {
        self.answering > 0
    }

    /// The part of probes that is lost, with half a loss beyond those seen (Jeffreys's prior).
    fn likely(&self) -> f64 {
        ((self.lost as f64) + 0.5) / ((self.trials as f64) + 1.0)
    }

    /// What the part of answers was that had been lost before, if this pass woke so many.
    pub(super) fn of_pass(&self, woken: u32) -> f64 {
        f64::from(woken) / (self.answering.max(1) as f64)
    }

    /// What to do after `passes`, of which the last woke `woken` ports, and left `silent` ones, when so many more
    /// canaries could be sent.
    pub(super) fn judge(&self, passes: u8, woken: u32, silent: u32, canaries: u32) -> Verdict {
        if silent == 0 {
            return Verdict::Enough;
        }
        if passes < LEAST_PASSES {
            return Verdict::Again;
        }
        let part = self.likely();
        let after_waking = f64::from(woken) * part / (1.0 - part) <= HIDDEN_AFTER_WAKING;
        if after_waking && hidden(self.answering, part, passes) <= HIDDEN {
            return Verdict::Enough;
        }
        let missing = self.trials_missing(passes);
        if woken == 0 && self.lost == 0 && missing <= u64::from(canaries) {
            return Verdict::Canaries(u32::try_from(missing).unwrap_or(u32::MAX));
        }
        if passes < MOST_PASSES { Verdict::Again } else { Verdict::GiveUp }
    }

    /// How many more trials without loss would show that `passes` are enough.
    fn trials_missing(&self, passes: u8) -> u64 {
        let bearable = (HIDDEN / (self.answering as f64)).powf(1.0 / f64::from(passes));
        // Inverts `likely` for no loss at all; one more for what rounding takes.
        let needed = (0.5 / bearable).ceil() as u64 + 1;
        needed.saturating_sub(self.trials).max(1)
    }
}

/// Ports hidden after so many passes to be expected, when so many have answered: each that would answer stayed
/// silent in all passes with the probability `part ^ passes`.
fn hidden(answering: u64, part: f64, passes: u8) -> f64 {
    let missed = part.powi(i32::from(passes));
    (answering as f64) * missed / (1.0 - missed)
}

/// Ports known to answer, to ask again where all else is silent.
#[derive(Debug, Default)]
pub(super) struct Canaries {
    closed: Vec<(u32, u8)>,
    open: Vec<(u32, u8)>,
    next: usize,
    silence: u32,
    due: u32,
}

impl Canaries {
    /// A port answered. Closed ones are the better canaries: nobody there counts connections.
    pub(super) fn know(&mut self, position: u32, open: bool) {
        self.silence = 0;
        let known = if open { &mut self.open } else { &mut self.closed };
        if known.len() < CANARIES {
            known.push((position, 0));
        }
    }

    /// A probe stayed without an answer.
    pub(super) fn silent(&mut self) {
        self.silence += 1;
        if self.silence >= SILENCE && self.left() > self.due {
            self.silence = 0;
            self.due += 1;
        }
    }

    /// Asks for so many now.
    pub(super) fn ask(&mut self, count: u32) {
        self.due += count;
    }

    /// Whether any is to be sent.
    pub(super) fn are_due(&self) -> bool {
        self.due > 0
    }

    /// How many could be sent.
    pub(super) fn left(&self) -> u32 {
        let known = if self.closed.is_empty() { &self.open } else { &self.closed };
        known.iter().map(|(_, uses)| u32::from(USES - uses)).sum()
    }

    /// The next that is due.
    pub(super) fn take(&mut self) -> Option<u32> {
        if self.due == 0 {
            return None;
        }
        self.due -= 1;
        let known = if self.closed.is_empty() { &mut self.open } else { &mut self.closed };
        let count = known.len();
        for _ in 0..count {
            self.next = (self.next + 1) % count;
            if let Some((position, uses)) = known.get_mut(self.next).filter(|(_, uses)| *uses < USES) {
                *uses += 1;
                return Some(*position);
            }
        }
        self.due = 0;
        None
    }

    /// A canary that was taken could not be sent.
    pub(super) fn give_back(&mut self) {
        self.due += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(trials: u64, lost: u64, answering: u64) -> Loss {
        Loss { trials, lost, answering }
    }

    #[test]
    fn silent_ports_are_always_asked_twice_and_others_never() {
        assert_eq!(loss(60_000, 0, 60_000).judge(1, 0, 3, 0), Verdict::Again);
        assert_eq!(loss(60_000, 0, 60_000).judge(1, 0, 0, 0), Verdict::Enough);
    }

    #[test]
    fn two_passes_are_enough_where_nothing_gets_lost() {
        assert_eq!(loss(60_000, 0, 60_000).judge(2, 0, 3, 0), Verdict::Enough);
        assert_eq!(loss(200, 0, 23).judge(2, 0, 65_000, 100), Verdict::Enough);
    }

    #[test]
    fn few_answers_call_for_canaries_and_without_them_for_another_pass() {
        let Verdict::Canaries(count) = loss(23, 0, 23).judge(2, 0, 65_000, 300) else {
            panic!("no canaries")
        };
        assert!((40..80).contains(&count), "{count}");
        assert_eq!(loss(23 + u64::from(count), 0, 23).judge(2, 0, 65_000, 300), Verdict::Enough);
        assert_eq!(loss(23, 0, 23).judge(2, 0, 65_000, 3), Verdict::Again);
        assert_eq!(loss(1, 0, 1).judge(2, 0, 65_000, 16), Verdict::Canaries(16));
    }

    #[test]
    fn loss_calls_for_as_many_passes_as_hide_no_port() {
        // One probe in ten is lost, 20 ports answer: 20 * 0.1^4 = 0.002, 20 * 0.1^5 = 0.0002.
        let passes = (2..=MOST_PASSES).find(|p| loss(1000, 100, 20).judge(*p, 0, 50, 0) == Verdict::Enough);
        assert_eq!(passes, Some(5));
        assert_eq!(loss(1000, 100, 20).judge(5, 1, 50, 0), Verdict::Again, "the last pass woke one");
    }

    #[test]
    fn a_host_that_still_wakes_at_the_last_try_is_given_up() {
        assert_eq!(loss(9000, 4500, 4500).judge(MOST_PASSES, 400, 60_000, 0), Verdict::GiveUp);
    }

    #[test]
    fn canaries_come_with_silence_and_are_not_asked_too_often() {
        let mut canaries = Canaries::default();
        (0..1000).for_each(|_| canaries.silent());
        assert!(!canaries.are_due(), "none is known");
        canaries.know(7, true);
        (0..SILENCE).for_each(|_| canaries.silent());
        assert_eq!((canaries.take(), canaries.take()), (Some(7), None));
        canaries.ask(100);
        let uses = std::iter::from_fn(|| canaries.take()).count();
        assert_eq!(uses, usize::from(USES) - 1);
        assert!(!canaries.are_due());
    }

    #[test]
    fn closed_ports_are_the_canaries_where_there_are_any() {
        let mut canaries = Canaries::default();
        canaries.know(1, true);
        canaries.know(2, false);
        canaries.know(3, false);
        canaries.ask(4);
        let taken: Vec<_> = std::iter::from_fn(|| canaries.take()).collect();
        assert_eq!(taken, [3, 2, 3, 2]);
    }

    #[test]
    fn a_late_canary_was_no_loss() {
        let mut loss = Loss::default();
        loss.answered(3);
        loss.canary(false);
        assert_eq!(loss.seen(), (4, 3));
        loss.canary_was_late();
        assert_eq!(loss.seen(), (4, 2));
    }
}
