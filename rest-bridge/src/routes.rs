//! What the dialects' routers share: both forms of a path, and answers where no handler answers.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    Door,
    dialect::{Dialect, Failure},
};

/// Adds a documented path and the same path without its last slash: the same answer, no redirect.
pub(crate) fn both(router: OpenApiRouter<Door>, route: UtoipaMethodRouter<Door>) -> OpenApiRouter<Door> {
    let (schemas, paths, methods) = route;
    let bare: Vec<String> =
        paths.paths.keys().filter_map(|path| path.strip_suffix('/')).map(str::to_owned).collect();
    let router = router.routes((schemas, paths, methods.clone()));
    bare.into_iter().fold(router, |router, path| router.route(&path, methods.clone()))
}

/// Answers what lies under a dialect's paths but is none of its routes.
pub(crate) async fn unknown<D: Dialect>() -> Response {
    D::Fault::from(Failure::NoRoute).into_response()
}

/// Answers a method that a route does not have; `Allow` is added by the router.
pub(crate) async fn wrong_method<D: Dialect>() -> Response {
    D::Fault::from(Failure::WrongMethod).into_response()
}

/// Answers for a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "the panic layer hands it over")]
pub(crate) fn crashed<D: Dialect>(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let cause = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
    tracing::error!("a handler panicked: {cause}");
    D::Fault::from(Failure::Crash).into_response()
}
