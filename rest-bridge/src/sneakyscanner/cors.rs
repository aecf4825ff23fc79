//! Which other sites' pages may ask by a browser, its cookie included (the document's "CORS"): those of the origins that
//! the operator lists. Pages of all others learn nothing, as without a list everybody's do.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
};

use crate::{Door, origin};

/// What scripts may read of an answer's head, beside what they always may.
const EXPOSED: HeaderValue = HeaderValue::from_static("X-Request-ID, X-Request-Duration-Ms, Retry-After");

/// The layer. It answers preflights of listed origins itself.
pub(super) async fn admit(State(door): State<Door>, request: Request, next: Next) -> Response {
    let listed = &door.settings.allowed_origins;
    let origin = request.headers().get(ORIGIN).cloned();
    let Some(origin) = origin.filter(|origin| origin::is_listed(origin, listed)) else {
        let mut response = next.run(request).await;
        if !listed.is_empty() {
            response.headers_mut().append(VARY, origin::VARIES);
        }
        return response;
    };
    let asks = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if asks && request.method() == Method::OPTIONS { preflight() } else { next.run(request).await };
    origin::admit(response.headers_mut(), origin);
    response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
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
