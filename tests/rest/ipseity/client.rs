//! A client of the ipseity API.

use atalaya_tests::{
    Plan,
    form::Form,
    rest::{Answer, Ask, Rest},
    snapshot,
    wait::until,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value};

/// A password that only this API takes.
pub(super) const PASS: &str = "x";

/// A key for RS256: no RSA key is made by the server.
pub(super) fn rsa_key_file() -> String {
    snapshot::path("../server/src/auth/jws/rsa-2048.test.pem").display().to_string()
}

/// A plan for each family of algorithms.
pub(super) fn families() -> [(&'static str, Plan); 4] {
    let of = |name| (name, Plan::default().with("ATALAYA_TOKEN_ALGORITHM", name));
    let (rsa, plan) = of("RS256");
    [of("EdDSA"), of("HS256"), (rsa, plan.with("ATALAYA_TOKEN_KEY_FILE", &rsa_key_file())), of("ES512")]
}

/// How arguments come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Query,
    Form,
    Multipart,
    Json,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Query, Self::Form, Self::Multipart, Self::Json];

    /// A request whose arguments come this way.
    pub(super) fn ask(self, rest: Rest, method: &str, path: &str, arguments: &[(&str, &str)]) -> Ask {
        let ask = rest.ask(method, path);
        match self {
            Self::Query => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                rest.ask(method, &format!("{path}?{}", query.extend_pairs(arguments).finish()))
            }
            Self::Form => ask.url_encoded(arguments),
            Self::Multipart => {
                let form = Form::default();
                ask.form(arguments.iter().fold(form, |form, (name, value)| form.text(name, value)))
            }
            Self::Json => {
                let values = arguments.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
                ask.json(&Value::Object(values.collect::<Map<_, _>>()))
            }
        }
    }
}

/// Sends it again for as long as the server has no hand free to hash a password.
pub(super) async fn patiently(ask: impl Fn() -> Ask) -> Answer {
    until("a hand that hashes", async || Some(ask().send().await).filter(|answer| answer.status != 429)).await
}

/// POST /user.
pub(super) async fn sign_up(rest: Rest, user: &str, pass: &str) -> Answer {
    patiently(|| rest.post("/user").url_encoded(&[("user", user), ("pass", pass)])).await
}

/// GET /token.
pub(super) async fn log_in(rest: Rest, user: &str, pass: &str) -> Answer {
    patiently(|| rest.get("/token").url_encoded(&[("user", user), ("pass", pass)])).await
}

/// Somebody new, logged in with [`PASS`].
pub(super) async fn newcomer(rest: Rest, user: &str) -> String {
    let _made = sign_up(rest, user, PASS).await.expect(201);
    log_in(rest, user, PASS).await.expect(200).text().to_owned()
}

/// GET /refresh_token.
pub(super) async fn refresh_token(rest: Rest, access: &str) -> String {
    rest.get("/refresh_token").bearer(access).send().await.expect(200).text().to_owned()
}

/// GET /token with a refresh token.
pub(super) async fn refresh(rest: Rest, refresh: &str) -> Answer {
    rest.get("/token").url_encoded(&[("user", refresh)]).send().await
}

/// GET /check.
pub(super) async fn check(rest: Rest, token: &str) -> Answer {
    rest.get("/check").url_encoded(&[("access_token", token)]).send().await
}

/// DELETE /refresh_token.
pub(super) async fn revoke(rest: Rest, access: &str, refresh: &str) -> Answer {
    rest.delete("/refresh_token").bearer(access).url_encoded(&[("refresh_token", refresh)]).send().await
}

/// The JSON of a token's part: 0 is its header, 1 its payload.
pub(super) fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).expect("a part");
    String::from_utf8(BASE64.decode(part).expect("base64")).expect("text")
}

/// The name of an error.
pub(super) fn error_name(answer: &Answer) -> String {
    answer.json()["error_name"].as_str().unwrap_or_default().to_owned()
}
