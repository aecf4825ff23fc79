//! Content negotiation: below `/api` failures are JSON, on pages what the browser asks for. Who is not signed in is
//! led to the door, and back from there.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, VARY},
};

use super::{error::Fault, next, pages};

const API: &str = "/api/";
const AUTH: &str = "/auth/";
const HTML: &str = "text/html";

/// The layer.
pub(super) async fn negotiate(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if path.starts_with(API) {
        return next.run(request).await;
    }
    let html = wants_html(request.headers());
    let back = (*request.method() == Method::GET)
        .then(|| request.uri().path_and_query().map(ToString::to_string).unwrap_or_default());
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        if html {
            response = if fault.status() == StatusCode::UNAUTHORIZED && !path.starts_with(AUTH) {
                to_the_door(back)
            } else {
                page(&fault, &response)
            };
        }
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    }
    response
}

/// To the log-in, which leads back.
fn to_the_door(back: Option<String>) -> Response {
    let door = back.map_or_else(|| "/auth/login".to_owned(), |back| next::door(&back));
    match HeaderValue::try_from(door) {
        Ok(door) => (StatusCode::FOUND, [(LOCATION, door)]).into_response(),
        Err(_) => StatusCode::FOUND.into_response(),
    }
}

/// A failure as a page; its headers stay.
fn page(fault: &Fault, told: &Response) -> Response {
    let words = fault.words();
    let mut page = pages::failure(fault.status(), &words.error, words.message.as_deref());
    let kept =
        told.headers().iter().filter(|(name, _)| ![CONTENT_TYPE, CONTENT_LENGTH, ALLOW].contains(name));
    page.headers_mut().extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    page
}

/// Whether a page is as welcome as JSON. Who sends JSON reads it, unless they name pages.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f32)> = accepted.flat_map(|text| text.split(',')).filter_map(range).collect();
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if content_type.starts_with(b"application/json") && !ranges.iter().any(|(range, _)| range == HTML) {
        return false;
    }
    ranges.is_empty() || quality(&ranges, HTML) >= quality(&ranges, "application/json")
}

/// A media range and its weight (RFC 9110, 12.5.1).
fn range(text: &str) -> Option<(String, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, weight.and_then(|weight| weight.parse().ok()).unwrap_or(1.0)))
}

/// The weight of a type: that of the range that is closest to it.
fn quality(ranges: &[(String, f32)], media_type: &str) -> f32 {
    let group = media_type.split('/').next().unwrap_or_default();
    let closest = [media_type.to_owned(), format!("{group}/*"), "*/*".to_owned()];
    let weight = |name: &String| ranges.iter().find(|(range, _)| range == name).map(|(_, weight)| *weight);
    closest.iter().find_map(weight).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_those_who_like_it_no_less_than_json() {
        for (accept, html) in [
            ("text/html", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", true),
            ("", true),
            ("application/json", false),
            ("APPLICATION/JSON", false),
            ("application/json, text/html;q=0.5", false),
            ("application/json;q=0.5, text/html;q=0.9", true),
            ("application/*", false),
            ("application/json, */*;q=0.1", false),
            ("application/json;q=nonsense", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_html(&headers), html, "{accept}");
        }
        assert!(wants_html(&HeaderMap::new()));
        let mut headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        assert!(!wants_html(&headers));
        headers.insert(ACCEPT, HeaderValue::from_static("text/html"));
        assert!(wants_html(&headers));
    }
}
