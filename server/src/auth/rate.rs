//! Token buckets per address for the doors that cost us work: signing up and logging in.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, SystemTime},
};

/// How many addresses are remembered; the fullest buckets are forgotten first.
const MAX_ADDRESSES: usize = 100_000;

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

/// The buckets of one door.
pub struct Limiter {
    rate: Option<Rate>,
    /// When each address's bucket will be full again.
    full_at: Mutex<HashMap<IpAddr, SystemTime>>,
}

impl Limiter {
    /// With this rate, or none.
    pub fn new(rate: Option<Rate>) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// Whether the address's bucket holds a call, or how long to wait; takes none.
    pub fn check(&self, address: IpAddr, now: SystemTime) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let Ok(full_at) = self.full_at.lock() else { return Ok(()) };
        let capacity = rate.refill * rate.burst;
        let full = full_at.get(&network(address)).copied().unwrap_or(now).clamp(now, now + capacity);
        match (full + rate.refill).duration_since(now + capacity) {
            Ok(wait) if !wait.is_zero() => Err(wait),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Takes one call from the address's bucket, or says how long to wait.
    pub fn take(&self, address: IpAddr, now: SystemTime) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let Ok(mut full_at) = self.full_at.lock() else { return Ok(()) };
        if full_at.len() >= MAX_ADDRESSES {
            full_at.retain(|_, full| *full > now);
        }
        let capacity = rate.refill * rate.burst;
        let key = network(address);
        // A clock that was set back must not shut an address out for longer than its bucket is deep.
        let full = full_at.get(&key).copied().unwrap_or(now).clamp(now, now + capacity) + rate.refill;
        match full.duration_since(now + capacity) {
            Ok(wait) if !wait.is_zero() => Err(wait),
            Ok(_) | Err(_) => {
                if full_at.len() < MAX_ADDRESSES || full_at.contains_key(&key) {
                    full_at.insert(key, full);
                }
                Ok(())
            }
        }
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
        let limiter = Limiter::new(Some(Rate { burst: 1, refill: Duration::from_secs(1) }));
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
