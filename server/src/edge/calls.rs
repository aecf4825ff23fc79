//! One call: who asks, how its body must come, and the answer when its connection has too many already.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use atalaya_proto::errors::v1::Reason;
use bytes::Bytes;
use http::{
    Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use super::{Body, Limits, Pace};
use crate::status::wait;

/// How long a caller with too many calls shall wait before the next.
const AGAIN: Duration = Duration::from_secs(1);

/// The socket's peer, in every request's extensions. IPv4 addresses inside IPv6 are shown as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The answer of the service, or the edge's own.
pub(super) type Answer<B> = Response<Either<B, Full<Bytes>>>;

/// The calls of one connection.
pub(super) struct Calls<S> {
    service: S,
    peer: Peer,
    pace: Pace,
    free: Arc<Semaphore>,
}

impl<S> Calls<S> {
    pub(super) fn new(service: S, peer: SocketAddr, limits: &Limits) -> Self {
        let free = Semaphore::new(limits.in_flight.min(Semaphore::MAX_PERMITS));
        Self { service, peer: Peer(peer), pace: limits.body, free: Arc::new(free) }
    }

    /// Answers one request. A call counts until the head of its answer: a long answer, such as a watch, is bounded
    /// by the number of streams.
    pub(super) fn answer<B>(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Answer<B>, Infallible>> + Send + use<S, B>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: Send,
    {
        let (service, peer, pace) = (self.service.clone(), self.peer, self.pace);
        let permit = Arc::clone(&self.free).try_acquire_owned();
        async move {
            let Ok(_permit) = permit else {
                return Ok(too_many(request.headers()).map(Either::Right));
            };
            let mut request = request.map(|body| Body::new(body, pace));
            request.extensions_mut().insert(peer);
            Ok(service.oneshot(request).await?.map(Either::Left))
        }
    }
}

/// `RESOURCE_EXHAUSTED` for gRPC and gRPC-Web, 503 for others. The call has not begun: it is safe to repeat.
fn too_many(headers: &HeaderMap) -> Response<Full<Bytes>> {
    let content_type = headers.get(CONTENT_TYPE);
    if let Some(grpc) = content_type.filter(|value| value.as_bytes().starts_with(b"application/grpc")) {
        let status = wait(Reason::ServerBusy, "too many calls on this connection", AGAIN);
        let mut response = status.into_http();
        response.headers_mut().insert(CONTENT_TYPE, grpc.clone());
        response
    } else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(content_type: &'static str) -> Response<Full<Bytes>> {
        too_many(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]))
    }

    #[test]
    fn grpc_callers_get_a_grpc_status_in_their_own_content_type() {
        for content_type in ["application/grpc", "application/grpc-web+proto"] {
            let response = refused(content_type);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["grpc-status"], "8");
            assert_eq!(response.headers()[CONTENT_TYPE], content_type);
        }
    }

    #[test]
    fn other_callers_get_503_and_when_to_come_back() {
        for response in [refused("application/json"), too_many(&HeaderMap::new())] {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[RETRY_AFTER], "1");
        }
    }
}
