//! Who may look at what, and how much.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::Args;

use crate::{
    edge::Cidr,
    network::{self, runs},
};

/// Where resolvers are without a port.
const DNS: u16 = 53;

/// Probes of an account in a day without a setting: some 75 scans of all ports of one host.
const PROBES_PER_DAY: i64 = 5_000_000;
/// Probes of all accounts to one target in a day without a setting: some 30 scans of all its ports.
const TARGET_PROBES_PER_DAY: u64 = 2_000_000;
/// Probes a second of an account's scan without a setting.
const PROBES_PER_SECOND: u32 = 20_000;
/// Scans at once without a setting.
const SCANS: u16 = 4;

/// Targets.
#[derive(Debug, Clone, Args)]
pub struct Targets {
    /// Networks that everyone may look at, beside the internet: CIDR blocks with commas between.
    #[arg(long, env = "ATALAYA_ALLOW_TARGETS", value_name = "CIDRS", value_delimiter = ',')]
    pub allow_targets: Vec<Cidr>,
    /// Networks that nobody may look at, whatever else allows it: CIDR blocks with commas between.
    #[arg(long, env = "ATALAYA_DENY_TARGETS", value_name = "CIDRS", value_delimiter = ',')]
    pub deny_targets: Vec<Cidr>,
    /// Most probes of an account in a day, in UTC.
    #[arg(long, env = "ATALAYA_PROBES_PER_DAY", value_name = "NUMBER", default_value_t = PROBES_PER_DAY, value_parser = clap::value_parser!(i64).range(1..))]
    pub probes_per_day: i64,
    /// Most probes of all accounts to one address in a day, in UTC.
    #[arg(long, env = "ATALAYA_TARGET_PROBES_PER_DAY", value_name = "NUMBER", default_value_t = TARGET_PROBES_PER_DAY, value_parser = clap::value_parser!(u64).range(1..))]
    pub target_probes_per_day: u64,
    /// Most probes a second of a port scan of an account.
    #[arg(long, env = "ATALAYA_PROBES_PER_SECOND", value_name = "NUMBER", default_value_t = PROBES_PER_SECOND, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub probes_per_second: u32,
    /// Most port scans at once, of all accounts together.
    #[arg(long, env = "ATALAYA_SCANS", value_name = "COUNT", default_value_t = SCANS, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub scans: u16,
    /// Resolvers that are asked for names: addresses, each with its port or without, with commas between
    /// [default: those of /etc/resolv.conf as it is at the start]
    #[arg(long, env = "ATALAYA_RESOLVERS", value_name = "ADDRESSES", value_delimiter = ',', value_parser = resolver)]
    pub resolvers: Vec<SocketAddr>,
    /// File with labels, one a line, that are tried below a domain beside those that we know.
    #[arg(long, env = "ATALAYA_WORDS_FILE", value_name = "FILE")]
    pub words_file: Option<PathBuf>,
}

impl Targets {
    /// The resolvers: those that are named, or the system's.
    pub fn resolvers(&self) -> Vec<SocketAddr> {
        if self.resolvers.is_empty() { network::real_world::of_system() } else { self.resolvers.clone() }
    }

    /// The same as runs know it.
    pub fn limits(&self, limited: bool) -> runs::Limits {
        runs::Limits {
            scans: self.scans.into(),
            probes_per_day: self.probes_per_day,
            target_probes_per_day: self.target_probes_per_day,
            probes_per_second: self.probes_per_second,
            limited,
        }
    }
}

fn resolver(text: &str) -> Result<SocketAddr, String> {
    let without_port = |text: &str| text.parse().map(|address: IpAddr| SocketAddr::new(address, DNS));
    without_port(text).or_else(|_| text.parse()).map_err(|_| {
        "a resolver is an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353".into()
    })
}
