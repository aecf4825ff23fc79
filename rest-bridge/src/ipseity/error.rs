//! Failures in ipseity's words (facts 3.2): its own errors have a name, the framework's only a message.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use atalaya_client::Error;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use serde::Serialize;
use tonic::Status;

use super::reasons::{self, Told};
use crate::{dialect::Failure, unexplained};

/// What a handler answers.
pub(super) type Answer<T> = Result<T, Fault>;

/// What flask_restful says of an argument that is nowhere.
const MISSING: &str = "Missing required parameter in the JSON body or the post body or the query string";
/// The name of a token's failure.
const INVALID_TOKEN: &str = "InvalidTokenError";

/// A failure as ipseity tells it.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    body: Body,
    retry_after: Option<Duration>,
}

/// `{"message": ..}`; with `error_name` an error of its own, without one the framework's.
#[derive(Debug, Serialize)]
struct Body {
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_name: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Message {
    /// Of errors of its own a username or nothing, and never a token.
    Text(Cow<'static, str>),
    /// An argument, and what is wrong with it.
    Argument(BTreeMap<&'static str, Cow<'static, str>>),
}

impl Fault {
    /// A status, in the framework's words.
    pub(super) fn abort(status: StatusCode) -> Self {
        Self::said(status, words(status))
    }

    /// An argument that is nowhere: 400.
    pub(super) fn missing(name: &'static str) -> Self {
        Self::argument(name, MISSING)
    }

    /// An argument that can't be read as text: 400.
    pub(super) fn no_text(name: &'static str) -> Self {
        Self::argument(name, "not a text")
    }

    /// A body that can't be read: 400.
    pub(super) fn unreadable() -> Self {
        Self::abort(StatusCode::BAD_REQUEST)
    }

    /// A token that is good for nothing: 400.
    pub(super) fn invalid_token() -> Self {
        Self::named(StatusCode::BAD_REQUEST, INVALID_TOKEN, String::new())
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    fn said(status: StatusCode, words: impl Into<Cow<'static, str>>) -> Self {
        Self::of(status, Message::Text(words.into()), None)
    }

    fn argument(name: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, Message::Argument([(name, why.into())].into()), None)
    }

    fn named(status: StatusCode, name: &'static str, message: String) -> Self {
        Self::of(status, Message::Text(message.into()), Some(name))
    }

    fn of(status: StatusCode, message: Message, error_name: Option<&'static str>) -> Self {
        Self { status, body: Body { message, error_name }, retry_after: None }
    }
}

/// What Werkzeug says with each status.
fn words(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The browser (or proxy) sent a request that this server could not understand.",
        401 => {
            "The server could not verify that you are authorized to access the URL requested. You either \
             supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how to \
             supply the credentials required."
        }
        403 => {
            "You don't have the permission to access the requested resource. It is either read-protected or \
             not readable by the server."
        }
        404 => {
            "The requested URL was not found on the server. If you entered the URL manually please check your \
             spelling and try again."
        }
        405 => "The method is not allowed for the requested URL.",
        409 => {
            "A conflict happened while processing the request. The resource might have been modified while the \
             request was being processed."
        }
        413 => "The data value transmitted exceeds the capacity limit.",
        429 => "This user has exceeded an allotted request count. Try again later.",
        503 => {
            "The server is temporarily unable to service your request due to maintenance downtime or capacity \
             problems. Please try again later."
        }
        _ => {
            "The server encountered an internal error and was unable to complete your request. Either the \
             server is overloaded or there is an error in the application."
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::abort(failure.status())
    }
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Error::from(status).into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = match error.reason.map(reasons::told) {
            Some(Told::Abort(status)) => Self::abort(status),
            Some(Told::Said(status)) => Self::said(status, error.message),
            Some(Told::Argument(name)) => Self::argument(name, error.message),
            Some(Told::Named(status, name)) => {
                let username = error.metadata.get("username").cloned();
                Self::named(status, name, username.unwrap_or_default())
            }
            None => Self::abort(unexplained::status(&error)),
        };
        Self { retry_after: error.retry_after, ..fault }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        unexplained::tell_wait(response.headers_mut(), unexplained::wait(self.status, self.retry_after));
        response
    }
}

#[cfg(test)]
mod tests {
    use atalaya_proto::errors::v1::Reason;
    use http::header::RETRY_AFTER;
    use serde_json::json;
    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    fn failed(reason: Reason) -> Response {
        let metadata = [("username".to_owned(), "mara".to_owned())];
        let details = ErrorDetails::with_error_info(reason.token(), atalaya_proto::ERROR_DOMAIN, metadata);
        Fault::from(Status::with_error_details(Code::Unknown, "the server's words", details)).into_response()
    }

    async fn body(response: Response) -> serde_json::Value {
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.expect("a body");
        serde_json::from_slice(&bytes).expect("json")
    }

    #[tokio::test]
    async fn every_reason_has_a_status_and_a_body_of_this_dialect() {
        for reason in Reason::all() {
            let response = failed(reason);
            let status = response.status();
            assert!(status.is_client_error() || status.is_server_error(), "{reason:?}");
            assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 429, "{reason:?}");
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == 401, "{reason:?}");
            let body = body(response).await;
            assert!(body["message"].is_string() || body["message"].is_object(), "{reason:?}: {body}");
        }
    }

    #[tokio::test]
    async fn documented_errors_have_their_names() {
        for (reason, status, expected) in [
            (
                Reason::UsernameTaken,
                403,
                json!({ "message": "mara", "error_name": "UserAlreadyExistsError" }),
            ),
            (
                Reason::AccountInactive,
                403,
                json!({ "message": "mara", "error_name": "UserDeactivatedError" }),
            ),
            (Reason::TokenInvalid, 400, json!({ "message": "mara", "error_name": "InvalidTokenError" })),
            (Reason::TokenTypeWrong, 400, json!({ "message": "mara", "error_name": "TokenTypeError" })),
            (Reason::PasswordLength, 400, json!({ "message": { "pass": "the server's words" } })),
            (Reason::LastSuperAdmin, 404, json!({ "message": "the server's words" })),
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

    #[test]
    fn waits_are_told_in_whole_seconds_rounded_up() {
        let mut fault = Fault::abort(StatusCode::TOO_MANY_REQUESTS);
        fault.retry_after = Some(Duration::from_millis(1001));
        assert_eq!(fault.into_response().headers()[RETRY_AFTER], "2");
    }
}
