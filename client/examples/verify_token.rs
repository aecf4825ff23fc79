//! What a resource server does with an access token: it verifies it by itself, with a copy of the public keys.
//!
//! `cargo run -p atalaya-client --example verify_token -- http://127.0.0.1:8080 TOKEN`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::{
    error::Error,
    time::{SystemTime, UNIX_EPOCH},
};

use atalaya_client::Api;
use atalaya_proto::users::v1::ListPublicKeysRequest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

/// What the server was told to call itself.
const ISSUER: &str = "atalaya";
/// Seconds by which clocks may differ.
const SKEW: u64 = 60;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, server, token] = arguments.as_slice() else {
        return Err("usage: verify_token <server> <token>".into());
    };
    // A resource server asks once, keeps the keys, and asks again for a `kid` that it doesn't know.
    let request = ListPublicKeysRequest {};
    let keys = Api::connect(server)?.anonymous().tokens().list_public_keys(request).await?.into_inner().keys;
    let keys: Vec<Value> = keys.iter().map(|key| serde_json::from_str(&key.jwk)).collect::<Result<_, _>>()?;

    let claims = verified(token, &keys)?;
    println!("{} is {}", claims["user"], claims["sub"]);
    Ok(())
}

/// The claims of a good access token. The key says with which algorithm, never the token.
fn verified(token: &str, keys: &[Value]) -> Outcome<Value> {
    let (signed, signature) = token.rsplit_once('.').ok_or("not a token")?;
    let (header, claims) = signed.split_once('.').ok_or("not a token")?;
    let (header, claims) = (json(header)?, json(claims)?);
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).ok_or("an unknown key")?;
    if key["alg"] != "EdDSA" || header["alg"] != key["alg"] {
        return Err("another algorithm".into());
    }
    let key = BASE64.decode(key["x"].as_str().ok_or("not a key")?)?;
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(signed.as_bytes(), &BASE64.decode(signature)?).map_err(|_| "a wrong signature")?;
    check(&claims, now()?)?;
    Ok(claims)
}

fn check(claims: &Value, now: u64) -> Outcome<()> {
    let time = |name: &str| claims[name].as_u64().ok_or("a time is missing");
    if claims["iss"] != ISSUER || claims["token_type"] != "access_token" {
        return Err("not an access token of this server".into());
    }
    if now + SKEW < time("nbf")? || now >= time("exp")? + SKEW {
        return Err("not good now".into());
    }
    Ok(())
}

fn json(part: &str) -> Outcome<Value> {
    Ok(serde_json::from_slice(&BASE64.decode(part)?)?)
}

#[expect(clippy::disallowed_methods, reason = "an example has no clock but the system's")]
fn now() -> Outcome<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
