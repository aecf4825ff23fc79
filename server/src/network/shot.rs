//! A picture of a page as a browser shows it, in values of our own.

use std::{fmt, net::IpAddr, sync::Arc};

use super::{
    model::Host,
    targets::{Denied, Permit},
};

/// Width of a picture, in pixels.
pub const WIDTH: u32 = 1280;
/// Height of a picture, in pixels.
pub const HEIGHT: u32 = 800;
/// Most bytes of a picture: its pixels as they are take half of it.
pub const MAX_PNG: usize = 8 << 20;
/// Most bytes of an address that is told.
pub const MAX_URL: usize = 2048;
/// Most bytes of a title that is told.
pub const MAX_TITLE: usize = 1024;

/// Asks the policy, as whoever wants the picture, about an address to which the page leads.
pub type Ask = Arc<dyn Fn(IpAddr) -> Result<Permit, Denied> + Send + Sync>;

/// What is shown to a browser.
#[derive(Clone)]
pub struct Shot {
    /// Whether by TLS. Whoever answers is shown, whatever his certificate says.
    pub secure: bool,
    /// The site's host, as it stands in the page's address.
    pub host: Host,
    /// Where that host is. Its name is not resolved again.
    pub server: Permit,
    /// Its port.
    pub port: u16,
    /// Path and query, beginning with a slash.
    pub path: String,
    /// Who says whether the page may reach others.
    pub ask: Ask,
}

impl Shot {
    /// The page's address.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}:{}{}", self.host.in_url(), self.port, self.path)
    }
}

impl fmt::Debug for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shot").field("url", &self.url()).field("server", &self.server).finish_non_exhaustive()
    }
}

/// What the browser has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenshot {
    /// The picture: a PNG of at most [`MAX_PNG`] bytes.
    pub png: Vec<u8>,
    /// Its width in pixels: [`WIDTH`].
    pub width: u32,
    /// Its height in pixels: [`HEIGHT`].
    pub height: u32,
    /// The address of the page that is shown, after all redirects; at most [`MAX_URL`] bytes. It is the site's word.
    pub url: String,
    /// The page's title, at most [`MAX_TITLE`] bytes. It is the site's word.
    pub title: String,
    /// How many connections of the page the policy has refused.
    pub denied: u32,
    /// Whether the page was not whole yet when its time was up.
    pub cut: bool,
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unshot {
    /// This machine has no browser for us.
    #[error("there is no browser (ATALAYA_CHROMIUM)")]
    NoBrowser,
    /// The browser does not start.
    #[error("the browser does not start: {0}")]
    Start(String),
    /// The browser has ended, or hangs.
    #[error("the browser has broken off")]
    Broken,
    /// The policy keeps the page from whoever asks.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The browser has found no page there; in its own words, such as `ERR_CONNECTION_REFUSED`.
    #[error("no page: {0}")]
    Unreached(String),
    /// What is there is no page, but a file to keep, or nothing at all.
    #[error("what is there is no page")]
    NoPage,
    /// Nothing of a page came in time.
    #[error("timed out")]
    TimedOut,
    /// The page has brought down the process that drew it, or keeps it from drawing.
    #[error("the page can't be drawn")]
    Undrawn,
    /// The picture is larger than any may be, or is none.
    #[error("the picture is none, or larger than it may be")]
    BadPicture,
}
