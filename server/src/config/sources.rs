//! What is known beside what is seen: data about addresses, and services that are asked.

use std::path::PathBuf;

use clap::Args;

/// Sources.
#[derive(Debug, Clone, Args)]
pub struct Sources {
    /// Folder with data about addresses: `.mmdb` and `.csv` files, read anew when they change.
    #[arg(long, env = "ATALAYA_GEO_DIR", value_name = "FOLDER", default_value = "./geo")]
    pub geo_dir: PathBuf,
}
