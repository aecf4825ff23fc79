//! Every bound of the edge in one value, with defaults for a small host that faces the public.

use std::{num::NonZeroU32, time::Duration};

use super::{Cidr, Pace};

/// Connections held at once; later ones wait in the kernel's backlog.
pub const CONNECTIONS: usize = 1_024;
/// Connections held at once for one address (IPv6: one /64).
pub const CONNECTIONS_PER_ADDRESS: usize = 32;
/// Time for a new connection to show which protocol it speaks.
pub const FIRST_BYTES: Duration = Duration::from_secs(5);
/// Time for the head of an HTTP/1 request, which is also how long an idle HTTP/1 connection lives.
pub const HEAD: Duration = Duration::from_secs(10);
/// The slowest request body, in bytes a second.
pub const BODY_BYTES_PER_SECOND: NonZeroU32 = NonZeroU32::new(1_024).expect("not zero");
/// How long a request body may fall behind that.
pub const BODY_GRACE: Duration = Duration::from_secs(10);
/// Calls of one connection that wait for the head of their answer.
pub const IN_FLIGHT: usize = 64;
/// Streams of one HTTP/2 connection, running answers included.
pub const STREAMS: u32 = 100;
/// Age at which a connection is told to go, give or take a tenth.
pub const AGE: Duration = Duration::from_hours(1);
/// Time that calls of a connection past its age have to finish.
pub const AGE_GRACE: Duration = Duration::from_secs(30);
/// How often an HTTP/2 peer is asked whether it is there.
pub const PING_INTERVAL: Duration = Duration::from_secs(10);
/// How long it has to answer.
pub const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged, or a peer's window closed.
pub const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Time that running calls have to finish at shutdown.
pub const DRAIN: Duration = Duration::from_secs(20);

/// What the edge bears before it refuses, cuts or stops. Durations of more than a year are not supported.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections held at once: [`CONNECTIONS`].
    pub connections: usize,
    /// Connections held at once for one address: [`CONNECTIONS_PER_ADDRESS`].
    pub connections_per_address: usize,
    /// Whether loopback peers (the operator, a reverse proxy on this host) escape the bound per address.
    pub exempt_loopback: bool,
    /// Other peers that escape it: the reverse proxies on other hosts.
    pub exempt: Vec<Cidr>,
    /// Time to show the protocol: [`FIRST_BYTES`].
    pub first_bytes: Duration,
    /// Time for an HTTP/1 head: [`HEAD`].
    pub head: Duration,
    /// The slowest request body: [`BODY_BYTES_PER_SECOND`] after [`BODY_GRACE`].
    pub body: Pace,
    /// Unanswered calls of one connection: [`IN_FLIGHT`].
    pub in_flight: usize,
    /// Streams of one HTTP/2 connection: [`STREAMS`].
    pub streams: u32,
    /// Age of a connection: [`AGE`], give or take a tenth.
    pub age: Duration,
    /// Time to finish past that age: [`AGE_GRACE`].
    pub age_grace: Duration,
    /// Time between two HTTP/2 pings: [`PING_INTERVAL`].
    pub ping_interval: Duration,
    /// Time to answer one: [`PING_TIMEOUT`].
    pub ping_timeout: Duration,
    /// Time for a peer to acknowledge what was sent (`TCP_USER_TIMEOUT`): [`UNACKNOWLEDGED`].
    pub unacknowledged: Duration,
    /// Time to finish at shutdown: [`DRAIN`].
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            exempt_loopback: true,
            exempt: Vec::new(),
            first_bytes: FIRST_BYTES,
            head: HEAD,
            body: Pace::default(),
            in_flight: IN_FLIGHT,
            streams: STREAMS,
            age: AGE,
            age_grace: AGE_GRACE,
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
            unacknowledged: UNACKNOWLEDGED,
            drain: DRAIN,
        }
    }
}
