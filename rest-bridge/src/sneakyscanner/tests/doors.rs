//! Log in, log out, first password: by JSON and by form.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        GetOperatorResponse, SetUpOperatorRequest, SetUpOperatorResponse, SignInOperatorRequest,
        SignInOperatorResponse, SignOutOperatorRequest, SignOutOperatorResponse,
    },
};
use http::header::{CONTENT_TYPE, COOKIE};
use serde_json::json;
use tonic::Code;

use super::fake::{Answer, Fake, SESSION, ask};
use crate::Settings;

const IS_SET_UP: &str = "OperatorService/GetOperator";
const SIGN_IN: &str = "OperatorService/SignInOperator";
const SIGN_OUT: &str = "OperatorService/SignOutOperator";
const SET_UP: &str = "OperatorService/SetUpOperator";

fn open() -> Fake {
    let session = SignInOperatorResponse { token: "ato_y".into(), expire_time: None };
    Fake::default().says(IS_SET_UP, [GetOperatorResponse { is_set_up: true }]).says(SIGN_IN, [session])
}

fn fresh() -> Fake {
    Fake::default()
        .says(IS_SET_UP, [GetOperatorResponse { is_set_up: false }])
        .says(SET_UP, [SetUpOperatorResponse {}])
        .refuses(SIGN_IN, Code::FailedPrecondition, Reason::OperatorMissing)
}

async fn json(fake: &Fake, path: &str, body: &str) -> Answer {
    fake.send(ask("POST", path).header(CONTENT_TYPE, "application/json"), body.to_owned()).await
}

async fn form(fake: &Fake, path: &str, body: &str) -> Answer {
    let request = ask("POST", path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    fake.send(request.header("accept", "text/html"), body.to_owned()).await
}

fn is_page(answer: &Answer, status: u16, words: &str) -> bool {
    answer.status == status
        && answer.header(CONTENT_TYPE) == "text/html; charset=utf-8"
        && answer.text.contains(words)
}

#[tokio::test]
async fn json_is_answered_with_json_and_a_cookie() {
    let fake = open();
    let answer = json(&fake, "/auth/login", "{\"password\":\"a password\"}").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "{\"message\":\"Login successful\",\"redirect\":\"/dashboard\"}")
    );
    assert_eq!(answer.header("set-cookie"), "session=ato_y; HttpOnly; Path=/; SameSite=Lax");
    let heard: SignInOperatorRequest = fake.heard(SIGN_IN);
    assert_eq!((heard.password.as_str(), heard.remember), ("a password", false));
}

#[tokio::test]
async fn a_form_is_led_to_where_it_wants_on_this_site() {
    for (query, fields, location) in [
        ("", "", "/dashboard"),
        ("?next=/scans/42%3Fa%3Db", "", "/scans/42?a=b"),
        ("", "&next=%2Fscans%2F7", "/scans/7"),
        ("?next=//evil.example/", "", "/dashboard"),
        ("", "&next=https%3A%2F%2Fevil.example", "/dashboard"),
        ("?next=/%5Cevil.example", "", "/dashboard"),
        ("?next=/x%0d%0aSet-Cookie:%20a=b", "", "/dashboard"),
    ] {
        let answer = form(&open(), &format!("/auth/login{query}"), &format!("password=x{fields}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (302, location), "{query}{fields}");
        assert!(answer.header("set-cookie").starts_with("session=ato_y; "));
    }
}

#[tokio::test]
async fn who_wants_to_stay_gets_a_cookie_that_stays() {
    let mut fake = open();
    fake.settings = Settings { secure_cookies: true, ..Settings::default() };
    let answer = form(&fake, "/auth/login", "password=x&remember=on").await;
    let cookie = "session=ato_y; HttpOnly; Path=/; SameSite=Lax; Secure; Max-Age=34560000";
    assert_eq!(answer.header("set-cookie"), cookie);
    assert!(fake.heard::<SignInOperatorRequest>(SIGN_IN).remember);
    let answer = json(&fake, "/auth/login", "{\"password\":\"x\",\"remember\":false}").await;
    assert!(!answer.header("set-cookie").contains("Max-Age"));
}

#[tokio::test]
async fn a_wrong_password_is_401_in_json_and_on_the_form() {
    let fake = open().refuses(SIGN_IN, Code::Unauthenticated, Reason::OperatorPasswordWrong);
    let answer = json(&fake, "/auth/login", "{\"password\":\"x\"}").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, "{\"error\":\"Invalid password\"}"));
    let answer = form(&fake, "/auth/login", "password=x&next=%2Fscans%2F7").await;
    assert!(is_page(&answer, 401, "Invalid password") && answer.text.contains("value=\"/scans/7\""));
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn what_is_no_password_is_400_and_is_not_tried() {
    let fake = open();
    for body in ["{}", "", "{\"password\":7}", "{\"password\":\"\"}"] {
        let answer = json(&fake, "/auth/login", body).await;
        let told = json!({ "error": "Missing required field: password" });
        assert_eq!((answer.status.as_u16(), answer.json()), (400, told), "{body}");
    }
    assert_eq!(json(&fake, "/auth/login", "[").await.status, 400);
    assert!(is_page(&form(&fake, "/auth/login", "").await, 400, "Missing required field"));
    assert_eq!(fake.calls(), 0);
}

#[tokio::test]
async fn too_many_tries_are_told_how_long_to_wait() {
    let fake = open().refuses(SIGN_IN, Code::ResourceExhausted, Reason::RateLimited);
    let answer = json(&fake, "/auth/login", "{\"password\":\"x\"}").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "5"));
    let answer = form(&fake, "/auth/login", "password=x").await;
    assert!(is_page(&answer, 429, "Too Many Requests") && answer.header("retry-after") == "5");
}

#[tokio::test]
async fn the_form_is_a_page_without_scripts() {
    let answer = open().send(ask("GET", "/auth/login?next=/scans/%22%3E%3Cscript%3E"), "").await;
    assert!(is_page(&answer, 200, "name=\"remember\""));
    assert!(
        !answer.text.contains("<script") && answer.text.contains("value=\"/scans/&quot;&gt;&lt;script&gt;\"")
    );
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'; style-src 'self';"));
    let style = open().send(ask("GET", "/auth/style.css"), "").await;
    assert_eq!((style.status.as_u16(), style.header(CONTENT_TYPE)), (200, "text/css; charset=utf-8"));
}

#[tokio::test]
async fn logging_out_ends_the_session_if_there_is_one() {
    for method in ["GET", "POST"] {
        let fake = open().says(SIGN_OUT, [SignOutOperatorResponse {}]);
        let stale = open().refuses(SIGN_OUT, Code::Unauthenticated, Reason::NotAuthenticated);
        for (fake, cookie, calls) in [(&fake, SESSION, 1), (&stale, SESSION, 1), (&fake, "a=b", 1)] {
            let answer = fake.send(ask(method, "/auth/logout").header(COOKIE, cookie), "").await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/login"));
            assert_eq!(answer.header("set-cookie"), "session=; HttpOnly; Path=/; SameSite=Lax; Max-Age=0");
            assert_eq!(fake.calls(), calls, "{cookie}");
        }
        fake.heard::<SignOutOperatorRequest>(SIGN_OUT);
    }
    let failing = open().refuses(SIGN_OUT, Code::Unavailable, Reason::DatabaseUnavailable);
    let answer = failing.send(ask("GET", "/auth/logout").header(COOKIE, SESSION), "").await;
    assert!(answer.status == 503 && !answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn before_the_first_password_all_ways_lead_to_setup() {
    let fake = fresh();
    let answer = fake.send(ask("GET", "/auth/login"), "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/setup"));
    let answer = form(&fake, "/auth/login", "password=x").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/setup"));
    let answer = json(&fake, "/auth/login", "{\"password\":\"x\"}").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("Setup required")));
    assert!(is_page(&fake.send(ask("GET", "/auth/setup"), "").await, 200, "name=\"confirm_password\""));
}

#[tokio::test]
async fn the_first_password_is_set_once_and_said_twice() {
    let fake = fresh();
    let answer = form(&fake, "/auth/setup", "password=long+enough&confirm_password=long+enough").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/login"));
    assert_eq!(fake.heard::<SetUpOperatorRequest>(SET_UP).password, "long enough");
    let answer =
        json(&fake, "/auth/setup", "{\"password\":\"abcdefgh\",\"confirm_password\":\"abcdefgh\"}").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({ "message": "Password set successfully", "redirect": "/auth/login" }))
    );

    let answer = form(&fake, "/auth/setup", "password=abcdefgh&confirm_password=abcdefgi").await;
    assert!(is_page(&answer, 400, "Passwords do not match"));
    let answer = json(&fake, "/auth/setup", "{\"password\":\"abcdefgh\"}").await;
    assert_eq!(answer.json(), json!({ "error": "Missing required field: confirm_password" }));
    let weak = fresh().refuses(SET_UP, Code::InvalidArgument, Reason::PasswordLength);
    let answer = json(&weak, "/auth/setup", "{\"password\":\"a\",\"confirm_password\":\"a\"}").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (400, json!({ "error": "Invalid password", "message": "the server's words" }))
    );
    assert!(is_page(
        &form(&weak, "/auth/setup", "password=a&confirm_password=a").await,
        400,
        "the server&#39;s words"
    ));
}

#[tokio::test]
async fn where_there_is_a_password_setup_is_over() {
    let fake = open();
    let answer = fake.send(ask("GET", "/auth/setup"), "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/login"));
    let answer = form(&fake, "/auth/setup", "password=abcdefgh&confirm_password=abcdefgh").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/login"));
    let answer = json(&fake, "/auth/setup", "{}").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!({ "error": "Setup already completed" })));
    // Of two at once, one comes too late.
    let late = fresh().refuses(SET_UP, Code::FailedPrecondition, Reason::OperatorExists);
    let answer =
        json(&late, "/auth/setup", "{\"password\":\"abcdefgh\",\"confirm_password\":\"abcdefgh\"}").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!({ "error": "Setup already completed" })));
}
