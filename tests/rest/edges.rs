//! What lies beside the documented routes, and what every answer says of itself.

use atalaya_tests::{House, Plan, database::Backend};
use futures::future::join_all;

/// Requests at once that a bridge before another process has to bear: more than one HTTP/2 connection does.
const MANY: usize = 150;

#[tokio::test]
async fn every_failure_under_the_dialects_paths_is_told_in_its_words() {
    House::each(async |house| {
        for (method, path, status, body) in [
            ("GET", "/api/v1/nonsense/", 404, r#"{"detail":"Not Found"}"#),
            ("GET", "/api/v1/user/id/", 404, r#"{"detail":"Not Found"}"#),
            ("GET", "/api/v1//user/", 404, r#"{"detail":"Not Found"}"#),
            ("GET", "/api/v1/auth/me/more/", 404, r#"{"detail":"Not Found"}"#),
            ("PUT", "/api/v1/user/", 405, r#"{"detail":"Method Not Allowed"}"#),
            ("DELETE", "/api/v1/auth/me/", 405, r#"{"detail":"Method Not Allowed"}"#),
            ("POST", "/api/v1/", 405, r#"{"detail":"Method Not Allowed"}"#),
            ("BREW", "/api/v1/healthcheck/", 405, r#"{"detail":"Method Not Allowed"}"#),
        ] {
            let answer = house.rest.ask(method, path).send().await.expect(status);
            assert_eq!(
                (answer.text(), answer.header("content-type")),
                (body, "application/json"),
                "{method} {path}"
            );
            assert_eq!(answer.headers.contains_key("allow"), status == 405, "{method} {path}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_the_same_one_that_was_asked_with() {
    House::each(async |house| {
        let id = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f";
        let answer = house.rest.get("/api/v1/").header("x-request-id", id).send().await;
        assert_eq!(answer.header("x-request-id"), id);
        for path in ["/api/v1/", "/api/v1/nonsense/", "/api/v1/auth/me/", "/", "/api/docs"] {
            let (one, two) = (house.rest.get(path).send().await, house.rest.get(path).send().await);
            let (one, two) = (one.header("x-request-id").to_owned(), two.header("x-request-id").to_owned());
            assert!(one != two && one.len() >= 8, "{path}: {one}");
        }
        let long = "x".repeat(500);
        for bad in ["", " ", "a b", "short", &long] {
            let answer = house.rest.get("/api/v1/").header("x-request-id", bad).send().await;
            assert_ne!(answer.header("x-request-id"), bad, "{bad:?} is replaced");
        }
    })
    .await;
}

#[tokio::test]
async fn a_path_beside_all_dialects_is_not_found() {
    House::each(async |house| {
        for path in
            ["/", "/index.html", "/api", "/api/", "/api/v2/", "/../etc/passwd", "/%2e%2e/", "/.git/config"]
        {
            assert_eq!(house.rest.get(path).send().await.status, 404, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_process_without_the_bridge_serves_no_rest_and_one_without_grpc_is_told_where_to_ask() {
    let grpc = House::open(Backend::Sqlite, &Plan::default().with("ATALAYA_ROLES", "grpc,worker")).await;
    assert_eq!(grpc.rest.get("/api/v1/").send().await.status, 404);
    assert!(grpc.anonymous().healthy().await.is_ok());

    let upstream = format!("http://{}", grpc.rest.address());
    let plan = Plan::default().with("ATALAYA_ROLES", "bridge").with("ATALAYA_UPSTREAM", &upstream);
    let bridge = House::open(Backend::Sqlite, &plan).await;
    assert_eq!(bridge.rest.get("/api/v1/healthcheck/").send().await.status, 200);
    let mara = grpc.user("Mara").await;
    let me = bridge.rest.get("/api/v1/auth/me/").cookie(&mara.token).send().await.expect(200);
    assert_eq!(me.json()["id"], mara.id.as_str());

    let many = (0..MANY).map(|_| bridge.rest.get("/api/v1/auth/me/").cookie(&mara.token).send());
    for answer in join_all(many).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    grpc.close().await;
    let told = bridge.rest.get("/api/v1/auth/me/").cookie(&mara.token).send().await.expect(503);
    assert_eq!(told.description(), "Service temporarily unavailable. Please try again later.");
    let told = bridge.rest.get("/api/v1/healthcheck/").send().await.expect(503);
    assert_eq!(told.description(), "Service temporarily unavailable. Please try again later.");
    bridge.close().await;
}
