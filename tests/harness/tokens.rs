//! Tokens of people: getting, using and forging them.

use atalaya_client::{Api, Credentials};
use atalaya_proto::users::v1::{
    CreateAccessTokenRequest, CreateRefreshTokenRequest, CreateTokenPairRequest, GetOwnAccountRequest,
    RefreshAccessTokenRequest, RotateTokenPairRequest, SignUpRequest,
};
use tonic::Status;

use crate::{
    people::{PASSWORD, Person, patiently},
    verdict,
};

/// Somebody new who has a username and an access token got with a password.
pub async fn named(api: &Api, username: &str) -> Person {
    let request = SignUpRequest {
        username: username.to_owned(),
        password: PASSWORD.to_owned(),
        ..SignUpRequest::default()
    };
    let made = patiently(async || api.anonymous().accounts().sign_up(request.clone()).await);
    let account = made.await.expect("a new username is free").into_inner().account.expect("an account");
    let token = access(api, username, PASSWORD).await.expect("a new account gets a token");
    bearing(api, &token, account.id, account.email)
}

/// The same person by another token.
pub fn again(api: &Api, person: &Person, token: &str) -> Person {
    bearing(api, token, person.id.clone(), person.email.clone())
}

fn bearing(api: &Api, token: &str, id: String, email: String) -> Person {
    let calls = api.with(Credentials::bearer(token).expect("a token"));
    Person { id, email, token: token.to_owned(), calls }
}

/// An access token for a password.
pub async fn access(api: &Api, user: &str, password: &str) -> Result<String, Status> {
    let request = CreateAccessTokenRequest { user: user.to_owned(), password: password.to_owned() };
    let made = patiently(async || api.anonymous().tokens().create_access_token(request.clone()).await);
    Ok(made.await?.into_inner().access_token.expect("a token").token)
}

/// A refresh token of somebody who logged in with a password.
pub async fn refresh(person: &Person) -> Result<String, Status> {
    let made = person.calls.tokens().create_refresh_token(CreateRefreshTokenRequest {}).await?;
    Ok(made.into_inner().refresh_token.expect("a token").token)
}

/// An access token for a refresh token.
pub async fn refreshed(api: &Api, refresh_token: &str) -> Result<String, Status> {
    let request = RefreshAccessTokenRequest { refresh_token: refresh_token.to_owned() };
    let made = api.anonymous().tokens().refresh_access_token(request).await?.into_inner();
    Ok(made.access_token.expect("a token").token)
}

/// An access token and a rotating refresh token.
pub async fn pair(api: &Api, user: &str) -> Result<(String, String), Status> {
    let request = CreateTokenPairRequest { user: user.to_owned(), password: PASSWORD.to_owned() };
    let made = patiently(async || api.anonymous().tokens().create_token_pair(request.clone()).await);
    let made = made.await?.into_inner();
    Ok((made.access_token.expect("a token").token, made.refresh_token.expect("a token").token))
}

/// The next pair.
pub async fn rotated(api: &Api, refresh_token: &str) -> Result<(String, String), Status> {
    let request = RotateTokenPairRequest { refresh_token: refresh_token.to_owned() };
    let made = api.anonymous().tokens().rotate_token_pair(request).await?.into_inner();
    Ok((made.access_token.expect("a token").token, made.refresh_token.expect("a token").token))
}

/// How a call with this bearer token ends.
pub async fn state(api: &Api, token: &str) -> String {
    let calls = api.with(Credentials::bearer(token).expect("a token"));
    verdict(calls.accounts().get_own_account(GetOwnAccountRequest {}).await)
}
