//! What differs between the documented APIs, and who asks: where credentials lie, how a failure reads.

use std::{convert::Infallible, marker::PhantomData, ops::Deref};

use atalaya_client::{Calls, Credentials};
use atalaya_proto::{AGENT_HEADER, IDEMPOTENCY_HEADER};
use axum::{extract::FromRequestParts, response::IntoResponse};
use http::{HeaderMap, HeaderName, StatusCode, header::USER_AGENT, request::Parts};

use crate::Door;

/// Headers of a request that its calls carry on.
const CARRIED: [&str; 3] = ["x-request-id", "x-forwarded-for", IDEMPOTENCY_HEADER];

/// One documented API's way of carrying credentials and of telling failures.
pub(crate) trait Dialect: Send + Sync + 'static {
    /// A failure as this API tells it.
    type Fault: From<Failure> + IntoResponse + Send;

    /// The credentials that a request carries.
    fn credentials(parts: &Parts) -> Option<Credentials>;
}

/// What can go wrong in every dialect besides a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// The request carries no credentials and needs some.
    NoCredentials,
    /// No such route.
    NoRoute,
    /// A route, but not with this method.
    WrongMethod,
    /// More bytes than this route takes.
    BodyTooLarge,
    /// A defect of ours.
    Crash,
}

impl Failure {
    /// The status that says so.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NoCredentials => StatusCode::UNAUTHORIZED,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Crash => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The one who asks, known by credentials: calls carry them. Without any, the answer is the dialect's 401.
pub(crate) struct Caller<D>(Calls, PhantomData<D>);

/// The one who asks, perhaps with credentials.
pub(crate) struct Visitor<D>(Calls, PhantomData<D>);

impl<D> Deref for Caller<D> {
    type Target = Calls;
    fn deref(&self) -> &Calls {
        &self.0
    }
}

impl<D> Deref for Visitor<D> {
    type Target = Calls;
    fn deref(&self) -> &Calls {
        &self.0
    }
}

impl<D: Dialect> FromRequestParts<Door> for Caller<D> {
    type Rejection = D::Fault;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, D::Fault> {
        let credentials = D::credentials(parts).ok_or(Failure::NoCredentials)?;
        Ok(Self(carrying(door.api.with(credentials), &parts.headers), PhantomData))
    }
}

impl<D: Dialect> FromRequestParts<Door> for Visitor<D> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Infallible> {
        let calls = match D::credentials(parts) {
            Some(credentials) => door.api.with(credentials),
            None => door.api.anonymous(),
        };
        Ok(Self(carrying(calls, &parts.headers), PhantomData))
    }
}

fn carrying(calls: Calls, headers: &HeaderMap) -> Calls {
    let calls = match headers.get(USER_AGENT) {
        Some(agent) => calls.carrying(HeaderName::from_static(AGENT_HEADER), agent.clone()),
        None => calls,
    };
    CARRIED.into_iter().fold(calls, |calls, name| match headers.get(name) {
        Some(value) => calls.carrying(HeaderName::from_static(name), value.clone()),
        None => calls,
    })
}
