//! Index and Healthcheck.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{Pixerase, error::Answer, responses::Unavailable};
use crate::{Door, dialect::Visitor};

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 2] {
    [routes!(index), routes!(healthcheck)]
}

#[derive(Serialize, ToSchema)]
struct Welcome {
    #[schema(example = "Hello there! Welcome to API")]
    message: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    message: &'static str,
    #[schema(example = "success")]
    status: &'static str,
}

/// Returns a welcome message.
#[utoipa::path(get, path = "/api/v1/", tag = "Index", responses((status = 200, body = Welcome)))]
async fn index() -> Json<Welcome> {
    Json(Welcome { message: "Hello there! Welcome to API" })
}

/// Checks the API's health status.
#[utoipa::path(
    get, path = "/api/v1/healthcheck/", tag = "Healthcheck",
    responses((status = 200, body = Health), Unavailable)
)]
async fn healthcheck(visitor: Visitor<Pixerase>) -> Answer<Json<Health>> {
    visitor.healthy().await?;
    Ok(Json(Health { message: "ok", status: "success" }))
}
