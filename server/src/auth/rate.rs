//! Token buckets for what costs us or others work: per address for the doors of signing up and logging in, per
//! account for what leaves for the network.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

/// How many buckets are remembered. When they are more, the fullest are forgotten first.
const MAX_BUCKETS: usize = 100_000;
/// How many buckets are forgotten at once, at least.
const FORGOTTEN: usize = MAX_BUCKETS / 10;
/// How often: it takes a walk through all of them. Who finds no room until then has to wait.
const PAUSE: Duration = Duration::from_secs(1);

/// `burst` calls at once, then one each `refill`.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Calls at once.
    pub burst: u32,
    /// Time that gives one more call.
    pub refill: Duration,
}

/// Logins per address: 20 at once, then one each 3 seconds.
pub const LOGIN: Rate = Rate { burst: 20, refill: Duration::from_secs(3) };
/// Sign-ups per address: 5 at once, then one each 12 minutes.
pub const SIGN_UP: Rate = Rate { burst: 5, refill: Duration::from_mins(12) };
/// Wrong secrets of identities and relays per address: 20 at once, then one each 30 seconds.
pub const WRONG_SECRET: Rate = Rate { burst: 20, refill: Duration::from_secs(30) };

/// Whose buckets there are.
pub trait Key: Copy + Eq + Hash {
    /// Whose bucket it shares.
    #[must_use]
    fn owner(self) -> Self;
}

impl Key for IpAddr {
    fn owner(self) -> Self {
        network(self)
    }
}

impl Key for Uuid {
    fn owner(self) -> Self {
        self
    }
}

/// The buckets of one door.
pub struct Limiter<K = IpAddr> {
    rate: Option<Rate>,
    buckets: Mutex<Buckets<K>>,
}

struct Buckets<K> {
    /// When each bucket will be full again.
    full_at: HashMap<K, SystemTime>,
    /// When some were last forgotten.
    forgotten: SystemTime,
}

impl<K: Key> Limiter<K> {
    /// With this rate, or none.
    pub fn new(rate: Option<Rate>) -> Self {
        let buckets = Buckets { full_at: HashMap::new(), forgotten: SystemTime::UNIX_EPOCH };
        Self { rate, buckets: Mutex::new(buckets) }
    }

    /// Whether the bucket holds a call, or how long to wait; takes none.
    pub fn check(&self, whose: K, now: SystemTime) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let Ok(buckets) = self.buckets.lock() else { return Ok(()) };
        let capacity = rate.refill * rate.burst;
        let full = buckets.full_at.get(&whose.owner()).copied().unwrap_or(now).clamp(now, now + capacity);
        match (full + rate.refill).duration_since(now + capacity) {
            Ok(wait) if !wait.is_zero() => Err(wait),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Takes one call from the bucket, or says how long to wait.
    pub fn take(&self, whose: K, now: SystemTime) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let Ok(mut buckets) = self.buckets.lock() else { return Ok(()) };
        let capacity = rate.refill * rate.burst;
        let key = whose.owner();
        let known = buckets.full_at.get(&key).copied();
        if known.is_none() {
            buckets.make_room(now)?;
        }
        // A clock that was set back must not shut anybody out for longer than its bucket is deep.
        let full = known.unwrap_or(now).clamp(now, now + capacity) + rate.refill;
        match full.duration_since(now + capacity) {
            Ok(wait) if !wait.is_zero() => Err(wait),
            Ok(_) | Err(_) => {
                buckets.full_at.insert(key, full);
                Ok(())
            }
        }
    }
}

impl<K: Key> Buckets<K> {
    /// Room for one more, or how long to wait for it.
    fn make_room(&mut self, now: SystemTime) -> Result<(), Duration> {
        if self.full_at.len() < MAX_BUCKETS {
            return Ok(());
        }
        // A clock that was set back is no reason to wait.
        if let Ok(since) = now.duration_since(self.forgotten)
            && since < PAUSE
        {
            return Err(PAUSE.saturating_sub(since));
        }
        self.forgotten = now;
        let mut times: Vec<SystemTime> = self.full_at.values().copied().collect();
        let (_, last, _) = times.select_nth_unstable(FORGOTTEN - 1);
        let last = (*last).max(now);
        self.full_at.retain(|_, full| *full > last);
        Ok(())
    }
}

/// One IPv4 address, or the /64 that an IPv6 subscriber usually holds.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const RATE: Rate = Rate { burst: 3, refill: Duration::from_secs(10) };

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_burst_passes_and_the_next_waits_its_refill() {
        let limiter = Limiter::new(Some(RATE));
        for _ in 0..3 {
            assert_eq!(limiter.take(address(1), UNIX_EPOCH), Ok(()));
        }
        assert_eq!(limiter.take(address(1), UNIX_EPOCH), Err(Duration::from_secs(10)));
        assert_eq!(limiter.take(address(2), UNIX_EPOCH), Ok(()));
        assert_eq!(limiter.take(address(1), UNIX_EPOCH + Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_bucket() {
        let limiter: Limiter = Limiter::new(Some(Rate { burst: 1, refill: Duration::from_secs(1) }));
        assert_eq!(limiter.take("2001:db8::1".parse().unwrap(), UNIX_EPOCH), Ok(()));
        assert!(limiter.take("2001:db8::2".parse().unwrap(), UNIX_EPOCH).is_err());
        assert_eq!(limiter.take("2001:db8:0:1::1".parse().unwrap(), UNIX_EPOCH), Ok(()));
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out_for_long() {
        let limiter = Limiter::new(Some(RATE));
        let later = UNIX_EPOCH + Duration::from_hours(9);
        assert_eq!(limiter.take(address(1), later), Ok(()));
        let wait = limiter.take(address(1), UNIX_EPOCH).unwrap_err();
        assert_eq!(wait, Duration::from_secs(10));
    }

    #[test]
    fn a_crowd_of_addresses_makes_room_by_its_fullest_buckets_and_then_waits() {
        let limiter = Limiter::new(Some(Rate { burst: 2, refill: Duration::from_hours(1) }));
        let of = |n: usize| IpAddr::from((n as u32).to_be_bytes());
        let begin = UNIX_EPOCH + Duration::from_hours(1);
        for n in 0..MAX_BUCKETS {
            // The earlier, the sooner full again.
            assert_eq!(limiter.take(of(n), begin + Duration::from_millis(n as u64)), Ok(()));
        }
        let now = begin + Duration::from_millis(MAX_BUCKETS as u64);
        for n in 0..FORGOTTEN {
            assert_eq!(limiter.take(of(MAX_BUCKETS + n), now), Ok(()));
        }
        let crowded = limiter.take(of(MAX_BUCKETS + FORGOTTEN), now);
        assert_eq!(crowded, Err(PAUSE), "there is no door beside the limiter");
        assert_eq!(limiter.take(of(MAX_BUCKETS - 1), now), Ok(()), "who is known is not kept waiting");
        assert!(limiter.take(of(MAX_BUCKETS - 1), now).is_err(), "who is known is remembered");
        assert_eq!(limiter.take(of(MAX_BUCKETS + FORGOTTEN), now + PAUSE), Ok(()));
    }

    #[test]
    fn a_look_takes_nothing_and_sees_an_empty_bucket() {
        let limiter = Limiter::new(Some(RATE));
        for _ in 0..3 {
            assert_eq!(limiter.check(address(1), UNIX_EPOCH), Ok(()));
            assert_eq!(limiter.take(address(1), UNIX_EPOCH), Ok(()));
        }
        assert_eq!(limiter.check(address(1), UNIX_EPOCH), Err(Duration::from_secs(10)));
        assert_eq!(limiter.check(address(2), UNIX_EPOCH), Ok(()));
        assert_eq!(limiter.check(address(1), UNIX_EPOCH + Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn no_rate_means_no_limit() {
        let limiter = Limiter::new(None);
        for _ in 0..1000 {
            assert_eq!(limiter.take(address(1), UNIX_EPOCH), Ok(()));
        }
    }
}
