//! Who may look at what, and how much.

use clap::Args;

use crate::{edge::Cidr, network::runs};

/// Probes of an account in a day without a setting: some 75 scans of all ports of one host.
const PROBES_PER_DAY: i64 = 5_000_000;
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
    /// Most port scans at once, of all accounts together.
    #[arg(long, env = "ATALAYA_SCANS", value_name = "COUNT", default_value_t = SCANS, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub scans: u16,
}

impl Targets {
    /// The same as runs know it.
    pub fn limits(&self, limited: bool) -> runs::Limits {
        runs::Limits { scans: self.scans.into(), probes_per_day: self.probes_per_day, limited }
    }
}
