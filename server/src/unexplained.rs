//! Failures that the gRPC library makes by itself, told with the contract's reasons like all others.

use atalaya_proto::errors::v1::Reason;
use http::Response;
use tonic::Code;

use crate::status::failure;

/// Gives a refusal of the library its reason. Our own failures have one already and stay as they are.
pub fn explain<R: Default>(response: Response<R>) -> Response<R> {
    let headers = response.headers();
    if headers.contains_key("grpc-status-details-bin") {
        return response;
    }
    let status = headers.get("grpc-status").map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
    match status {
        Code::Unimplemented => failure(status, Reason::MethodUnknown, "no such method", &[]).into_http(),
        // Bytes that can't be decoded, none at all, or more than a message may have.
        Code::Internal | Code::OutOfRange => {
            let text = "the request is no message of this method";
            failure(Code::InvalidArgument, Reason::RequestInvalid, text, &[]).into_http()
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => response,
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Status, body::Body};

    use super::*;

    fn explained(status: &Status) -> Response<Body> {
        explain(status.clone().into_http())
    }

    #[test]
    fn what_the_library_refuses_gets_a_reason() {
        for (status, code) in [(Status::internal("decode"), "3"), (Status::unimplemented(""), "12")] {
            let response = explained(&status);
            assert_eq!(response.headers()["grpc-status"], code);
            assert!(response.headers().contains_key("grpc-status-details-bin"));
        }
    }

    #[test]
    fn our_own_failures_stay_as_they_are() {
        let own = failure(Code::Internal, Reason::Internal, "internal error", &[]);
        assert_eq!(explained(&own).headers()["grpc-status"], "13");
        assert!(!explained(&Status::ok("")).headers().contains_key("grpc-status-details-bin"));
    }
}
