//! How many connections there may be: in all, and for each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Cidr, Limits};

/// The part of an IPv6 address that its holder chooses freely.
const HOST_BITS: u128 = u64::MAX as u128;

/// Seats for connections.
pub(super) struct Gate {
    seats: Arc<Semaphore>,
    taken: Taken,
    per_address: usize,
    exempt_loopback: bool,
    exempt: Vec<Cidr>,
}

impl Gate {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            taken: Taken::default(),
            per_address: limits.connections_per_address,
            exempt_loopback: limits.exempt_loopback,
            exempt: limits.exempt.clone(),
        }
    }

    /// Waits until there is a free seat, for whoever comes next.
    pub(super) async fn free_seat(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.seats).acquire_owned().await.expect("the gate never closes its semaphore")
    }

    /// Gives the free seat to `peer`, unless its address has too many already.
    pub(super) fn admit(&self, peer: IpAddr, seat: OwnedSemaphorePermit) -> Option<Seat> {
        let peer = peer.to_canonical();
        let exempt = (self.exempt_loopback && peer.is_loopback())
            || self.exempt.iter().any(|block| block.contains(peer));
        let counted = if exempt { None } else { Some(self.taken.take(household(peer), self.per_address)?) };
        Some(Seat { _seat: seat, _counted: counted })
    }
}

/// A place for one connection, given back when dropped.
pub(super) struct Seat {
    _seat: OwnedSemaphorePermit,
    _counted: Option<Counted>,
}

/// What one client holds: an IPv4 address, or the /64 of an IPv6 address.
fn household(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !HOST_BITS).into(),
    }
}

#[derive(Clone, Default)]
struct Taken(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Taken {
    fn take(&self, household: IpAddr, most: usize) -> Option<Counted> {
        let mut counts = self.lock();
        let count = counts.get(&household).copied().unwrap_or(0);
        if count >= most {
            return None;
        }
        counts.insert(household, count + 1);
        Some(Counted { taken: self.clone(), household })
    }

    /// Counts stay right even where a thread panicked: each change is one step.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Counted {
    taken: Taken,
    household: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.taken.lock();
        match counts.get_mut(&self.household) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(counts.remove(&self.household)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(connections: usize, connections_per_address: usize) -> Gate {
        let exempt = vec!["198.51.100.0/24".parse().unwrap()];
        Gate::new(&Limits { connections, connections_per_address, exempt, ..Limits::default() })
    }

    async fn admit(gate: &Gate, peer: &str) -> Option<Seat> {
        gate.admit(peer.parse().unwrap(), gate.free_seat().await)
    }

    #[tokio::test]
    async fn an_address_gets_its_share_and_gets_it_back() {
        let gate = gate(100, 2);
        let first = admit(&gate, "192.0.2.1").await.unwrap();
        let _second = admit(&gate, "::ffff:192.0.2.1").await.unwrap();
        assert!(admit(&gate, "192.0.2.1").await.is_none());
        assert!(admit(&gate, "192.0.2.2").await.is_some());
        drop(first);
        assert!(admit(&gate, "192.0.2.1").await.is_some());
    }

    #[tokio::test]
    async fn ipv6_addresses_share_by_64_bits() {
        let gate = gate(100, 1);
        let _seat = admit(&gate, "2001:db8:0:1::1").await.unwrap();
        assert!(admit(&gate, "2001:db8:0:1:ffff::2").await.is_none());
        assert!(admit(&gate, "2001:db8:0:2::1").await.is_some());
    }

    #[tokio::test]
    async fn exempt_peers_are_bounded_by_the_total_only() {
        let gate = gate(3, 1);
        let seats = [
            admit(&gate, "127.0.0.1").await.unwrap(),
            admit(&gate, "127.0.0.1").await.unwrap(),
            admit(&gate, "198.51.100.7").await.unwrap(),
        ];
        assert!(futures::FutureExt::now_or_never(gate.free_seat()).is_none());
        drop(seats);
        assert!(futures::FutureExt::now_or_never(gate.free_seat()).is_some());
    }

    #[tokio::test]
    async fn a_refusal_gives_the_seat_back_and_nothing_is_remembered() {
        let gate = gate(1, 0);
        assert!(admit(&gate, "192.0.2.1").await.is_none());
        assert!(admit(&gate, "192.0.2.1").await.is_none());
        assert!(gate.taken.lock().is_empty());
    }

    #[tokio::test]
    async fn the_count_forgets_addresses_that_left() {
        let gate = gate(8, 8);
        let seats = [admit(&gate, "192.0.2.1").await, admit(&gate, "192.0.2.1").await];
        assert_eq!(gate.taken.lock().values().sum::<usize>(), 2);
        drop(seats);
        assert!(gate.taken.lock().is_empty());
    }
}
