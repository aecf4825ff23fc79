//! Authentication: log in by JSON or by form, log out.

use atalaya_client::{Calls, Error};
use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{GetOperatorRequest, SignInOperatorRequest, SignOutOperatorRequest},
};
use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State},
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use serde_json::json;

use super::{
    Route, Sneakyscanner,
    body::Fields,
    error::{Answer, Fault},
    forms, negotiation, next, session, setup,
};
use crate::{Door, dialect::Visitor};

pub(super) const LOGIN: &str = "/auth/login";

pub(super) fn routes() -> [Route; 2] {
    [(LOGIN, get(form).post(log_in)), ("/auth/logout", get(log_out).post(log_out))]
}

/// To another page.
pub(super) fn to(path: &str) -> Response {
    match HeaderValue::try_from(path) {
        Ok(path) => (StatusCode::FOUND, [(LOCATION, path)]).into_response(),
        Err(_) => Fault::of(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
    }
}

/// Whether there is a password.
pub(super) async fn is_set_up(calls: &Calls) -> Answer<bool> {
    Ok(calls.operator().get_operator(GetOperatorRequest {}).await?.into_inner().is_set_up)
}

async fn form(visitor: Visitor<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Response> {
    if !is_set_up(&visitor).await? {
        return Ok(to(setup::SETUP));
    }
    let asked = asked_next(query.as_deref());
    Ok(forms::login(None, next::safe(asked.as_deref())).into_response())
}

/// Where a log-in's query says that it shall lead.
fn asked_next(query: Option<&str>) -> Option<String> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.into_iter().find(|(name, _)| name == "next").map(|(_, value)| value.into_owned())
}

async fn log_in(
    visitor: Visitor<Sneakyscanner>,
    State(door): State<Door>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let fields = Fields::read(&headers, body).await?;
    let asked = fields.text("next").map(str::to_owned).or_else(|| asked_next(query.as_deref()));
    let next = next::safe(asked.as_deref());
    let by_form = matches!(fields, Fields::Form(_));
    let cookie = match sign_in(&visitor, &door, &fields).await {
        Ok(cookie) => cookie,
        Err(Refused::NotSetUp) if by_form => return Ok(to(setup::SETUP)),
        Err(refused) => {
            let fault = Fault::from(refused);
            let shown = by_form && negotiation::wants_html(&headers) && fault.status().is_client_error();
            return if shown {
                Ok(fault.shown_by(forms::login(Some(&fault.words().error), next)))
            } else {
                Err(fault)
            };
        }
    };
    let cookie = AppendHeaders([(SET_COOKIE, cookie)]);
    Ok(if by_form {
        (cookie, to(next)).into_response()
    } else {
        (cookie, Json(json!({ "message": "Login successful", "redirect": next }))).into_response()
    })
}

/// Why nobody was let in.
enum Refused {
    /// There is no password yet.
    NotSetUp,
    Otherwise(Fault),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotSetUp => {
                let message =
                    "No password is set yet; POST it to /auth/setup as password and confirm_password";
                Self::said(StatusCode::FORBIDDEN, "Setup required", message)
            }
            Refused::Otherwise(fault) => fault,
        }
    }
}

/// The cookie of a new session.
async fn sign_in(calls: &Calls, door: &Door, fields: &Fields) -> Result<HeaderValue, Refused> {
    let password = fields.text("password").ok_or_else(|| Refused::Otherwise(Fault::missing("password")))?;
    let remember = fields.is_set("remember");
    let request = SignInOperatorRequest { password: password.to_owned(), remember };
    let made = calls.operator().sign_in_operator(request).await.map_err(|status| {
        let error = Error::from(status);
        match error.reason {
            Some(Reason::OperatorMissing) => Refused::NotSetUp,
            _ => Refused::Otherwise(error.into()),
        }
    })?;
    let cookie = session::set(&made.into_inner().token, remember, door.settings.secure_cookies);
    cookie.ok_or_else(|| Refused::Otherwise(Error::missing("token").into()))
}

/// Whoever comes without a session has none to end.
async fn log_out(visitor: Visitor<Sneakyscanner>, State(door): State<Door>) -> Answer<Response> {
    if visitor.credentials().is_some() {
        let ended = visitor.operator().sign_out_operator(SignOutOperatorRequest {}).await;
        match ended.map_err(Error::from) {
            Ok(_) => {}
            Err(error) if error.reason == Some(Reason::NotAuthenticated) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let cookie = session::clear(door.settings.secure_cookies).map(|cookie| (SET_COOKIE, cookie));
    Ok((HeaderMap::from_iter(cookie), to(LOGIN)).into_response())
}
