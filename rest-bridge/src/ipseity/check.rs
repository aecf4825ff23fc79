//! Check: what a token says, to whoever holds it.

use atalaya_proto::{errors::v1::Reason, users::v1::CheckTokenRequest};
use axum::{Json, routing::get};

use super::{
    Open, Route,
    arguments::Arguments,
    error::{Answer, Fault},
    payload::Payload,
};
use crate::dialect::Visitor;

pub(super) fn route() -> Route {
    ("/check", get(check))
}

/// The token is an argument like any other here, and the header is none of its places.
async fn check(visitor: Visitor<Open>, asked: Arguments) -> Answer<Json<Payload>> {
    let access_token = asked.required("access_token")?;
    let checked = visitor.tokens().check_token(CheckTokenRequest { access_token }).await;
    let checked = checked.map_err(|status| {
        let error = atalaya_client::Error::from(status);
        // The token of a closed account is no better than any other that has ended.
        if error.reason == Some(Reason::AccountInactive) { Fault::invalid_token() } else { error.into() }
    })?;
    Ok(Json(Payload::of(checked.into_inner())?))
}
