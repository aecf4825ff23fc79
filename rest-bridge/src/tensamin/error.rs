//! Failures in Tensamin's words (facts 2.2, 2.3), with honest status codes.

use std::{borrow::Cow, time::Duration};

use atalaya_client::Error;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header::ALLOW};
use tonic::Status;

use super::{envelope, telling::LOUD};
use crate::{dialect::Failure, unexplained};

pub(super) const INTERNAL: &str = "Internal server error";
pub(super) const TOO_LARGE: &str = "Request body too large";

/// Why an operation failed; its place says the rest.
#[derive(Debug)]
pub(super) enum Cause {
    /// A required value is not there, or the body is no JSON.
    Missing,
    /// A value of the wrong type, by its field.
    NoString(&'static str),
    /// A part of the path, or a value, that is no UUID.
    NoUuid,
    /// A value that is refused here, and why.
    Refused(&'static str),
    /// A relay's credentials are missing.
    Denied,
    /// The body is larger than the operation takes.
    TooLarge,
    /// Too many large bodies are being read.
    Busy,
    /// The call failed.
    Call(Box<Error>),
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        Self::Call(Box::new(error))
    }
}

impl From<Status> for Cause {
    fn from(status: Status) -> Self {
        Error::from(status).into()
    }
}

/// A failure as Tensamin tells it.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    message: Cow<'static, str>,
    level: u8,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>, level: u8) -> Self {
        Self { status, message: message.into(), level, retry_after: None, allow: None }
    }

    /// The same, after which to wait.
    pub(super) fn after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// A route, but not with this method.
    pub(super) fn wrong_method(allowed: &Method, level: u8) -> Self {
        let allow = if *allowed == Method::GET { "GET" } else { "POST" };
        let fault = Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", level);
        Self { allow: Some(allow), ..fault }
    }

    /// No such route.
    pub(super) fn no_route(level: u8) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Route not found", level)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoCredentials => Self::new(StatusCode::UNAUTHORIZED, "Permission Denied", LOUD),
            Failure::NoRoute => Self::no_route(LOUD),
            Failure::WrongMethod => Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", LOUD),
            Failure::BodyTooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE, LOUD),
            Failure::Crash => Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, LOUD),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = envelope::failure(self.status, self.message.into_owned(), self.level);
        unexplained::tell_wait(response.headers_mut(), unexplained::wait(self.status, self.retry_after));
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}
