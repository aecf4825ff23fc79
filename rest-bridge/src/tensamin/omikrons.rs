//! Omikron Endpoints: what relays ask, each by the bare UUID in its `Authorization` (facts 2.1).

use atalaya_proto::users::v1 as pb;
use axum::response::Response;
use http::{HeaderMap, header::AUTHORIZATION};
use serde::Serialize;

use super::{Calls, envelope, error::Cause, telling::LOUD, users::id};

const KEY_HASH: &str = "privatekeyhash";

#[derive(Serialize)]
struct Matches {
    matches: bool,
}

#[derive(Serialize)]
struct IotaId {
    iota_id: String,
}

/// `GET /api/get/private-key-hash/<uuid>`
pub(super) async fn key_hash(calls: Calls, user: String, headers: &HeaderMap) -> Result<Response, Cause> {
    let omikron_id = text(headers, AUTHORIZATION.as_str()).ok_or(Cause::Denied)?;
    let private_key_hash = text(headers, KEY_HASH).ok_or(Cause::Missing)?;
    let id = id(&user)?;
    let request = pb::CheckKeyHashRequest { id: id.clone(), omikron_id, private_key_hash };
    let matches = calls.identities().check_key_hash(request).await?.into_inner().matches;
    Ok(envelope::with(format!("Got private key hash for {id}"), LOUD, Matches { matches }))
}

/// `GET /api/get/iota-id/<uuid>`
pub(super) async fn iota(calls: Calls, user: String, headers: &HeaderMap) -> Result<Response, Cause> {
    let omikron_id = text(headers, AUTHORIZATION.as_str()).ok_or(Cause::Denied)?;
    let id = id(&user)?;
    let request = pb::GetIotaRequest { id: id.clone(), omikron_id };
    let iota_id = calls.identities().get_iota(request).await?.into_inner().iota_id;
    Ok(envelope::with(format!("Got iota id for {id}"), LOUD, IotaId { iota_id }))
}

/// A header that says something.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}
