//! Where calls go: a channel to another process, or the services of this one, behind one type.

use std::time::Duration;

use tonic::{
    Code, Status,
    body::Body,
    service::Routes,
    transport::{Channel, Endpoint},
};
use tower::{BoxError, ServiceExt, util::BoxCloneSyncService};

use crate::Error;

/// Any gRPC service, remote or in process.
pub type Upstream = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// How long a TCP connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a silent connection is asked whether it still lives, and how long it may take to answer.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of response headers and trailers that are accepted.
const HEADER_LIST_LIMIT: u32 = 64 * 1024;

/// A server at an `http://` address. Its channels are lazy.
pub(crate) fn endpoint(address: &str) -> Result<Endpoint, Error> {
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|_| not_an_address(address))?;
    if endpoint.uri().scheme_str() != Some("http") || endpoint.uri().host().is_none_or(str::is_empty) {
        return Err(not_an_address(address));
    }
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .http2_max_header_list_size(HEADER_LIST_LIMIT))
}

/// Calls over a channel.
pub(crate) fn remote(channel: Channel) -> Upstream {
    BoxCloneSyncService::new(channel.map_err(|cause| unreachable(cause.into())))
}

/// Calls straight into services, with no socket between.
pub(crate) fn local(routes: Routes) -> Upstream {
    let routes = ServiceExt::<http::Request<Body>>::map_err(routes.prepare(), |never| match never {});
    BoxCloneSyncService::new(routes)
}

/// A transport's failure as a status. What gRPC gives no code of its own means that the server can't
/// be reached; the text never holds its address.
fn unreachable(cause: BoxError) -> Status {
    let status = Status::from_error(cause);
    match status.code() {
        Code::Unknown | Code::Unavailable => Status::unavailable("the server can't be reached"),
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => status,
    }
}

fn not_an_address(address: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("not an http:// address: {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_http_addresses_make_an_endpoint() {
        assert!(endpoint("http://127.0.0.1:1").is_ok());
        for address in ["", "127.0.0.1:1", "https://127.0.0.1:1", "http://", "ftp://h", "a b"] {
            let error = endpoint(address).err();
            assert_eq!(error.map(|e| e.code), Some(Code::InvalidArgument), "{address}");
        }
    }

    #[test]
    fn a_failure_without_a_code_means_unreachable() {
        let status = unreachable("connection reset by 10.0.0.7".into());
        assert_eq!(status.code(), Code::Unavailable);
        assert!(!status.message().contains("10.0.0.7"));
    }

    #[test]
    fn a_failure_with_a_code_keeps_it() {
        assert_eq!(unreachable(Status::cancelled("gone").into()).code(), Code::Cancelled);
    }
}
