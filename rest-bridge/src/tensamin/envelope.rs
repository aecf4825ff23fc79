//! The envelope of every answer (facts 2.2): how it went, a sentence, and perhaps what was asked for.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

/// As upstream writes it.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

#[derive(Serialize)]
struct Envelope<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    log: Log,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

#[derive(Serialize)]
struct Log {
    message: String,
    log_level: u8,
}

/// Success, with what was asked for.
pub(super) fn with<T: Serialize>(message: impl Into<String>, log_level: u8, data: T) -> Response {
    let log = Log { message: message.into(), log_level };
    written(StatusCode::OK, &Envelope { kind: "success", log, data: Some(data) })
}

/// Success, with nothing more to say.
pub(super) fn done(message: impl Into<String>) -> Response {
    let log = Log { message: message.into(), log_level: 0 };
    written(StatusCode::OK, &Envelope::<()> { kind: "success", log, data: None })
}

/// Failure.
pub(super) fn failure(status: StatusCode, message: String, log_level: u8) -> Response {
    written(status, &Envelope::<()> { kind: "error", log: Log { message, log_level }, data: None })
}

fn written<T: Serialize>(status: StatusCode, envelope: &Envelope<T>) -> Response {
    match serde_json::to_vec(envelope) {
        Ok(body) => (status, [(CONTENT_TYPE, JSON)], body).into_response(),
        Err(error) => {
            tracing::error!("an answer can't be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
