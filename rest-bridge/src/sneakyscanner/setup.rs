//! The first password: only while there is none.

use atalaya_client::Calls;
use atalaya_proto::scans::v1::SetUpOperatorRequest;
use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::{
    Route, Sneakyscanner,
    auth::{LOGIN, is_set_up, to},
    body::Fields,
    error::{Answer, Fault},
    forms, negotiation,
};
use crate::dialect::Visitor;

pub(super) const SETUP: &str = "/auth/setup";
/// What is said where there is a password.
pub(super) const EXISTS: &str = "Setup already completed";

pub(super) fn routes() -> [Route; 1] {
    [(SETUP, get(form).post(set_up))]
}

async fn form(visitor: Visitor<Sneakyscanner>) -> Answer<Response> {
    Ok(if is_set_up(&visitor).await? { to(LOGIN) } else { forms::setup(None).into_response() })
}

async fn set_up(visitor: Visitor<Sneakyscanner>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let fields = Fields::read(&headers, body).await?;
    let by_form = matches!(fields, Fields::Form(_));
    match put(&visitor, &fields).await {
        Ok(()) if by_form => Ok(to(LOGIN)),
        Ok(()) => {
            let told = json!({ "message": "Password set successfully", "redirect": LOGIN });
            Ok(Json(told).into_response())
        }
        Err(fault) if by_form && fault.status() == StatusCode::FORBIDDEN => Ok(to(LOGIN)),
        Err(fault) if by_form && fault.status().is_client_error() && negotiation::wants_html(&headers) => {
            let words = fault.words();
            let notice = words.message.as_deref().unwrap_or(&words.error);
            Ok(fault.shown_by(forms::setup(Some(notice))))
        }
        Err(fault) => Err(fault),
    }
}

async fn put(calls: &Calls, fields: &Fields) -> Answer<()> {
    // Whoever comes too late shall hear that, whatever they sent.
    if is_set_up(calls).await? {
        return Err(Fault::brief(StatusCode::FORBIDDEN, EXISTS));
    }
    let password = fields.text("password").ok_or_else(|| Fault::missing("password"))?;
    let again = fields.text("confirm_password").ok_or_else(|| Fault::missing("confirm_password"))?;
    if password != again {
        return Err(Fault::brief(StatusCode::BAD_REQUEST, "Passwords do not match"));
    }
    let request = SetUpOperatorRequest { password: password.to_owned() };
    calls.operator().set_up_operator(request).await?;
    Ok(())
}
