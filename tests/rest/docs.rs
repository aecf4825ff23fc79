//! The description of the API, and the page that shows it.

use atalaya_tests::{House, rest::Answer};

async fn get(house: &House, path: &str) -> Answer {
    house.rest.get(path).send().await.expect(200)
}

#[tokio::test]
async fn the_page_and_all_that_it_loads_come_from_this_server() {
    House::each(async |house| {
        let page = get(house, "/api/docs").await;
        assert!(page.header("content-type").starts_with("text/html"));
        assert_eq!(get(house, "/api/docs/").await.body, page.body);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
        let html = page.text();
        let links = html.split('"').filter(|text| text.starts_with('/') || text.starts_with("http"));
        let links: Vec<_> = links.collect();
        assert!(links.len() >= 4, "{links:?}");
        for link in links {
            let file = get(house, link).await;
            assert!(!file.body.is_empty() && !file.header("content-type").is_empty(), "{link}");
        }
        for path in ["/api/docs/nonsense.js", "/api/docs/../v1/", "/api/docs/%2e%2e/%2e%2e/etc/passwd"] {
            assert_eq!(house.rest.get(path).send().await.status, 404, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_operation_is_described_with_all_that_it_answers() {
    House::each(async |house| {
        let document = get(house, "/api/openapi.json").await;
        assert_eq!(document.header("content-type"), "application/json");
        assert_eq!(get(house, "/api/openapi.json/").await.body, document.body);
        let document = document.json();
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
        let mut ids = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("an item") {
                ids.push(operation["operationId"].as_str().expect("an id").to_owned());
                for key in ["tags", "responses"] {
                    assert!(operation.get(key).is_some(), "{method} {path} has no {key}");
                }
                assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
                let open =
                    ["/api/v1/", "/api/v1/healthcheck/", "/api/v1/auth/signup/", "/api/v1/auth/login/"];
                let secured = operation.get("security").is_some();
                assert_eq!(secured, !open.contains(&path.as_str()), "{method} {path}");
                assert_eq!(
                    secured,
                    operation["responses"].get("401").is_some() && !path.ends_with("login/"),
                    "{path}"
                );
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "operation ids are unique");
    })
    .await;
}
