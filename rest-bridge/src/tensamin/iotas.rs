//! Iota Endpoints: identities come and go.

use atalaya_proto::users::v1 as pb;
use axum::response::Response;

use super::{
    Calls, envelope,
    error::Cause,
    form::Form,
    telling::QUIET,
    users::{UserId, id},
};

/// `GET /api/register/init`
pub(super) async fn init(calls: Calls) -> Result<Response, Cause> {
    let begun = calls.identities().start_registration(pb::StartRegistrationRequest {}).await?;
    let data = UserId { user_id: begun.into_inner().id };
    Ok(envelope::with("Started user registration progress", QUIET, data))
}

/// `POST /api/register/complete`
pub(super) async fn complete(calls: Calls, mut form: Form) -> Result<Response, Cause> {
    let user = form.required("uuid")?;
    let request = pb::CompleteRegistrationRequest {
        id: String::new(),
        username: form.required("username")?,
        public_key: form.required("public_key")?,
        private_key_hash: form.required("private_key_hash")?,
        iota_id: form.required("iota_id")?,
        reset_token: form.required("reset_token")?,
    };
    let id = id(&user)?;
    let request = pb::CompleteRegistrationRequest { id: id.clone(), ..request };
    calls.identities().complete_registration(request).await?;
    Ok(envelope::done(format!("Created User: {id}")))
}

/// `POST /api/delete/<uuid>`
pub(super) async fn delete(calls: Calls, user: String, mut form: Form) -> Result<Response, Cause> {
    let id = id(&user)?;
    let request = pb::DeleteIdentityRequest { id: id.clone(), reset_token: form.required("reset_token")? };
    calls.identities().delete_identity(request).await?;
    Ok(envelope::done(format!("Deleted User: {id}")))
}
