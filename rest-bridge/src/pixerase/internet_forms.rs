//! What the routes of pings and addresses read (facts 1.6). What a value may be at most is the server's to say: that
//! is a 400.

use std::{ops::RangeInclusive, time::Duration};

use atalaya_proto::network::v1 as pb;
use utoipa::IntoParams;

use super::{
    field::Wrong,
    form::{Form, Shape},
};

/// Longest text that is looked at as a host.
const MAX_ADDRESS: usize = 255;
/// Seconds that somebody can write down, and that a duration holds.
const TIMEOUT: RangeInclusive<f64> = 0.1..=1e300;
const USUAL_TIMEOUT: f64 = 4.0;
/// Longer is as wrong.
const MAX_SECONDS: f64 = 1e9;
const PACKET_SIZE: RangeInclusive<i64> = 56..=i64::MAX;
const USUAL_PACKET_SIZE: i64 = 56;
const TTL: RangeInclusive<i64> = 1..=i64::MAX;

/// Whom to ping, and how.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ping {
    /// Target IP address or hostname.
    #[param(min_length = 1, max_length = 255, example = "192.168.1.1")]
    pub(super) destination_address: String,
    /// Ping timeout in seconds.
    #[param(required = false, minimum = 0.1, maximum = 300, default = 4.0)]
    pub(super) timeout: f64,
    /// Packet size in bytes.
    #[param(required = false, minimum = 56, maximum = 1500, default = 56)]
    pub(super) packet_size: u32,
    /// Time to live; the system's own if left out.
    #[param(required = false, minimum = 1, maximum = 255, example = 64)]
    pub(super) ttl: Option<u32>,
}

impl Shape for Ping {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let destination_address = destination_address(form);
        let timeout = form.query("timeout").or(USUAL_TIMEOUT).number(TIMEOUT);
        let packet_size = form.query("packet_size").or(USUAL_PACKET_SIZE).int(PACKET_SIZE);
        let ttl = form.query("ttl").given().map(|ttl| ttl.int(TTL)).transpose();
        Ok(Self {
            destination_address: destination_address?,
            timeout: timeout?,
            packet_size: small(packet_size?),
            ttl: ttl?.map(small),
        })
    }
}

impl Ping {
    pub(super) fn request(&self) -> pb::PingRequest {
        let timeout = Duration::from_secs_f64(self.timeout.min(MAX_SECONDS));
        pb::PingRequest {
            host: self.destination_address.clone(),
            timeout: timeout.try_into().ok(),
            packet_size: self.packet_size,
            ttl: self.ttl.unwrap_or_default(),
        }
    }
}

/// Which address.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Address {
    /// Target IP address.
    #[param(min_length = 1, max_length = 255, example = "192.0.2.1")]
    pub(super) destination_address: String,
}

impl Shape for Address {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { destination_address: destination_address(form)? })
    }
}

fn destination_address(form: &mut Form) -> Result<String, Wrong> {
    form.query("destination_address").trimmed().text(1..=MAX_ADDRESS)
}

/// What does not fit is too large for the server too.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
