//! What is known beside what is seen: data about addresses, and services that are asked.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::Switch;

/// Sources.
#[derive(Debug, Clone, Args)]
pub struct Sources {
    /// Folder with data about addresses: `.mmdb` and `.csv` files, read anew when they change.
    #[arg(long, env = "ATALAYA_GEO_DIR", value_name = "FOLDER", default_value = "./geo")]
    pub geo_dir: PathBuf,
    /// Whether services of the internet are asked about what somebody looks at: registries of addresses (RDAP),
    /// and logs of certificates (crt.sh, Cert Spotter) of domains. They learn of it.
    #[arg(long, env = "ATALAYA_ONLINE_SOURCES", value_enum, default_value = "off")]
    pub online_sources: Switch,
    /// Where the list of the registries that answer RDAP is: a folder with `ipv4.json` and `ipv6.json` (RFC 9224).
    #[arg(long, env = "ATALAYA_RDAP_BOOTSTRAP", value_name = "URL", default_value = "https://data.iana.org/rdap/", value_parser = folder)]
    pub rdap_bootstrap: Url,
}

/// A URL that other names can be joined to.
fn folder(text: &str) -> Result<Url, String> {
    let text = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "a folder is a URL such as https://data.iana.org/rdap/".to_owned())
}
