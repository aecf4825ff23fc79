//! The `SneakyScanner` dialect: `/api/scans`, `/api/settings`, `/auth` and a few pages without scripts; a session
//! cookie, `{"error": .., "message": ..}` for failures, and the same as pages for browsers. Its files are the
//! headings of its document, and one for each oddity.

mod alerts;
mod auth;
mod body;
mod comparison;
mod cors;
mod dashboard;
mod error;
mod fields;
mod forms;
mod given;
mod health;
mod html;
mod marks;
mod negotiation;
mod next;
mod number;
mod output;
mod pages;
mod paging;
mod planner;
mod reasons;
mod results;
mod scans;
mod schedules;
mod session;
mod settings;
mod setup;
mod stats;
mod webhooks;

use atalaya_client::{Calls, Credentials};
use axum::{
    Router,
    extract::{FromRequestParts, Path, Request, rejection::PathRejection},
    middleware,
    routing::{MethodRouter, any},
};
use http::{Extensions, request::Parts};
use serde::de::DeserializeOwned;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use self::error::Fault;
use crate::{
    Door,
    dialect::{Caller, Dialect, Failure},
    headers,
    routes::{crashed, unknown, wrong_method},
};

/// The dialect.
pub(crate) struct Sneakyscanner;

impl Dialect for Sneakyscanner {
    type Fault = Fault;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        session::credentials(&parts.headers)
    }
}

/// The operator, and what the path of a request holds: one or two numbers, a key, a name.
struct Asked<T> {
    calls: Calls,
    path: T,
}

/// Who asks is looked at first.
impl<T: DeserializeOwned + Send> FromRequestParts<Door> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Fault> {
        let calls = (*Caller::<Sneakyscanner>::from_request_parts(parts, door).await?).clone();
        // What is not UTF-8 is no key and no name.
        let path: Result<_, PathRejection> = Path::from_request_parts(parts, door).await;
        let Path(path) = path.map_err(|_| Failure::NoRoute)?;
        Ok(Self { calls, path })
    }
}

/// A path as the document writes it, and the methods that it has.
type Route = (&'static str, MethodRouter<Door>);

/// What lies below these is the dialect's, and unknown unless it is a route.
const BELOW: [&str; 11] = [
    "/api/alerts",
    "/api/scans",
    "/api/schedules",
    "/api/settings",
    "/api/stats",
    "/api/webhooks",
    "/auth",
    "/dashboard",
    "/output",
    "/scans",
    "/schedules",
];

fn routes() -> impl Iterator<Item = Route> {
    auth::routes()
        .into_iter()
        .chain(setup::routes())
        .chain(scans::routes())
        .chain(schedules::routes())
        .chain(stats::routes())
        .chain(settings::routes())
        .chain(alerts::routes())
        .chain(webhooks::routes())
        .chain(health::routes())
        .chain(dashboard::routes())
        .chain(planner::routes())
        .chain(output::routes())
        .chain(pages::routes())
}

/// Everything of the document, and what lies below its paths.
pub(crate) fn router(door: Door) -> Router {
    let inner = inner(door);
    // Not nested: a router has no room for a number and for anything else in the same place.
    let serve = move |request: Request| inner.clone().oneshot(bare(request));
    let every =
        BELOW.into_iter().flat_map(|path| [path.to_owned(), format!("{path}/"), format!("{path}/{{*rest}}")]);
    every.fold(Router::new(), |router, path| router.route(&path, any(serve.clone())))
}

/// The request without what the outer router has noted on it.
fn bare(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    parts.extensions = Extensions::new();
    Request::from_parts(parts, body)
}

fn inner(door: Door) -> Router {
    routes()
        .fold(Router::new(), |router, (path, methods)| {
            router.route(path, methods.clone()).route(&format!("{path}/"), methods)
        })
        .fallback(unknown::<Sneakyscanner>)
        .method_not_allowed_fallback(wrong_method::<Sneakyscanner>)
        .layer(middleware::from_fn_with_state(door.clone(), session::guard))
        .layer(CatchPanicLayer::custom(crashed::<Sneakyscanner>))
        // Outside of whatever fails, so that browsers get to see it as a page.
        .layer(middleware::from_fn(negotiation::negotiate))
        .layer(middleware::from_fn_with_state(door.clone(), cors::admit))
        .layer(middleware::from_fn(headers::defaults))
        .layer(middleware::from_fn(marks::mark))
        .with_state(door)
}

#[cfg(test)]
mod tests;
