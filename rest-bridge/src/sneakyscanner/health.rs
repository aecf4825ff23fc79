//! Health Check: whether the server serves and its database is there. Open to everybody.

use axum::{
    Json,
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use serde::Serialize;

use super::{Route, Sneakyscanner};
use crate::dialect::Visitor;

pub(super) fn routes() -> [Route; 1] {
    [("/api/settings/health", get(health))]
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    database: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

async fn health(visitor: Visitor<Sneakyscanner>) -> Response {
    match visitor.healthy().await {
        Ok(()) => Json(Health { status: "healthy", database: "connected", error: None }).into_response(),
        Err(error) => {
            tracing::warn!(code = ?error.code, "not healthy: {}", error.message);
            let error = Some("The server or its database can't be reached");
            let told = Health { status: "unhealthy", database: "disconnected", error };
            (StatusCode::INTERNAL_SERVER_ERROR, Json(told)).into_response()
        }
    }
}
