//! The domain's site: the names in its certificate, and the title of its page. Every host on the way is resolved once,
//! checked at each of its addresses, and connected to at those.

use url::Url;

use super::{
    look::Look,
    model::{NameSource, Title},
    title,
};
use crate::network::{
    dns::Owner,
    model::Host,
    targets::{Denied, Permit, Purpose},
    web::{Page, Unreached, Visit},
    world::Unresolved,
};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// Addresses of a host that are tried.
const MAX_TRIES: usize = 3;
/// Longest address of a page.
const MAX_URL: usize = 2048;
const HTTPS: u16 = 443;
const HTTP: u16 = 80;
/// Ports below this are of other services, but for the two of pages.
const FIRST_FREE_PORT: u16 = 1024;

/// Why there is no title.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}: {1}")]
    Unreached(Url, Unreached),
    #[error("{0}: {1}")]
    Unresolved(Url, Unresolved),
    #[error("{0}: {1}")]
    Denied(Url, Denied),
    #[error("more than {MAX_REDIRECTS} redirects")]
    Circle,
    #[error("it redirects to what is no page of the web")]
    Nowhere,
}

impl Look<'_> {
    /// The names below the domain that its certificate is for.
    pub(super) async fn certificate(&self, permits: &[Permit]) {
        let mut failed = None;
        for permit in permits.iter().take(MAX_TRIES) {
            match self.world.certified(*permit, HTTPS, self.host).await {
                Ok(names) => {
                    let mut findings = self.findings();
                    for name in names.iter().filter_map(|name| Owner::parse(name)) {
                        findings.add_name(&name, NameSource::Certificate, &[]);
                    }
                    return;
                }
                Err(why) => failed = Some(why),
            }
        }
        if let Some(why) = failed {
            self.findings().fail("certificate", &why);
        }
    }

    /// The title of the page, by TLS first.
    pub(super) async fn title(&self, permits: &[Permit]) {
        if permits.is_empty() {
            return;
        }
        let host = self.host.in_url();
        for scheme in ["https", "http"] {
            let Ok(url) = Url::parse(&format!("{scheme}://{host}/")) else { return };
            match self.read(url, permits).await {
                Ok(Some(title)) => return self.findings().set_title(title),
                // A page without a title is a page.
                Ok(None) => return,
                Err(lost) => {
                    let part = format!("title by {scheme}");
                    if let Lost::Denied(_, denied) = lost {
                        self.findings().deny(part, denied);
                    } else {
                        self.findings().fail(part, &lost);
                    }
                }
            }
        }
    }

    /// Follows a page to its title.
    async fn read(&self, url: Url, permits: &[Permit]) -> Result<Option<Title>, Lost> {
        let mut url = url;
        for _ in 0..=MAX_REDIRECTS {
            let host = host(&url).ok_or(Lost::Nowhere)?;
            // The domain itself was resolved and checked already: once is once.
            let is_own = host == *self.host;
            let permits = if is_own { permits.to_vec() } else { self.permits(&url, &host).await? };
            let page = self.visit(&url, &host, &permits).await?;
            let Some(location) = page.location.filter(|_| is_redirect(page.status)) else {
                let text = title::title(&page.body, page.content_type.as_deref());
                return Ok(text.map(|text| Title { text, url: url.to_string() }));
            };
            let next = url.join(&location).ok().filter(|next| next.as_str().len() <= MAX_URL);
            url = next.ok_or(Lost::Nowhere)?;
        }
        Err(Lost::Circle)
    }

    /// One page, at the first address that lets itself be reached.
    async fn visit(&self, url: &Url, host: &Host, permits: &[Permit]) -> Result<Page, Lost> {
        let port = port(url).ok_or(Lost::Nowhere)?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", url.path());
        let mut failed = Unreached::Connection("there is no address".into());
        for server in permits.iter().take(MAX_TRIES).copied() {
            let secure = url.scheme() == "https";
            let visit = Visit { server, port, secure, host: host.clone(), path: path.clone() };
            match self.world.visit(&visit).await {
                Ok(page) => return Ok(page),
                Err(why) => failed = why,
            }
        }
        Err(Lost::Unreached(url.clone(), failed))
    }

    /// Permits for all addresses of a host that a redirect names.
    async fn permits(&self, url: &Url, host: &Host) -> Result<Vec<Permit>, Lost> {
        let addresses = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let found = self.world.resolve(name).await;
                found.map_err(|why| Lost::Unresolved(url.clone(), why))?
            }
        };
        let check = |address| self.permit(Purpose::Page, address);
        let permits: Result<_, Denied> = addresses.into_iter().map(check).collect();
        permits.map_err(|denied| Lost::Denied(url.clone(), denied))
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn host(url: &Url) -> Option<Host> {
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    match url.host()? {
        url::Host::Domain(name) => name.parse().ok().map(Host::Name),
        url::Host::Ipv4(v4) => Some(Host::Address(v4.into())),
        url::Host::Ipv6(v6) => Some(Host::Address(v6.into())),
    }
}

fn port(url: &Url) -> Option<u16> {
    url.port_or_known_default().filter(|port| matches!(*port, HTTP | HTTPS) || *port >= FIRST_FREE_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_of_the_web_and_at_ports_for_it() {
        for (text, at) in [
            ("https://example.com/", Some(("example.com", 443))),
            ("http://example.com:8080/a?b", Some(("example.com", 8080))),
            ("http://127.1/", Some(("127.0.0.1", 80))),
            ("http://[::ffff:10.0.0.1]/", Some(("::ffff:10.0.0.1", 80))),
            ("http://bücher.example/", Some(("xn--bcher-kva.example", 80))),
            ("http://example.com:25/", None),
            ("ftp://example.com/", None),
            ("file:///etc/passwd", None),
            ("javascript:alert(1)", None),
        ] {
            let url = Url::parse(text).expect("an address");
            let seen = host(&url).zip(port(&url)).map(|(host, port)| (host.to_string(), port));
            assert_eq!(seen, at.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }
}
