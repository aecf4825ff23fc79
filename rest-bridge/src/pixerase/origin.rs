//! Cross-site request forgery: whether another origin's page asks a browser for a change. Browsers say
//! so themselves; callers that say nothing of it are no browsers, and have no cookies to abuse.

use axum::extract::Request;
use http::{HeaderMap, Method, Uri, header::ORIGIN};

use crate::origin::is_own;

const FETCH_SITE: &str = "sec-fetch-site";

/// Whether a request is a change and comes from a page of another origin.
pub(super) fn is_foreign(request: &Request, allowed: &[String]) -> bool {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(request.method());
    !safe && crosses(request.headers(), request.uri(), allowed)
}

fn crosses(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> bool {
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::header::HOST;

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
}
