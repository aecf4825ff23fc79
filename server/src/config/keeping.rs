//! What may be kept of an account's images.

use std::time::Duration;

use clap::Args;

use crate::images::model::{Limits, MAX_REVISIONS};

/// Bytes of an account's images without a setting: 20 GiB.
const QUOTA_BYTES: i64 = 20 << 30;
/// Pixels of the same: 20,000 megapixels.
const QUOTA_PIXELS: i64 = 20_000_000_000;

/// How much, and for how long.
#[derive(Debug, Clone, Args)]
pub struct Keeping {
    /// Most bytes of an account's images, earlier states and analyses included.
    #[arg(long, env = "ATALAYA_QUOTA_BYTES", value_name = "BYTES", default_value_t = QUOTA_BYTES, value_parser = positive())]
    pub quota_bytes: i64,
    /// Most pixels of an account's images, earlier states included.
    #[arg(long, env = "ATALAYA_QUOTA_PIXELS", value_name = "PIXELS", default_value_t = QUOTA_PIXELS, value_parser = positive())]
    pub quota_pixels: i64,
    /// Most states that are kept of an image, 2 to 1000; beyond, the oldest but the upload goes.
    #[arg(long, env = "ATALAYA_KEEP_REVISIONS", value_name = "NUMBER", default_value_t = MAX_REVISIONS, value_parser = clap::value_parser!(i32).range(2..=i64::from(MAX_REVISIONS)))]
    pub keep_revisions: i32,
    /// How long states are kept that are neither the upload nor the newest [default: for ever]
    #[arg(long, env = "ATALAYA_REVISION_AGE", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub revision_age: Option<Duration>,
}

impl Keeping {
    /// The same as images know it.
    pub fn limits(&self) -> Limits {
        Limits {
            bytes: self.quota_bytes,
            pixels: self.quota_pixels,
            revisions: self.keep_revisions,
            revision_age: self.revision_age,
        }
    }
}

fn positive() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..)
}
