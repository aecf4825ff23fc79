//! What a configuration says of its sites: whose hosts they are, and what is expected of each.
//!
//! `yaml.rs` reads the text, `files.rs` finds it in the folder of configurations.

pub mod files;
mod yaml;

use std::net::IpAddr;

use crate::network::ports::PortSet;

pub use self::yaml::parse;

/// Most bytes of a configuration.
pub const MAX_BYTES: usize = 256 << 10;
/// Most addresses of a configuration, each counted as often as a site names it.
pub const MAX_ADDRESSES: usize = 4096;
/// Up to so many addresses, every TCP port is asked for where the configuration does not say which.
pub const MAX_FOR_ALL_PORTS: usize = 16;

/// A configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteConfig {
    /// What it calls itself.
    pub title: String,
    /// The TCP ports of every host that are asked for beside those that are expected; `None` leaves it to the number of
    /// hosts.
    pub tcp_ports: Option<PortSet>,
    /// Its sites, at least one.
    pub sites: Vec<Site>,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name, unlike that of any other site.
    pub name: String,
    /// Its hosts, at least one, none twice.
    pub hosts: Vec<Expected>,
}

/// A host, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its address.
    pub address: IpAddr,
    /// Whether it answers pings; `None` where nothing is said.
    pub ping: Option<bool>,
    /// The TCP ports that are open.
    pub tcp: PortSet,
    /// The UDP ports that are open.
    pub udp: PortSet,
}

/// Why a text is no configuration: a sentence, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}{}", .place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default())]
pub struct BadConfig {
    /// What is wrong.
    pub detail: String,
    /// Line and column, from 1.
    pub place: Option<(u64, u64)>,
}

impl SiteConfig {
    /// Every host with the name of its site.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &Expected)> {
        self.sites.iter().flat_map(|site| site.hosts.iter().map(|host| (site.name.as_str(), host)))
    }
}
