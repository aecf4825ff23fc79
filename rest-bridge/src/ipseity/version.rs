//! Version: that of the API, not of this program.

use axum::{Json, routing::get};
use serde::Serialize;

use super::Route;

/// The version that the document describes.
const VERSION: &str = "0.5.1";

pub(super) fn route() -> Route {
    ("/version", get(version))
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

async fn version() -> Json<Version> {
    Json(Version { version: VERSION })
}
