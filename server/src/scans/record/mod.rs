//! What a scan has found, as it is kept: the same JSON in the database and in the report that people download.
//!
//! Texts from the other side were cleaned by whoever read them; they are hostile none the less, and whoever shows them
//! escapes them.

mod host;
mod index;
mod time;
mod tls;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::clock;

pub use self::{
    host::{Host, Ping, Port, Protocol, Screenshot, Service, State},
    index::{Index, Ports},
    time::Moment,
    tls::{Certificate, Order, Support, Tls, Version, Weakness},
};

/// The shape of this record; it grows when a reader of an older one would go wrong.
pub const FORMAT: u32 = 1;

/// All of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// Of which scan.
    pub scan: Head,
    /// In the order of the configuration.
    pub sites: Vec<Site>,
}

/// What a scan is, without what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub id: i64,
    /// What the configuration calls it.
    pub title: String,
    /// The configuration's file or name.
    pub config: String,
    /// `manual` or `scheduled`.
    pub triggered_by: String,
    /// When it began.
    pub started_at: Moment,
    /// When it ended.
    pub completed_at: Option<Moment>,
}

/// A site of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// In the order of the configuration.
    pub hosts: Vec<Host>,
}

impl Report {
    /// Every host with the name of its site.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &Host)> {
        self.sites.iter().flat_map(|site| site.hosts.iter().map(|host| (site.name.as_str(), host)))
    }
}

/// A time of our clock.
pub fn moment(time: SystemTime) -> Moment {
    Moment::from_seconds(clock::to_millis(time).div_euclid(1000))
}
