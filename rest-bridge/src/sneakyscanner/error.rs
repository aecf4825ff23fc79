//! Failures in `SneakyScanner`'s words: `{"error": .., "message": ..}`; a few have no message (facts 0.3).

use std::{borrow::Cow, time::Duration};

use atalaya_client::Error;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use tonic::Status;

use super::{
    html::Html,
    reasons::{self, Told},
};
use crate::{
    dialect::Failure,
    unexplained::{self, tell_wait, wait},
};

/// What a handler answers.
pub(super) type Answer<T> = Result<T, Fault>;

/// A failure as `SneakyScanner` tells it. Its answer is JSON, with what it says in its extensions for those who
/// want a page.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    words: Words,
    retry_after: Option<Duration>,
}

/// The body.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Words {
    /// What went wrong, briefly.
    pub(super) error: Cow<'static, str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Cow<'static, str>>,
    /// Where and why, of what the message can't say in the document's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

impl Fault {
    /// A status, in the framework's words.
    pub(super) fn of(status: StatusCode) -> Self {
        let (error, message) = words(status);
        Self::said(status, error, message)
    }

    /// Both words.
    pub(super) fn said(
        status: StatusCode,
        error: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let words = Words { error: error.into(), message: Some(message.into()), detail: None };
        Self { status, words, retry_after: None }
    }

    /// `{"error": ..}`
    pub(super) fn brief(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, words: Words { error: error.into(), message: None, detail: None }, retry_after: None }
    }

    /// A field that must be there: 400.
    pub(super) fn missing(name: &str) -> Self {
        Self::brief(StatusCode::BAD_REQUEST, format!("Missing required field: {name}"))
    }

    /// A scan that nobody has: 404.
    pub(super) fn no_scan(id: &str) -> Self {
        let message = format!("Scan with ID {id} does not exist");
        Self::said(StatusCode::NOT_FOUND, "Scan not found", message)
    }

    /// A schedule that nobody has: 404.
    pub(super) fn no_schedule(id: &str) -> Self {
        let message = format!("Schedule with ID {id} does not exist");
        Self::said(StatusCode::NOT_FOUND, "Schedule not found", message)
    }

    /// A change that a page of somebody else asks a browser for: 403.
    pub(super) fn foreign() -> Self {
        Self::said(StatusCode::FORBIDDEN, "Forbidden", "Another site's page asked for this")
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What it says.
    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    /// Tells it by a page of the caller's.
    pub(super) fn shown_by(&self, page: Html) -> Response {
        let mut response = (self.status, page).into_response();
        tell_wait(response.headers_mut(), self.retry_after);
        response
    }

    /// The same, but for a defect of ours these words.
    pub(super) fn or_if_internal(self, error: &'static str, message: &'static str) -> Self {
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            Self::said(self.status, error, message)
        } else {
            self
        }
    }
}

/// What the framework says with each status.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("Bad Request", "The request was invalid"),
        401 => ("Authentication required", "Please log in to access this resource"),
        403 => ("Forbidden", "You don't have permission to access this resource"),
        404 => ("Not Found", "The requested resource was not found"),
        405 => ("Method Not Allowed", "The HTTP method is not allowed for this endpoint"),
        409 => ("Conflict", "The request conflicts with what is there"),
        413 => ("Request Entity Too Large", "The request body is too large"),
        429 => ("Too Many Requests", "Too many requests; please try again later"),
        503 => ("Service Unavailable", "The server can't answer now; please try again later"),
        _ => ("Internal Server Error", "An unexpected error occurred"),
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::of(failure.status())
    }
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Error::from(status).into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let metadata = |key: &str| error.metadata.get(key).cloned();
        let fault = match error.reason.map(reasons::told) {
            Some(Told::Plain(status)) => Self::of(status),
            Some(Told::Brief(status, brief)) => Self::brief(status, brief),
            Some(Told::Said(status, brief)) => Self::said(status, brief, error.message),
            Some(Told::NoScan) => Self::no_scan(&metadata("id").unwrap_or_default()),
            Some(Told::NoSchedule) => Self::no_schedule(&metadata("id").unwrap_or_default()),
            Some(Told::BadSchedule) => Self::bad_schedule(metadata("field").as_deref(), error.message),
            Some(Told::BadConfig) => Self::bad_config(metadata("detail")),
            None => Self::of(unexplained::status(&error)),
        };
        Self { retry_after: wait(fault.status, error.retry_after), ..fault }
    }
}

impl Fault {
    /// The text that tells when is called by its name, as people hear of nothing else as often.
    fn bad_schedule(field: Option<&str>, message: String) -> Self {
        let error = if field == Some("cron") { "Invalid cron expression" } else { "Invalid schedule" };
        Self::said(StatusCode::BAD_REQUEST, error, message)
    }

    fn bad_config(detail: Option<String>) -> Self {
        let message = "Config file does not exist or is not valid YAML";
        let fault = Self::said(StatusCode::BAD_REQUEST, "Invalid config file", message);
        Self { words: Words { detail, ..fault.words }, ..fault }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self.words)).into_response();
        tell_wait(response.headers_mut(), self.retry_after);
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use atalaya_proto::errors::v1::Reason;
    use http::header::RETRY_AFTER;
    use serde_json::{Value, json};
    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    fn failed(reason: Reason) -> Response {
        let metadata = [("id", "42"), ("detail", "line 3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let details = ErrorDetails::with_error_info(reason.token(), atalaya_proto::ERROR_DOMAIN, metadata);
        Fault::from(Status::with_error_details(Code::Unknown, "the server's words", details)).into_response()
    }

    async fn body(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.expect("a body");
        serde_json::from_slice(&bytes).expect("json")
    }

    #[tokio::test]
    async fn every_reason_has_a_status_and_words() {
        for reason in Reason::all() {
            let response = failed(reason);
            let status = response.status();
            assert!(status.is_client_error() || status.is_server_error(), "{reason:?}");
            assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 429, "{reason:?}");
            let body = body(response).await;
            assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{reason:?}: {body}");
        }
    }

    #[tokio::test]
    async fn documented_words_are_kept() {
        for (reason, status, expected) in [
            (Reason::OperatorPasswordWrong, 401, json!({ "error": "Invalid password" })),
            (
                Reason::ScanNotFound,
                404,
                json!({ "error": "Scan not found", "message": "Scan with ID 42 does not exist" }),
            ),
            (
                Reason::ScanConfigInvalid,
                400,
                json!({
                    "error": "Invalid config file",
                    "message": "Config file does not exist or is not valid YAML",
                    "detail": "line 3",
                }),
            ),
            (
                Reason::NotAuthenticated,
                401,
                json!({
                    "error": "Authentication required",
                    "message": "Please log in to access this resource",
                }),
            ),
        ] {
            let response = failed(reason);
            assert_eq!(response.status(), status, "{reason:?}");
            assert_eq!(body(response).await, expected, "{reason:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_without_a_reason_tells_nothing_of_itself() {
        for code in (0..=16).map(Code::from_i32) {
            let response = Fault::from(Status::new(code, "10.0.0.7 refused")).into_response();
            assert!(response.status().is_client_error() || response.status().is_server_error());
            assert!(!body(response).await.to_string().contains("10.0.0.7"), "{code:?}");
        }
        assert_eq!(Fault::from(Status::unavailable("")).into_response().status(), 503);
    }
}
