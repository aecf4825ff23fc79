//! Which web pages may ask (facts 2.6): our own, and those of the origins that the operator lists. Callers that
//! are no pages say no origin, and pass.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ORIGIN},
};

use super::{error::Fault, paths::level};
use crate::{Door, origin};

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
        origin::admit(response.headers_mut(), origin);
    }
    response
}

fn may_ask(origin: &HeaderValue, headers: &HeaderMap, uri: &http::Uri, listed: &[String]) -> bool {
    let is_own = |origin: &str| origin::is_own(origin, headers, uri);
    origin::is_listed(origin, listed) || origin.to_str().is_ok_and(is_own)
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Authorization"),
        (ACCESS_CONTROL_MAX_AGE, origin::MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
