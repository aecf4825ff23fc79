//! Scans of sites: where they find their configurations, where they leave their reports, how many there are at once.

use std::path::PathBuf;

use clap::Args;

use super::secret::{OnlyByEnvironment, Secret};

/// Site scans at once without a setting.
const SITE_SCANS: u16 = 3;

/// Scans of sites.
#[derive(Debug, Clone, Args)]
pub struct Sites {
    /// Folder of the configurations of site scans, made with an example if missing [default: `configs` in the data
    /// folder]. The first password of the operator of site scans is ATALAYA_SCAN_PASSWORD in the environment.
    #[arg(long, env = "ATALAYA_SCAN_CONFIG_DIR", value_name = "FOLDER")]
    pub scan_config_dir: Option<PathBuf>,
    /// Folder of the reports of site scans, made if missing [default: `reports` in the data folder]
    #[arg(long, env = "ATALAYA_SCAN_OUTPUT_DIR", value_name = "FOLDER")]
    pub scan_output_dir: Option<PathBuf>,
    /// Most site scans at once; others wait.
    #[arg(long, env = "ATALAYA_SITE_SCANS", value_name = "COUNT", default_value_t = SITE_SCANS, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub site_scans: u16,
    /// Folder with fingerprints of services beside our own: `.xml` files as Rapid7's recog has them.
    #[arg(long, env = "ATALAYA_RECOG_DIR", value_name = "FOLDER")]
    pub recog_dir: Option<PathBuf>,
    /// The first password of the operator of site scans, where none was set. Only by environment.
    #[arg(long, env = "ATALAYA_SCAN_PASSWORD", hide = true, hide_env_values = true, value_parser = OnlyByEnvironment)]
    pub scan_password: Option<Secret>,
}
