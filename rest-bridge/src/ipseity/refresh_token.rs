//! Refresh Token: get one, delete one.

use atalaya_client::Error;
use atalaya_proto::users::v1::{CreateRefreshTokenRequest, RevokeRefreshTokenRequest};
use axum::routing::get;
use http::StatusCode;

use super::{Ipseity, Route, arguments::Arguments, error::Answer, no_head};
use crate::dialect::Caller;

pub(super) fn route() -> Route {
    ("/refresh_token", get(create).head(no_head).delete(revoke))
}

async fn create(caller: Caller<Ipseity>) -> Answer<String> {
    let made = caller.tokens().create_refresh_token(CreateRefreshTokenRequest {}).await?.into_inner();
    Ok(made.refresh_token.ok_or_else(|| Error::missing("refresh token"))?.token)
}

/// The document names no argument; its clients send the token as `refresh_token`.
async fn revoke(caller: Caller<Ipseity>, asked: Arguments) -> Answer<StatusCode> {
    let (refresh_token, wrong) = asked.or_empty("refresh_token");
    let revoked = caller.tokens().revoke_refresh_token(RevokeRefreshTokenRequest { refresh_token }).await;
    wrong.unless_refused_before(revoked)?;
    Ok(StatusCode::NO_CONTENT)
}
