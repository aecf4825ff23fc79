//! The scan as a machine without sockets and clock: it is told what happened and when, and says what to do next.
//! Times are spans since the scan began.

use std::{collections::VecDeque, time::Duration};

use super::{
    fold::Tally,
    host::{Answer, Host, Phase, Probe},
    model::{Found, Incomplete, Limits, Port, PortSet, Protocol, Reason, State, Summary},
    plan::Order,
    services,
    slots::{Slot, Slots, Use},
    timers::RoundTrip,
    window::{Pace, Window},
};
use crate::network::targets::Permit;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Connect the slot's socket; whatever it did before is of no interest any more.
    Connect {
        /// The slot.
        slot: u32,
        /// The host's index.
        host: u32,
        /// The right to do so.
        permit: Permit,
        /// To which port.
        port: Port,
    },
    /// Close what the slot's socket has under way.
    Close {
        /// The slot.
        slot: u32,
    },
    /// Wait for events, no longer than until this time.
    Wait(Duration),
    /// Nothing more is to be done.
    Done,
}

/// What happened to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// It got an answer.
    Answer(Answer),
    /// The machine had no socket for it.
    NoSocket,
    /// The machine knows no way to its host.
    NoRoute,
    /// The machine forbids this one connection.
    Forbidden,
    /// It connected to itself or ended without a word: to be sent again.
    Void,
}

/// A scan.
#[derive(Debug)]
pub(super) struct Engine {
    order: Order,
    limits: Limits,
    hosts: Vec<Host>,
    /// Hosts that may have something to send.
    ring: VecDeque<u32>,
    /// Hosts whose silent ports are to be told.
    telling: VecDeque<u32>,
    asking: usize,
    slots: Slots,
    window: Window,
    pace: Pace,
    /// The way to all hosts together.
    way: RoundTrip,
    found: VecDeque<Found>,
    tally: Tally,
    over: bool,
}

impl Engine {
    /// A scan of each port at each address. The seed tells the order.
    pub(super) fn new(permits: &[Permit], ports: &PortSet, limits: Limits, seed: u64) -> Self {
        let order = Order::new(ports, seed);
        let cap = u32::try_from(limits.max_concurrent).unwrap_or(u32::MAX).max(1);
        let hosts: Vec<Host> = permits.iter().map(|permit| Host::new(*permit, &order, cap)).collect();
        let mut engine = Self {
            limits,
            ring: VecDeque::new(),
            telling: VecDeque::new(),
            asking: hosts.len(),
            slots: Slots::default(),
            window: Window::new(cap),
            pace: Pace::new(limits.rate),
            way: RoundTrip::default(),
            found: VecDeque::new(),
            tally: Tally::default(),
            over: false,
            order,
            hosts,
        };
        engine.tell_what_is_kept();
        (0..engine.hosts.len() as u32).for_each(|host| engine.queue(host));
        engine
    }

    /// Tells the ports that the permits don't allow.
    fn tell_what_is_kept(&mut self) {
        for host in 0..self.hosts.len() {
            let permit = self.hosts[host].permit;
            let kept = (0..self.order.len())
                .filter(|at| self.order.port(*at).is_some_and(|port| !permit.allows(port.number())));
            for position in kept.collect::<Vec<_>>() {
                self.find(host as u32, position, (State::Filtered, Reason::Policy), None);
            }
        }
    }

    /// Ends waits that are over at this time, before which all that happened was told by [`Engine::on`].
    pub(super) fn expire(&mut self, now: Duration) {
        while let Some(entry) = self.slots.expire(now) {
            let host = &mut self.hosts[entry.host as usize];
            host.landed();
            host.expired(entry.probe, entry.wait);
            self.go_on(entry.host);
        }
    }

    /// What to do at this time.
    pub(super) fn next(&mut self, now: Duration) -> Action {
        if now >= self.limits.deadline {
            self.interrupt(Incomplete::Deadline);
        }
        if let Some(slot) = self.slots.too_long_lingering(now) {
            return Action::Close { slot };
        }
        if self.asking == 0 {
            return Action::Done;
        }
        let admitted =
            self.pace.admit(now).and_then(|()| self.window.admit(now, self.slots.flying(), &self.way));
        if let Err(until) = admitted {
            return self.wait(until);
        }
        while let Some(index) = self.ring.pop_front() {
            let host = &mut self.hosts[index as usize];
            host.queued = false;
            if !host.has_room() {
                continue;
            }
            if let Some(probe) = host.next(now) {
                let action = self.launch(index, probe, now);
                self.queue(index);
                return action;
            }
            self.settle(index);
        }
        if self.asking == 0 { Action::Done } else { self.wait(Duration::MAX) }
    }

    /// How many ports wait to be told by [`Engine::take_found`], silent ones not counted.
    pub(super) fn backlog(&self) -> usize {
        self.found.len()
    }

    /// How many probes are under way.
    #[cfg(test)]
    pub(super) fn under_way(&self) -> u32 {
        self.slots.flying()
    }

    /// The next port to tell, if any.
    pub(super) fn take_found(&mut self) -> Option<Found> {
        while self.found.is_empty() {
            let index = *self.telling.front()?;
            match self.hosts[index as usize].next_silent() {
                Some(position) => self.find(index, position, (State::Filtered, Reason::NoResponse), None),
                None => {
                    self.telling.pop_front();
                }
            }
        }
        self.found.pop_front()
    }

    /// What is said of the scan, which took so long.
    pub(super) fn summary(&self, duration: Duration) -> Summary {
        self.tally.summary(duration)
    }

    /// Ends the scan. Ports that were asked and silent are told, but not where it was cancelled.
    pub(super) fn interrupt(&mut self, why: Incomplete) {
        if self.over || self.asking == 0 {
            return;
        }
        self.over = true;
        self.tally.incomplete(why);
        for index in 0..self.hosts.len() as u32 {
            self.leave(index, why != Incomplete::Cancelled);
        }
    }

    /// Takes note of what happened to a slot.
    pub(super) fn on(&mut self, slot: u32, event: Event, now: Duration) {
        let Some(entry) = self.slots.get(slot) else { return };
        let flying = entry.state == Use::Flying;
        self.slots.release(slot);
        if flying {
            self.hosts[entry.host as usize].landed();
        }
        match event {
            Event::Answer(answer) => self.answered(&entry, answer, now),
            Event::NoSocket if flying => {
                self.hosts[entry.host as usize].put_back(entry.probe);
                if !self.window.exhausted(now, self.slots.flying()) {
                    self.interrupt(Incomplete::NoSockets);
                }
            }
            Event::Void if flying => self.hosts[entry.host as usize].put_back(entry.probe),
            Event::NoRoute => {
                self.tally.incomplete(Incomplete::NoRoute);
                self.hosts[entry.host as usize].put_back(entry.probe);
                self.leave(entry.host, true);
            }
            Event::Forbidden => {
                self.tally.incomplete(Incomplete::NoRoute);
                let news = self.hosts[entry.host as usize].leave_out(entry.probe);
                self.tally.unscanned(u32::from(news));
            }
            Event::NoSocket | Event::Void => {}
        }
        self.go_on(entry.host);
    }

    fn answered(&mut self, entry: &Slot, answer: Answer, now: Duration) {
        let took = now.saturating_sub(entry.sent);
        let host = &mut self.hosts[entry.host as usize];
        let first = host.way.smoothed().is_none();
        if entry.state == Use::Lingering && entry.probe.canary {
            host.canary_was_late(took);
            return;
        }
        let news = host.answered(entry.probe, answer, took);
        if host.way.smoothed().is_some() {
            host.share.heed(now, host.under_way(), &host.way);
            self.way.learn(took);
        }
        if first && host.way.smoothed().is_some() {
            self.rearm(entry.host, now);
        }
        self.window.sent();
        if news {
            let seen = match answer {
                Answer::Open => (State::Open, Reason::SynAck),
                Answer::Hollow => (State::Open, Reason::HollowSynAck),
                Answer::Refused => (State::Closed, Reason::ConnRefused),
                Answer::Unreachable(reason) => (State::Filtered, reason),
            };
            self.find(entry.host, entry.probe.position, seen, Some(took));
        }
    }

    /// The first answer of a host sets the timers of what is already under way to it.
    fn rearm(&mut self, index: u32, now: Duration) {
        let (host, all, limit) = (&self.hosts[index as usize], &self.way, self.limits.timeout);
        self.slots.rearm(index, |probe| host.wait(probe, now, all, limit));
    }

    fn launch(&mut self, index: u32, probe: Probe, now: Duration) -> Action {
        let host = &self.hosts[index as usize];
        let wait = host.wait(probe, now, &self.way, self.limits.timeout);
        let permit = host.permit;
        let slot = self.slots.launch(index, probe, now, wait);
        self.pace.sent(now);
        self.tally.probe();
        // The order knows every position that it gave.
        match self.order.port(probe.position) {
            Some(port) => Action::Connect { slot, host: index, permit, port },
            None => Action::Close { slot },
        }
    }

    fn go_on(&mut self, index: u32) {
        self.settle(index);
        self.queue(index);
    }

    fn queue(&mut self, index: u32) {
        let host = &mut self.hosts[index as usize];
        if !host.queued && host.has_room() {
            host.queued = true;
            self.ring.push_back(index);
        }
    }

    fn settle(&mut self, index: u32) {
        let host = &mut self.hosts[index as usize];
        if host.phase != Phase::Asking {
            return;
        }
        if host.settle(self.way.smoothed().is_some()) {
            self.queue(index);
        } else if host.phase != Phase::Asking {
            if host.gave_up() {
                self.tally.incomplete(Incomplete::Loss);
            }
            self.close_books(index);
        }
    }

    /// Ends with a host before its time.
    fn leave(&mut self, index: u32, tell: bool) {
        if self.hosts[index as usize].phase != Phase::Asking {
            return;
        }
        let flying: Vec<Probe> = self.slots.flying_to(index).filter(|probe| !probe.canary).collect();
        let lost = self.hosts[index as usize].interrupt(tell, &flying);
        self.tally.unscanned(lost);
        self.close_books(index);
    }

    fn close_books(&mut self, index: u32) {
        let host = &self.hosts[index as usize];
        self.asking -= 1;
        self.tally.host(host.loss.seen(), host.loss.any_answer());
        self.telling.push_back(index);
    }

    fn find(
        &mut self,
        index: u32,
        position: u32,
        (state, reason): (State, Reason),
        response: Option<Duration>,
    ) {
        let Some(port) = self.order.port(position) else { return };
        let address = self.hosts[index as usize].permit.address();
        let service = services::name(port, Protocol::Tcp);
        let found = Found { address, port, protocol: Protocol::Tcp, state, reason, response, service };
        self.tally.found(&found);
        self.found.push_back(found);
    }

    fn wait(&self, until: Duration) -> Action {
        Action::Wait(until.min(self.slots.due()).min(self.limits.deadline))
    }
}
