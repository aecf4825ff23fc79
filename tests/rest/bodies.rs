//! JSON as it comes, and as it should not.

use atalaya_tests::House;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// A content type, a body, and what is wrong: each problem's type and place.
type Case = (Option<&'static str>, &'static [u8], Vec<(&'static str, Value)>);

const LOGIN: &str = "/api/v1/auth/login/";

/// What is wrong with a body: each problem's type and place.
async fn problems(house: &House, content_type: Option<&str>, body: &[u8]) -> Vec<(String, Value)> {
    let ask = house.rest.post(LOGIN).body(body.to_vec());
    let ask = match content_type {
        Some(content_type) => ask.header(CONTENT_TYPE, content_type),
        None => ask,
    };
    let told = ask.send().await.expect(422).json();
    let details = told["detail"].as_array().expect("details").iter();
    details
        .map(|detail| (detail["type"].as_str().expect("a type").to_owned(), detail["loc"].clone()))
        .collect()
}

#[tokio::test]
async fn a_body_that_is_no_object_of_the_right_shape_is_told_what_is_wrong() {
    let body = json!(["body"]);
    let field = |name: &str| json!(["body", name]);
    let cases: [Case; 12] = [
        (None, b"", vec![("missing", body.clone())]),
        (None, b"null", vec![("missing", body.clone())]),
        (None, b"[]", vec![("model_attributes_type", body.clone())]),
        (None, b"\"text\"", vec![("model_attributes_type", body.clone())]),
        (None, b"7", vec![("model_attributes_type", body.clone())]),
        (None, b"{", vec![("json_invalid", json!(["body", 0]))]),
        (None, b"{}", vec![("missing", field("email")), ("missing", field("password"))]),
        (
            None,
            b"{\"email\":null,\"password\":[]}",
            vec![("string_type", field("email")), ("string_type", field("password"))],
        ),
        (
            Some("text/plain"),
            b"{\"email\":\"a\",\"password\":\"b\"}",
            vec![("model_attributes_type", body.clone())],
        ),
        (
            Some("application/x-www-form-urlencoded"),
            b"email=a&password=b",
            vec![("model_attributes_type", body.clone())],
        ),
        (Some("application/json"), b"\xff\xfe", vec![("json_invalid", json!(["body", 0]))]),
        (Some("application/json"), b"{\"email\":\"\\ud800\",\"password\":\"b\"}", vec![]),
    ];
    House::each(async |house| {
        for (content_type, bytes, expected) in &cases {
            let told = problems(house, *content_type, bytes).await;
            let shown = String::from_utf8_lossy(bytes);
            if expected.is_empty() {
                assert_eq!(told[0].0, "json_invalid", "{shown}");
            } else {
                let expected: Vec<_> =
                    expected.iter().map(|(kind, loc)| ((*kind).to_owned(), loc.clone())).collect();
                assert_eq!(told, expected, "{shown}");
            }
        }
        let deep = [b"[".repeat(20_000), b"]".repeat(20_000)].concat();
        assert_eq!(problems(house, None, &deep).await[0].0, "json_invalid");
    })
    .await;
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused_and_the_server_goes_on() {
    House::each(async |house| {
        for size in [64 * 1024 + 1, 8 * 1024 * 1024] {
            let ask = house.rest.post(LOGIN).header(CONTENT_TYPE, "application/json").body(vec![b' '; size]);
            assert_eq!(ask.send().await.expect(413).description(), "The request body is too large.");
        }
        assert_eq!(house.rest.get("/api/v1/healthcheck/").send().await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn what_a_body_holds_besides_is_nobodys_business_and_the_last_of_two_counts() {
    House::each(async |house| {
        let body = r#"{"x":[1,{}],"email":"nobody@example.com","email":"root@example.com","password":"keeper-of-the-keys-1"}"#;
        for content_type in ["application/json", "Application/vnd.atalaya+JSON; charset=utf-8"] {
            let ask = house.rest.post(LOGIN).header(CONTENT_TYPE, content_type).body(body);
            assert_eq!(ask.send().await.status, 204, "{content_type}");
        }
        assert_eq!(house.rest.post(LOGIN).body(body).send().await.status, 204, "nothing said of it");
    })
    .await;
}

#[tokio::test]
async fn numbers_are_read_as_numbers_and_as_text_and_within_their_ranges() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let list = async |query: &str| {
            house.rest.get(&format!("/api/v1/user/?{query}")).cookie(&mara.token).send().await
        };
        for good in [
            "limit=1",
            "limit=1.0",
            "limit=%201%20",
            "limit=1000000",
            "limit=5&limit=1",
            "unknown=1",
            "",
            "limit",
        ] {
            let expected = if good == "limit" { 422 } else { 200 };
            assert_eq!(list(good).await.status, expected, "{good}");
        }
        for (bad, kind) in [
            ("limit=0", "greater_than_equal"),
            ("limit=-5", "greater_than_equal"),
            ("offset=101", "less_than_equal"),
            ("limit=one", "int_parsing"),
            ("limit=1.5", "int_parsing"),
            ("sorting_order=asc", "enum"),
            ("sorting_field=role", "enum"),
        ] {
            assert_eq!(list(bad).await.expect(422).json()["detail"][0]["type"], kind, "{bad}");
        }
    })
    .await;
}
