//! A scan of UDP as a machine without sockets and clock. Times are spans since the scan began.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use super::super::{
    fold::Tally,
    model::{Found, Incomplete, Limits, Port, PortSet, Protocol, Reason, State, Summary},
    services,
    window::Pace,
};
use crate::network::targets::Permit;

/// How often a port is asked.
const TRIES: u8 = 3;
/// The shortest time between two datagrams to the same host that ask again, so that it has an ICMP message to spare
/// for each (Linux: `icmp_ratelimit`), and from a datagram to the next to the same port.
const TURN: Duration = Duration::from_secs(1);
/// Most datagrams that ask again, of a host: silent ports, if they are many, are asked twice.
const MOST_TURNS: u32 = 64;
/// How long to wait when this machine has no sockets left, if none comes back before.
const PAUSE: Duration = Duration::from_millis(50);
/// Such pauses in a row after which the scan is over: 10 s.
const MOST_PAUSES: u32 = 200;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Ask a port.
    Ask {
        /// Which probe; its socket, once it has one, is its own until it is closed.
        probe: u32,
        /// The right to do so.
        permit: Permit,
        /// The index of the port in the set.
        position: usize,
        /// The port.
        port: Port,
    },
    /// Close a probe's socket.
    Close {
        /// Which.
        probe: u32,
    },
    /// Wait for events, no longer than until this time.
    Wait(Duration),
    /// Nothing more is to be done.
    Done,
}

/// What happened to a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The service answered.
    Response,
    /// The host itself says that nothing listens.
    Closed,
    /// Something on the way said that it goes no further.
    Unreachable(Reason),
    /// The machine had no socket for it.
    NoSocket,
    /// The machine knows no way to its host.
    NoRoute,
    /// The machine forbids this one.
    Forbidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Asked,
    Over,
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    phase: Phase,
    tries: u8,
    /// When it was asked last.
    sent: Duration,
}

#[derive(Debug)]
struct Host {
    permit: Permit,
    answered: bool,
    /// Its ports to be asked again, in turn.
    queue: VecDeque<u32>,
    turns: u32,
    /// Whether a timer is set for its next turn.
    armed: bool,
}

/// What a time is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A host may be asked again.
    Turn(u32),
    /// A port that was asked often enough has answered by now.
    End(u32),
}

/// A scan.
#[derive(Debug)]
pub(super) struct Engine {
    ports: Box<[Port]>,
    hosts: Vec<Host>,
    /// Each port of each host: all hosts' first ports, then all their second ones.
    probes: Vec<Probe>,
    limits: Limits,
    cursor: u32,
    /// To be asked before those at the cursor: ports to be asked again, and what could not be sent.
    due: VecDeque<u32>,
    closing: Vec<u32>,
    under_way: usize,
    left: usize,
    timers: BinaryHeap<Reverse<(Duration, Timer)>>,
    pace: Pace,
    paused_until: Duration,
    pauses: u32,
    found: VecDeque<Found>,
    tally: Tally,
}

impl Engine {
    /// A scan of each port at each address.
    pub(super) fn new(permits: &[Permit], ports: &PortSet, limits: Limits) -> Self {
        let host = |permit: &Permit| Host {
            permit: *permit,
            answered: false,
            queue: VecDeque::new(),
            turns: 0,
            armed: false,
        };
        let count = permits.len() * ports.len();
        let mut engine = Self {
            ports: ports.iter().collect(),
            hosts: permits.iter().map(host).collect(),
            probes: vec![Probe { phase: Phase::Waiting, tries: 0, sent: Duration::ZERO }; count],
            limits,
            cursor: 0,
            due: VecDeque::new(),
            closing: Vec::new(),
            under_way: 0,
            left: count,
            timers: BinaryHeap::new(),
            pace: Pace::new(limits.rate),
            paused_until: Duration::ZERO,
            pauses: 0,
            found: VecDeque::new(),
            tally: Tally::default(),
        };
        for probe in 0..count as u32 {
            if !engine.host(probe).permit.allows(engine.port(probe).number()) {
                engine.end(probe, (State::Filtered, Reason::Policy), None);
            }
        }
        engine
    }

    fn host_index(&self, probe: u32) -> usize {
        probe as usize % self.hosts.len()
    }

    fn host(&self, probe: u32) -> &Host {
        &self.hosts[self.host_index(probe)]
    }

    fn position(&self, probe: u32) -> usize {
        probe as usize / self.hosts.len()
    }

    fn port(&self, probe: u32) -> Port {
        self.ports[self.position(probe)]
    }

    /// What to do at this time, before which all that happened was told by [`Engine::on`].
    pub(super) fn next(&mut self, now: Duration) -> Action {
        if now >= self.limits.deadline {
            self.interrupt(Incomplete::Deadline);
        }
        self.ring(now);
        if let Some(probe) = self.closing.pop() {
            return Action::Close { probe };
        }
        if self.left == 0 {
            return Action::Done;
        }
        if let Err(until) = self.pace.admit(now) {
            return self.wait(until);
        }
        match self.pick(now) {
            Some(probe) => self.ask(probe, now),
            None => self.wait(if now < self.paused_until { self.paused_until } else { Duration::MAX }),
        }
    }

    /// Does what is due by the clock.
    fn ring(&mut self, now: Duration) {
        while let Some(Reverse((time, timer))) = self.timers.peek().copied()
            && time <= now
        {
            self.timers.pop();
            match timer {
                Timer::Turn(host) => self.turn(host as usize, now),
                Timer::End(probe) if self.probes[probe as usize].phase == Phase::Asked => {
                    self.end(probe, (State::OpenOrFiltered, Reason::NoResponse), None);
                }
                Timer::End(_) => {}
            }
        }
    }

    /// Lets the host's next silent port be asked again.
    fn turn(&mut self, index: usize, now: Duration) {
        self.hosts[index].armed = false;
        while let Some(probe) = self.hosts[index].queue.pop_front() {
            let Probe { phase, sent, .. } = self.probes[probe as usize];
            if phase != Phase::Asked {
                continue;
            }
            if now < sent + TURN {
                self.hosts[index].queue.push_front(probe);
                self.arm(index, sent + TURN);
            } else {
                self.hosts[index].turns += 1;
                self.due.push_back(probe);
            }
            return;
        }
    }

    fn arm(&mut self, index: usize, time: Duration) {
        if !std::mem::replace(&mut self.hosts[index].armed, true) {
            self.timers.push(Reverse((time, Timer::Turn(index as u32))));
        }
    }

    fn pick(&mut self, now: Duration) -> Option<u32> {
        let has_room = now >= self.paused_until && self.under_way < self.limits.max_concurrent.max(1);
        while let Some(probe) = self.due.front().copied() {
            let phase = self.probes[probe as usize].phase;
            if phase == Phase::Waiting && !has_room {
                break;
            }
            self.due.pop_front();
            if phase != Phase::Over {
                return Some(probe);
            }
        }
        while has_room && (self.cursor as usize) < self.probes.len() {
            self.cursor += 1;
            if self.probes[self.cursor as usize - 1].phase == Phase::Waiting {
                return Some(self.cursor - 1);
            }
        }
        None
    }

    fn ask(&mut self, probe: u32, now: Duration) -> Action {
        let entry = &mut self.probes[probe as usize];
        self.under_way += usize::from(entry.phase == Phase::Waiting);
        *entry = Probe { phase: Phase::Asked, tries: entry.tries + 1, sent: now };
        let tried_enough = entry.tries >= TRIES;
        self.pace.sent(now);
        self.tally.probe();
        let index = self.host_index(probe);
        if tried_enough {
            self.timers.push(Reverse((now + self.limits.timeout, Timer::End(probe))));
        } else {
            self.hosts[index].queue.push_back(probe);
        }
        if self.hosts[index].turns < MOST_TURNS {
            self.arm(index, now + TURN);
        } else {
            self.no_more_turns(index, now);
        }
        let permit = self.hosts[index].permit;
        Action::Ask { probe, permit, position: self.position(probe), port: self.port(probe) }
    }

    /// The host was asked often enough: its silent ports wait for what they were sent last.
    fn no_more_turns(&mut self, index: usize, now: Duration) {
        for probe in std::mem::take(&mut self.hosts[index].queue) {
            let end = (self.probes[probe as usize].sent + self.limits.timeout).max(now);
            self.timers.push(Reverse((end, Timer::End(probe))));
        }
    }

    /// Takes note of what happened to a probe.
    pub(super) fn on(&mut self, probe: u32, event: Event, now: Duration) {
        let Some(entry) = self.probes.get(probe as usize).copied().filter(|p| p.phase == Phase::Asked) else {
            return;
        };
        let index = self.host_index(probe);
        let took = Some(now.saturating_sub(entry.sent));
        if event != Event::NoSocket {
            self.pauses = 0;
        }
        match event {
            Event::Response | Event::Closed => {
                self.hosts[index].answered = true;
                let seen = if event == Event::Response {
                    (State::Open, Reason::Response)
                } else {
                    (State::Closed, Reason::PortUnreachable)
                };
                self.end(probe, seen, took);
            }
            Event::Unreachable(reason) => self.end(probe, (State::Filtered, reason), took),
            Event::NoSocket => self.put_back(probe, now),
            Event::NoRoute => {
                self.tally.incomplete(Incomplete::NoRoute);
                let of_host = (index..self.probes.len()).step_by(self.hosts.len());
                of_host.for_each(|probe| self.leave_out(probe as u32));
            }
            Event::Forbidden => {
                self.tally.incomplete(Incomplete::NoRoute);
                self.leave_out(probe);
            }
        }
    }

    /// Asks later, when there may be a socket.
    fn put_back(&mut self, probe: u32, now: Duration) {
        self.probes[probe as usize] = Probe { phase: Phase::Waiting, tries: 0, sent: Duration::ZERO };
        self.under_way -= 1;
        self.due.push_back(probe);
        self.paused_until = now + PAUSE;
        self.pauses += 1;
        if self.pauses > MOST_PAUSES {
            self.interrupt(Incomplete::NoSockets);
        }
    }

    /// Ends the scan. Ports that were asked and silent are told, but not where it was cancelled.
    pub(super) fn interrupt(&mut self, why: Incomplete) {
        if self.left == 0 {
            return;
        }
        self.tally.incomplete(why);
        for probe in 0..self.probes.len() as u32 {
            match self.probes[probe as usize].phase {
                Phase::Asked if why != Incomplete::Cancelled => {
                    self.end(probe, (State::OpenOrFiltered, Reason::NoResponse), None);
                }
                Phase::Asked | Phase::Waiting => self.leave_out(probe),
                Phase::Over => {}
            }
        }
    }

    /// The next port to tell, if any.
    pub(super) fn take_found(&mut self) -> Option<Found> {
        self.found.pop_front()
    }

    /// What is said of the scan, which took so long.
    pub(super) fn summary(mut self, duration: Duration) -> Summary {
        for host in &self.hosts {
            self.tally.host((0, 0), host.answered);
        }
        self.tally.summary(duration)
    }

    fn end(&mut self, probe: u32, (state, reason): (State, Reason), response: Option<Duration>) {
        let (address, port) = (self.host(probe).permit.address(), self.port(probe));
        let service = services::name(port, Protocol::Udp);
        let found = Found { address, port, protocol: Protocol::Udp, state, reason, response, service };
        self.tally.found(&found);
        self.found.push_back(found);
        self.close(probe);
    }

    /// Ends with a port of which nothing will be told.
    fn leave_out(&mut self, probe: u32) {
        if self.probes[probe as usize].phase != Phase::Over {
            self.tally.unscanned(1);
            self.close(probe);
        }
    }

    fn close(&mut self, probe: u32) {
        let phase = std::mem::replace(&mut self.probes[probe as usize].phase, Phase::Over);
        if phase == Phase::Asked {
            self.under_way -= 1;
            self.closing.push(probe);
        }
        self.left -= 1;
    }

    fn wait(&self, until: Duration) -> Action {
        let timer = self.timers.peek().map_or(Duration::MAX, |Reverse((time, _))| *time);
        Action::Wait(until.min(timer).min(self.limits.deadline))
    }
}
