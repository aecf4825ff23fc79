//! Who comes to the house: accounts that are logged in, whatever their role.

use atalaya_client::{Api, Calls, Credentials, Error};
use atalaya_proto::{
    errors::v1::Reason,
    images::v1::{Image, UploadHeader},
    scans::v1::{SetUpOperatorRequest, SignInOperatorRequest},
    users::v1::{
        Account, CreateAccountRequest, CreateSessionRequest, DeactivateAccountRequest, EndSessionRequest,
        Role, SignUpRequest,
    },
};
use bytes::Bytes;
use futures::stream;
use std::convert::Infallible;
use tonic::Status;
use uuid::Uuid;

use crate::wait::until;

/// The super_admin that every house begins with.
pub const ROOT_EMAIL: &str = "root@example.com";
/// Its password.
pub const ROOT_PASSWORD: &str = "keeper-of-the-keys-1";
/// Everybody else's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody with an account and a session.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account's id.
    pub id: String,
    /// The account's e-mail.
    pub email: String,
    /// The session's token.
    pub token: String,
    /// Calls that carry the token, and keep it fresh.
    pub calls: Calls,
}

/// Makes a call that hashes a password again for as long as the server has no hand free: on a machine that is
/// busy with other things, that is no defect.
pub async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    let is_busy = |status: &Status| Error::from(status.clone()).reason == Some(Reason::ServerBusy);
    until("a hand that hashes", async || {
        Some(call().await).filter(|answer| !answer.as_ref().is_err_and(is_busy))
    })
    .await
}

/// Logs in.
pub async fn log_in(api: &Api, email: &str, password: &str) -> Result<Person, Status> {
    let request = CreateSessionRequest { email: email.to_owned(), password: password.to_owned() };
    let made = patiently(async || api.anonymous().sessions().create_session(request.clone()).await);
    let made = made.await?.into_inner();
    let account = made.account.expect("a login answers with its account");
    let token = made.session.expect("a login answers with its session").token;
    let calls = api.with(Credentials::bearer(&token).expect("a token"));
    Ok(Person { id: account.id, email: account.email, token, calls })
}

/// Makes an account that nobody else has.
pub async fn sign_up(api: &Api, name: &str) -> Account {
    let email = format!("{}@example.com", Uuid::new_v4().simple());
    let request =
        SignUpRequest { email, name: name.to_owned(), password: PASSWORD.to_owned(), ..Default::default() };
    let made = patiently(async || api.anonymous().accounts().sign_up(request.clone()).await);
    made.await.expect("a new e-mail is free").into_inner().account.expect("an account")
}

/// The house's super_admin, in a session of its own.
pub async fn root(api: &Api) -> Person {
    log_in(api, ROOT_EMAIL, ROOT_PASSWORD).await.expect("the house's own super_admin can log in")
}

/// The operator of site scans, in a session of their own; whoever comes first sets the password.
pub async fn site_operator(api: &Api) -> Person {
    let calls = api.anonymous();
    let set_up = SetUpOperatorRequest { password: PASSWORD.to_owned() };
    let made = patiently(async || calls.operator().set_up_operator(set_up.clone()).await).await;
    let is_there = |status: &Status| Error::from(status.clone()).reason == Some(Reason::OperatorExists);
    assert!(made.as_ref().is_ok() || made.as_ref().is_err_and(is_there), "{made:?}");
    let sign_in = SignInOperatorRequest { password: PASSWORD.to_owned(), remember: false };
    let made = patiently(async || calls.operator().sign_in_operator(sign_in.clone()).await).await;
    let token = made.expect("the operator can sign in").into_inner().token;
    let calls = api.with(Credentials::bearer(&token).expect("a token"));
    Person { id: String::new(), email: String::new(), token, calls }
}

/// Somebody new with the role user.
pub async fn user(api: &Api, name: &str) -> Person {
    let account = sign_up(api, name).await;
    log_in(api, &account.email, PASSWORD).await.expect("a new account can log in")
}

/// Somebody new with the role admin.
pub async fn admin(api: &Api) -> Person {
    let email = format!("{}@example.com", Uuid::new_v4().simple());
    let request = CreateAccountRequest {
        email: email.clone(),
        name: "An admin".to_owned(),
        password: PASSWORD.to_owned(),
        role: Role::Admin.into(),
    };
    let root = root(api).await;
    let made = patiently(async || root.calls.accounts().create_account(request.clone()).await);
    made.await.expect("a super_admin makes admins");
    log_in(api, &email, PASSWORD).await.expect("a new admin can log in")
}

/// Somebody whose account an admin has shut out, with the token of before.
pub async fn deactivated(api: &Api) -> Person {
    let person = user(api, "Shut out").await;
    let request = DeactivateAccountRequest { id: person.id.clone() };
    root(api)
        .await
        .calls
        .accounts()
        .deactivate_account(request)
        .await
        .expect("a super_admin shuts users out");
    person
}

/// Somebody who has logged out, with the token of before.
pub async fn logged_out(api: &Api) -> Person {
    let person = user(api, "Gone home").await;
    person
        .calls
        .sessions()
        .end_session(EndSessionRequest::default())
        .await
        .expect("who is logged in can log out");
    person
}

impl Person {
    /// Uploads a file under this name.
    pub async fn upload(&self, name: &str, file: &[u8]) -> Image {
        let header = UploadHeader { name: name.to_owned(), content_type: String::new() };
        let content = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(file))]);
        self.calls.upload(header, content).await.expect("a good image is stored")
    }
}
