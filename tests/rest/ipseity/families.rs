//! What upstream's own tests ask, with every family of algorithms (facts 3.8).

use atalaya_tests::{House, rest::Rest};
use serde_json::Value;

use super::client::{
    PASS, check, error_name, families, log_in, newcomer, part, refresh, refresh_token, revoke, sign_up,
};

/// Runs a test on a house for each family, each database.
async fn each(test: impl AsyncFn(Rest, &str)) {
    for (family, plan) in families() {
        eprintln!("with {family}");
        House::each_as(&plan, async |house| test(house.rest, family).await).await;
    }
}

#[tokio::test]
async fn the_version_and_the_key_are_told_and_tokens_name_the_key() {
    each(async |rest, family| {
        assert_eq!(rest.get("/version").send().await.expect(200).json()["version"], "0.5.1");
        let header: Value = serde_json::from_str(&part(&newcomer(rest, "mara").await, 0)).expect("json");
        assert_eq!(header["alg"], family);
        let set = rest.get("/.well-known/jwks.json").send().await.expect(200).json();
        let keys = set["keys"].as_array().expect("keys");
        if family == "HS256" {
            assert!(keys.is_empty(), "{set}");
            assert_eq!(rest.get("/pubkey").send().await.status, 404);
            return;
        }
        assert_eq!((&keys[0]["kid"], &keys[0]["alg"]), (&header["kid"], &header["alg"]));
        assert!(keys[0].get("d").is_none(), "{set}");
        let key = rest.get("/pubkey").send().await.expect(200);
        assert!(key.text().starts_with("-----BEGIN PUBLIC KEY-----\n"), "{}", key.text());
    })
    .await;
}

#[tokio::test]
async fn who_signs_up_logs_in_and_hears_what_the_token_says() {
    each(async |rest, _| {
        let token = newcomer(rest, "mara").await;
        assert_eq!(error_name(&sign_up(rest, "mara", "y").await.expect(403)), "UserAlreadyExistsError");
        let wrong = log_in(rest, "mara", "y").await.expect(404);
        assert_eq!(wrong.body, log_in(rest, "nobody", "y").await.expect(404).body);

        let payload = part(&token, 1);
        assert_eq!(check(rest, &token).await.expect(200).text(), payload);
        assert_eq!(rest.get("/user").bearer(&token).send().await.expect(200).text(), payload);
        let by_form = rest.get("/user").url_encoded(&[("access_token", &token)]).send().await;
        assert_eq!(by_form.expect(200).text(), payload);
        let claims: Value = serde_json::from_str(&payload).expect("json");
        assert_eq!((&claims["user"], &claims["token_type"]), (&"mara".into(), &"access_token".into()));
        assert_eq!(claims["authentication_method"], "password");
        let lasts = claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(exp, iat)| exp - iat);
        assert_eq!(lasts, Some(20 * 60 * 60));
    })
    .await;
}

#[tokio::test]
async fn a_password_changes_and_an_account_is_left_and_no_token_outlives_either() {
    each(async |rest, _| {
        let before = newcomer(rest, "mara").await;
        let changed =
            rest.patch("/user").bearer(&before).url_encoded(&[("pass", "y")]).send().await.expect(200);
        assert!(changed.body.is_empty());
        assert_eq!(log_in(rest, "mara", PASS).await.status, 404);
        assert_eq!(rest.get("/user").bearer(&before).send().await.status, 204);

        let token = log_in(rest, "mara", "y").await.expect(200).text().to_owned();
        let refresher = refresh_token(rest, &token).await;
        assert_eq!(rest.delete("/user").bearer(&token).send().await.status, 204);
        assert_eq!(rest.delete("/user").bearer(&token).send().await.status, 401);
        assert_eq!(check(rest, &token).await.status, 400);
        assert_eq!(error_name(&log_in(rest, "mara", "y").await.expect(403)), "UserDeactivatedError");
        assert_eq!(log_in(rest, "mara", "z").await.status, 404);
        assert_eq!(refresh(rest, &refresher).await.status, 403);
        assert_eq!(sign_up(rest, "mara", "z").await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_got_used_often_and_revoked_once_and_for_all() {
    each(async |rest, _| {
        let (mara, olek) = (newcomer(rest, "mara").await, newcomer(rest, "olek").await);
        let token = refresh_token(rest, &mara).await;
        let claims: Value = serde_json::from_str(&part(&token, 1)).expect("json");
        assert_eq!((&claims["user"], &claims["token_type"]), (&"mara".into(), &"refresh_token".into()));
        assert_eq!(claims["uid"].as_str().map(str::len), Some(32));
        assert_ne!(token, refresh_token(rest, &mara).await, "no two are the same, in one second either");

        let access = refresh(rest, &token).await.expect(200).text().to_owned();
        assert_eq!(refresh(rest, &token).await.status, 200);
        assert!(part(&access, 1).contains("\"authentication_method\":\"refresh_token\""));
        assert_eq!(check(rest, &access).await.status, 200);

        assert_eq!(revoke(rest, &olek, &token).await.status, 400, "somebody else's");
        assert_eq!(revoke(rest, &mara, &mara).await.status, 400, "an access token");
        assert_eq!(revoke(rest, &mara, "garbage").await.status, 400);
        assert_eq!(revoke(rest, &access, &token).await.status, 204);
        assert_eq!(refresh(rest, &token).await.status, 400);
        assert_eq!(revoke(rest, &mara, &token).await.status, 204, "again");
        assert_eq!(check(rest, &access).await.status, 400, "what it got has ended with it");
    })
    .await;
}

#[tokio::test]
async fn each_type_of_token_opens_its_own_doors_only() {
    each(async |rest, _| {
        let access = newcomer(rest, "mara").await;
        let refresh_only = refresh_token(rest, &access).await;
        let second = refresh(rest, &refresh_only).await.expect(200).text().to_owned();
        for (method, path) in [("GET", "/refresh_token"), ("PATCH", "/user"), ("DELETE", "/user")] {
            let status = async |ask: atalaya_tests::rest::Ask| ask.send().await.status;
            assert_eq!(status(rest.ask(method, path).bearer(&second)).await, 403, "{method} {path}");
            assert_eq!(status(rest.ask(method, path).bearer(&refresh_only)).await, 401, "{method} {path}");
            assert_eq!(status(rest.ask(method, path)).await, 401, "{method} {path}");
        }
        assert_eq!(error_name(&check(rest, &refresh_only).await.expect(400)), "TokenTypeError");
        assert_eq!(error_name(&refresh(rest, &access).await.expect(400)), "TokenTypeError");
        assert_eq!(rest.get("/user").bearer(&refresh_only).send().await.status, 204);
        assert_eq!(rest.get("/user").send().await.status, 204);
        assert_eq!(rest.get("/user").bearer("garbage").send().await.status, 204);
    })
    .await;
}
