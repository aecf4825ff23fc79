//! One port, three tongues: gRPC and grpc-web go to the services, all else to the bridge.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use atalaya_proto::SESSION_HEADER;
use atalaya_server::{
    config::Settings,
    edge::{self, RequestIdLayer, TrustedProxies, X_REQUEST_ID},
};
use axum::{Router, body::Body};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, STRICT_TRANSPORT_SECURITY},
};
use tonic::{Status, service::Routes};
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

/// Browsers that came by https come by nothing else for a year (RFC 6797).
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

type Answering = BoxCloneSyncService<Request<edge::Body>, Response<Body>, Infallible>;

/// Every door of the process.
#[derive(Clone)]
pub(crate) struct Front(Answering);

impl Front {
    /// With the doors that there are.
    pub(crate) fn new(settings: &Settings, grpc: Option<Routes>, rest: Option<Router>) -> Self {
        let grpc = grpc.map(|routes| {
            // A browser's preflight is no grpc-web call: CORS answers it first.
            routes.into_axum_router().layer(GrpcWebLayer::new()).layer(cors(&settings.cors_origins))
        });
        let doors =
            Doors { grpc, rest, proxies: TrustedProxies::new(settings.trusted_proxies.iter().copied()) };
        let answering = tower::service_fn(move |request| doors.clone().answer(request));
        // The request id is outermost: even the answer to a panic repeats it.
        let answering = RequestIdLayer.layer(CatchPanicLayer::new().layer(answering));
        let behind_tls = settings.secure_cookies.is_on();
        Self(BoxCloneSyncService::new(answering.map_response(move |response| {
            let mut response = response.map(Body::new);
            if behind_tls {
                response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, ONLY_TLS);
            }
            response
        })))
    }
}

impl Service<Request<edge::Body>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <Answering as Service<Request<edge::Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<edge::Body>) -> Self::Future {
        self.0.call(request)
    }
}

#[derive(Clone)]
struct Doors {
    grpc: Option<Router>,
    rest: Option<Router>,
    proxies: TrustedProxies,
}

impl Doors {
    async fn answer(self, request: Request<edge::Body>) -> Result<Response<Body>, Infallible> {
        let request = self.proxies.mark(request).map(Body::new);
        let line = format!("{} {}", request.method(), request.uri().path());
        let id = request.headers().get(&X_REQUEST_ID).cloned();
        let response = if is_grpc(&request) {
            match self.grpc {
                Some(router) => router.oneshot(request).await?,
                None => Status::unimplemented("this process serves no gRPC").into_http(),
            }
        } else {
            match self.rest {
                Some(router) => router.oneshot(request).await?,
                None => not_here(),
            }
        };
        tracing::debug!(request_id = ?id, status = response.status().as_u16(), "{line}");
        Ok(response)
    }
}

/// gRPC and grpc-web by their content type, and the preflights of grpc-web by their path.
fn is_grpc<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    content_type.is_some_and(|value| value.starts_with(b"application/grpc"))
        || (preflight && request.uri().path().starts_with("/atalaya."))
}

fn not_here() -> Response<Body> {
    let mut response = Response::new(Body::from("this process serves no REST\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Pages of exactly these origins may call grpc-web; none by default.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let header = |name: &'static str| HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::POST])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            X_REQUEST_ID,
            header(atalaya_proto::IDEMPOTENCY_HEADER),
            header("grpc-timeout"),
            header("x-grpc-web"),
            header("x-user-agent"),
        ])
        .expose_headers([
            X_REQUEST_ID,
            header(SESSION_HEADER),
            header("grpc-status"),
            header("grpc-message"),
            header("grpc-status-details-bin"),
        ])
}
