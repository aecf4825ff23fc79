//! What is known of one host of a scan, and what is to be asked of it next. No sockets, no clock.

use std::time::Duration;

use super::{
    bits::Bits,
    model::Reason,
    plan::Order,
    retries::{Canaries, Loss, Verdict},
    timers::{RoundTrip, UNKNOWN},
    window::Share,
};
use crate::network::targets::Permit;

/// The first ports of the order: they wait the longest at a host that has not answered, so that a host that is far
/// away is not taken for one that is silent; and at a host that seems absent only they are asked twice.
const SCOUTS: u32 = 4;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probe {
    /// Which port, by its position in the order.
    pub(super) position: u32,
    /// In which pass, the first being 1.
    pub(super) pass: u8,
    /// Whether it only asks whether an answer is lost.
    pub(super) canary: bool,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The connection was accepted.
    Open,
    /// The same by something that takes no byte or knows no option.
    Hollow,
    /// The connection was reset.
    Refused,
    /// Something on the way said that it goes no further.
    Unreachable(Reason),
}

/// Where a host is in a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being asked.
    Asking,
    /// Its silent ports below `end` are being told; those below `next` have been.
    Telling {
        /// The next position.
        next: u32,
        /// The end of the positions that are told.
        end: u32,
    },
    /// All was told.
    Over,
}

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    /// The right to send to it.
    pub(super) permit: Permit,
    /// The way to it.
    pub(super) way: RoundTrip,
    /// What its probes tell of loss.
    pub(super) loss: Loss,
    /// How many probes it gets at once.
    pub(super) share: Share,
    /// Where it is in the scan.
    pub(super) phase: Phase,
    /// Whether it waits in the engine's ring.
    pub(super) queued: bool,
    ports: u32,
    known: Bits,
    silent: u32,
    cursor: u32,
    pass_end: u32,
    pass: u8,
    /// Passes that don't count as tries, because they waited too short for this way.
    forgiven: u8,
    woken: u32,
    under_way: u32,
    again: Vec<Probe>,
    canaries: Canaries,
    first_sent: Option<Duration>,
    shortest_wait: Duration,
    gave_up: bool,
}

impl Host {
    /// A host of which nothing is known. What the permit doesn't allow is never asked.
    pub(super) fn new(permit: Permit, order: &Order, cap: u32) -> Self {
        let ports = order.len();
        let mut known = Bits::new(ports);
        let mut silent = ports;
        for position in 0..ports {
            let kept = order.port(position).is_some_and(|port| !permit.allows(port.number()));
            silent -= u32::from(kept && known.put(position));
        }
        Self {
            permit,
            way: RoundTrip::default(),
            loss: Loss::default(),
            share: Share::new(cap),
            phase: Phase::Asking,
            queued: false,
            ports,
            known,
            silent,
            cursor: 0,
            pass_end: ports,
            pass: 1,
            forgiven: 0,
            woken: 0,
            under_way: 0,
            again: Vec::new(),
            canaries: Canaries::default(),
            first_sent: None,
            shortest_wait: Duration::MAX,
            gave_up: false,
        }
    }

    /// Whether a probe could be sent now, if there is one.
    pub(super) fn has_room(&self) -> bool {
        self.phase == Phase::Asking && self.share.admits(self.under_way)
    }

    /// How many of its probes are under way.
    pub(super) fn under_way(&self) -> u32 {
        self.under_way
    }

    /// Whether its last pass still woke ports that had been silent before.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// The next probe, which then is under way.
    pub(super) fn next(&mut self, now: Duration) -> Option<Probe> {
        let probe = self.pick()?;
        self.under_way += 1;
        self.first_sent.get_or_insert(now);
        Some(probe)
    }

    fn pick(&mut self) -> Option<Probe> {
        if let Some(position) = self.canaries.take() {
            return Some(Probe { position, pass: self.pass, canary: true });
        }
        while let Some(probe) = self.again.pop() {
            if !self.known.has(probe.position) {
                return Some(Probe { pass: self.pass, ..probe });
            }
        }
        let position = self.known.first_missing(self.cursor, self.pass_end);
        self.cursor = position.map_or(self.pass_end, |at| at + 1);
        position.map(|position| Probe { position, pass: self.pass, canary: false })
    }

    /// How long a probe waits, given the way to all hosts and the longest wait of the scan.
    pub(super) fn wait(&self, probe: Probe, now: Duration, all: &RoundTrip, limit: Duration) -> Duration {
        let tries = probe.pass.saturating_sub(self.forgiven);
        let wait = self.way.wait(tries).unwrap_or_else(|| {
            let long_silent = self.first_sent.is_some_and(|first| now >= first + UNKNOWN);
            let scout = probe.pass == 1 && probe.position < SCOUTS;
            let seems_absent = long_silent || all.smoothed().is_some();
            if seems_absent && !scout { all.wait_at_silent() } else { UNKNOWN }
        });
        wait.min(limit)
    }

    /// A probe came back after `took`. Whether that is news: the first answer of its port.
    pub(super) fn answered(&mut self, probe: Probe, answer: Answer, took: Duration) -> bool {
        if let Answer::Unreachable(_) = answer {
            // Routers tell only some of it, and late: neither a trial nor a measure.
            return !probe.canary && self.learn_state(probe);
        }
        let first = self.way.smoothed().is_none();
        self.way.learn(took);
        if first && self.way.wait(1).is_some_and(|wait| wait > self.shortest_wait) {
            self.forgiven = probe.pass;
        }
        if probe.canary {
            self.loss.canary(true);
            return false;
        }
        if !self.learn_state(probe) {
            return false;
        }
        let tries = probe.pass.saturating_sub(self.forgiven).max(1);
        self.loss.answered(tries);
        self.woken += u32::from(tries > 1);
        self.canaries.know(probe.position, answer != Answer::Refused);
        true
    }

    fn learn_state(&mut self, probe: Probe) -> bool {
        let news = self.phase == Phase::Asking && self.known.put(probe.position);
        self.silent -= u32::from(news);
        news
    }

    /// A canary that had been counted as lost came back.
    pub(super) fn canary_was_late(&mut self, took: Duration) {
        self.way.learn(took);
        self.loss.canary_was_late();
    }

    /// A probe that waited for `wait` got no answer.
    pub(super) fn expired(&mut self, probe: Probe, wait: Duration) {
        if probe.canary {
            self.loss.canary(false);
        } else {
            self.canaries.silent();
        }
        if self.way.smoothed().is_none() {
            self.shortest_wait = self.shortest_wait.min(wait);
        }
    }

    /// A probe is no longer under way.
    pub(super) fn landed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A probe could not be sent, and is to be sent later.
    pub(super) fn put_back(&mut self, probe: Probe) {
        if probe.canary {
            self.canaries.give_back();
        } else {
            self.again.push(probe);
        }
    }

    /// A port can't be asked from here. Whether it was not known.
    pub(super) fn leave_out(&mut self, probe: Probe) -> bool {
        !probe.canary && self.learn_state(probe)
    }

    /// Goes on to the next pass, or to telling, if this pass is over. Whether there may be something to send.
    pub(super) fn settle(&mut self, others_answer: bool) -> bool {
        let over = self.under_way == 0
            && self.again.is_empty()
            && !self.canaries.are_due()
            && self.known.first_missing(self.cursor, self.pass_end).is_none();
        if self.phase != Phase::Asking || !over {
            return false;
        }
        match self.after_pass(others_answer) {
            Next::Pass(end) => {
                self.share.slow_down(self.loss.of_pass(self.woken));
                self.start_pass(end);
            }
            Next::Canaries(count) => self.canaries.ask(count),
            Next::End { gave_up } => {
                self.gave_up = gave_up;
                self.tell(self.ports);
            }
        }
        self.phase == Phase::Asking
    }

    fn after_pass(&self, others_answer: bool) -> Next {
        if !self.loss.any_answer() {
            return self.after_silence(others_answer);
        }
        if self.pass_end < self.ports {
            // It woke late: until now only its scouts were asked twice.
            return Next::Pass(self.ports);
        }
        let passes = self.pass.saturating_sub(self.forgiven);
        match self.loss.judge(passes, self.woken, self.silent, self.canaries.left()) {
            Verdict::Enough => Next::End { gave_up: false },
            Verdict::Again => Next::Pass(self.ports),
            Verdict::Canaries(count) => Next::Canaries(count),
            Verdict::GiveUp => Next::End { gave_up: true },
        }
    }

    /// Where others answer, the way is there, and a host that is silent is most likely absent.
    fn after_silence(&self, others_answer: bool) -> Next {
        if self.pass > 1 || self.silent == 0 {
            Next::End { gave_up: false }
        } else if others_answer {
            Next::Pass(SCOUTS.min(self.ports))
        } else {
            Next::Pass(self.ports)
        }
    }

    fn start_pass(&mut self, end: u32) {
        self.pass = self.pass.saturating_add(1);
        self.pass_end = end;
        self.cursor = 0;
        self.woken = 0;
    }

    fn tell(&mut self, end: u32) {
        self.phase = Phase::Telling { next: 0, end };
    }

    /// Ends before its time: the ports that were asked and stayed silent are told if `tell`. Returns how many ports
    /// are not going to be told; `flying` are the probes still under way.
    pub(super) fn interrupt(&mut self, tell: bool, flying: &[Probe]) -> u32 {
        let before = self.silent;
        let never_asked = self.again.drain(..).chain(flying.iter().copied()).filter(|probe| probe.pass == 1);
        for probe in never_asked.collect::<Vec<_>>() {
            self.leave_out(probe);
        }
        let end = if !tell {
            0
        } else if self.pass == 1 {
            self.cursor
        } else {
            self.ports
        };
        let told = self.silent_below(end);
        self.tell(end);
        before - told
    }

    fn silent_below(&self, end: u32) -> u32 {
        let (mut at, mut count) = (0, 0);
        while let Some(position) = self.known.first_missing(at, end) {
            count += 1;
            at = position + 1;
        }
        count
    }

    /// The next port to tell of which nothing came back.
    pub(super) fn next_silent(&mut self) -> Option<u32> {
        let Phase::Telling { next, end } = self.phase else { return None };
        let silent = self.known.first_missing(next, end);
        self.phase = silent.map_or(Phase::Over, |at| Phase::Telling { next: at + 1, end });
        silent
    }
}

/// What follows a pass.
enum Next {
    /// Another over the positions below this one.
    Pass(u32),
    /// So many canaries.
    Canaries(u32),
    /// Nothing more.
    End { gave_up: bool },
}
