//! Web origins: whether a page that asks is one of ours, and cross-site request forgery: whether another origin's
//! page asks a browser for a change. Browsers say so themselves; callers that say nothing of it are no browsers,
//! and have no cookies to abuse.

use axum::extract::Request;
use http::{
    HeaderMap, HeaderValue, Method, Uri,
    header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST, ORIGIN, VARY},
};

/// How long a browser may rely on what a preflight told it, in seconds.
pub(crate) const MAX_AGE: &str = "600";
/// What an answer says that is another one for another origin.
pub(crate) const VARIES: HeaderValue = HeaderValue::from_static("origin");

const FETCH_SITE: &str = "sec-fetch-site";

/// Whether an origin is one that the operator lists, letter by letter.
pub(crate) fn is_listed(origin: &HeaderValue, listed: &[String]) -> bool {
    listed.iter().any(|known| known.as_bytes() == origin.as_bytes())
}

/// Lets pages of an origin read an answer, and ask with the browser's cookies.
pub(crate) fn admit(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(VARY, VARIES);
}

/// Whether a request is a change and comes from a page of another origin.
pub(crate) fn is_foreign(request: &Request, allowed: &[String]) -> bool {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(request.method());
    !safe && crosses(request.headers(), request.uri(), allowed)
}

/// Whether a request comes from a page of another origin.
pub(crate) fn crosses(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin = text(ORIGIN.as_str());
    if origin.is_some_and(|origin| allowed.iter().any(|known| known.eq_ignore_ascii_case(origin))) {
        return false;
    }
    match (text(FETCH_SITE), origin) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => !is_own(origin, headers, uri),
        (None, None) => false,
    }
}

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
    use axum::body::Body;

    use super::*;

    fn foreign(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request =
            Request::builder().method(method).uri("/api/v1/user/").header(HOST, "a.example:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        is_foreign(&request, &["https://app.example".to_owned()])
    }

    #[test]
    fn the_browser_s_own_word_decides() {
        for site in ["same-origin", "none"] {
            assert!(!foreign("POST", &[(FETCH_SITE, site)]), "{site}");
        }
        for site in ["cross-site", "same-site", "", "nonsense"] {
            assert!(foreign("POST", &[(FETCH_SITE, site), ("origin", "http://a.example:8080")]), "{site}");
        }
    }

    #[test]
    fn without_it_the_origin_must_be_our_host() {
        for origin in ["http://a.example:8080", "https://A.example:8080"] {
            assert!(!foreign("PATCH", &[("origin", origin)]), "{origin}");
        }
        for origin in [
            "http://a.example",
            "http://b.example:8080",
            "null",
            "",
            "a.example:8080",
            "file://a.example:8080",
        ] {
            assert!(foreign("PATCH", &[("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn callers_that_are_no_browsers_pass() {
        assert!(!foreign("DELETE", &[]));
    }

    #[test]
    fn reading_is_free() {
        assert!(!foreign("GET", &[(FETCH_SITE, "cross-site"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn an_allowed_origin_is_as_good_as_ours() {
        assert!(!foreign("POST", &[(FETCH_SITE, "cross-site"), ("origin", "https://app.example")]));
        assert!(foreign("POST", &[(FETCH_SITE, "cross-site"), ("origin", "https://app.example.evil")]));
    }

    #[test]
    fn default_ports_may_be_left_out() {
        assert!(is_at("https://a.example", "a.example:443"));
        assert!(is_at("http://[::1]", "[::1]:80"));
        assert!(!is_at("http://a.example", "a.example:443"));
    }
}
