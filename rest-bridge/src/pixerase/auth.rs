//! Authentication: sign up, log in, log out, me.

use atalaya_client::Error;
use atalaya_proto::{
    DEVICE_HEADER,
    users::v1::{CreateSessionRequest, EndSessionRequest, GetOwnAccountRequest, SignUpRequest},
};
use axum::{
    Json,
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use http::{HeaderMap, HeaderName, StatusCode, header::SET_COOKIE};
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase, cookie,
    error::Answer,
    field::Wrong,
    form::{Form, Shape, Valid},
    responses::{
        BadValue, Conflict, NotAuthenticated, NotAuthorized, NotFound, TooLarge, TooMany, Unavailable,
        WrongShape,
    },
    texts::{Email, Name, Password},
    users::{CreatedUser, ReadUser},
};
use crate::{
    Door,
    dialect::{Caller, Visitor},
};

/// Characters of a login's e-mail and password; more belongs to nobody.
const LOGIN_LIMIT: usize = 1024;

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 4] {
    [routes!(sign_up), routes!(log_in), routes!(log_out), routes!(me)]
}

/// Who wants an account.
#[derive(ToSchema)]
struct SignUp {
    email: Email,
    name: Name,
    password: Password,
}

impl Shape for SignUp {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let (email, name) = (form.body("email").email(), form.body("name").text(1..=255));
        let password = form.secret("password").text(8..=255);
        Ok(Self { email: Email(email?), name: Name(name?), password: Password(password?) })
    }
}

/// Who wants in: an account made elsewhere may have a username in place of an e-mail.
#[derive(ToSchema)]
struct LogIn {
    #[schema(max_length = 1024, example = "john.smith@example.com")]
    email: String,
    #[schema(format = "password", max_length = 1024, example = "super-puper-password-123")]
    password: String,
}

impl Shape for LogIn {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let email = form.body("email").text(0..=LOGIN_LIMIT);
        let password = form.secret("password").text(0..=LOGIN_LIMIT);
        Ok(Self { email: email?, password: password? })
    }
}

/// Registers a new user account. Does not log in.
#[utoipa::path(
    post, path = "/api/v1/auth/signup/", tag = "Authentication", request_body = SignUp,
    responses(
        (status = 201, body = CreatedUser),
        BadValue, NotAuthorized, Conflict, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn sign_up(visitor: Visitor<Pixerase>, Valid(asked): Valid<SignUp>) -> Answer<impl IntoResponse> {
    let SignUp { email: Email(email), name: Name(name), password: Password(password) } = asked;
    let made = visitor
        .accounts()
        .sign_up(SignUpRequest { email, name, password, ..Default::default() })
        .await?
        .into_inner();
    Ok((StatusCode::CREATED, Json(CreatedUser::of(made.account)?)))
}

/// Authenticates a user and creates a session. Sets the access token in an HTTP-only cookie.
#[utoipa::path(
    post, path = "/api/v1/auth/login/", tag = "Authentication", request_body = LogIn,
    responses(
        (status = 204, description = "Logged in", headers(("Set-Cookie" = String))),
        NotAuthenticated, NotAuthorized, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn log_in(
    visitor: Visitor<Pixerase>,
    State(door): State<Door>,
    headers: HeaderMap,
    Valid(asked): Valid<LogIn>,
) -> Answer<impl IntoResponse> {
    let LogIn { email, password } = asked;
    let (calls, secure) = ((*visitor).clone(), door.settings.secure_cookies);
    let calls = match cookie::device(&headers) {
        Some(device) => calls.carrying(HeaderName::from_static(DEVICE_HEADER), device),
        None => calls,
    };
    let made = calls.sessions().create_session(CreateSessionRequest { email, password }).await?;
    let device = made.metadata().get(DEVICE_HEADER).and_then(|token| token.to_str().ok());
    let device = device.and_then(|token| cookie::set_device(token, secure));
    let token = made.into_inner().session.map(|session| session.token);
    let session = token.and_then(|token| cookie::set(&token, secure));
    let session = session.ok_or_else(|| Error::missing("session"))?;
    let cookies = [Some(session), device].into_iter().flatten().map(|cookie| (SET_COOKIE, cookie));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies)))
}

/// Terminates the current user session.
#[utoipa::path(
    post, path = "/api/v1/auth/logout/", tag = "Authentication",
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Logged out", headers(("Set-Cookie" = String))),
        NotAuthenticated, NotAuthorized, TooMany, Unavailable
    )
)]
async fn log_out(caller: Caller<Pixerase>, State(door): State<Door>) -> Answer<impl IntoResponse> {
    caller.sessions().end_session(EndSessionRequest::default()).await?;
    let cookie = cookie::clear(door.settings.secure_cookies).map(|cookie| (SET_COOKIE, cookie));
    Ok((StatusCode::NO_CONTENT, http::HeaderMap::from_iter(cookie)))
}

/// Returns the current authenticated user's information.
#[utoipa::path(
    get, path = "/api/v1/auth/me/", tag = "Authentication",
    security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = ReadUser), NotAuthenticated, NotFound, TooMany, Unavailable)
)]
async fn me(caller: Caller<Pixerase>) -> Answer<Json<ReadUser>> {
    let found = caller.accounts().get_own_account(GetOwnAccountRequest {}).await?.into_inner();
    Ok(Json(ReadUser::of(found.account)?))
}
