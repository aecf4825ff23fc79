//! The probes under way: one slot, and one socket, each.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use super::host::Probe;

/// How long a socket may wait for a late answer, which costs nothing, before it is closed: after 1 s the kernel
/// would send its own second SYN.
const LINGERS: Duration = Duration::from_millis(900);

/// What a slot is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing.
    Free,
    /// A probe under way.
    Flying,
    /// A probe that was given up, but whose answer would still be heard.
    Lingering,
}

/// A probe in its slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The host's index.
    pub(super) host: u32,
    /// What was sent.
    pub(super) probe: Probe,
    /// When.
    pub(super) sent: Duration,
    /// How long it waits.
    pub(super) wait: Duration,
    /// What the slot is used for.
    pub(super) state: Use,
}

/// All slots, with the timers of those under way.
#[derive(Debug, Default)]
pub(super) struct Slots {
    all: Vec<Slot>,
    free: Vec<u32>,
    lingering: VecDeque<(u32, Duration)>,
    timers: BinaryHeap<Reverse<(Duration, u32)>>,
    flying: u32,
}

impl Slots {
    /// How many probes are under way.
    pub(super) fn flying(&self) -> u32 {
        self.flying
    }

    /// A slot that is in use.
    pub(super) fn get(&self, slot: u32) -> Option<Slot> {
        self.all.get(slot as usize).copied().filter(|entry| entry.state != Use::Free)
    }

    /// The probes under way to a host.
    pub(super) fn flying_to(&self, host: u32) -> impl Iterator<Item = Probe> + '_ {
        let flying = move |slot: &&Slot| slot.host == host && slot.state == Use::Flying;
        self.all.iter().filter(flying).map(|slot| slot.probe)
    }

    /// Starts a probe in a free slot, else in the one that has waited the longest for a late answer, else in a
    /// new one.
    pub(super) fn launch(&mut self, host: u32, probe: Probe, sent: Duration, wait: Duration) -> u32 {
        let entry = Slot { host, probe, sent, wait, state: Use::Flying };
        let slot = if let Some(slot) = self.free.pop().or_else(|| self.pop_lingering(Duration::MAX)) {
            self.all[slot as usize] = entry;
            slot
        } else {
            self.all.push(entry);
            (self.all.len() - 1) as u32
        };
        self.flying += 1;
        self.timers.push(Reverse((sent + wait, slot)));
        slot
    }

    /// Ends what a slot is used for.
    pub(super) fn release(&mut self, slot: u32) {
        let entry = &mut self.all[slot as usize];
        if entry.state != Use::Free {
            self.flying -= u32::from(entry.state == Use::Flying);
            entry.state = Use::Free;
            self.free.push(slot);
        }
    }

    /// Gives up a probe whose wait is over at this time, if there is one.
    pub(super) fn expire(&mut self, now: Duration) -> Option<Slot> {
        while let Some(Reverse((due, slot))) = self.timers.peek().copied() {
            if due > now {
                return None;
            }
            self.timers.pop();
            let entry = &mut self.all[slot as usize];
            // A timer of an answered probe, or of a wait that was shortened, is stale.
            if entry.state == Use::Flying && entry.sent + entry.wait == due {
                entry.state = Use::Lingering;
                self.flying -= 1;
                self.lingering.push_back((slot, entry.sent));
                return Some(*entry);
            }
        }
        None
    }

    /// Shortens the waits of what is under way to a host.
    pub(super) fn rearm(&mut self, host: u32, wait: impl Fn(Probe) -> Duration) {
        for (id, slot) in self.all.iter_mut().enumerate() {
            if slot.host == host && slot.state == Use::Flying {
                let wait = wait(slot.probe);
                if wait < slot.wait {
                    slot.wait = wait;
                    self.timers.push(Reverse((slot.sent + wait, id as u32)));
                }
            }
        }
    }

    /// A slot that has waited for a late answer for so long that it is to be closed. It is free then.
    pub(super) fn too_long_lingering(&mut self, now: Duration) -> Option<u32> {
        let slot = self.pop_lingering(now.checked_sub(LINGERS)?)?;
        self.release(slot);
        Some(slot)
    }

    /// The slot that lingers longest, if it was sent at a time or before.
    fn pop_lingering(&mut self, latest: Duration) -> Option<u32> {
        while let Some((slot, sent)) = self.lingering.front().copied() {
            let entry = &self.all[slot as usize];
            let lingers = entry.state == Use::Lingering && entry.sent == sent;
            if lingers && sent > latest {
                return None;
            }
            self.lingering.pop_front();
            if lingers {
                return Some(slot);
            }
        }
        None
    }

    /// When something is to be done about a slot at the latest.
    pub(super) fn due(&self) -> Duration {
        let timer = self.timers.peek().map_or(Duration::MAX, |Reverse((due, _))| *due);
        let linger = self.lingering.front().map_or(Duration::MAX, |(_, sent)| *sent + LINGERS);
        timer.min(linger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn probe(position: u32) -> Probe {
        Probe { position, pass: 1, canary: false }
    }

    #[test]
    fn waits_end_in_the_order_of_time_and_may_be_shortened() {
        let mut slots = Slots::default();
        slots.launch(0, probe(1), millis(0), millis(1000));
        slots.launch(1, probe(2), millis(10), millis(500));
        assert!(slots.expire(millis(509)).is_none());
        slots.rearm(0, |_| millis(100));
        assert_eq!(slots.expire(millis(509)).map(|slot| slot.probe), Some(probe(1)));
        assert!(slots.expire(millis(509)).is_none());
        assert_eq!(slots.expire(millis(510)).map(|slot| slot.probe), Some(probe(2)));
        assert_eq!(slots.flying(), 0);
        assert!(slots.expire(millis(5000)).is_none(), "the first timer of the first is stale");
    }

    #[test]
    fn a_slot_that_lingers_hears_late_answers_until_it_is_needed_or_old() {
        let mut slots = Slots::default();
        let slot = slots.launch(0, probe(1), millis(0), millis(100));
        slots.expire(millis(100));
        assert_eq!(slots.get(slot).map(|entry| entry.state), Some(Use::Lingering));
        assert_eq!(slots.launch(0, probe(2), millis(200), millis(100)), slot);
        slots.expire(millis(300));
        assert_eq!((slots.too_long_lingering(millis(1099)), slots.due()), (None, millis(1100)));
        assert_eq!(slots.too_long_lingering(millis(1100)), Some(slot));
        assert!(slots.get(slot).is_none());
    }

    #[test]
    fn an_answered_slot_is_free_at_once() {
        let mut slots = Slots::default();
        let slot = slots.launch(3, probe(1), millis(0), millis(100));
        assert_eq!(slots.flying_to(3).count(), 1);
        slots.release(slot);
        slots.release(slot);
        assert_eq!((slots.flying(), slots.flying_to(3).count()), (0, 0));
        assert_eq!(slots.launch(3, probe(2), millis(1), millis(100)), slot);
    }
}
