//! Failures in `PixErase`'s words (facts 0.3, 1.4): one status and one sentence for every reason.

use std::{borrow::Cow, time::Duration};

use atalaya_client::Error;
use atalaya_proto::{IDEMPOTENCY_HEADER, errors::v1::Reason};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use serde::Serialize;
use tonic::Status;
use utoipa::ToSchema;

use super::{
    problem::{Problem, Problems},
    reasons,
};
use crate::{
    dialect::Failure,
    unexplained::{self, tell_wait, wait},
};

/// What a handler answers.
pub(super) type Answer<T> = Result<T, Fault>;

pub(super) const NOT_AUTHENTICATED: &str = "Not authenticated.";
pub(super) const NOT_AUTHORIZED: &str = "Not authorized.";
pub(super) const INTERNAL: &str = "Internal server error.";
pub(super) const UNAVAILABLE: &str = "Service temporarily unavailable. Please try again later.";
pub(super) const TOO_MANY: &str = "Too many requests. Please try again later.";

/// A failure as `PixErase` tells it.
#[derive(Debug)]
pub(crate) enum Fault {
    /// `{"description": ..}`
    Described { status: StatusCode, description: Cow<'static, str>, retry_after: Option<Duration> },
    /// `{"detail": ".."}`, as the framework says of routes and methods.
    Detail { status: StatusCode, detail: &'static str },
    /// 422 `{"detail": [..]}`
    Invalid(Vec<Problem>),
}

/// `{"description": ..}`
#[derive(Serialize, ToSchema)]
pub(super) struct Description {
    /// What went wrong, for people.
    description: Cow<'static, str>,
}

#[derive(Serialize)]
struct Detail {
    detail: &'static str,
}

impl Fault {
    pub(super) fn described(status: StatusCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self::Described { status, description: description.into(), retry_after: None }
    }

    /// A value that the bridge itself refuses: 400.
    pub(super) fn bad_value(description: impl Into<Cow<'static, str>>) -> Self {
        Self::described(StatusCode::BAD_REQUEST, description)
    }

    /// A change that a page of somebody else asks a browser for: 403.
    pub(super) fn foreign() -> Self {
        Self::described(StatusCode::FORBIDDEN, NOT_AUTHORIZED)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoCredentials => Self::described(StatusCode::UNAUTHORIZED, NOT_AUTHENTICATED),
            Failure::NoRoute => Self::Detail { status: StatusCode::NOT_FOUND, detail: "Not Found" },
            Failure::WrongMethod => {
                Self::Detail { status: StatusCode::METHOD_NOT_ALLOWED, detail: "Method Not Allowed" }
            }
            Failure::BodyTooLarge => {
                Self::described(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large.")
            }
            Failure::Crash => Self::described(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
        }
    }
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Error::from(status).into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let Some(reason) = error.reason else { return without_reason(&error) };
        if let Reason::IdempotencyKeyInvalid | Reason::IdempotencyKeyReused = reason {
            return Self::Invalid(vec![Problem::of_header(IDEMPOTENCY_HEADER, &error.message)]);
        }
        let (status, description) = (reasons::status(reason), reasons::description(reason, &error));
        let is_full = matches!(reason, Reason::TooManyImages | Reason::QuotaExceeded);
        let retry_after = if is_full { None } else { wait(status, error.retry_after) };
        Self::Described { status, description, retry_after }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(detail) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(Problems { detail })).into_response()
            }
            Self::Detail { status, detail } => (status, Json(Detail { detail })).into_response(),
            Self::Described { status, description, retry_after } => {
                let mut response = (status, Json(Description { description })).into_response();
                if status == StatusCode::UNAUTHORIZED {
                    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                tell_wait(response.headers_mut(), retry_after);
                response
            }
        }
    }
}

/// A failure without a reason of ours: only its code is told.
fn without_reason(error: &Error) -> Fault {
    let status = unexplained::status(error);
    let description = match status {
        StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS => TOO_MANY,
        StatusCode::UNAUTHORIZED => NOT_AUTHENTICATED,
        StatusCode::FORBIDDEN => NOT_AUTHORIZED,
        _ => INTERNAL,
    };
    let retry_after = wait(status, error.retry_after);
    Fault::Described { status, description: description.into(), retry_after }
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;
    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    fn failed(reason: Reason) -> Response {
        let metadata = ["id", "email", "name", "role", "max", "declared"]
            .map(|key| (key.to_owned(), format!("<{key}>")));
        let details = ErrorDetails::with_error_info(reason.token(), atalaya_proto::ERROR_DOMAIN, metadata);
        Fault::from(Status::with_error_details(Code::Unknown, "the server's words", details)).into_response()
    }

    async fn body(response: Response) -> serde_json::Value {
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.expect("a body");
        serde_json::from_slice(&bytes).expect("json")
    }

    #[tokio::test]
    async fn every_reason_has_a_status_and_words() {
        for reason in Reason::all() {
            let response = failed(reason);
            let status = response.status();
            assert!(status.is_client_error() || status.is_server_error(), "{reason:?}");
            let wait = status == 429 && !matches!(reason, Reason::TooManyImages | Reason::QuotaExceeded);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), wait, "{reason:?}");
            let body = body(response).await;
            if status == 422 {
                assert_eq!(body["detail"][0]["loc"][1], IDEMPOTENCY_HEADER);
            } else {
                assert!(body["description"].as_str().is_some_and(|text| !text.is_empty()), "{reason:?}");
            }
        }
    }

    #[tokio::test]
    async fn documented_words_are_kept() {
        let told = async |reason| {
            let response = failed(reason);
            (
                response.status().as_u16(),
                body(response).await["description"].as_str().unwrap_or_default().to_owned(),
            )
        };
        assert_eq!(told(Reason::AccountNotFound).await, (404, "Can't find user by id: <id>".into()));
        assert_eq!(
            told(Reason::EmailTaken).await,
            (409, "user with this email: <email> already exists".into())
        );
        assert_eq!(
            told(Reason::RoleChangeDenied).await,
            (403, "Changing role of user '<name>' (<role>) is not permitted.".into())
        );
        assert_eq!(told(Reason::TaskNotFound).await, (404, "task with id <id> not found".into()));
        assert_eq!(told(Reason::NameInvalid).await, (400, "the server's words".into()));
        assert_eq!(told(Reason::Internal).await, (500, "Internal server error.".into()));
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
        let fault = Fault::Described {
            status: StatusCode::TOO_MANY_REQUESTS,
            description: TOO_MANY.into(),
            retry_after: Some(Duration::from_millis(1001)),
        };
        assert_eq!(fault.into_response().headers()[RETRY_AFTER], "2");
    }
}
