//! The browser that draws pages of sites.

use std::path::PathBuf;

use clap::Args;

use crate::network::Browser;

/// The browser.
#[derive(Debug, Clone, Args)]
pub struct Browsing {
    /// Chromium, which draws pages of sites: a path, or a name in /usr/local/bin, /usr/bin, /bin or /snap/bin.
    /// Empty: no pages are drawn.
    #[arg(long, env = "ATALAYA_CHROMIUM", value_name = "PROGRAM", default_value = "chromium", value_parser = program)]
    pub chromium: PathBuf,
}

/// Clap's own parser of paths refuses an empty one.
#[expect(clippy::unnecessary_wraps, reason = "parsers of values answer a result")]
fn program(text: &str) -> Result<PathBuf, String> {
    Ok(text.into())
}

impl Browsing {
    /// The browser, if there is one.
    pub fn browser(&self) -> Browser {
        let browser = Browser::named(&self.chromium);
        if !browser.is_there() && !self.chromium.as_os_str().is_empty() {
            let program = self.chromium.display();
            tracing::info!(%program, "there is no such browser: no pages are drawn (ATALAYA_CHROMIUM)");
        }
        browser
    }
}
