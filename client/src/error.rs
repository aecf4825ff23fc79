//! The one failure of every call: the gRPC code, and what `google.rpc` details say of it.

use std::{collections::BTreeMap, time::Duration};

use atalaya_proto::{ERROR_DOMAIN, errors::v1::Reason};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The header that names a call in the server's log.
pub(crate) const REQUEST_ID_HEADER: &str = "x-request-id";

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code:?}: {message}")]
#[non_exhaustive]
pub struct Error {
    /// The gRPC code. UNAVAILABLE also when the server can't be reached.
    pub code: Code,
    /// The contract's reason; `None` when the failure didn't come from Atalaya, or from a newer one.
    pub reason: Option<Reason>,
    /// A sentence for people; may change.
    pub message: String,
    /// What the reason's comment in `reason.proto` promises, such as `id` or `max`.
    pub metadata: BTreeMap<String, String>,
    /// How long to wait before another try, when the server says so.
    pub retry_after: Option<Duration>,
    /// The id under which the server logged the call.
    pub request_id: Option<String>,
}

impl Error {
    /// A failure on the caller's own side, with no reason and nothing attached.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: None,
            message: message.into(),
            metadata: BTreeMap::new(),
            retry_after: None,
            request_id: None,
        }
    }

    /// INTERNAL for an answer that lacks a part which the contract promises.
    pub fn missing(part: &str) -> Self {
        Self::new(Code::Internal, format!("the answer has no {part}"))
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN);
        let (reason, metadata) = match info {
            Some(info) => (Reason::from_token(&info.reason), info.metadata.into_iter().collect()),
            None => (None, BTreeMap::new()),
        };
        let request_id = status.metadata().get(REQUEST_ID_HEADER).and_then(|id| id.to_str().ok());
        Self {
            code: status.code(),
            reason,
            message: status.message().to_owned(),
            metadata,
            retry_after: status.get_details_retry_info().and_then(|info| info.retry_delay),
            request_id: request_id.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn detailed(domain: &str, reason: &str) -> Status {
        let mut details = ErrorDetails::with_error_info(reason, domain, [("id".to_owned(), "7".to_owned())]);
        details.set_retry_info(Some(Duration::from_secs(3)));
        Status::with_error_details(Code::ResourceExhausted, "wait", details)
    }

    #[test]
    fn the_details_of_a_status_are_read() {
        let error = Error::from(detailed(ERROR_DOMAIN, "RATE_LIMITED"));
        assert_eq!(error.reason, Some(Reason::RateLimited));
        assert_eq!(error.metadata["id"], "7");
        assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(error.to_string(), "ResourceExhausted: wait");
    }

    #[test]
    fn reasons_of_others_and_of_newer_servers_are_none() {
        assert_eq!(Error::from(detailed("googleapis.com", "RATE_LIMITED")).reason, None);
        assert_eq!(Error::from(detailed(ERROR_DOMAIN, "FROM_THE_FUTURE")).reason, None);
    }

    #[test]
    fn a_bare_status_keeps_its_code_and_its_request_id() {
        let mut status = Status::not_found("gone");
        let id = "0123456789".parse().expect("ascii");
        status.metadata_mut().insert(REQUEST_ID_HEADER, id);
        let error = Error::from(status);
        assert_eq!((error.code, error.reason), (Code::NotFound, None));
        assert_eq!(error.request_id.as_deref(), Some("0123456789"));
    }
}
