//! Public Key: what tokens can be verified with, as one key and as the set that verifiers keep copies of.

use atalaya_client::Error;
use atalaya_proto::users::v1::{ListPublicKeysRequest, SigningKey, SigningKeyState};
use axum::{Json, response::IntoResponse, routing::get};
use http::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Open, Route,
    error::{Answer, Fault},
};
use crate::dialect::Visitor;

/// A new key is published a day before it signs: five minutes lose nothing.
const KEPT: &str = "public, max-age=300";
/// RFC 7517 8.5.2.
const KEY_SET: &str = "application/jwk-set+json";

pub(super) fn route() -> Route {
    ("/pubkey", get(active))
}

pub(super) fn set() -> Route {
    ("/.well-known/jwks.json", get(all))
}

/// RFC 7517 5.
#[derive(Serialize)]
struct KeySet {
    keys: Vec<Box<RawValue>>,
}

/// The key that signs, as PEM. A shared secret has no public half.
async fn active(visitor: Visitor<Open>) -> Answer<impl IntoResponse> {
    let mut keys = keys(&visitor).await?.into_iter();
    let key = keys.find(|key| key.state() == SigningKeyState::Active);
    let key = key.ok_or_else(|| Fault::abort(StatusCode::NOT_FOUND))?;
    Ok(([(CACHE_CONTROL, KEPT)], key.public_key_pem))
}

async fn all(visitor: Visitor<Open>) -> Answer<impl IntoResponse> {
    let keys = keys(&visitor).await?.into_iter().map(|key| RawValue::from_string(key.jwk));
    let keys = keys.collect::<Result<_, _>>().map_err(|_| Error::missing("readable key"))?;
    Ok(([(CACHE_CONTROL, KEPT), (CONTENT_TYPE, KEY_SET)], Json(KeySet { keys })))
}

async fn keys(visitor: &Visitor<Open>) -> Answer<Vec<SigningKey>> {
    Ok(visitor.tokens().list_public_keys(ListPublicKeysRequest {}).await?.into_inner().keys)
}
