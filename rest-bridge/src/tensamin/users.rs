//! User Endpoints: looking identities up, and changing them.

use atalaya_client::Error;
use atalaya_proto::users::v1 as pb;
use axum::response::Response;
use prost_types::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{
    Calls, avatar, envelope,
    error::Cause,
    form::{Form, Sent},
    telling::QUIET,
};

/// `data` of whatever answers with an id.
#[derive(Serialize)]
pub(super) struct UserId {
    pub(super) user_id: String,
}

/// `data` of a profile. What was cleared is left out, as upstream does.
#[derive(Serialize)]
struct Profile {
    created_at: i64,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    avatar: Option<String>,
    about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    public_key: String,
    sub_level: i32,
    sub_end: i32,
}

/// A path's id, in its usual spelling.
pub(super) fn id(text: &str) -> Result<String, Cause> {
    Uuid::try_parse(text).map(|id| id.to_string()).map_err(|_| Cause::NoUuid)
}

/// `GET /api/get/uuid/<username>`. A UUID is looked up as well.
pub(super) async fn find(calls: Calls, name: String) -> Result<Response, Cause> {
    let mut identities = calls.identities();
    let (message, identity) = if let Ok(id) = id(&name) {
        let found = identities.get_identity(pb::GetIdentityRequest { id: id.clone() }).await?;
        (format!("Got user for {id}"), found.into_inner().identity)
    } else {
        let request = pb::FindIdentityRequest { username: name.clone() };
        (format!("Got uuid for {name}"), identities.find_identity(request).await?.into_inner().identity)
    };
    let user_id = identity.ok_or_else(|| Error::missing("identity"))?.id;
    Ok(envelope::with(message, QUIET, UserId { user_id }))
}

/// `GET /api/get/<uuid>`
pub(super) async fn profile(calls: Calls, user: String) -> Result<Response, Cause> {
    let id = id(&user)?;
    let found = calls.identities().get_identity(pb::GetIdentityRequest { id: id.clone() }).await?;
    let identity = found.into_inner().identity.ok_or_else(|| Error::missing("identity"))?;
    Ok(envelope::with(format!("Got user {id}"), QUIET, Profile::from(identity)))
}

/// `POST /api/change/<uuid>`
pub(super) async fn change(calls: Calls, user: String, mut form: Form) -> Result<Response, Cause> {
    let request = pb::ChangeIdentityRequest {
        id: id(&user)?,
        private_key_hash: form.required("private_key_hash")?,
        username: match form.take("username") {
            None => None,
            Some(Sent::Text(name)) => Some(name),
            Some(Sent::Null | Sent::Other) => return Err(Cause::NoString("username")),
        },
        display: text(&mut form, "display")?,
        status: text(&mut form, "status")?,
        about: text(&mut form, "about")?,
        avatar: match text(&mut form, "avatar")? {
            None => None,
            Some(pb::IdentityText { text: None }) => Some(Vec::new()),
            Some(pb::IdentityText { text: Some(text) }) => {
                Some(avatar::read(&text).ok_or(Cause::Refused("avatar must be base64"))?)
            }
        },
    };
    calls.identities().change_identity(request).await?;
    Ok(envelope::done("Changed user"))
}

/// A text that may be left out, or cleared by `null`.
fn text(form: &mut Form, name: &'static str) -> Result<Option<pb::IdentityText>, Cause> {
    match form.take(name) {
        None => Ok(None),
        Some(Sent::Null) => Ok(Some(pb::IdentityText { text: None })),
        Some(Sent::Text(text)) => Ok(Some(pb::IdentityText { text: Some(text) })),
        Some(Sent::Other) => Err(Cause::NoString(name)),
    }
}

/// `POST /api/change/iota-id/<uuid>`
pub(super) async fn change_iota(calls: Calls, user: String, mut form: Form) -> Result<Response, Cause> {
    let id = id(&user)?;
    let request = pb::ChangeIotaRequest {
        id: id.clone(),
        iota_id: form.required("iota_id")?,
        reset_token: form.required("reset_token")?,
        new_token: form.required("new_token")?,
    };
    calls.identities().change_iota(request).await?;
    Ok(envelope::done(format!("Changed iota id for {id}")))
}

/// `POST /api/change/keys/<uuid>`
pub(super) async fn change_keys(calls: Calls, user: String, mut form: Form) -> Result<Response, Cause> {
    let id = id(&user)?;
    let request = pb::ChangeKeysRequest {
        id: id.clone(),
        private_key_hash: form.required("private_key_hash")?,
        public_key: form.required("public_key")?,
        reset_token: form.required("reset_token")?,
        new_token: form.required("new_token")?,
    };
    calls.identities().change_keys(request).await?;
    Ok(envelope::done(format!("Changed keys for {id}")))
}

impl From<pb::Identity> for Profile {
    fn from(identity: pb::Identity) -> Self {
        Self {
            created_at: identity.create_time.as_ref().map_or(0, millis),
            username: identity.username,
            display: identity.display,
            avatar: avatar::shown(&identity.avatar),
            about: identity.about,
            status: identity.status,
            public_key: identity.public_key,
            sub_level: identity.subscription_level,
            sub_end: identity.subscription_days,
        }
    }
}

fn millis(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos / 1_000_000))
}
