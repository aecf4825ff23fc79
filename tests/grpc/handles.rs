//! What people log in with: e-mails and usernames, and that nobody takes another's.

use atalaya_client::Api;
use atalaya_proto::users::v1::{
    Account, ChangeEmailRequest, ChangePasswordRequest, DeleteAccountRequest, PasswordRule, SignUpRequest,
};
use atalaya_tests::{
    House, Plan,
    people::{PASSWORD, log_in, patiently, root},
    refused, tokens, verdict,
};
use futures::future::join_all;
use tonic::Status;

const USERNAME_TAKEN: &str = "ALREADY_EXISTS/USERNAME_TAKEN";
const EMAIL_TAKEN: &str = "ALREADY_EXISTS/EMAIL_TAKEN";

async fn sign_up(api: &Api, email: &str, username: &str) -> Result<Account, Status> {
    let name = if email.is_empty() { "" } else { "Mara" };
    let request = SignUpRequest {
        email: email.into(),
        name: name.into(),
        password: PASSWORD.into(),
        username: username.into(),
        ..SignUpRequest::default()
    };
    let made = patiently(async || api.anonymous().accounts().sign_up(request.clone()).await);
    Ok(made.await?.into_inner().account.expect("an account"))
}

#[tokio::test]
async fn a_username_is_free_text_without_control_characters() {
    House::each(async |house| {
        let longest = "ж".repeat(255);
        for name in [" ", "x", "мара", "山田 太郎", "🦉", "a b  c", "../etc/passwd", "'; --", &longest]
        {
            let account = sign_up(&house.api, "", name).await.expect("a good name");
            assert_eq!(
                (account.username.as_str(), account.name.as_str(), account.email.as_str()),
                (name, name, "")
            );
            assert_eq!(verdict(tokens::access(&house.api, name, PASSWORD).await), "OK", "{name}");
            assert_eq!(verdict(log_in(&house.api, name, PASSWORD).await), "OK", "{name}");
        }
        let long = "ж".repeat(256);
        for name in [long.as_str(), "a\nb", "\0", "tab\t", "\u{7f}", "\u{85}"] {
            let told = refused(sign_up(&house.api, "", name).await);
            assert_eq!(told, "INVALID_ARGUMENT/USERNAME_INVALID", "{name:?}");
        }
        let nothing = SignUpRequest { name: "Mara".into(), password: PASSWORD.into(), ..Default::default() };
        let told = refused(house.anonymous().accounts().sign_up(nothing).await);
        assert_eq!(told, "INVALID_ARGUMENT/EMAIL_INVALID");
    })
    .await;
}

#[tokio::test]
async fn nobodys_email_is_anothers_username() {
    House::each(async |house| {
        let api = &house.api;
        sign_up(api, "mara@example.com", "").await.expect("a new e-mail");
        assert_eq!(refused(sign_up(api, "", "mara@example.com").await), USERNAME_TAKEN);
        assert_eq!(refused(sign_up(api, "", "Mara@Example.com").await), USERNAME_TAKEN);
        sign_up(api, "", "Olek@Example.com").await.expect("nobody's e-mail yet");
        assert_eq!(refused(sign_up(api, "olek@example.com", "").await), EMAIL_TAKEN);
        sign_up(api, "", "bob").await.expect("a new name");
        sign_up(api, "", "Bob").await.expect("names are compared exactly");
        assert_eq!(refused(sign_up(api, "", "bob").await), USERNAME_TAKEN);

        let both = sign_up(api, "both@example.com", "both").await.expect("an account with two handles");
        for handle in ["both@example.com", "both"] {
            assert_eq!(log_in(api, handle, PASSWORD).await.expect("a login").id, both.id);
        }
    })
    .await;
}

#[tokio::test]
async fn of_those_who_take_one_handle_at_once_one_gets_it() {
    House::each(async |house| {
        let email = |n: usize| if n.is_multiple_of(2) { "same@example.com" } else { "" };
        let username = |n: usize| if n.is_multiple_of(2) { "" } else { "same@example.com" };
        let made = join_all((0..8).map(|n| sign_up(&house.api, email(n), username(n)))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
        for outcome in made.into_iter().filter(Result::is_err) {
            let told = refused(outcome);
            assert!([EMAIL_TAKEN, USERNAME_TAKEN].contains(&&*told), "{told}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_username_stays_taken_and_an_email_becomes_free() {
    House::each(async |house| {
        let api = &house.api;
        let account = sign_up(api, "mara@example.com", "mara").await.expect("an account");
        let mara = log_in(api, "mara", PASSWORD).await.expect("a login");
        let change = |email: &str| ChangeEmailRequest { email: email.to_owned() };
        mara.calls.accounts().change_email(change("mara2@example.com")).await.expect("another e-mail");
        sign_up(api, "mara@example.com", "").await.expect("free again");
        assert_eq!(
            refused(mara.calls.accounts().change_email(change("mara@example.com")).await),
            EMAIL_TAKEN
        );
        let request = DeleteAccountRequest { id: account.id };
        root(api).await.calls.accounts().delete_account(request).await.expect("gone");
        assert_eq!(refused(sign_up(api, "", "mara").await), USERNAME_TAKEN);
        sign_up(api, "mara2@example.com", "").await.expect("free again");
        assert_eq!(
            refused(tokens::access(api, "mara", PASSWORD).await),
            "UNAUTHENTICATED/CREDENTIALS_INVALID"
        );
    })
    .await;
}

async fn with_any(api: &Api, username: &str, password: &str) -> String {
    let request = SignUpRequest {
        username: username.into(),
        password: password.into(),
        rule: PasswordRule::Any.into(),
        ..SignUpRequest::default()
    };
    verdict(patiently(async || api.anonymous().accounts().sign_up(request.clone()).await).await)
}

#[tokio::test]
async fn clients_that_were_promised_so_choose_any_password() {
    House::each(async |house| {
        let api = &house.api;
        let longest = "x".repeat(1024);
        for (name, password) in [("a", "1"), ("b", " "), ("c", "пароль"), ("d", longest.as_str())] {
            assert_eq!(with_any(api, name, password).await, "OK");
            let token = tokens::access(api, name, password).await.expect("a token");
            assert_eq!(tokens::state(api, &token).await, "OK");
        }
        for password in ["", &format!("{longest}x")] {
            assert_eq!(with_any(api, "e", password).await, "INVALID_ARGUMENT/PASSWORD_LENGTH");
        }
        let mara = log_in(api, "a", "1").await.expect("a login");
        let change = async |password: &str, current: &str, rule: PasswordRule| {
            let request = ChangePasswordRequest {
                password: password.into(),
                current_password: current.into(),
                rule: rule.into(),
            };
            verdict(mara.calls.accounts().change_password(request).await)
        };
        assert_eq!(change("2", "", PasswordRule::Strong).await, "INVALID_ARGUMENT/PASSWORD_LENGTH");
        assert_eq!(change("2", "wrong", PasswordRule::Any).await, "UNAUTHENTICATED/CREDENTIALS_INVALID");
        assert_eq!(change("2", "1", PasswordRule::Any).await, "OK");
        assert_eq!(verdict(log_in(api, "a", "2").await), "OK");
    })
    .await;
}

#[tokio::test]
async fn an_operator_can_ask_them_too_for_a_good_one() {
    House::each_as(&Plan::default().with("ATALAYA_ANY_PASSWORDS", "off"), async |house| {
        assert_eq!(with_any(&house.api, "a", "1").await, "INVALID_ARGUMENT/PASSWORD_LENGTH");
        assert_eq!(with_any(&house.api, "a", PASSWORD).await, "OK");
    })
    .await;
}
