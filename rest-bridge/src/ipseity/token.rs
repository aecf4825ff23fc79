//! Token: an access token for a password, or for a refresh token.

use atalaya_client::{Calls, Error};
use atalaya_proto::users::v1::{CreateAccessTokenRequest, RefreshAccessTokenRequest, Token};
use axum::routing::get;

use super::{Open, Route, arguments::Arguments, error::Answer, no_head};
use crate::dialect::Visitor;

pub(super) fn route() -> Route {
    ("/token", get(token).head(no_head))
}

/// Without a password, or with an empty one, `user` is a refresh token.
async fn token(visitor: Visitor<Open>, asked: Arguments) -> Answer<String> {
    let (user, pass) = (asked.required("user")?, asked.optional("pass")?);
    let token = match pass.filter(|pass| !pass.is_empty()) {
        Some(password) => by_password(&visitor, user, password).await?,
        None => by_refresh_token(&visitor, user).await?,
    };
    Ok(token.ok_or_else(|| Error::missing("access token"))?.token)
}

async fn by_password(calls: &Calls, user: String, password: String) -> Answer<Option<Token>> {
    let request = CreateAccessTokenRequest { user, password };
    Ok(calls.tokens().create_access_token(request).await?.into_inner().access_token)
}

async fn by_refresh_token(calls: &Calls, refresh_token: String) -> Answer<Option<Token>> {
    let request = RefreshAccessTokenRequest { refresh_token };
    Ok(calls.tokens().refresh_access_token(request).await?.into_inner().access_token)
}
