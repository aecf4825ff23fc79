//! Echo requests and what becomes of them.

use std::{net::IpAddr, num::NonZeroU8, time::Duration};

/// Shortest time to wait.
pub const MIN_TIMEOUT: Duration = Duration::from_millis(100);
/// Longest time to wait.
pub const MAX_TIMEOUT: Duration = Duration::from_mins(5);
/// Time to wait if nobody says.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(4);
/// Fewest bytes of a packet after its IP header: those of ICMP's own (RFC 792, RFC 4443 4.1).
pub const MIN_SIZE: u16 = 8;
/// Most bytes of a packet after its IP header.
pub const MAX_SIZE: u16 = 1500;
/// Bytes of a packet if nobody says.
pub const USUAL_SIZE: u16 = 56;

/// One echo request. What exists is within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    timeout: Duration,
    size: u16,
    ttl: Option<NonZeroU8>,
}

/// Why a request for an echo can't be. The words are those that REST clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEcho {
    /// Less than [`MIN_TIMEOUT`].
    #[error("Timeout must be at least {} seconds", MIN_TIMEOUT.as_secs_f64())]
    ShortTimeout,
    /// More than [`MAX_TIMEOUT`].
    #[error("Timeout cannot exceed {} seconds", MAX_TIMEOUT.as_secs())]
    LongTimeout,
    /// Less than [`MIN_SIZE`].
    #[error("Packet size must be at least {MIN_SIZE} bytes")]
    SmallPacket,
    /// More than [`MAX_SIZE`].
    #[error("Packet size cannot exceed {MAX_SIZE} bytes")]
    LargePacket,
    /// More than fits into its byte.
    #[error("TTL cannot exceed {}", u8::MAX)]
    LargeTtl,
}

impl Echo {
    /// With what was said; `None`, and 0, leave it open.
    pub fn new(timeout: Option<Duration>, size: u32, ttl: u32) -> Result<Self, InvalidEcho> {
        let timeout = timeout.unwrap_or(USUAL_TIMEOUT);
        if timeout < MIN_TIMEOUT {
            return Err(InvalidEcho::ShortTimeout);
        }
        if timeout > MAX_TIMEOUT {
            return Err(InvalidEcho::LongTimeout);
        }
        let size = match u16::try_from(size) {
            Ok(0) => USUAL_SIZE,
            Ok(size) if size < MIN_SIZE => return Err(InvalidEcho::SmallPacket),
            Ok(size) if size <= MAX_SIZE => size,
            Ok(_) | Err(_) => return Err(InvalidEcho::LargePacket),
        };
        let ttl = u8::try_from(ttl).map_err(|_| InvalidEcho::LargeTtl)?;
        Ok(Self { timeout, size, ttl: NonZeroU8::new(ttl) })
    }

    /// How long to wait: [`MIN_TIMEOUT`] to [`MAX_TIMEOUT`].
    pub fn timeout(self) -> Duration {
        self.timeout
    }

    /// Bytes of the packet after its IP header: [`MIN_SIZE`] to [`MAX_SIZE`].
    pub fn size(self) -> u16 {
        self.size
    }

    /// How many routers it may pass, if somebody said.
    pub fn ttl(self) -> Option<NonZeroU8> {
        self.ttl
    }
}

/// What became of an echo request that did not time out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Echoed {
    /// The host answered.
    Answered {
        /// From just before the packet was sent until its answer was read, by a monotonic clock.
        round_trip: Duration,
        /// What is left of the answer's TTL or hop limit, where the system tells.
        ttl: Option<u8>,
    },
    /// There is no way to it, in whose words.
    Unreachable(String),
    /// A router discarded it because it had passed as many as it might.
    TtlExceeded(IpAddr),
    /// We may not open a socket for it, and why.
    NotPermitted(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_as_usual() {
        let echo = Echo::new(None, 0, 0).expect("an echo request");
        assert_eq!((echo.timeout(), echo.size(), echo.ttl()), (USUAL_TIMEOUT, 56, None));
    }

    #[test]
    fn values_are_within_their_ranges_ends_included() {
        let millis = |millis| Some(Duration::from_millis(millis));
        for (timeout, size, ttl) in [(millis(100), 8, 1), (millis(300_000), 1500, 255)] {
            let echo = Echo::new(timeout, size, ttl).expect("an echo request");
            assert_eq!(
                (Some(echo.timeout()), u32::from(echo.size()), echo.ttl().map(|ttl| u32::from(ttl.get()))),
                (timeout, size, Some(ttl))
            );
        }
        for (timeout, size, ttl, why) in [
            (millis(99), 0, 0, "Timeout must be at least 0.1 seconds"),
            (millis(300_001), 0, 0, "Timeout cannot exceed 300 seconds"),
            (None, 7, 0, "Packet size must be at least 8 bytes"),
            (None, 1501, 0, "Packet size cannot exceed 1500 bytes"),
            (None, 65_592, 0, "Packet size cannot exceed 1500 bytes"),
            (None, 0, 256, "TTL cannot exceed 255"),
        ] {
            let refused = Echo::new(timeout, size, ttl).map_err(|invalid| invalid.to_string());
            assert_eq!(refused, Err(why.to_owned()));
        }
    }
}
