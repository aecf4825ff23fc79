//! What every page shares: its looks, and how a failure reads on one.

use axum::{
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use super::{
    Route,
    html::{Html, Text, Viewer},
};

const STYLE: &str = include_str!("style.css");

pub(super) fn routes() -> [Route; 1] {
    [("/auth/style.css", get(style))]
}

async fn style() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, STYLE)
}

/// A failure.
pub(super) fn failure(status: StatusCode, error: &str, message: Option<&str>) -> Response {
    let message = message.map(|message| format!("<p>{}</p>\n", Text(message))).unwrap_or_default();
    let content = format!(
        "<p class=\"faint\">{}</p>\n<h1>{}</h1>\n{message}<p><a href=\"/dashboard\">To the scans</a></p>\n",
        status.as_u16(),
        Text(error),
    );
    (status, Html::page(error, Viewer::Anybody, &content)).into_response()
}
