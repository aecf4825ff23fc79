//! A network that exists in memory only, whose time passes only when the scan waits or works.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use super::{
    super::{
        Found, Incomplete, Limits, Port, PortSet, Summary,
        engine::{Action, Engine, Event},
        host::Answer,
        model::Reason,
    },
    permit,
};
use crate::network::targets::Permit;

/// What one connect costs this machine.
const WORK: Duration = Duration::from_micros(8);

/// What a host does with a port where nothing listens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Other {
    /// It resets the connection.
    Resets,
    /// It drops the packet.
    Drops,
    /// A router answers in its place.
    Unreachable,
    /// It resets, but no more often a second.
    ResetsUpTo(u32),
}

/// A host.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) open: BTreeSet<u16>,
    pub(super) other: Other,
    /// The way there and back.
    pub(super) rtt: Duration,
    /// The part of packets that is lost, each way.
    pub(super) loss: f64,
    /// Packets a second that the way carries; more wait in a queue.
    pub(super) capacity: Option<u32>,
    /// Packets that the queue holds; more are dropped.
    pub(super) queue: u32,
}

impl Machine {
    pub(super) fn new(open: &[u16], other: Other, rtt_ms: u64) -> Self {
        let open = open.iter().copied().collect();
        Self { open, other, rtt: Duration::from_millis(rtt_ms), loss: 0.0, capacity: None, queue: u32::MAX }
    }

    /// There is nobody.
    pub(super) fn absent() -> Self {
        Self::new(&[], Other::Drops, 0)
    }

    pub(super) fn with_loss(mut self, loss: f64) -> Self {
        self.loss = loss;
        self
    }

    pub(super) fn with_capacity(mut self, capacity: u32, queue: u32) -> Self {
        (self.capacity, self.queue) = (Some(capacity), queue);
        self
    }
}

/// What a machine is like at a time.
#[derive(Debug, Default, Clone, Copy)]
struct Now {
    /// When the way is free again.
    busy_until: Duration,
    /// In which second resets are counted, and how many there were.
    resets: (u64, u32),
}

/// What happened in a world.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) found: Vec<Found>,
    pub(super) summary: Summary,
    pub(super) most_under_way: u32,
    /// Probes by host and port.
    pub(super) probes: HashMap<(IpAddr, u16), u32>,
    /// When each probe was sent.
    pub(super) times: Vec<Duration>,
}

impl Outcome {
    /// Open ports of a host, in order.
    pub(super) fn open(&self, host: usize) -> Vec<u16> {
        let open = |found: &&Found| found.address == address(host) && found.reason == Reason::SynAck;
        let mut ports: Vec<u16> = self.found.iter().filter(open).map(|found| found.port.number()).collect();
        ports.sort_unstable();
        ports
    }

    pub(super) fn seconds(&self) -> f64 {
        self.summary.duration.as_secs_f64()
    }
}

/// A network.
pub(super) struct World {
    machines: Vec<Machine>,
    now: Vec<Now>,
    random: u64,
    /// Most sockets of this machine from each time on.
    pub(super) sockets: Vec<(Duration, u32)>,
    /// When somebody cancels.
    pub(super) cancelled_at: Duration,
    arrivals: BinaryHeap<Reverse<Arrival>>,
    tokens: HashMap<u32, u64>,
    count: u64,
}

/// When, which of those of the same time, to which slot, of which probe, and what.
type Arrival = (Duration, u64, u32, u64, Kind);
type Kind = u8;
const OPEN: Kind = 0;
const RESET: Kind = 1;
const UNREACHABLE: Kind = 2;

/// The address of a host.
pub(super) fn address(host: usize) -> IpAddr {
    let [_, _, third, fourth] = u32::try_from(host).unwrap().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(198, 19, third, fourth))
}

fn host_of(address: IpAddr) -> usize {
    let IpAddr::V4(v4) = address else { panic!("{address} is not of this world") };
    let [_, _, third, fourth] = v4.octets();
    usize::from(third) << 8 | usize::from(fourth)
}

/// Ports of a range.
pub(super) fn range(first: u16, last: u16) -> PortSet {
    PortSet::range(Port::new(first).unwrap(), Port::new(last).unwrap())
}

/// Limits wide enough for all.
pub(super) fn limits() -> Limits {
    Limits {
        max_concurrent: 8192,
        timeout: Duration::from_secs(1),
        rate: None,
        deadline: Duration::from_mins(10),
    }
}

impl World {
    pub(super) fn new(machines: Vec<Machine>, seed: u64) -> Self {
        Self {
            now: vec![Now::default(); machines.len()],
            machines,
            random: seed ^ 0x5851_F42D_4C95_7F2D,
            sockets: Vec::new(),
            cancelled_at: Duration::MAX,
            arrivals: BinaryHeap::new(),
            tokens: HashMap::new(),
            count: 0,
        }
    }

    /// Scans all hosts.
    pub(super) fn scan(&mut self, ports: &PortSet, limits: Limits, seed: u64) -> Outcome {
        let permits: Vec<_> = (0..self.machines.len()).map(|host| permit(address(host), None)).collect();
        self.scan_with(&permits, ports, limits, seed)
    }

    pub(super) fn scan_with(
        &mut self,
        permits: &[Permit],
        ports: &PortSet,
        limits: Limits,
        seed: u64,
    ) -> Outcome {
        let mut engine = Engine::new(permits, ports, limits, seed);
        let (mut now, mut found, mut most) = (Duration::ZERO, Vec::new(), 0);
        let (mut probes, mut times) = (HashMap::new(), Vec::new());
        loop {
            self.deliver(&mut engine, now);
            engine.expire(now);
            if now >= self.cancelled_at {
                engine.interrupt(Incomplete::Cancelled);
            }
            let action = engine.next(now);
            found.extend(std::iter::from_fn(|| engine.take_found()));
            most = most.max(engine.under_way());
            match action {
                Action::Connect { slot, permit, port, .. } => {
                    *probes.entry((permit.address(), port.number())).or_default() += 1;
                    times.push(now);
                    self.connect(&mut engine, (slot, permit, port), now);
                    now += WORK;
                }
                Action::Close { slot } => drop(self.tokens.remove(&slot)),
                Action::Wait(until) => {
                    let arrival = self.arrivals.peek().map_or(Duration::MAX, |Reverse(next)| next.0);
                    let next = until.min(arrival).min(self.cancelled_at.max(now));
                    assert!(next > now || arrival <= now, "waits for the past at {now:?}");
                    now = next;
                }
                Action::Done => break,
            }
        }
        let summary = engine.summary(now);
        Outcome { found, summary, most_under_way: most, probes, times }
    }

    fn deliver(&mut self, engine: &mut Engine, now: Duration) {
        while let Some(Reverse((time, _, slot, token, kind))) = self.arrivals.peek().copied() {
            if time > now {
                return;
            }
            self.arrivals.pop();
            if self.tokens.get(&slot) == Some(&token) {
                self.tokens.remove(&slot);
                let answer = match kind {
                    OPEN => Answer::Open,
                    RESET => Answer::Refused,
                    _ => Answer::Unreachable(Reason::HostUnreachable),
                };
                engine.on(slot, Event::Answer(answer), time);
            }
        }
    }

    fn connect(&mut self, engine: &mut Engine, (slot, permit, port): (u32, Permit, Port), now: Duration) {
        let limit = self.sockets.iter().filter(|(from, _)| *from <= now).map(|(_, limit)| *limit).next_back();
        self.tokens.remove(&slot);
        if limit.is_some_and(|limit| self.tokens.len() >= limit as usize) {
            engine.on(slot, Event::NoSocket, now);
            return;
        }
        self.count += 1;
        self.tokens.insert(slot, self.count);
        let host = host_of(permit.address());
        if let Some((arrival, kind)) = self.answer(host, port.number(), now) {
            self.arrivals.push(Reverse((arrival, self.count, slot, self.count, kind)));
        }
    }

    /// When an answer comes back, and which.
    fn answer(&mut self, host: usize, port: u16, now: Duration) -> Option<(Duration, Kind)> {
        let sent = self.queued(host, now)?;
        let machine = &self.machines[host];
        let (loss, rtt, other, listens) =
            (machine.loss, machine.rtt, machine.other, machine.open.contains(&port));
        if self.chance() < loss {
            return None;
        }
        let there = sent + rtt / 2;
        let kind = match other {
            _ if listens => OPEN,
            Other::Resets => RESET,
            Other::Drops => return None,
            Other::Unreachable => UNREACHABLE,
            Other::ResetsUpTo(limit) => {
                let state = &mut self.now[host].resets;
                if state.0 != there.as_secs() {
                    *state = (there.as_secs(), 0);
                }
                state.1 += 1;
                if state.1 > limit {
                    return None;
                }
                RESET
            }
        };
        if self.chance() < loss {
            return None;
        }
        // A little more than nothing, so that no two round trips are the same.
        let jitter = Duration::from_secs_f64(self.chance() * 0.000_2);
        Some((there + rtt / 2 + jitter, kind))
    }

    fn queued(&mut self, host: usize, now: Duration) -> Option<Duration> {
        let machine = &self.machines[host];
        let Some(capacity) = machine.capacity else { return Some(now) };
        let each = Duration::from_secs(1) / capacity;
        let start = self.now[host].busy_until.max(now);
        if start.saturating_sub(now) > each * machine.queue {
            return None;
        }
        self.now[host].busy_until = start + each;
        Some(start + each)
    }

    fn chance(&mut self) -> f64 {
        // Knuth's generator (MMIX), its upper bits.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }
}
