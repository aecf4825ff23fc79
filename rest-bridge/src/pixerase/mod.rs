//! The `PixErase` dialect: `/api/v1`, a session cookie, `{"description": ..}` for failures. Its files are
//! the headings of its document, and one for each oddity.

mod addresses;
mod auth;
mod cookie;
mod docs;
mod domain;
mod download;
mod drawing_forms;
mod drawings;
mod email;
mod error;
mod exif;
mod exif_words;
mod field;
mod form;
mod image_forms;
mod images;
mod index;
mod internet;
mod internet_forms;
mod port_forms;
mod ports;
mod problem;
mod range;
mod reasons;
mod responses;
mod tasks;
mod texts;
mod upload;
mod user_forms;
mod users;

use atalaya_client::Credentials;
use axum::{Router, middleware, routing::any};
use http::request::Parts;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Door,
    dialect::Dialect,
    headers,
    routes::{both, crashed, unknown, wrong_method},
};

/// What the fuzzer reaches of this dialect.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    pub use super::cookie::fuzzed as cookie;
}

/// The dialect.
pub(crate) struct Pixerase;

impl Dialect for Pixerase {
    type Fault = error::Fault;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        parts.extensions.get::<cookie::Presented>()?.credentials.clone()
    }
}

/// Everything under `/api/v1`, `/api/docs` and `/api/openapi.json`.
pub(crate) fn router(door: Door) -> Router {
    let documented = OpenApiRouter::with_openapi(docs::Document::openapi());
    let (routes, document) = index::routes()
        .into_iter()
        .chain(auth::routes())
        .chain(users::routes())
        .chain(images::routes())
        .chain(drawings::routes())
        .chain(exif::routes())
        .chain(internet::routes())
        .chain(domain::routes())
        .chain(addresses::routes())
        .chain(ports::routes())
        .chain(tasks::routes())
        .fold(documented, both)
        .split_for_parts();
    routes
        .merge(docs::router(&document))
        .route("/api/v1/{*rest}", any(unknown::<Pixerase>))
        .method_not_allowed_fallback(wrong_method::<Pixerase>)
        .layer(middleware::from_fn_with_state(door.clone(), cookie::session))
        .layer(CatchPanicLayer::custom(crashed::<Pixerase>))
        // Outside of what may answer in a handler's place, so that those answers have them too.
        .layer(middleware::from_fn(headers::defaults))
        .with_state(door)
}

#[cfg(test)]
mod tests {
    use atalaya_client::Api;
    use axum::{body::Body, extract::Request, response::Response};
    use http::{HeaderMap, Method, StatusCode, header};
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::Settings;

    const ID: &str = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f";

    /// The router of a bridge whose server nobody runs.
    fn lonely() -> Router {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        drop(listener);
        crate::router(Api::connect(&address).expect("an address"), Settings::default())
    }

    async fn send(request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, HeaderMap, Value) {
        let request: Request = request.body(body.into()).expect("a request");
        let response: Response = lonely().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4 * 1024 * 1024).await.expect("a body");
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    fn signed(method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(path).header(header::COOKIE, "access_token=x.y.z")
    }

    /// Every documented operation: its method and its path, with something in the place of parameters.
    fn operations() -> Vec<(Method, String)> {
        let document = docs::Document::openapi();
        let every = index::routes().into_iter().chain(auth::routes()).chain(users::routes());
        let routes = every.chain(images::routes()).chain(drawings::routes()).chain(exif::routes());
        let routes = routes.chain(internet::routes()).chain(domain::routes()).chain(addresses::routes());
        let routes = routes.chain(ports::routes()).chain(tasks::routes());
        let document = routes.fold(OpenApiRouter::with_openapi(document), both).into_openapi();
        let document = serde_json::to_value(document).expect("json");
        let paths = document["paths"].as_object().expect("paths");
        let operation = |path: &str, method: &str| {
            let path = path.replace("{task_id}", &format!("rotate_image:{ID}"));
            let path = path.replace("{user_id}", ID).replace("{image_id}", ID);
            (method.to_uppercase().parse().expect("a method"), path)
        };
        paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().expect("an item").keys().map(|method| operation(path, method))
            })
            .collect()
    }

    #[tokio::test]
    async fn every_route_answers_the_same_with_and_without_its_last_slash() {
        assert_eq!(operations().len(), 37);
        for (method, path) in operations() {
            assert!(path.ends_with('/'), "{path}");
            let (status, _, body) = send(signed(method.clone(), &path), "{}").await;
            let bare = send(signed(method.clone(), path.trim_end_matches('/')), "{}").await;
            assert!(!status.is_redirection() && status != 404 && status != 405, "{method} {path}: {status}");
            assert_eq!((bare.0, bare.2), (status, body), "{method} {path}");
        }
    }

    #[tokio::test]
    async fn every_route_that_needs_a_session_says_so_before_anything_else() {
        let open = ["/api/v1/", "/api/v1/healthcheck/", "/api/v1/auth/signup/", "/api/v1/auth/login/"];
        for (method, path) in operations() {
            let request = Request::builder().method(method.clone()).uri(&path);
            let (status, headers, body) = send(request, "nonsense").await;
            if !open.contains(&path.as_str()) {
                assert_eq!(
                    (status.as_u16(), body),
                    (401, json!({ "description": "Not authenticated." })),
                    "{method} {path}"
                );
                assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
            }
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{method} {path}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{method} {path}");
        }
    }

    #[tokio::test]
    async fn an_unreachable_server_is_unavailable() {
        let unavailable =
            json!({ "description": "Service temporarily unavailable. Please try again later." });
        let told = |(status, _, body): (StatusCode, HeaderMap, Value)| (status.as_u16(), body);
        for path in ["/api/v1/healthcheck/", "/api/v1/auth/me/", "/api/v1/user/?limit=1"] {
            assert_eq!(told(send(signed(Method::GET, path), "").await), (503, unavailable.clone()), "{path}");
        }
        let path = format!("/api/v1/image/id/{ID}/rotate/");
        assert_eq!(
            told(send(signed(Method::PATCH, &path), "{\"angle\":\"90\"}").await),
            (503, unavailable.clone())
        );
        let form =
            "--b\r\nContent-Disposition: form-data; name=image\r\nContent-Type: image/png\r\n\r\nx\r\n--b--";
        let upload = signed(Method::POST, "/api/v1/image")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        assert_eq!(told(send(upload, form).await), (503, unavailable));
    }

    #[tokio::test]
    async fn what_is_no_route_is_not_found() {
        for path in [
            "/api/v1/ip/pong/",
            "/api/v1/nothing",
            "/api/v1//",
            "/api/v1/user/id/",
            "/api/docs/etc/passwd",
            "/api/docs/%ff",
        ] {
            let (status, _, body) = send(signed(Method::GET, path), "").await;
            assert_eq!((status.as_u16(), body), (404, json!({ "detail": "Not Found" })), "{path}");
        }
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        for (method, path, allowed) in [
            (Method::PUT, "/api/v1/user/", "GET,HEAD,POST"),
            (Method::DELETE, "/api/v1/auth/login", "POST"),
            (Method::OPTIONS, "/api/v1/", "GET,HEAD"),
            (Method::POST, "/api/docs", "GET,HEAD"),
        ] {
            let (status, headers, body) = send(signed(method, path), "").await;
            assert_eq!((status.as_u16(), body), (405, json!({ "detail": "Method Not Allowed" })), "{path}");
            assert_eq!(headers[header::ALLOW], allowed, "{path}");
        }
    }

    #[tokio::test]
    async fn path_query_and_body_are_told_together() {
        let (status, _, body) =
            send(signed(Method::PATCH, "/api/v1/image/id/7/upscale/"), "{\"scale\":5}").await;
        let kinds: Vec<_> =
            body["detail"].as_array().expect("problems").iter().map(|p| (&p["type"], &p["loc"][1])).collect();
        assert_eq!(status, 422);
        assert_eq!(
            kinds,
            [
                (&json!("uuid_parsing"), &json!("image_id")),
                (&json!("missing"), &json!("algorithm")),
                (&json!("less_than_equal"), &json!("scale")),
            ]
        );
        let (_, _, body) = send(
            signed(Method::GET, "/api/v1/user/?limit=0&offset=101&sorting_field=id&sorting_order=x"),
            "",
        )
        .await;
        assert_eq!(body["detail"].as_array().map(Vec::len), Some(4), "{body}");
    }

    #[tokio::test]
    async fn an_upload_must_be_a_form_with_an_image() {
        let upload = |content_type: &str| {
            signed(Method::POST, "/api/v1/image/").header(header::CONTENT_TYPE, content_type)
        };
        let missing = json!({ "detail": [{ "type": "missing", "loc": ["body", "image"], "msg": "Field required", "input": null }] });
        let form = "multipart/form-data; boundary=b";
        let part = |head: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\nx\r\n--b--");
        for (content_type, body, status, told) in [
            ("application/json", "{}".to_owned(), 422, missing.clone()),
            (form, part("name=\"picture\""), 422, missing),
            (form, part("name=\"image\""), 400, json!({ "description": "Unknown content type" })),
            (
                form,
                part("name=image\r\nContent-Type: text/plain"),
                400,
                json!({ "description": "Invalid content type text/plain" }),
            ),
            (form, "--b\r\n".into(), 400, json!({ "description": "There was an error parsing the body" })),
        ] {
            let (got, _, body) = send(upload(content_type), body).await;
            assert_eq!((got.as_u16(), body), (status, told), "{content_type}");
        }
    }

    #[tokio::test]
    async fn a_change_that_another_site_asks_for_is_refused() {
        let foreign = |request: http::request::Builder| request.header("sec-fetch-site", "cross-site");
        let (status, _, body) = send(foreign(signed(Method::POST, "/api/v1/auth/logout/")), "").await;
        assert_eq!((status.as_u16(), body), (403, json!({ "description": "Not authorized." })));
        let by_header = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/auth/logout/")
            .header(header::AUTHORIZATION, "Bearer x");
        assert_eq!(send(foreign(by_header), "").await.0, 503);
    }

    #[tokio::test]
    async fn garbage_cookies_are_no_session() {
        for cookie in
            [&b"access_token=\xff"[..], b"access_token=a; access_token=b", b"access_token=\"", b"=;;"]
        {
            let request = Request::builder().uri("/api/v1/auth/me/").header(header::COOKIE, cookie);
            assert_eq!(send(request, "").await.0, 401, "{cookie:?}");
        }
    }

    #[tokio::test]
    async fn the_documents_are_served_in_full() {
        for path in [
            "/api/docs",
            "/api/docs/",
            "/api/docs/swagger-ui.css",
            "/api/docs/swagger-ui-bundle.js/",
            "/api/docs/start.js",
        ] {
            let (status, headers, _) = send(Request::builder().uri(path), "").await;
            assert_eq!(status, 200, "{path}");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=3600", "{path}");
        }
        let (_, _, document) = send(Request::builder().uri("/api/openapi.json"), "").await;
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("an item") {
                let open = operation.get("security").is_none();
                assert_eq!(
                    operation["responses"].get("401").is_none(),
                    open && !path.ends_with("login/"),
                    "{method} {path}"
                );
                assert!(path == "/api/v1/" || operation["responses"].get("503").is_some(), "{method} {path}");
            }
        }
    }
}
