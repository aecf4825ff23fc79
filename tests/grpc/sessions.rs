//! Sessions: logging in, out, and what ends them.

use atalaya_client::Credentials;
use atalaya_proto::users::v1::{
    CreateSessionRequest, EndSessionRequest, GetOwnAccountRequest, SignUpRequest,
};
use atalaya_tests::{
    House, Person,
    people::{self, PASSWORD, log_in},
    refused, verdict,
    verdict::failure,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

const ENDED: &str = "UNAUTHENTICATED/NOT_AUTHENTICATED";

/// Whether the person's token is still good.
async fn state(person: &Person) -> String {
    verdict(person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await)
}

/// Whether this token is good.
async fn state_of(house: &House, token: &str) -> String {
    let calls = house.api.with(Credentials::bearer(token).expect("a token"));
    verdict(calls.accounts().get_own_account(GetOwnAccountRequest {}).await)
}

#[tokio::test]
async fn a_login_answers_with_a_token_and_whose_it_is() {
    House::each(async |house| {
        let account = people::sign_up(&house.api, "Mara").await;
        let request = CreateSessionRequest { email: account.email.clone(), password: PASSWORD.into() };
        let answer =
            house.anonymous().sessions().create_session(request).await.expect("a login").into_inner();
        assert_eq!(answer.account, Some(account));
        let session = answer.session.expect("a session");
        assert_eq!(state_of(house, &session.token).await, "OK");

        let [_, claims, _] = session.token.split('.').collect::<Vec<_>>()[..] else { panic!("not a JWT") };
        let claims: Value =
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
        let names: Vec<_> = claims.as_object().expect("claims").keys().cloned().collect();
        assert_eq!(names, ["auth_session_id", "exp"]);
        assert_eq!(claims["exp"], session.expire_time.expect("an end").seconds);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_not_told() {
    House::each(async |house| {
        let account = people::sign_up(&house.api, "Mara").await;
        let mut texts = Vec::new();
        for (email, password) in [
            (account.email.as_str(), "wrong horse battery staple"),
            (account.email.as_str(), ""),
            (account.email.as_str(), &"x".repeat(1000)),
            ("nobody@example.com", PASSWORD),
            ("no e-mail at all", PASSWORD),
            ("", ""),
        ] {
            let error = failure(log_in(&house.api, email, password).await);
            assert_eq!(
                verdict(Err::<(), _>(error.clone())),
                "UNAUTHENTICATED/CREDENTIALS_INVALID",
                "{email}"
            );
            assert!(error.metadata.is_empty());
            texts.push(error.message);
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "{texts:?}");
    })
    .await;
}

#[tokio::test]
async fn who_is_shut_out_learns_it_only_with_the_right_password() {
    House::each(async |house| {
        let person = people::deactivated(&house.api).await;
        let told = async |password: &str| refused(log_in(&house.api, &person.email, password).await);
        assert_eq!(told(PASSWORD).await, "UNAUTHENTICATED/ACCOUNT_INACTIVE");
        assert_eq!(told("wrong horse battery staple").await, "UNAUTHENTICATED/CREDENTIALS_INVALID");
    })
    .await;
}

#[tokio::test]
async fn the_doors_are_for_those_outside() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let login = CreateSessionRequest { email: mara.email.clone(), password: PASSWORD.into() };
        let told = refused(mara.calls.sessions().create_session(login).await);
        assert_eq!(told, "PERMISSION_DENIED/ALREADY_AUTHENTICATED");
        let account = SignUpRequest {
            email: "b@example.com".into(),
            name: "B".into(),
            password: PASSWORD.into(),
            ..Default::default()
        };
        let told = refused(mara.calls.accounts().sign_up(account).await);
        assert_eq!(told, "PERMISSION_DENIED/ALREADY_AUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn a_stale_token_is_no_hindrance_at_the_doors() {
    House::each(async |house| {
        for person in [people::logged_out(&house.api).await, house.user("Mara").await] {
            let stale = if state(&person).await == ENDED {
                person.token.clone()
            } else {
                format!("{}x", person.token)
            };
            let calls = house.api.with(Credentials::bearer(&stale).expect("a token"));
            let login = CreateSessionRequest { email: person.email, password: PASSWORD.into() };
            assert_eq!(verdict(calls.sessions().create_session(login).await), "OK");
        }
    })
    .await;
}

#[tokio::test]
async fn logging_out_ends_this_session_and_no_other() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let elsewhere = log_in(&house.api, &mara.email, PASSWORD).await.expect("a second session");
        assert_ne!(mara.token, elsewhere.token);
        mara.calls.sessions().end_session(EndSessionRequest::default()).await.expect("logged out");
        assert_eq!(state(&mara).await, ENDED);
        assert_eq!(refused(mara.calls.sessions().end_session(EndSessionRequest::default()).await), ENDED);
        assert_eq!(state(&elsewhere).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn tokens_that_we_did_not_make_are_refused() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let [header, claims, signature] = mara.token.split('.').collect::<Vec<_>>()[..] else {
            panic!("not a JWT")
        };
        let none = BASE64_URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        let other = BASE64_URL_SAFE_NO_PAD.encode(br#"{"auth_session_id":"AAAA","exp":9999999999}"#);
        let changed = signature.chars().rev().collect::<String>();
        for forged in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
            format!("{header}.{other}.{signature}"),
            format!("{header}.{claims}.{changed}"),
            format!("{header}.{claims}"),
            "nonsense".to_owned(),
            "x".repeat(4000),
        ] {
            assert_eq!(state_of(house, &forged).await, ENDED, "{forged}");
        }
        assert_eq!(state(&mara).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn a_token_of_another_house_opens_nothing() {
    House::each(async |house| {
        let other = House::open(house.backend, &atalaya_tests::Plan::default()).await;
        let stranger = other.user("Stranger").await;
        assert_eq!(state_of(house, &stranger.token).await, ENDED);
        assert_eq!(state(&stranger).await, "OK");
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn tokens_and_passwords_are_in_no_log_line() {
    let plan = atalaya_tests::Plan::default().with("ATALAYA_LOG_LEVEL", "debug");
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        assert_eq!(state(&mara).await, "OK");
        assert_eq!(state_of(house, &format!("{}x", mara.token)).await, ENDED);
        let cookie = house.rest.get("/api/v1/auth/me/").cookie(&mara.token).send().await;
        assert_eq!(cookie.status, 200);
        let said = house.said();
        assert!(said.contains("GetOwnAccount"), "the log is on: {said}");
        assert!(!said.contains(&mara.token) && !said.contains(PASSWORD));
        assert!(!said.contains(mara.token.rsplit('.').next().expect("a signature")));
    })
    .await;
}
