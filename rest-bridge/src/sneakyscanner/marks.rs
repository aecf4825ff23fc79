//! What marks every answer: an id to look for in the log, how long it took, and what browsers shall not do with it.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderName, HeaderValue,
    header::{X_FRAME_OPTIONS, X_XSS_PROTECTION},
};
use tokio::time::Instant;
use uuid::Uuid;

const ID: HeaderName = HeaderName::from_static("x-request-id");
const DURATION: HeaderName = HeaderName::from_static("x-request-duration-ms");

/// The layer.
pub(super) async fn mark(request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = id(request.headers().get(ID));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let millis = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let shown = id.to_str().unwrap_or_default();
    tracing::info!("[{shown}] {method} {path} {} {millis}ms", response.status().as_u16());
    let headers = response.headers_mut();
    headers.insert(ID, id);
    headers.insert(DURATION, HeaderValue::from(millis));
    headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    // The filters that it speaks to are gone from browsers, and did harm where they were.
    headers.entry(X_XSS_PROTECTION).or_insert(HeaderValue::from_static("0"));
    response
}

/// The first eight digits of a request's UUID (facts 4.6): the log holds all of it. A caller's own id stays whole.
fn id(given: Option<&HeaderValue>) -> HeaderValue {
    let text = given.and_then(|id| id.to_str().ok());
    let uuid = match text.map(Uuid::try_parse) {
        Some(Err(_)) => return given.cloned().unwrap_or_else(|| HeaderValue::from_static("")),
        Some(Ok(uuid)) => uuid,
        None => Uuid::new_v4(),
    };
    let digits = format!("{:08x}", uuid.as_fields().0);
    HeaderValue::try_from(digits).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_eight_digits_and_a_callers_own_stays() {
        let given = HeaderValue::from_static("0c8ba68a-299d-42d9-aca6-5b4056d3fd0f");
        assert_eq!(id(Some(&given)), "0c8ba68a");
        assert_eq!(id(Some(&HeaderValue::from_static("my-trace-7"))), "my-trace-7");
        let (one, other) = (id(None), id(None));
        assert_ne!(one, other);
        assert!(one.len() == 8 && one.as_bytes().iter().all(u8::is_ascii_hexdigit));
    }
}
