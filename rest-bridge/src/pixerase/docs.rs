//! Swagger UI, and the `OpenAPI` document that it shows. All of it comes from the binary.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, rejection::PathRejection},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_swagger_ui::Config;

use super::{
    cookie,
    error::{Description, Fault},
    problem::Problems,
};
use crate::{Door, dialect::Failure};

/// What the document says besides its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Atalaya: PixErase API",
        description = "Accounts and roles, images and image tasks. Every path also answers without its last slash.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Description, Problems)),
    modifiers(&Schemes)
)]
pub(super) struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let by_cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::NAME)));
        components.add_security_scheme("cookie", by_cookie);
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Where the document is.
const DOCUMENT: &str = "/api/openapi.json";

/// Swagger UI needs to style elements, and nothing else that is not ours.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=3600");

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Atalaya: PixErase API</title>
<link rel="icon" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"#;

const START: &str = r##"SwaggerUIBundle({ url: "/api/openapi.json", dom_id: "#swagger-ui", validatorUrl: null });
"##;

/// Files of Swagger UI that the page asks for.
const FILES: [&str; 3] = ["favicon-32x32.png", "swagger-ui.css", "swagger-ui-bundle.js"];

/// The page, its files, and the document.
pub(super) fn router(document: &utoipa::openapi::OpenApi) -> Router<Door> {
    let written = document.to_json().inspect_err(|cause| tracing::error!("no OpenAPI document: {cause}"));
    let text = written.ok().map(Bytes::from);
    let json = get(async move || match text {
        Some(text) => ([(CONTENT_TYPE, "application/json")], [(CACHE_CONTROL, PUBLIC)], text).into_response(),
        None => Fault::from(Failure::Crash).into_response(),
    });
    Router::new()
        .route(DOCUMENT, json.clone())
        .route(&format!("{DOCUMENT}/"), json)
        .route("/api/docs", get(page))
        .route("/api/docs/", get(page))
        .route("/api/docs/{*file}", get(file))
}

async fn page() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, PUBLIC)], Html(PAGE))
}

async fn file(name: Result<Path<String>, PathRejection>) -> Response {
    // A name that is no UTF-8 is no file's.
    let Ok(Path(name)) = name else { return Fault::from(Failure::NoRoute).into_response() };
    let name = name.trim_end_matches('/');
    if name == "start.js" {
        return ([(CONTENT_TYPE, "text/javascript")], [(CACHE_CONTROL, PUBLIC)], START).into_response();
    }
    let found = FILES.contains(&name).then(|| utoipa_swagger_ui::serve(name, Arc::new(Config::default())));
    match found {
        Some(Ok(Some(file))) => {
            let content_type = [(CONTENT_TYPE, file.content_type)];
            (content_type, [(CACHE_CONTROL, PUBLIC)], file.bytes.into_owned()).into_response()
        }
        Some(Ok(None) | Err(_)) | None => Fault::from(Failure::NoRoute).into_response(),
    }
}
