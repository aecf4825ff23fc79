//! Authentication, once, at the gate of every gRPC service. The default is deny.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    task::{Context, Poll},
};

use atalaya_proto::{AGENT_HEADER, DEVICE_HEADER, SESSION_HEADER, errors::v1::Reason};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use tonic::{Code, Request, Response, Status, body::Body};
use tower::{BoxError, Layer, Service};

use super::{
    Caller, Origin, RequestId, SiteOperator, Surveyor, Visitor,
    guard::{Guarded, Pass},
};
use crate::{
    status::failure,
    users::{
        Credentials,
        credentials::{Error, Principal},
        sessions::model::Authenticated,
    },
};

/// What may be called without credentials: the doors themselves, health and reflection. A text that ends in `/` or
/// `.` stands for all that begin so.
const OPEN: [&str; 23] = [
    // An identity and a relay prove themselves by what is in the request.
    "/atalaya.users.v1.IdentityService/StartRegistration",
    "/atalaya.users.v1.IdentityService/CompleteRegistration",
    "/atalaya.users.v1.IdentityService/FindIdentity",
    "/atalaya.users.v1.IdentityService/GetIdentity",
    "/atalaya.users.v1.IdentityService/ChangeIdentity",
    "/atalaya.users.v1.IdentityService/ChangeIota",
    "/atalaya.users.v1.IdentityService/ChangeKeys",
    "/atalaya.users.v1.IdentityService/DeleteIdentity",
    "/atalaya.users.v1.IdentityService/CheckKeyHash",
    "/atalaya.users.v1.IdentityService/GetIota",
    "/atalaya.users.v1.AccountService/SignUp",
    "/atalaya.users.v1.SessionService/CreateSession",
    "/atalaya.users.v1.TokenService/CreateAccessToken",
    "/atalaya.users.v1.TokenService/RefreshAccessToken",
    "/atalaya.users.v1.TokenService/CheckToken",
    "/atalaya.users.v1.TokenService/CreateTokenPair",
    "/atalaya.users.v1.TokenService/RotateTokenPair",
    "/atalaya.users.v1.TokenService/ListPublicKeys",
    "/atalaya.scans.v1.OperatorService/GetOperator",
    "/atalaya.scans.v1.OperatorService/SetUpOperator",
    "/atalaya.scans.v1.OperatorService/SignInOperator",
    "/grpc.health.v1.Health/",
    "/grpc.reflection.",
];

/// The header in which the edge puts the one trustworthy address of who calls.
const ADDRESS_HEADER: &str = "x-forwarded-for";
/// The header in which the edge puts the request's id.
const REQUEST_HEADER: &str = "x-request-id";

/// Who calls. The gate has let nobody else in, but a method opened by mistake stays shut.
pub fn require<T>(request: &Request<T>) -> Result<Caller, Status> {
    request.extensions().get().copied().ok_or_else(not_authenticated)
}

/// Who calls the scans of sites: their operator, or an admin.
pub fn require_surveyor<T>(request: &Request<T>) -> Result<Surveyor, Status> {
    if let Some(operator) = request.extensions().get::<SiteOperator>() {
        return Ok(Surveyor::Operator(*operator));
    }
    require(request)?.require_admin().map(Surveyor::Admin).map_err(|_| not_authorized())
}

/// Whoever calls, with credentials or without.
pub fn visitor<T>(request: &Request<T>) -> Visitor {
    Visitor { caller: request.extensions().get().copied(), origin: origin(request.metadata().as_ref()) }
}

/// What the caller says that it is; the bridge carries on what its own caller said.
pub fn user_agent<T>(request: &Request<T>) -> String {
    let text = |name| request.metadata().get(name).and_then(|value| value.to_str().ok());
    text(AGENT_HEADER).or_else(|| text("user-agent")).unwrap_or_default().to_owned()
}

/// The token of a device that has logged in before, if the call carries one.
pub fn device<T>(request: &Request<T>) -> Option<String> {
    request.metadata().get(DEVICE_HEADER)?.to_str().ok().map(str::to_owned)
}

/// An answer that gives the device its token, if it got one.
pub fn with_device<T>(mut response: Response<T>, token: Option<&str>) -> Response<T> {
    if let Some(token) = token.and_then(|token| token.parse().ok()) {
        response.metadata_mut().insert(DEVICE_HEADER, token);
    }
    response
}

/// Where a call comes from, as the edge saw it.
fn origin(headers: &HeaderMap) -> Origin {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let address = text(ADDRESS_HEADER).and_then(|text| text.parse().ok());
    Origin {
        address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        request: text(REQUEST_HEADER).map_or(RequestId::NONE, RequestId::of),
    }
}

/// Puts [`Gate`] before services.
#[derive(Clone)]
pub struct GateLayer {
    credentials: Credentials,
}

impl GateLayer {
    /// That knows these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { credentials: self.credentials.clone(), inner }
    }
}

/// Lets calls with a good bearer token through, with their [`Caller`] in the extensions.
#[derive(Clone)]
pub struct Gate<S> {
    credentials: Credentials,
    inner: S,
}

impl<S, B, R> Service<http::Request<B>> for Gate<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        // The service that was polled ready goes with the call; its clone waits for the next.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let credentials = self.credentials.clone();
        Box::pin(async move {
            let admitted = match admit(&credentials, &mut request).await {
                Ok(admitted) => admitted,
                Err(status) => return Ok(status.into_http()),
            };
            let response = inner.call(request).await?;
            Ok(match admitted {
                Some(Admitted { renewed, pass }) => {
                    let mut response = response.map(|body| Body::new(Guarded::new(body, pass)));
                    if let Some(token) = renewed {
                        response.headers_mut().insert(SESSION_HEADER, token);
                    }
                    response
                }
                None => response.map(Body::new),
            })
        })
    }
}

/// What a good bearer token has brought.
struct Admitted {
    /// The new token, if the session was renewed.
    renewed: Option<HeaderValue>,
    /// What keeps a stream going.
    pass: Option<Pass>,
}

/// Puts the caller into the request; `None` for nobody, where nobody may come.
async fn admit<B>(
    credentials: &Credentials,
    request: &mut http::Request<B>,
) -> Result<Option<Admitted>, Status> {
    let method = request.uri().path();
    let open = is_open(method);
    let Some(token) = bearer(request.headers()) else {
        return if open { Ok(None) } else { Err(not_authenticated()) };
    };
    match credentials.authenticate(token, method, origin(request.headers())).await {
        Ok(principal) => {
            let pass = Pass::is_needed(method).then(|| Pass {
                credentials: credentials.clone(),
                token: token.to_owned(),
                method: method.to_owned(),
                origin: principal.origin(),
                role: principal.role(),
            });
            let renewed = match principal {
                Principal::Account(Authenticated { caller, renewed }) => {
                    request.extensions_mut().insert(caller);
                    renewed.and_then(|ticket| ticket.token.parse().ok())
                }
                Principal::Operator(operator) => {
                    request.extensions_mut().insert(operator);
                    None
                }
            };
            Ok(Some(Admitted { renewed, pass }))
        }
        // Who logs in again must not fail for the stale token that a browser still holds.
        Err(Error::NotAuthenticated | Error::ScopeMissing(_) | Error::NotAuthorized) if open => Ok(None),
        Err(error) => Err(refusal(error)),
    }
}

fn is_open(method: &str) -> bool {
    OPEN.iter()
        .any(|open| if open.ends_with(['/', '.']) { method.starts_with(open) } else { method == *open })
}

fn refusal(error: Error) -> Status {
    let text = error.to_string();
    match error {
        Error::NotAuthenticated => not_authenticated(),
        Error::NotAuthorized => not_authorized(),
        Error::ScopeMissing(scope) => {
            failure(Code::PermissionDenied, Reason::ScopeMissing, text, &[("scope", &scope)])
        }
        Error::Session(cause) => cause.into(),
        Error::Token(cause) => cause.into(),
        Error::PersonalToken(cause) => cause.into(),
        Error::Operator(cause) => cause.into(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn not_authenticated() -> Status {
    failure(Code::Unauthenticated, Reason::NotAuthenticated, "not authenticated", &[])
}

fn not_authorized() -> Status {
    failure(Code::PermissionDenied, Reason::NotAuthorized, "not authorized", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found_whatever_the_schemes_case() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(with("Bearer abc"), Some("abc".into()));
        assert_eq!(with("bearer  abc "), Some("abc".into()));
        assert_eq!(with("Basic abc"), None);
        assert_eq!(with("abc"), None);
    }

    #[test]
    fn what_only_begins_like_an_open_method_is_shut() {
        let users = |name: &str| is_open(&format!("/atalaya.users.v1.{name}"));
        assert!(users("AccountService/SignUp") && users("IdentityService/GetIota"));
        assert!(!users("AccountService/SignUpOthers") && !users("IdentityService/SetSubscription"));
        assert!(is_open("/grpc.health.v1.Health/Check") && is_open("/grpc.reflection.v1.ServerReflection/x"));
        assert!(!is_open("/grpc.reflections.v1/x") && !is_open("") && !is_open("/"));
    }

    #[test]
    fn an_address_that_is_none_is_the_unspecified_one() {
        let mut headers = HeaderMap::new();
        assert!(origin(&headers).address.is_unspecified());
        headers.insert(ADDRESS_HEADER, HeaderValue::from_static("192.0.2.7"));
        headers.insert(REQUEST_HEADER, HeaderValue::from_static("r-1"));
        assert_eq!(origin(&headers).address, IpAddr::from([192, 0, 2, 7]));
        assert_eq!(origin(&headers).request.as_str(), "r-1");
        headers.insert(ADDRESS_HEADER, HeaderValue::from_static("nonsense"));
        assert!(origin(&headers).address.is_unspecified());
    }
}
