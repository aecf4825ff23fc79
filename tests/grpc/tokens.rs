//! Access and refresh tokens: what they open, what they say, and what ends them.

use std::time::Duration;

use atalaya_client::Api;
use atalaya_proto::images::v1::ListImagesRequest;
use atalaya_proto::users::v1::{
    ActivateAccountRequest, AuthenticationMethod, ChangeEmailRequest, ChangePasswordRequest,
    CheckTokenRequest, CloseAccountRequest, DeactivateAccountRequest, DeleteAccountRequest,
    EndAllSessionsRequest, RevokeRefreshTokenRequest, TokenClaims, TokenType,
};
use atalaya_tests::{
    House, Person,
    indoors::Indoors,
    people::{PASSWORD, root, user},
    pictures, raw, refused, tokens, verdict,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tonic::Status;

const ENDED: &str = "UNAUTHENTICATED/NOT_AUTHENTICATED";
const INVALID: &str = "INVALID_ARGUMENT/TOKEN_INVALID";
const WRONG_TYPE: &str = "INVALID_ARGUMENT/TOKEN_TYPE_WRONG";
const NO_PASSWORD: &str = "PERMISSION_DENIED/PASSWORD_LOGIN_REQUIRED";

async fn check(api: &Api, token: &str) -> Result<TokenClaims, Status> {
    let request = CheckTokenRequest { access_token: token.to_owned() };
    Ok(api.anonymous().tokens().check_token(request).await?.into_inner().claims.expect("claims"))
}

async fn revoke(person: &Person, refresh_token: &str) -> String {
    let request = RevokeRefreshTokenRequest { refresh_token: refresh_token.to_owned() };
    verdict(person.calls.tokens().revoke_refresh_token(request).await)
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&BASE64.decode(text).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn an_access_token_opens_doors_and_says_what_is_documented() {
    House::each(async |house| {
        let mara = tokens::named(&house.api, "Mara Ü").await;
        assert_eq!(tokens::state(&house.api, &mara.token).await, "OK");
        let claims = part(&mara.token, 1);
        assert_eq!((&claims["user"], &claims["token_type"]), (&json!("Mara Ü"), &json!("access_token")));
        assert_eq!(claims["authentication_method"], "password");
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("atalaya"), &json!(mara.id)));
        let lasts = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
        assert!((72_000 - 1..=72_000).contains(&lasts), "{lasts}");
        assert_eq!(part(&mara.token, 0)["alg"], "EdDSA");

        let told = check(&house.api, &mara.token).await.expect("good");
        assert_eq!((told.user.as_str(), told.account_id.as_str()), ("Mara Ü", mara.id.as_str()));
        assert_eq!(told.token_type(), TokenType::Access);
        assert_eq!(told.authentication_method(), AuthenticationMethod::Password);
        assert_eq!((told.id, told.session_id), (text(&claims["jti"]), text(&claims["sid"])));

        let olek = house.user("Olek").await;
        let token = tokens::access(&house.api, &olek.email.to_uppercase(), PASSWORD).await.expect("a token");
        assert_eq!(part(&token, 1)["user"], olek.email.as_str(), "who has no username is called by e-mail");
    })
    .await;
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_refresh_token_gets_access_tokens_until_it_is_revoked() {
    House::each(async |house| {
        let api = &house.api;
        let mara = tokens::named(api, "mara").await;
        let refresh = tokens::refresh(&mara).await.expect("a refresh token");
        let uid = part(&refresh, 1)["uid"].clone();
        assert_eq!(uid, mara.id.replace('-', ""));
        let [first, second] = [(); 2].map(|()| tokens::refreshed(api, &refresh));
        let (first, second) = (first.await.expect("a token"), second.await.expect("another"));
        assert_ne!(first, second);
        assert_eq!(part(&first, 1)["authentication_method"], "refresh_token");
        assert_eq!(tokens::state(api, &first).await, "OK");

        let olek = tokens::named(api, "olek").await;
        assert_eq!(revoke(&olek, &refresh).await, INVALID, "not his to revoke");
        assert_eq!(revoke(&tokens::again(api, &mara, &first), &refresh).await, "OK");
        assert_eq!(revoke(&mara, &refresh).await, "OK", "again is as good as once");
        assert_eq!(refused(tokens::refreshed(api, &refresh).await), INVALID);
        for got in [&first, &second] {
            assert_eq!(tokens::state(api, got).await, ENDED);
        }
        assert_eq!(tokens::state(api, &mara.token).await, "OK", "its own session lives on");
    })
    .await;
}

#[tokio::test]
async fn what_needs_a_password_is_not_had_with_a_refresh_token() {
    House::each(async |house| {
        let mara = tokens::named(&house.api, "mara").await;
        let refresh = tokens::refresh(&mara).await.expect("a refresh token");
        let token = tokens::refreshed(&house.api, &refresh).await.expect("a token");
        let mara = tokens::again(&house.api, &mara, &token);
        assert_eq!(refused(tokens::refresh(&mara).await), NO_PASSWORD);
        let request = ChangePasswordRequest { password: "an entirely new one".into(), ..Default::default() };
        assert_eq!(refused(mara.calls.accounts().change_password(request).await), NO_PASSWORD);
        assert_eq!(refused(mara.calls.accounts().close_account(CloseAccountRequest {}).await), NO_PASSWORD);
        let request = DeleteAccountRequest { id: mara.id.clone() };
        assert_eq!(refused(mara.calls.accounts().delete_account(request).await), NO_PASSWORD);
        let request = ChangeEmailRequest { email: "mara@example.com".to_owned() };
        assert_eq!(refused(mara.calls.accounts().change_email(request).await), NO_PASSWORD);
        assert_eq!(tokens::state(&house.api, &token).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_for_its_own_purpose_only() {
    House::each(async |house| {
        let api = &house.api;
        let (mara, olek) = (tokens::named(api, "mara").await, house.user("Olek").await);
        let refresh = tokens::refresh(&mara).await.expect("a refresh token");
        let (_, rotating) = tokens::pair(api, "mara").await.expect("a pair");
        assert_eq!(refused(check(api, &refresh).await), WRONG_TYPE);
        assert_eq!(refused(tokens::refreshed(api, &mara.token).await), WRONG_TYPE);
        assert_eq!(revoke(&mara, &mara.token).await, WRONG_TYPE);
        for bearer in [&refresh, &rotating] {
            assert_eq!(tokens::state(api, bearer).await, ENDED);
        }
        for other in [&olek.token, &rotating] {
            assert_eq!(refused(check(api, other).await), INVALID);
            assert_eq!(refused(tokens::refreshed(api, other).await), INVALID);
        }
        for other in [&mara.token, &refresh, &olek.token] {
            assert_eq!(refused(tokens::rotated(api, other).await), INVALID);
        }
    })
    .await;
}

#[tokio::test]
async fn tokens_end_when_they_said_they_would() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = tokens::named(api, "mara").await;
        let refresh = tokens::refresh(&mara).await.expect("a refresh token");
        house.clock.advance(Duration::from_hours(20) - Duration::from_secs(2));
        assert_eq!(tokens::state(api, &mara.token).await, "OK");
        house.clock.advance(Duration::from_secs(3));
        assert_eq!(tokens::state(api, &mara.token).await, ENDED);
        assert_eq!(refused(check(api, &mara.token).await), INVALID);
        house.clock.advance(Duration::from_hours(24 * 29));
        let late = tokens::refreshed(api, &refresh).await.expect("a token");
        house.clock.advance(Duration::from_hours(4) - Duration::from_secs(3));
        assert_eq!(tokens::state(api, &late).await, "OK");
        house.clock.advance(Duration::from_secs(3));
        assert_eq!(refused(tokens::refreshed(api, &refresh).await), INVALID);
        assert_eq!(tokens::state(api, &late).await, ENDED, "no longer than what it was got with");
        house.clock.set(house.now() - Duration::from_hours(24 * 365));
        assert_eq!(tokens::state(api, &late).await, ENDED, "not good yet");
    })
    .await;
}

/// Every kind of token of somebody, and a login.
async fn everything(api: &Api, person: &Person, user: &str) -> Vec<String> {
    let refresh = tokens::refresh(person).await.expect("a refresh token");
    let refreshed = tokens::refreshed(api, &refresh).await.expect("a token");
    let (short, _) = tokens::pair(api, user).await.expect("a pair");
    vec![person.token.clone(), refreshed, short, tokens::access(api, user, PASSWORD).await.expect("a token")]
}

#[tokio::test]
async fn all_that_one_is_logged_in_with_ends_at_once() {
    House::each(async |house| {
        let api = &house.api;
        let root = root(api).await;
        for n in 0..5 {
            let name = format!("mara {n}");
            let mara = tokens::named(api, &name).await;
            let all = everything(api, &mara, &name).await;
            let id = mara.id.clone();
            let done = match n {
                0 => {
                    let password = "an entirely new passphrase".to_owned();
                    let request = ChangePasswordRequest { password, ..Default::default() };
                    verdict(mara.calls.accounts().change_password(request).await)
                }
                1 => verdict(root.calls.accounts().deactivate_account(DeactivateAccountRequest { id }).await),
                2 => verdict(mara.calls.accounts().delete_account(DeleteAccountRequest { id }).await),
                3 => verdict(mara.calls.accounts().close_account(CloseAccountRequest {}).await),
                _ => verdict(mara.calls.sessions().end_all_sessions(EndAllSessionsRequest::default()).await),
            };
            assert_eq!(done, "OK", "{n}");
            for token in &all {
                assert_eq!(tokens::state(api, token).await, ENDED, "{n}");
                assert_eq!(refused(check(api, token).await).rsplit('/').next(), Some(gone(n)), "{n}");
            }
        }
    })
    .await;
}

/// Who was shut out hears it.
fn gone(way: usize) -> &'static str {
    if [1, 3].contains(&way) { "ACCOUNT_INACTIVE" } else { "TOKEN_INVALID" }
}

#[tokio::test]
async fn a_closed_account_keeps_its_name_and_nothing_else() {
    House::each(async |house| {
        let api = &house.api;
        let mara = tokens::named(api, "mara").await;
        mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await;
        let refresh = tokens::refresh(&mara).await.expect("a refresh token");
        assert_eq!(verdict(mara.calls.accounts().close_account(CloseAccountRequest {}).await), "OK");
        let inactive = "UNAUTHENTICATED/ACCOUNT_INACTIVE";
        assert_eq!(refused(tokens::access(api, "mara", PASSWORD).await), inactive);
        assert_eq!(refused(tokens::refreshed(api, &refresh).await), inactive);
        assert_eq!(
            refused(tokens::access(api, "mara", "a wrong one entirely").await),
            "UNAUTHENTICATED/CREDENTIALS_INVALID"
        );
        let request = ActivateAccountRequest { id: mara.id.clone() };
        root(api).await.calls.accounts().activate_account(request).await.expect("an admin lets her in again");
        let token = tokens::access(api, "mara", PASSWORD).await.expect("a token");
        let mara = tokens::again(api, &mara, &token);
        let images = mara.calls.images().list_images(ListImagesRequest::default()).await;
        assert_eq!(images.expect("a list").into_inner().total_size, 0);
    })
    .await;
}

#[tokio::test]
async fn a_forged_token_opens_nothing_whatever_it_says() {
    House::each(async |house| {
        let api = &house.api;
        let mara = tokens::named(api, "mara").await;
        let parts: Vec<&str> = mara.token.split('.').collect();
        let encoded = |value: Value| BASE64.encode(value.to_string());
        let header = |change: Value| {
            let mut header = part(&mara.token, 0);
            header.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            encoded(header)
        };
        let claims = |name: &str, value: Value| {
            let mut claims = part(&mara.token, 1);
            claims[name] = value;
            encoded(claims)
        };
        let with_header = |change| format!("{}.{}.{}", header(change), parts[1], parts[2]);
        let with_claims = |name, value| format!("{}.{}.{}", parts[0], claims(name, value), parts[2]);
        for forged in [
            format!("{}.{}.", header(json!({"alg": "none"})), parts[1]),
            with_header(json!({"alg": "none"})),
            with_header(json!({"alg": "HS256"})),
            with_header(json!({"alg": "ES256"})),
            with_header(json!({"kid": "another"})),
            with_header(json!({"kid": ""})),
            with_header(json!({"crit": ["exp"]})),
            with_header(json!({"typ": "at+jwt"})),
            with_claims("user", json!("root")),
            with_claims("exp", json!(u64::MAX)),
            with_claims("sub", json!("00000000-0000-0000-0000-000000000000")),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.{}.{}", parts[0], parts[1], parts[2], parts[2]),
            format!("{} ", mara.token.to_uppercase()),
            "A".repeat(12_000),
            "..".to_owned(),
            "null".to_owned(),
        ] {
            let own = "/atalaya.users.v1.AccountService/GetOwnAccount";
            let told = verdict(raw::call(&house.channel, own, Some(&forged), vec![Bytes::new()]).await.end);
            assert_eq!(told, ENDED, "{forged}");
            assert_eq!(refused(check(api, &forged).await), INVALID, "{forged}");
        }
        assert_eq!(refused(check(api, &"é".repeat(20_000)).await), INVALID);
        assert_eq!(tokens::state(api, &mara.token).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn a_login_that_was_under_way_does_not_outlive_a_new_password() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let request = ChangePasswordRequest { password: "an entirely new one".into(), ..Default::default() };
        let mut logins: FuturesUnordered<_> =
            (0..8).map(|_| tokens::access(&house.api, &mara.email, PASSWORD)).collect();
        // The rest of them are under way when one has got through.
        let first = logins.next().await.expect("a login").expect("the password is right until it changes");
        let mut accounts = mara.calls.accounts();
        let changed = accounts.change_password(request);
        let (changed, rest) = futures::future::join(changed, logins.collect::<Vec<_>>()).await;
        assert_eq!(verdict(changed), "OK");
        for token in std::iter::once(first).chain(rest.into_iter().flatten()) {
            assert_eq!(tokens::state(&house.api, &token).await, ENDED);
        }
    })
    .await;
}
