//! The dialect before a server that nobody runs: routes, methods, who is let in, pages and marks.

mod doors;
mod fake;
mod operations;
mod pages;
mod schedules;

use std::collections::BTreeSet;

use http::header;
use serde_json::json;

use self::fake::{SESSION, ask, lonely};

const NEW_SCHEDULE: &str =
    "{\"name\":\"Nightly\",\"config_file\":\"a.yaml\",\"cron_expression\":\"0 2 * * *\"}";

/// Every operation below `/api` that needs a session, with a body that is good.
fn operations() -> [(&'static str, &'static str, &'static str); 31] {
    [
        ("POST", "/api/scans", "{\"config_file\":\"a.yaml\"}"),
        ("GET", "/api/scans", ""),
        ("GET", "/api/scans/42", ""),
        ("DELETE", "/api/scans/42", ""),
        ("GET", "/api/scans/42/status", ""),
        ("POST", "/api/scans/42/stop", ""),
        ("GET", "/api/scans/41/compare/42", ""),
        ("GET", "/api/schedules", ""),
        ("POST", "/api/schedules", NEW_SCHEDULE),
        ("GET", "/api/schedules/7", ""),
        ("PUT", "/api/schedules/7", "{\"enabled\":false}"),
        ("DELETE", "/api/schedules/7", ""),
        ("POST", "/api/schedules/7/trigger", ""),
        ("GET", "/api/stats/summary", ""),
        ("GET", "/api/stats/scan-trend", ""),
        ("GET", "/api/stats/scan-history/42", ""),
        ("GET", "/api/settings", ""),
        ("PUT", "/api/settings/smtp_server", "{\"value\":\"x\"}"),
        ("GET", "/api/alerts", ""),
        ("POST", "/api/alerts/7/acknowledge", ""),
        ("POST", "/api/alerts/acknowledge-all", ""),
        ("GET", "/api/alerts/rules", ""),
        ("POST", "/api/alerts/rules", "{\"name\":\"x\",\"rule_type\":\"weak_tls\"}"),
        ("PUT", "/api/alerts/rules/7", "{\"enabled\":false}"),
        ("DELETE", "/api/alerts/rules/7", ""),
        ("GET", "/api/webhooks", ""),
        ("POST", "/api/webhooks", "{\"name\":\"x\",\"url\":\"https://hooks.example.com/\"}"),
        ("GET", "/api/webhooks/7", ""),
        ("PUT", "/api/webhooks/7", "{\"enabled\":false}"),
        ("POST", "/api/webhooks/7/test", ""),
        ("GET", "/api/webhooks/7/logs", ""),
    ]
}

/// The pages that need a session.
const PAGES: [&str; 5] =
    ["/dashboard", "/scans", "/scans/42", "/schedules", "/output/scan_report_20251114_103000.html"];

fn signed(method: &str, path: &str) -> http::request::Builder {
    ask(method, path).header(header::COOKIE, SESSION)
}

#[tokio::test]
async fn an_unreachable_server_is_503_on_every_path_with_and_without_its_slash() {
    let told = json!({
        "error": "Service Unavailable",
        "message": "The server can't answer now; please try again later",
    });
    for (method, path, body) in operations() {
        for path in [path.to_owned(), format!("{path}/")] {
            let answer = lonely(signed(method, &path), body).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (503, told.clone()), "{method} {path}");
        }
    }
    for path in PAGES.into_iter().chain(["/auth/login", "/auth/setup", "/auth/logout"]) {
        for path in [path.to_owned(), format!("{path}/")] {
            let answer = lonely(signed("GET", &path), "").await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("content-type")),
                (503, "text/html; charset=utf-8")
            );
        }
    }
}

#[tokio::test]
async fn the_health_of_an_unreachable_server_is_500() {
    let answer = lonely(ask("GET", "/api/settings/health"), "").await;
    let told = "{\"status\":\"unhealthy\",\"database\":\"disconnected\",\
        \"error\":\"The server or its database can't be reached\"}";
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (500, told));
}

#[tokio::test]
async fn who_has_no_session_is_told_so_before_anything_else() {
    let told = json!({
        "error": "Authentication required",
        "message": "Please log in to access this resource",
    });
    for (method, path, _) in operations() {
        for cookie in ["", "session=", "session=x.y.z", "access_token=ato_x", "session=ato_x; session=ato_y"]
        {
            let request =
                ask(method, path).header(header::COOKIE, cookie).header(header::ACCEPT, "text/html");
            let answer = lonely(request, "nonsense").await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (401, told.clone()),
                "{method} {path} {cookie}"
            );
        }
        let bearer = ask(method, path).header(header::AUTHORIZATION, "Bearer ato_x");
        assert_eq!(lonely(bearer, "").await.status, 401, "the cookie is the only place");
    }
}

#[tokio::test]
async fn a_browser_without_a_session_is_led_to_the_door_and_back() {
    for path in PAGES {
        let answer = lonely(ask("GET", path).header(header::ACCEPT, "text/html"), "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (302, &*format!("/auth/login?next={path}"))
        );
        let answer = lonely(ask("GET", path).header(header::ACCEPT, "application/json"), "").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (401, &json!("Authentication required"))
        );
    }
    let answer = lonely(ask("GET", "/dashboard?page=2&x=y"), "").await;
    assert_eq!(answer.header("location"), "/auth/login?next=/dashboard%3Fpage%3D2%26x%3Dy");
    let answer = lonely(ask("POST", "/scans"), "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/login"));
}

#[tokio::test]
async fn what_is_no_route_is_not_found_as_json_or_as_a_page() {
    let told = json!({ "error": "Not Found", "message": "The requested resource was not found" });
    for path in [
        "/api/scans/42/nothing",
        "/api/scans/abc",
        "/api/scans/-1",
        "/api/scans/1.5",
        "/api/scans/%ff",
        "/api/settings/a/b",
        "/api/scans/1/compare/x",
        "/api/scans//",
        "/api/scans/abc/status",
        "/api/schedules/x",
        "/api/schedules/7/nothing",
        "/api/stats",
        "/api/stats/nothing",
        "/api/stats/scan-history/x",
    ] {
        let answer = lonely(signed("GET", path), "").await;
        assert_eq!((answer.status.as_u16(), answer.json()), (404, told.clone()), "{path}");
    }
    for path in [
        "/scans/abc",
        "/scans/42/nothing",
        "/dashboard/x",
        "/auth",
        "/auth/nothing",
        "/output",
        "/output/a/b",
        "/output/..%2f..%2fetc%2fpasswd",
        "/scans/%3Cscript%3E",
    ] {
        let answer = lonely(signed("GET", path), "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (404, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(answer.text.contains("not found") || answer.text.contains("no report"), "{path}");
        assert!(!answer.text.contains("<script"), "{path}");
        let answer = lonely(signed("GET", path).header(header::ACCEPT, "application/json"), "").await;
        assert!(answer.json()["error"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    for (method, path, allowed) in [
        ("PUT", "/api/scans", "GET,HEAD,POST"),
        ("PATCH", "/api/scans/42", "GET,HEAD,DELETE"),
        ("POST", "/api/scans/42/status/", "GET,HEAD"),
        ("GET", "/api/settings/smtp_server", "PUT"),
        ("DELETE", "/api/settings/health", "GET,HEAD"),
        ("PUT", "/auth/login", "GET,HEAD,POST"),
        ("DELETE", "/dashboard", "GET,HEAD"),
    ] {
        let answer = lonely(signed(method, path).header(header::ACCEPT, "application/json"), "").await;
        let told = json!({
            "error": "Method Not Allowed",
            "message": "The HTTP method is not allowed for this endpoint",
        });
        assert_eq!((answer.status.as_u16(), answer.json()), (405, told), "{path}");
        assert_eq!(answer.header("allow"), allowed, "{path}");
        let page = lonely(signed(method, path).header(header::ACCEPT, "text/html"), "").await;
        assert_eq!((page.status.as_u16(), page.header("allow")), (405, allowed), "{path}");
    }
}

#[tokio::test]
async fn every_answer_is_marked_and_no_two_alike() {
    let mut ids = BTreeSet::new();
    let every = [
        "/api/scans",
        "/api/scans/abc",
        "/api/settings/health",
        "/auth/login",
        "/auth/style.css",
        "/dashboard",
        "/scans/9",
    ];
    for path in every {
        let answer = lonely(ask("GET", path), "").await;
        let id = answer.header("x-request-id");
        assert!(
            id.len() == 8 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{id}"
        );
        assert!(ids.insert(id.to_owned()), "{id} again");
        assert!(answer.header("x-request-duration-ms").parse::<u64>().is_ok(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(answer.headers.contains_key("content-security-policy"), "{path}");
    }
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_too_large() {
    for (method, path) in
        [("POST", "/api/scans"), ("PUT", "/api/settings/x"), ("POST", "/auth/login"), ("POST", "/auth/setup")]
    {
        let request = signed(method, path).header(header::ACCEPT, "application/json");
        let answer = lonely(request, " ".repeat(64 * 1024 + 1)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (413, &json!("Request Entity Too Large")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_another_sites_page_asks_for_is_refused() {
    for (method, path) in [
        ("POST", "/api/scans"),
        ("DELETE", "/api/scans/42"),
        ("POST", "/auth/login"),
        ("GET", "/auth/logout"),
        ("POST", "/auth/setup"),
    ] {
        let request = signed(method, path)
            .header("sec-fetch-site", "cross-site")
            .header(header::ACCEPT, "application/json");
        let answer = lonely(request, "{}").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (403, &json!("Forbidden")),
            "{method} {path}"
        );
    }
    let request = signed("GET", "/api/scans").header("sec-fetch-site", "cross-site");
    assert_eq!(lonely(request, "").await.status, 503, "reading is free: the answer is nobody else's to see");
}
