//! Every argument of every operation by every way that requests have (facts 3.3).

use atalaya_tests::House;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use super::client::{PASS, Way, log_in, newcomer, part, patiently, refresh_token, sign_up};

#[tokio::test]
async fn every_operation_takes_its_arguments_by_every_way() {
    House::each(async |house| {
        let rest = house.rest;
        for way in Way::ALL {
            let user = format!("mara {way:?} \u{1f52d} & = +%");
            let login = [("user", user.as_str()), ("pass", "x y")];
            let made = patiently(|| way.ask(rest, "POST", "/user", &login)).await;
            assert_eq!(made.status, 201, "{way:?}");
            let token =
                patiently(|| way.ask(rest, "GET", "/token", &login)).await.expect(200).text().to_owned();
            let checked =
                way.ask(rest, "GET", "/check", &[("access_token", &token)]).send().await.expect(200);
            assert_eq!(checked.json()["user"], user.as_str(), "{way:?}");

            let refresher = refresh_token(rest, &token).await;
            for pass in [None, Some(("pass", ""))] {
                let arguments: Vec<_> = [("user", refresher.as_str())].into_iter().chain(pass).collect();
                assert_eq!(way.ask(rest, "GET", "/token", &arguments).send().await.status, 200, "{way:?}");
            }
            let revoked = way.ask(rest, "DELETE", "/refresh_token", &[("refresh_token", &refresher)]);
            assert_eq!(revoked.bearer(&token).send().await.status, 204, "{way:?}");

            let change = || way.ask(rest, "PATCH", "/user", &[("unknown", ""), ("pass", "y")]).bearer(&token);
            assert_eq!(patiently(change).await.status, 200, "{way:?}");
            assert_eq!(log_in(rest, &user, "y").await.status, 200, "{way:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_token_itself_comes_by_header_query_or_form_and_never_by_json_or_cookie() {
    House::each(async |house| {
        let (rest, token) = (house.rest, newcomer(house.rest, "mara").await);
        let other = log_in(rest, "mara", PASS).await.expect(200).text().to_owned();
        for way in Way::ALL {
            let known = way != Way::Json;
            for (method, path, good) in
                [("GET", "/user", 200), ("GET", "/refresh_token", 200), ("DELETE", "/refresh_token", 400)]
            {
                let none = if path == "/user" { 204 } else { 401 };
                let ask = || way.ask(rest, method, path, &[("access_token", &token)]);
                let expected = if known { good } else { none };
                assert_eq!(ask().send().await.status, expected, "{way:?} {method} {path}");
                assert_eq!(ask().bearer(&token).send().await.status, good, "{way:?} {method} {path}");
                let two = if known { none } else { good };
                assert_eq!(ask().bearer(&other).send().await.status, two, "{way:?} {method} {path}");
                for header in [format!("bearer {token}"), token.clone(), "Basic eA==".to_owned()] {
                    let spoilt = ask().header(AUTHORIZATION, &header).send().await;
                    assert_eq!(spoilt.status, none, "{way:?} {method} {path} {header}");
                }
            }
        }
        assert_eq!(rest.get("/user").cookie(&token).send().await.status, 204);
        assert_eq!(rest.get("/refresh_token").cookie(&token).send().await.status, 401);
        let check = rest.get("/check").url_encoded(&[("access_token", &token)]).bearer(&other).send().await;
        assert_eq!(check.expect(200).text(), part(&token, 1), "the header is none of its places");
        assert_eq!(rest.get("/check").bearer(&token).send().await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn json_goes_before_the_query_and_the_query_before_a_form() {
    House::each(async |house| {
        let rest = house.rest;
        let _made = sign_up(rest, "mara", PASS).await.expect(201);
        let query = "/token?user=mara&pass=x";
        let status = async |ask: &dyn Fn() -> atalaya_tests::rest::Ask| patiently(ask).await.status;
        assert_eq!(status(&|| rest.get(query).url_encoded(&[("user", "nobody"), ("pass", "y")])).await, 200);
        assert_eq!(status(&|| rest.get(query).json(&json!({ "user": "nobody" }))).await, 404);
        assert_eq!(status(&|| rest.get(query).json(&json!({ "pass": null }))).await, 400);
        assert_eq!(status(&|| rest.get(query).json(&json!({ "pass": [] }))).await, 200);
        let unsaid = || rest.get(query).header(CONTENT_TYPE, "text/plain").body(r#"{"user":"nobody"}"#);
        assert_eq!(status(&unsaid).await, 200);
        assert_eq!(status(&|| rest.get("/token?user=mara&user=nobody&pass=x&pass=y")).await, 200);
    })
    .await;
}

#[tokio::test]
async fn json_values_become_the_text_that_python_makes_of_them() {
    House::each(async |house| {
        let rest = house.rest;
        for (value, text) in [
            (json!(7), "7"),
            (json!(-1.50), "-1.5"),
            (json!(1e16), "1e+16"),
            (json!(true), "True"),
            (json!(["a", "b"]), "a"),
        ] {
            let body = json!({ "user": value, "pass": value });
            assert_eq!(patiently(|| rest.post("/user").json(&body)).await.status, 201, "{body}");
            assert_eq!(log_in(rest, text, text).await.status, 200, "{text}");
        }
        let long = r#"{"user":123456789012345678901234567890,"pass":0}"#;
        let ask = || rest.post("/user").header(CONTENT_TYPE, "application/json").body(long);
        assert_eq!(patiently(ask).await.status, 201);
        assert_eq!(log_in(rest, "123456789012345678901234567890", "0").await.status, 200);
        for value in [json!({}), json!([[]])] {
            let told =
                rest.post("/user").json(&json!({ "user": value, "pass": "x" })).send().await.expect(400);
            assert_eq!(told.json(), json!({ "message": { "user": "not a text" } }));
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_to_who_is_known_and_wants_an_argument() {
    House::each(async |house| {
        let (rest, token) = (house.rest, newcomer(house.rest, "mara").await);
        let large = vec![b' '; 64 * 1024 + 1];
        for (method, path, status) in [
            ("POST", "/user", 400),
            ("PATCH", "/user", 400),
            ("GET", "/token", 400),
            ("GET", "/check", 400),
            ("DELETE", "/refresh_token", 400),
            ("GET", "/user", 200),
            ("GET", "/refresh_token", 200),
        ] {
            for body in ["{", "[]", "7", "\"user\"", "{\"user\":\"\\ud800\"}garbage", "\u{feff}{}"] {
                let ask = rest.ask(method, path).bearer(&token).header(CONTENT_TYPE, "application/json");
                let answer = ask.body(body).send().await.expect(status);
                assert!(status == 200 || answer.json()["message"].is_string(), "{method} {path} {body}");
            }
            let told = rest.ask(method, path).bearer(&token).body(large.clone()).send().await.expect(413);
            assert_eq!(told.json()["message"], "The data value transmitted exceeds the capacity limit.");
        }
        let ask = rest.patch("/user").bearer("x.y.z").header(CONTENT_TYPE, "application/json").body("{");
        assert_eq!(ask.send().await.status, 401, "who asks comes first");
    })
    .await;
}

#[tokio::test]
async fn any_text_is_a_name_and_any_but_an_empty_one_a_password() {
    House::each(async |house| {
        let rest = house.rest;
        let longest = "\u{1f52d}".repeat(255);
        for (user, pass) in
            [(" ", " "), ("mara@", "\0"), (&longest, &*"x".repeat(1024)), ("' OR 1=1 --", "\u{1f52d}")]
        {
            assert_eq!(sign_up(rest, user, pass).await.status, 201, "{user:?}");
            let token = log_in(rest, user, pass).await.expect(200).text().to_owned();
            let told = rest.get("/user").bearer(&token).send().await.expect(200).json();
            assert_eq!(told["user"], user);
            assert_eq!(rest.get("/user/").url_encoded(&[("access_token", &token)]).send().await.status, 200);
        }
        for (user, pass, wrong) in [
            ("", "x", "user"),
            ("a\0b", "x", "user"),
            (&*"u".repeat(256), "x", "user"),
            ("olek", "", "pass"),
            ("olek", &*"x".repeat(1025), "pass"),
        ] {
            let told = sign_up(rest, user, pass).await.expect(400).json();
            assert!(told["message"][wrong].is_string(), "{told}");
            let nobody = log_in(rest, user, if pass.is_empty() { "x" } else { pass }).await;
            assert_eq!(nobody.status, 404, "{user:?}");
        }
    })
    .await;
}
