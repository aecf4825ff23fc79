//! The dialect before a server that nobody runs: routes, shapes, origins.

use atalaya_client::Api;
use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::Settings;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn lonely() -> Router {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let settings =
        Settings { allowed_origins: vec!["https://app.example".to_owned()], ..Settings::default() };
    crate::router(Api::connect(&address).expect("an address"), settings)
}

async fn send(request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, HeaderMap, Value) {
    let request = request.header(header::HOST, "a.example:8080").body(body.into()).expect("a request");
    let (parts, body) = lonely().oneshot(request).await.expect("infallible").into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn ask(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

/// Every operation with a good request.
fn operations() -> [(&'static str, String, Value); 10] {
    let form = json!({
        "uuid": ID, "username": "mara", "public_key": "key", "private_key_hash": "ab", "iota_id": ID,
        "reset_token": "one", "new_token": "two",
    });
    let post = |path: &str| ("POST", format!("/api/{path}"), form.clone());
    let get = |path: &str| ("GET", format!("/api/{path}"), Value::Null);
    [
        get("get/uuid/mara"),
        get(&format!("get/{ID}")),
        get(&format!("get/private-key-hash/{ID}")),
        get(&format!("get/iota-id/{ID}")),
        get("register/init"),
        post("register/complete"),
        post(&format!("change/{ID}")),
        post(&format!("change/iota-id/{ID}")),
        post(&format!("change/keys/{ID}")),
        post(&format!("delete/{ID}")),
    ]
}

#[tokio::test]
async fn a_server_out_of_reach_is_503_in_the_envelope_however_many_slashes_there_are() {
    for (method, path, body) in operations() {
        for path in [path.clone(), format!("{path}/"), path.replace('/', "//")] {
            let request = ask(method, &path).header("authorization", ID).header("PrivateKeyHash", "ab");
            let (status, headers, told) = send(request, body.to_string()).await;
            assert_eq!(status, 503, "{method} {path}: {told}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/json; charset=utf-8");
            assert_eq!(told["type"], "error");
            assert_eq!(told["log"]["log_level"], i32::from(!path.contains("change")), "{path}");
            let message = told["log"]["message"].as_str().expect("a message");
            assert!(message.ends_with(": Service unavailable"), "{message}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_or_lacks_a_value_is_400_and_a_wrong_type_is_named() {
    for (method, path, good) in operations().into_iter().filter(|(method, ..)| *method == "POST") {
        for body in ["", "nonsense", "[]", "null", "{}"] {
            let (status, _, told) = send(ask(method, &path), body).await;
            assert_eq!((status.as_u16(), &told["type"]), (400, &json!("error")), "{path} {body}");
            assert!(
                told["log"]["message"].as_str().is_some_and(|m| m.to_lowercase().ends_with("missing values"))
            );
        }
        let mut wrong = good.clone();
        wrong["reset_token"] = json!(7);
        wrong["private_key_hash"] = json!(["x"]);
        let (status, _, told) = send(ask(method, &path), wrong.to_string()).await;
        assert_eq!(status, 400, "{path}");
        assert!(told["log"]["message"].as_str().is_some_and(|m| m.ends_with(" must be a string")), "{told}");
    }
}

#[tokio::test]
async fn a_change_names_what_is_no_text_and_what_is_no_base64() {
    let path = format!("/api/change/{ID}");
    for (field, value, words) in [
        ("display", json!(7), "display must be a string"),
        ("status", json!({}), "status must be a string"),
        ("about", json!([]), "about must be a string"),
        ("avatar", json!(true), "avatar must be a string"),
        ("username", Value::Null, "username must be a string"),
        ("avatar", json!("not base64!"), "avatar must be base64"),
    ] {
        let body = json!({ "private_key_hash": "ab", field: value });
        let (status, _, told) = send(ask("POST", &path), body.to_string()).await;
        assert_eq!(status, 400);
        assert_eq!(
            told["log"],
            json!({ "message": format!("Failed to change user: {words}"), "log_level": 0 })
        );
    }
}

#[tokio::test]
async fn a_relay_without_its_id_is_401_and_without_a_hash_400() {
    let path = format!("/api/get/private-key-hash/{ID}");
    assert_eq!(send(ask("GET", &path), "").await.0, 401);
    assert_eq!(send(ask("GET", &path).header("PrivateKeyHash", "ab"), "").await.0, 401);
    assert_eq!(send(ask("GET", &path).header("authorization", ID), "").await.0, 400);
    assert_eq!(send(ask("GET", &format!("/api/get/iota-id/{ID}")), "").await.0, 401);
}

#[tokio::test]
async fn what_is_too_large_is_413_in_the_envelope() {
    let body = |length: usize| format!("{{\"reset_token\":\"{}\"}}", "x".repeat(length));
    let (status, _, told) = send(ask("POST", &format!("/api/delete/{ID}")), body(65 << 10)).await;
    assert_eq!((status.as_u16(), &told["log"]["log_level"]), (413, &json!(1)));
    let change = format!("/api/change/{ID}");
    assert_eq!(send(ask("POST", &change), body(65 << 10)).await.0, 400);
    assert_eq!(send(ask("POST", &change), body(13 << 20)).await.0, 413);
}

#[tokio::test]
async fn routes_and_methods_that_are_none_are_told_in_the_envelope() {
    for (method, path, status, words) in [
        ("GET", "/api/register", 404, "Route not found"),
        ("GET", "/api/register/nonsense", 404, "Route not found"),
        ("GET", "/api/get/a/b/c", 404, "Route not found"),
        ("GET", "/api/get", 400, "Invalid user path"),
        ("GET", "/api/get/uuid/", 400, "Invalid username path"),
        ("POST", "/api/change/", 400, "Invalid user path"),
        ("GET", "/api/get/nonsense", 400, "Failed to retrieve user profile: Invalid UUID"),
        ("PUT", "/api/get/nonsense", 405, "Method not allowed"),
        ("GET", "/api/register/complete", 405, "Method not allowed"),
        ("DELETE", "/api/delete/x", 405, "Method not allowed"),
    ] {
        let (seen, headers, told) = send(ask(method, path), "").await;
        assert_eq!((seen.as_u16(), &told["log"]["message"]), (status, &json!(words)), "{method} {path}");
        assert_eq!(headers.contains_key(header::ALLOW), status == 405, "{method} {path}");
        assert_eq!(told["type"], "error");
    }
}

#[tokio::test]
async fn pages_of_our_own_origin_and_of_those_listed_may_ask_and_no_others() {
    for origin in ["http://a.example:8080", "https://app.example"] {
        let preflight = ask("OPTIONS", "/api/get/uuid/mara").header("origin", origin);
        let (status, headers, _) = send(preflight, "").await;
        assert_eq!(status, 204, "{origin}");
        assert_eq!(headers["access-control-allow-origin"], origin);
        assert_eq!(headers["access-control-allow-methods"], "GET, POST");
        assert_eq!(headers["vary"], "origin");
        let (status, headers, _) = send(ask("GET", "/api/get/uuid/mara").header("origin", origin), "").await;
        assert_eq!(
            (status.as_u16(), &headers["access-control-allow-origin"]),
            (503, &headers["access-control-allow-origin"])
        );
    }
    for origin in ["https://app.example.evil", "https://APP.example", "null", "", "http://a.example"] {
        for method in ["OPTIONS", "GET", "POST"] {
            let (status, headers, told) =
                send(ask(method, "/api/register/init").header("origin", origin), "").await;
            assert_eq!(
                (status.as_u16(), &told["log"]["message"]),
                (403, &json!("CORS origin rejected")),
                "{origin}"
            );
            assert!(!headers.contains_key("access-control-allow-origin"));
        }
    }
    assert_eq!(send(ask("OPTIONS", "/api/register/init"), "").await.0, 204);
}
