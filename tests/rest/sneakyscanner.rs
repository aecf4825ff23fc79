//! The sneakyscanner dialect beyond its goldens: the document's own session, reports, and doors that stay shut.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use atalaya_tests::{
    House, Plan, ScriptedWorld,
    people::PASSWORD,
    rest::{Answer, Ask},
    wait::until,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SITE: &str = "\
title: Production
tcp_ports: 22,443
sites:
  - name: Web
    ips:
      - address: 10.0.0.1
        expected: {ping: true, tcp_ports: [443]}
";

fn staged() -> (Arc<ScriptedWorld>, Plan) {
    let world = Arc::new(ScriptedWorld::default());
    world.pings.echo("10.0.0.1", Duration::from_millis(3), 60);
    world.ports.open("10.0.0.1:443");
    let plan = Plan::default().with_file("configs/production.yaml", SITE.into()).in_world(&world);
    (world, plan)
}

/// A browser: it keeps its session's cookie.
struct Browser<'h> {
    house: &'h House,
    cookie: String,
}

impl<'h> Browser<'h> {
    /// That has logged in.
    async fn open(house: &'h House) -> Self {
        house.operator().await;
        let login = json!({ "password": PASSWORD });
        let answer = house.rest.post("/auth/login").json(&login).send().await.expect(200);
        let (name, token) = answer.set_session().expect("a cookie");
        Self { house, cookie: format!("{name}={token}") }
    }

    fn ask(&self, method: &str, path: &str) -> Ask {
        self.house.rest.ask(method, path).header("cookie", &self.cookie)
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    async fn trigger(&self) -> i64 {
        let body = json!({ "config_file": "/app/configs/production.yaml" });
        let answer = self.ask("POST", "/api/scans").json(&body).send().await.expect(201).json();
        assert_eq!(answer["status"], "running");
        answer["scan_id"].as_i64().expect("a number")
    }

    /// A scan at its end.
    async fn scan(&self) -> (i64, Value) {
        let id = self.trigger().await;
        let path = format!("/api/scans/{id}/status");
        until("the end of the scan", async || {
            let status = self.get(&path).await.expect(200).json()["status"].clone();
            (status != "running").then_some(())
        })
        .await;
        (id, self.get(&format!("/api/scans/{id}")).await.expect(200).json())
    }
}

#[tokio::test]
async fn the_workflow_of_the_document_goes_to_its_end() {
    let (_, plan) = staged();
    House::each_as(&plan, async |house| {
        let browser = Browser::open(house).await;
        let (id, scan) = browser.scan().await;
        assert_eq!((&scan["status"], &scan["title"]), (&json!("completed"), &json!("Production")));
        assert_eq!(scan["sites"][0]["ips"][0]["ports"][0]["port"], 443);
        let page = browser.get(&format!("/scans/{id}")).await.expect(200);
        assert!(page.text().contains("<iframe src=\"/output/scan_report_"));
        let dashboard = browser.get("/dashboard").await.expect(200);
        assert!(dashboard.text().contains(&format!("href=\"/scans/{id}\"")));
        let answer = browser.get("/auth/logout").await.expect(302);
        assert_eq!(answer.header("location"), "/auth/login");
        let answer = browser.get("/api/scans").await.expect(401);
        assert_eq!(answer.json()["error"], "Authentication required");
        let answer = browser.get("/dashboard").await.expect(302);
        assert_eq!(answer.header("location"), "/auth/login?next=/dashboard");
    })
    .await;
}

#[tokio::test]
async fn reports_lie_where_they_are_said_to_and_go_with_their_scan() {
    let (_, plan) = staged();
    House::each_as(&plan, async |house| {
        let browser = Browser::open(house).await;
        let (id, scan) = browser.scan().await;
        for (field, content_type, disposition) in [
            ("json_path", "application/json", "attachment"),
            ("html_path", "text/html; charset=utf-8", "inline"),
            ("zip_path", "application/zip", "attachment"),
        ] {
            let path = Path::new(scan[field].as_str().expect("a path"));
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            let answer = browser.get(&format!("/output/{name}")).await.expect(200);
            assert_eq!(answer.body, std::fs::read(path).expect("a file"), "{name}");
            assert_eq!(answer.header("content-type"), content_type);
            assert_eq!(answer.header("content-disposition"), format!("{disposition}; filename=\"{name}\""));
            assert!(answer.header("content-security-policy").contains("sandbox"));
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let nobody = house.rest.get(&format!("/output/{name}")).send().await;
            assert_eq!((nobody.status, nobody.body.is_empty()), (302, true), "{name}");
        }
        let path = format!("/api/scans/{id}");
        let deleted = browser.ask("DELETE", &path).send().await.expect(200);
        assert_eq!(deleted.json(), json!({ "message": format!("Scan {id} deleted successfully") }));
        for field in ["json_path", "html_path", "zip_path"] {
            let path = Path::new(scan[field].as_str().expect("a path"));
            assert!(!path.exists(), "{field}");
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            assert_eq!(browser.get(&format!("/output/{name}")).await.status, 404);
        }
        let again = browser.ask("DELETE", &path).send().await.expect(404).json();
        assert_eq!(again["message"], format!("Scan with ID {id} does not exist"));
    })
    .await;
}

#[tokio::test]
async fn pages_hold_every_scan_once_the_newest_first() {
    let (world, plan) = staged();
    world.ports.hold();
    House::each_as(&plan, async |house| {
        let browser = Browser::open(house).await;
        let mut begun = Vec::new();
        for _ in 0..5 {
            begun.push(browser.trigger().await);
        }
        let mut seen = Vec::new();
        for page in 1..=3 {
            let answer = browser.get(&format!("/api/scans?page={page}&per_page=2")).await.expect(200).json();
            assert_eq!((&answer["total"], &answer["pages"]), (&json!(5), &json!(3)));
            let scans = answer["scans"].as_array().expect("scans").clone();
            seen.extend(scans.iter().map(|scan| scan["id"].as_i64().expect("a number")));
        }
        begun.reverse();
        assert_eq!(seen, begun);
        let running = browser.get("/api/scans?status=running").await.expect(200).json();
        assert_eq!(running["total"], 5);
        // Stopped by its own route, and by being deleted.
        let answer = browser.ask("POST", &format!("/api/scans/{}/stop", begun[0])).send().await.expect(200);
        assert_eq!(answer.json()["message"], "Scan stop requested");
        until("the stop", async || {
            let answer = browser.get("/api/scans?status=cancelled").await.expect(200).json();
            (answer["total"] == 1).then_some(())
        })
        .await;
        for id in begun {
            let _ = browser.ask("DELETE", &format!("/api/scans/{id}")).send().await.expect(200);
        }
        assert_eq!(browser.get("/api/scans").await.expect(200).json()["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn accounts_and_the_operator_open_nothing_of_each_others() {
    House::each_as(&Plan::without_workers(), async |house| {
        let browser = Browser::open(house).await;
        let admin = house.admin().await;
        for cookie in [format!("session={}", admin.token), format!("access_token={}", admin.token)] {
            let answer = house.rest.get("/api/scans").header("cookie", &cookie).send().await;
            assert_eq!(answer.status, 401, "{cookie}");
        }
        assert_eq!(house.rest.get("/api/scans").bearer(&admin.token).send().await.status, 401);
        let token = browser.cookie.strip_prefix("session=").expect("a token");
        assert_eq!(house.rest.get("/api/v1/auth/me/").cookie(token).send().await.status, 403);
        assert_eq!(
            house.rest.get("/api/v1/auth/me/").header("cookie", &browser.cookie).send().await.status,
            401
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    House::each_as(&Plan::without_workers(), async |house| {
        let (one, other) = (Browser::open(house).await, Browser::open(house).await);
        let change =
            |value: &str| one.ask("PUT", "/api/settings/app_password").json(&json!({ "value": value }));
        let weak = change("short").send().await.expect(400);
        assert_eq!(weak.json()["error"], "Invalid password");
        let changed = change("quite another secret").send().await.expect(200);
        assert_eq!(changed.json()["value"], "********");
        assert_eq!(one.get("/api/settings").await.expect(200).json()["app_password"], "********");
        assert_eq!(other.get("/api/settings").await.status, 401);
        let login = async |password: &str| {
            house.rest.post("/auth/login").json(&json!({ "password": password })).send().await.status
        };
        assert_eq!((login(PASSWORD).await, login("quite another secret").await), (401, 200));
        assert!(!house.said().contains("quite another"));
    })
    .await;
}

#[tokio::test]
async fn the_log_knows_the_id_of_every_answer() {
    let plan = Plan::without_workers().with("ATALAYA_LOG_LEVEL", "info");
    House::each_as(&plan, async |house| {
        let mut ids = BTreeSet::new();
        for path in ["/api/settings/health", "/api/scans", "/api/scans/x/y", "/dashboard"] {
            let answer = house.rest.get(path).send().await;
            let (id, status) = (answer.header("x-request-id").to_owned(), answer.status);
            assert!(id.len() == 8 && ids.insert(id.clone()), "{id}");
            let line = format!("[{id}] GET {path} {status} ");
            until("the line in the log", async || house.said().contains(&line).then_some(())).await;
        }
    })
    .await;
}

#[tokio::test]
async fn guessing_is_slowed_down_at_this_door_too() {
    House::each_as(&Plan::without_workers().with("ATALAYA_RATE_LIMITS", "on"), async |house| {
        house.operator().await;
        let guess =
            async || house.rest.post("/auth/login").json(&json!({ "password": "wrong" })).send().await;
        let refused = until("the limit", async || Some(guess().await).filter(|it| it.status == 429)).await;
        assert_eq!(refused.json()["error"], "Too Many Requests");
        assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    })
    .await;
}

#[tokio::test]
async fn what_was_not_expected_goes_to_a_webhook_once_and_its_log_says_so() {
    let (world, plan) = staged();
    world.ports.open("10.0.0.1:22");
    let posts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&posts);
    world.talk.serve("10.0.0.9:80", move |mut stream| {
        let posts = Arc::clone(&counted);
        async move {
            let mut heard = [0; 16 << 10];
            if stream.read(&mut heard).await.is_ok_and(|length| heard[..length].starts_with(b"POST /hook ")) {
                posts.fetch_add(1, Ordering::Relaxed);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("an answer");
        }
    });
    House::each_as(&plan, async |house| {
        posts.store(0, Ordering::Relaxed);
        let browser = Browser::open(house).await;
        let hook = json!({ "name": "Ops", "url": "http://10.0.0.9/hook" });
        let made = browser.ask("POST", "/api/webhooks").json(&hook).send().await.expect(201).json();
        let path = format!("/api/webhooks/{}", made["webhook"]["id"]);
        let (id, _) = browser.scan().await;
        let log = until("the delivery", async || {
            let log = browser.get(&format!("{path}/logs")).await.expect(200).json();
            (log["logs"][0]["status"] == "delivered").then_some(log)
        })
        .await;
        assert_eq!((&log["total"], &log["logs"][0]["scan_id"]), (&json!(1), &json!(id)));
        assert_eq!((&log["logs"][0]["response_code"], &log["logs"][0]["attempts"]), (&json!(204), &json!(1)));
        browser.scan().await;
        let alerts = browser.get("/api/alerts").await.expect(200).json();
        assert_eq!(
            (&alerts["total"], &alerts["alerts"][0]["alert_type"]),
            (&json!(1), &json!("unexpected_port"))
        );
        assert_eq!(browser.get(&format!("{path}/logs")).await.expect(200).json()["total"], 1);
        let tested = browser.ask("POST", &format!("{path}/test")).send().await.expect(200).json();
        assert_eq!(
            tested,
            json!({ "success": true, "status_code": 204, "message": "Webhook test delivered" })
        );
        assert_eq!(posts.load(Ordering::Relaxed), 2);
    })
    .await;
}

#[tokio::test]
async fn pages_of_listed_origins_may_ask_and_those_of_others_learn_nothing() {
    const LISTED: &str = "https://admin.example.com";
    let plan =
        Plan::default().with("ATALAYA_CORS_ORIGINS", "https://scanner.example.com,https://admin.example.com");
    House::each_as(&plan, async |house| {
        let browser = Browser::open(house).await;
        let from = async |method: &str, path: &str, origin: &str| {
            browser
                .ask(method, path)
                .header("origin", origin)
                .header("sec-fetch-site", "same-site")
                .send()
                .await
        };
        let header = |answer: &Answer, name: &str| {
            answer.headers.get(name).map(|value| value.to_str().expect("ASCII").to_owned())
        };
        let preflight = async |path: &str, origin: &str| {
            let ask = house.rest.ask("OPTIONS", path).header("origin", origin);
            ask.header("access-control-request-method", "PUT").send().await
        };
        // What fails is read as well, with its id.
        for (path, status) in [("/api/scans", 200), ("/api/scans/99", 404), ("/api/scans/x", 404)] {
            let answer = from("GET", path, LISTED).await.expect(status);
            assert_eq!(header(&answer, "access-control-allow-origin").as_deref(), Some(LISTED), "{path}");
            assert_eq!(header(&answer, "access-control-allow-credentials").as_deref(), Some("true"));
            assert!(
                header(&answer, "access-control-expose-headers").expect("names").contains("X-Request-ID")
            );
            let vary = answer.headers.get_all("vary").iter().any(|value| value == "origin");
            assert!(vary, "{path}: {:?}", answer.headers);
        }
        let set = browser.ask("PUT", "/api/settings/smtp_port").header("origin", LISTED);
        let set = set.header("sec-fetch-site", "same-site").json(&json!({ "value": 25 })).send().await;
        assert_eq!(set.status, 200);
        let asked = preflight("/api/settings/smtp_port", LISTED).await.expect(204);
        assert_eq!(header(&asked, "access-control-allow-origin").as_deref(), Some(LISTED));
        assert!(header(&asked, "access-control-allow-methods").expect("methods").contains("PUT"));
        assert!(header(&asked, "access-control-allow-headers").expect("headers").contains("Content-Type"));
        assert!(header(&asked, "x-request-id").is_some());
        for other in ["https://evil.example", "https://admin.example.com.evil.example", "null", "*"] {
            let asked = preflight("/api/settings/smtp_port", other).await;
            assert_ne!(asked.status, 204, "{other}");
            let change = from("DELETE", "/api/scans/99", other).await.expect(403);
            for answer in [asked, from("GET", "/api/scans", other).await.expect(200), change] {
                let told = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
                assert!(!told, "{other}: {:?}", answer.headers);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_list_any_page_may_read_what_needs_no_session_and_change_nothing() {
    const ORIGIN: &str = "https://anyone.example";
    House::each(async |house| {
        let browser = Browser::open(house).await;
        let told = |answer: &Answer| {
            let header =
                |name| answer.headers.get(name).map(|value| value.to_str().expect("ASCII").to_owned());
            (header("access-control-allow-origin"), header("access-control-allow-credentials"))
        };
        let anyone = (Some("*".to_owned()), None);
        let asked = house.rest.ask("OPTIONS", "/api/scans").header("origin", ORIGIN);
        let asked = asked.header("access-control-request-method", "POST").send().await.expect(204);
        let health = house.rest.ask("GET", "/api/settings/health").header("origin", ORIGIN);
        let health = health.send().await.expect(200);
        let change = browser.ask("DELETE", "/api/scans/99").header("origin", ORIGIN).send().await.expect(403);
        for answer in [&asked, &health, &change] {
            assert_eq!(told(answer), anyone, "{:?}", answer.headers);
        }
        assert_eq!(told(&house.rest.ask("GET", "/api/settings/health").send().await), (None, None));
    })
    .await;
}
