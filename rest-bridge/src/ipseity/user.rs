//! User: create one, see one's token, change one's password, delete oneself.

use atalaya_client::Error;
use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{ChangePasswordRequest, CheckTokenRequest, CloseAccountRequest, PasswordRule, SignUpRequest},
};
use axum::{
    Extension, Json,
    response::{IntoResponse, Response},
    routing::post,
};
use http::StatusCode;

use super::{Ipseity, Open, Route, arguments::Arguments, bearer::Presented, error::Answer, payload::Payload};
use crate::dialect::{Caller, Visitor};

pub(super) fn route() -> Route {
    ("/user", post(create).get(payload).patch(change_password).delete(close))
}

async fn create(visitor: Visitor<Open>, asked: Arguments) -> Answer<StatusCode> {
    let (username, password) = (asked.required("user")?, asked.required("pass")?);
    let rule = PasswordRule::Any.into();
    let request = SignUpRequest { username, password, rule, ..SignUpRequest::default() };
    visitor.accounts().sign_up(request).await?;
    Ok(StatusCode::CREATED)
}

/// Whatever the token lacks, it is as if there were none.
async fn payload(visitor: Visitor<Open>, Extension(presented): Extension<Presented>) -> Answer<Response> {
    let Some(token) = presented.token() else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let request = CheckTokenRequest { access_token: token.to_owned() };
    let error = match visitor.tokens().check_token(request).await {
        Ok(checked) => return Ok(Json(Payload::of(checked.into_inner())?).into_response()),
        Err(status) => Error::from(status),
    };
    match error.reason {
        Some(Reason::TokenInvalid | Reason::TokenTypeWrong | Reason::AccountInactive) => {
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(error.into()),
    }
}

async fn change_password(caller: Caller<Ipseity>, asked: Arguments) -> Answer<StatusCode> {
    let (password, wrong) = asked.or_empty("pass");
    let rule = PasswordRule::Any.into();
    let request = ChangePasswordRequest { password, rule, ..ChangePasswordRequest::default() };
    let changed = caller.accounts().change_password(request).await;
    wrong.unless_refused_before(changed)?;
    Ok(StatusCode::OK)
}

async fn close(caller: Caller<Ipseity>) -> Answer<StatusCode> {
    caller.accounts().close_account(CloseAccountRequest {}).await?;
    Ok(StatusCode::NO_CONTENT)
}
