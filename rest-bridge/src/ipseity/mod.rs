//! The ipseity dialect: a JWT issuer at `/user`, `/token`, `/check`, `/refresh_token`, `/pubkey` and
//! `/version`. Its files are the headings of its document, and one for each oddity.

mod arguments;
mod bearer;
mod check;
mod error;
mod payload;
mod public_key;
mod reasons;
mod refresh_token;
mod text;
mod token;
mod user;
mod version;

use atalaya_client::Credentials;
use axum::{Router, middleware, response::Response, routing::MethodRouter};
use http::{HeaderValue, header::ALLOW, request::Parts};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Door,
    dialect::Dialect,
    headers,
    routes::{crashed, unknown, wrong_method},
};

/// What the fuzzer reaches of this dialect.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    pub use super::arguments::fuzzed as arguments;
}

/// The dialect.
pub(crate) struct Ipseity;

impl Dialect for Ipseity {
    type Fault = error::Fault;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        Credentials::bearer(parts.extensions.get::<bearer::Presented>()?.token()?).ok()
    }
}

/// The same dialect where it is nobody's business who asks: a token that comes along opens and shuts nothing.
struct Open;

impl Dialect for Open {
    type Fault = error::Fault;

    fn credentials(_: &Parts) -> Option<Credentials> {
        None
    }
}

/// A path as the document writes it, and the methods that it has.
type Route = (&'static str, MethodRouter<Door>);

/// All that the document names, and the key set besides.
fn routes() -> [Route; 7] {
    [
        user::route(),
        token::route(),
        check::route(),
        refresh_token::route(),
        public_key::route(),
        public_key::set(),
        version::route(),
    ]
}

/// HEAD of what makes something when it is got: nobody would see what was made.
async fn no_head() -> Response {
    let mut response = wrong_method::<Ipseity>().await;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

/// Every path of the document, and what lies below them.
pub(crate) fn router(door: Door) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), both)
        .method_not_allowed_fallback(wrong_method::<Ipseity>)
        .layer(middleware::from_fn(arguments::read))
        .layer(CatchPanicLayer::custom(crashed::<Ipseity>))
        // Outside of what may answer in a handler's place, so that those answers have them too.
        .layer(middleware::from_fn(headers::defaults))
        .with_state(door)
}

/// Adds a path, the same path with a slash at its end, and the answer to all that lies below.
fn both(router: Router<Door>, (path, methods): Route) -> Router<Door> {
    router
        .route(path, methods.clone())
        .route(&format!("{path}/"), methods)
        .route(&format!("{path}/{{*rest}}"), axum::routing::any(unknown::<Ipseity>))
}

#[cfg(test)]
mod tests {
    use atalaya_client::Api;
    use axum::{body::Body, extract::Request};
    use http::{HeaderMap, Method, StatusCode, header};
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use crate::Settings;

    /// Every operation of the document, and the key set.
    const OPERATIONS: [(&str, &str); 11] = [
        ("GET", "/check"),
        ("GET", "/pubkey"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/refresh_token"),
        ("DELETE", "/refresh_token"),
        ("GET", "/token"),
        ("POST", "/user"),
        ("PATCH", "/user"),
        ("GET", "/user"),
        ("DELETE", "/user"),
        ("GET", "/version"),
    ];

    /// Sends a request to a bridge whose server nobody runs.
    async fn send(request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, HeaderMap, Value) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        drop(listener);
        let router = crate::router(Api::connect(&address).expect("an address"), Settings::default());
        let request: Request = request.body(body.into()).expect("a request");
        let (parts, body) = router.oneshot(request).await.expect("infallible").into_parts();
        let bytes = axum::body::to_bytes(body, 64 * 1024).await.expect("a body");
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A request with a token, and with every argument that there is.
    fn whole(method: &str, path: &str) -> http::request::Builder {
        let query = "user=mara&pass=x&refresh_token=a.b.c&access_token=x.y.z";
        Request::builder().method(method).uri(format!("{path}?{query}"))
    }

    #[tokio::test]
    async fn an_unreachable_server_is_unavailable_on_every_path_with_and_without_its_slash() {
        for (method, path) in OPERATIONS.into_iter().filter(|(_, path)| *path != "/version") {
            for path in [path.to_owned(), format!("{path}/")] {
                let (status, headers, body) = send(whole(method, &path), "").await;
                assert_eq!(status, 503, "{method} {path}");
                assert!(body["message"].is_string() && body.get("error_name").is_none(), "{method} {path}");
                assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{method} {path}");
                assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{method} {path}");
            }
        }
        for path in ["/version", "/version/"] {
            let (status, _, body) = send(Request::builder().uri(path), "nonsense").await;
            assert_eq!((status.as_u16(), body), (200, json!({ "version": "0.5.1" })));
        }
    }

    #[tokio::test]
    async fn nothing_is_made_for_who_wants_to_see_heads_only() {
        for path in ["/token", "/token/", "/refresh_token", "/refresh_token/"] {
            let (status, headers, _) = send(whole("HEAD", path), "").await;
            assert_eq!(status, 405, "{path}");
            assert_eq!(headers[header::ALLOW], "GET", "{path}");
        }
        assert_eq!(send(Request::builder().method("HEAD").uri("/version"), "").await.0, 200);
    }

    #[tokio::test]
    async fn who_shows_no_token_is_told_so_before_anything_else_is_looked_at() {
        for (method, path) in
            [("GET", "/refresh_token"), ("DELETE", "/refresh_token"), ("PATCH", "/user"), ("DELETE", "/user")]
        {
            for token in ["", "\u{e9}", "a b", "a\tb", "Bearer a"] {
                let request = Request::builder().method(method).uri(path);
                let request = request.header(header::CONTENT_TYPE, "application/json");
                let request = match token {
                    "" => request,
                    token => request.header(header::AUTHORIZATION, format!("Bearer {token}").as_bytes()),
                };
                let (status, headers, body) = send(request, "{").await;
                assert_eq!(status, 401, "{method} {path} {token}");
                assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
                assert!(
                    body["message"].as_str().is_some_and(|m| m.starts_with("The server could not verify"))
                );
            }
        }
        let (status, _, body) = send(Request::builder().uri("/user"), "").await;
        assert_eq!((status.as_u16(), body), (204, Value::Null));
    }

    #[tokio::test]
    async fn a_missing_argument_is_named_the_first_of_two() {
        let missing = "Missing required parameter in the JSON body or the post body or the query string";
        for (method, path, name) in [
            ("GET", "/token", "user"),
            ("GET", "/token?pass=x", "user"),
            ("GET", "/check", "access_token"),
            ("POST", "/user", "user"),
            ("POST", "/user?user=mara", "pass"),
        ] {
            let (status, _, body) = send(Request::builder().method(method).uri(path), "").await;
            assert_eq!((status.as_u16(), body), (400, json!({ "message": { name: missing } })), "{path}");
        }
        let header = Request::builder().uri("/check").header(header::AUTHORIZATION, "Bearer a.b.c");
        assert_eq!(send(header, "").await.0, 400, "the header is no place of this argument");
    }

    #[tokio::test]
    async fn what_is_no_route_and_no_method_is_told_in_this_dialects_words() {
        for (_, path) in OPERATIONS {
            let (status, _, body) = send(Request::builder().uri(format!("{path}/etc/passwd")), "").await;
            assert_eq!(status, 404, "{path}");
            assert!(body["message"].as_str().is_some_and(|m| m.contains("not found")), "{path}: {body}");
        }
        for (method, path, allowed) in [
            (Method::PUT, "/user", "POST,GET,HEAD,PATCH,DELETE"),
            (Method::POST, "/token", "GET,HEAD"),
            (Method::POST, "/refresh_token/", "GET,HEAD,DELETE"),
            (Method::DELETE, "/version", "GET,HEAD"),
            (Method::POST, "/.well-known/jwks.json", "GET,HEAD"),
        ] {
            let (status, headers, body) = send(Request::builder().method(method).uri(path), "").await;
            assert_eq!(
                (status.as_u16(), &headers[header::ALLOW]),
                (405, &allowed.parse().expect("a header")),
                "{path}"
            );
            assert_eq!(body, json!({ "message": "The method is not allowed for the requested URL." }));
        }
    }

    #[tokio::test]
    async fn a_body_beyond_its_limit_is_too_large_on_every_path() {
        for (method, path) in OPERATIONS {
            let (status, _, body) = send(whole(method, path), " ".repeat(64 * 1024 + 1)).await;
            let told = json!({ "message": "The data value transmitted exceeds the capacity limit." });
            assert_eq!((status.as_u16(), body), (413, told), "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_cookie_is_no_token_here() {
        let request = Request::builder().uri("/refresh_token").header(header::COOKIE, "access_token=x.y.z");
        assert_eq!(send(request, "").await.0, 401);
    }
}
