//! Lies about tokens, in every place where a token may stand: each is told what any bad token is.

use atalaya_tests::{
    House, Plan,
    database::Backend,
    rest::{Ask, Rest},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use http::HeaderValue;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::client::{Way, check, families, newcomer, part, refresh_token};

/// The secret of servers whose tokens a test can sign.
const SECRET: &str = "a shared secret of at least sixty-four bytes, as long as HS512 wants it to be";

/// Text that never was a token.
fn garbage() -> Vec<String> {
    let texts = [
        "",
        " ",
        ".",
        "..",
        "...",
        "a.b.c",
        "none",
        "null",
        "undefined",
        "Bearer",
        "art_AAAA",
        "atp_AAAA",
        "{}",
        "\0",
        "a\0.b.c",
        "\u{1f52d}",
        "\u{1f52d}.\u{1f52d}.\u{1f52d}",
        "' OR 1=1 --",
        "e30.e30.",
        "e30.e30.e30",
        "a\r\nb",
    ];
    let long = ["x".repeat(60_000), format!("{}.e30.e30", "e".repeat(50_000)), ".".repeat(60_000)];
    texts.into_iter().map(str::to_owned).chain(long).collect()
}

fn encoded(part: &Value) -> String {
    BASE64.encode(part.to_string())
}

fn signed(header: &Value, payload: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{payload}", encoded(header));
    let signature = BASE64.encode(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn hs256(secret: &str) -> impl FnOnce(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    move |text| hmac::sign(&key, text).as_ref().to_vec()
}

/// What can be made of a good token by whoever has it, and the public key.
fn forgeries(token: &str, public_key: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    let known: Value = serde_json::from_str(&part(token, 0)).expect("json");
    let with = |name: &str, value: Value| {
        let mut header = known.clone();
        header[name] = value;
        header
    };
    let mut claims: Value = serde_json::from_str(&part(token, 1)).expect("json");
    claims["user"] = "root@example.com".into();
    let thief = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let thief = Ed25519KeyPair::from_pkcs8(thief.as_ref()).expect("a key");
    let stolen = |text: &[u8]| thief.sign(text).as_ref().to_vec();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(thief.public_key().as_ref()) });
    let mut flipped = BASE64.decode(signature).expect("base64");
    flipped[0] ^= 1;
    let mut made = vec![
        format!("{header}.{}.{signature}", encoded(&claims)),
        format!("{header}.{payload}.{}", BASE64.encode(flipped)),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{token}="),
        format!("{token} "),
        signed(&with("alg", "EdDSA".into()), payload, stolen),
        signed(&json!({ "alg": "EdDSA", "typ": "JWT", "kid": known["kid"], "jwk": jwk }), payload, stolen),
        signed(&json!({ "alg": "EdDSA", "typ": "JWT" }), payload, stolen),
        signed(&with("alg", "HS256".into()), payload, hs256(public_key)),
        signed(&with("alg", "HS256".into()), payload, hs256(public_key.trim_end())),
        signed(&with("alg", "HS256".into()), payload, hs256("")),
        format!("{}.{payload}.{signature}", encoded(&with("kid", "../../dev/null".into()))),
        format!("{}.{payload}.{signature}", encoded(&with("kid", "".into()))),
        format!("{}.{payload}.{signature}", encoded(&with("crit", json!(["b64"])))),
    ];
    for none in ["none", "None", "NONE", ""] {
        made.push(format!("{}.{payload}.", encoded(&with("alg", none.into()))));
        made.push(format!("{}.{payload}.{signature}", encoded(&with("alg", none.into()))));
    }
    made
}

/// Each place of a token: a request that has it there, and how that is answered.
fn places(rest: Rest, token: &str, good: &str) -> Vec<(String, Ask, u16)> {
    let mut places = Vec::new();
    let guarded = [("GET", "/user", 204), ("GET", "/refresh_token", 401), ("DELETE", "/refresh_token", 401)];
    let changing = [("PATCH", "/user", 401), ("DELETE", "/user", 401)];
    let short = token.len() < 8_000;
    // White space at the end of a header is none of its value.
    let in_header = token.trim_end() == token && HeaderValue::try_from(format!("Bearer {token}")).is_ok();
    for (method, path, status) in guarded.into_iter().chain(changing) {
        let mut add = |place: &str, ask: Ask| places.push((format!("{method} {path} {place}"), ask, status));
        add("form", Way::Form.ask(rest, method, path, &[("access_token", token), ("pass", "y")]));
        if short {
            add("query", Way::Query.ask(rest, method, path, &[("access_token", token), ("pass", "y")]));
        }
        if short && in_header {
            add("header", rest.ask(method, path).bearer(token));
        }
    }
    for way in Way::ALL.into_iter().filter(|way| short || *way != Way::Query) {
        let ask = |method, path, name| way.ask(rest, method, path, &[(name, token)]);
        places.push((format!("check {way:?}"), ask("GET", "/check", "access_token"), 400));
        places.push((format!("token {way:?}"), ask("GET", "/token", "user"), 400));
        let revoke = ask("DELETE", "/refresh_token", "refresh_token").bearer(good);
        places.push((format!("revoke {way:?}"), revoke, 400));
    }
    places
}

/// Says the lies everywhere; what is refused must not be told again either.
async fn say(rest: Rest, lies: &[String], good: &str) {
    for lie in lies {
        for (place, ask, status) in places(rest, lie, good) {
            let shown = lie.chars().take(300).collect::<String>();
            let answer = ask.send().await;
            assert_eq!(answer.status, status, "{place}: {shown:?}: {:?}", answer.body);
            let told = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(lie.len() < 20 || !told.contains(lie.as_str()), "{place}: {told}");
        }
    }
}

#[tokio::test]
async fn garbage_is_no_token_in_any_place() {
    House::each(async |house| {
        let good = newcomer(house.rest, "mara").await;
        say(house.rest, &garbage(), &good).await;
        assert_eq!(check(house.rest, &good).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn forgeries_are_no_tokens_in_any_place_whatever_signs() {
    for (family, plan) in families() {
        eprintln!("with {family}");
        House::each_as(&plan, async |house| {
            let good = newcomer(house.rest, "mara").await;
            let refresher = refresh_token(house.rest, &good).await;
            let key = house.rest.get("/pubkey").send().await.text().to_owned();
            say(house.rest, &forgeries(&good, &key), &good).await;
            let last = format!("{refresher}.");
            say(house.rest, &[last], &good).await;
            assert_eq!(check(house.rest, &good).await.status, 200, "{family}");
        })
        .await;
    }
}

#[tokio::test]
async fn another_servers_tokens_are_no_tokens() {
    House::each(async |house| {
        let other = House::open(Backend::Sqlite, &Plan::default()).await;
        let (ours, theirs) = (newcomer(house.rest, "mara").await, newcomer(other.rest, "mara").await);
        say(house.rest, &[theirs], &ours).await;
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_right_signature_under_wrong_claims_is_no_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).expect("a file");
    let plan = Plan::default()
        .with("ATALAYA_TOKEN_ALGORITHM", "HS256")
        .with("ATALAYA_TOKEN_KEY_FILE", &file.display().to_string());
    House::each_as(&plan, async |house| {
        let good = newcomer(house.rest, "mara").await;
        let header: Value = serde_json::from_str(&part(&good, 0)).expect("json");
        let claims: Value = serde_json::from_str(&part(&good, 1)).expect("json");
        let now = claims["iat"].as_u64().expect("a time");
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            signed(&header, &encoded(&claims), hs256(SECRET))
        };
        let resigned = with("iss", "atalaya".into());
        assert_eq!(check(house.rest, &resigned).await.status, 200, "these are signed as the server signs");
        let without = |name: &str| {
            let mut claims = claims.clone();
            claims.as_object_mut().expect("an object").remove(name);
            signed(&header, &encoded(&claims), hs256(SECRET))
        };
        let mut lies: Vec<String> = ["user", "iat", "nbf", "exp", "token_type", "iss", "sub", "sid", "jti"]
            .into_iter()
            .map(without)
            .collect();
        lies.extend([
            with("nbf", (now + 3600).into()),
            with("iat", (now + 3600).into()),
            with("exp", (now - 1).into()),
            with("exp", "tomorrow".into()),
            with("exp", (-1).into()),
            with("iss", "another".into()),
            with("sub", "00000000-0000-4000-8000-000000000000".into()),
            with("sid", "00000000-0000-4000-8000-000000000000".into()),
            with("sid", "nonsense".into()),
            with("token_type", "refresh_token".into()),
            with("token_type", "session".into()),
            with("authentication_method", Value::Null),
        ]);
        say(house.rest, &lies, &good).await;
    })
    .await;
}
