//! Which web pages may ask (facts 2.6): our own, and those of the origins that the operator lists. Callers that
//! are no pages say no origin, and pass.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
    },
};

use super::{error::Fault, paths::level};
use crate::{Door, origin};

/// How long a browser may rely on what it was told, in seconds.
const MAX_AGE: &str = "600";

/// The layer. It answers preflights itself.
pub(super) async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    if let Some(origin) = &origin
        && !may_ask(origin, request.headers(), request.uri(), &door.settings.allowed_origins)
    {
        let level = level(request.uri().path());
        return Fault::new(StatusCode::FORBIDDEN, "CORS origin rejected", level).into_response();
    }
    let mut response =
        if request.method() == Method::OPTIONS { preflight() } else { next.run(request).await };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn may_ask(origin: &HeaderValue, headers: &HeaderMap, uri: &http::Uri, listed: &[String]) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    listed.iter().any(|known| known == origin) || origin::is_own(origin, headers, uri)
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Authorization"),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
