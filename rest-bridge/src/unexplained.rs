//! Failures in every dialect: what a call without a reason of ours means, and how long to wait after one.

use std::time::Duration;

use atalaya_client::Error;
use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use tonic::Code;

/// How long to wait after a 429 for which the server names no time.
const DEFAULT_RETRY: Duration = Duration::from_secs(5);

/// The status of a failure without a reason of ours: the server is out of reach, newer than we are, or
/// something stands between. Only its code is told; the rest is logged here.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error.code {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss => {
            tracing::error!(code = ?error.code, "a call failed without a reason: {}", error.message);
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// How long to wait after an answer of this status: what the server told, or a little after a 429.
pub(crate) fn wait(status: StatusCode, told: Option<Duration>) -> Option<Duration> {
    told.or_else(|| (status == StatusCode::TOO_MANY_REQUESTS).then_some(DEFAULT_RETRY))
}

/// Tells how long to wait, in whole seconds rounded up.
pub(crate) fn tell_wait(headers: &mut HeaderMap, wait: Option<Duration>) {
    if let Some(wait) = wait {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
