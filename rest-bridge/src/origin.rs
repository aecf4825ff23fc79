//! Web origins: whether a page that asks is one of ours.

use http::{HeaderMap, Uri, header::HOST};

/// Whether an origin is the one that a request was sent to.
pub(crate) fn is_own(origin: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let host = headers.get(HOST).map(|value| value.to_str().unwrap_or_default());
    // HTTP/2 has the host in the URI.
    let host = uri.authority().map(http::uri::Authority::as_str).or(host);
    host.is_some_and(|host| is_at(origin, host))
}

/// Whether an origin such as `https://a.example` is served at a host such as `a.example:443`.
fn is_at(origin: &str, host: &str) -> bool {
    let Some((scheme, place)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |place: &str| place.strip_suffix(default_port).unwrap_or(place).to_ascii_lowercase();
    bare(place) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_ports_may_be_left_out() {
        assert!(is_at("https://a.example", "a.example:443"));
        assert!(is_at("http://[::1]", "[::1]:80"));
        assert!(!is_at("http://a.example", "a.example:443"));
    }
}
