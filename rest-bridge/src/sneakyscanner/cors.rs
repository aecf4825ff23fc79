//! Which other sites' pages may read answers in a browser (the document's "CORS"): those of the origins that the operator
//! lists, its cookie included; pages of all others then learn nothing. Without a list every page's may, without the
//! cookie: what needs no session is no secret. What changes anything is refused to them all the same (`session.rs`).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
};

use crate::{Door, origin};

/// What scripts may read of an answer's head, beside what they always may.
const EXPOSED: HeaderValue = HeaderValue::from_static("X-Request-ID, X-Request-Duration-Ms, Retry-After");

/// The layer. It answers preflights of those who may ask itself.
pub(super) async fn admit(State(door): State<Door>, request: Request, next: Next) -> Response {
    let listed = &door.settings.allowed_origins;
    let origin = request.headers().get(ORIGIN).cloned();
    let origin = origin.filter(|origin| listed.is_empty() || origin::is_listed(origin, listed));
    let asks = origin.is_some()
        && request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks { preflight() } else { next.run(request).await };
    let headers = response.headers_mut();
    match origin {
        Some(_) if listed.is_empty() => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        Some(origin) => {
            origin::admit(headers, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        None if listed.is_empty() => {}
        None => {
            headers.append(VARY, origin::VARIES);
        }
    }
    response
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, X-Request-ID"),
        (ACCESS_CONTROL_MAX_AGE, origin::MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
