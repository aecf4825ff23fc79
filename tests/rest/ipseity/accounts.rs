//! One account behind several APIs.

use atalaya_client::Credentials;
use atalaya_proto::users::v1::{
    CreatePersonalTokenRequest, CreateTokenPairRequest, DeactivateAccountRequest, GetOwnAccountRequest,
};
use atalaya_tests::{
    House, Plan,
    people::{self, PASSWORD},
};
use serde_json::json;

use super::client::{PASS, check, error_name, log_in, newcomer, patiently, refresh, refresh_token, sign_up};

const ME: &str = "/api/v1/auth/me/";

#[tokio::test]
async fn an_access_token_opens_pixerase_and_grpc_and_a_refresh_token_nothing() {
    House::each(async |house| {
        let token = newcomer(house.rest, "Mara Vega").await;
        let me = house.rest.get(ME).bearer(&token).send().await.expect(200).json();
        assert_eq!((&me["email"], &me["name"]), (&json!(""), &json!("Mara Vega")));
        for path in ["/api/v1/user/", "/api/v1/user/?limit=1"] {
            assert_eq!(house.rest.get(path).bearer(&token).send().await.status, 200, "{path}");
        }
        let calls = house.api.with(Credentials::bearer(&token).expect("a token"));
        let own = calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("an account");
        let account = own.into_inner().account.expect("an account");
        assert_eq!(
            (account.username.as_str(), account.id.as_str()),
            ("Mara Vega", me["id"].as_str().expect("id"))
        );
        let refresher = refresh_token(house.rest, &token).await;
        assert_eq!(house.rest.get(ME).bearer(&refresher).send().await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn each_credential_opens_the_doors_that_the_readme_says() {
    House::each(async |house| {
        let (rest, mara) = (house.rest, house.user("Mara").await);
        let access = log_in(rest, &mara.email, PASSWORD).await.expect(200).text().to_owned();
        let refresher = refresh_token(rest, &access).await;
        let login = CreateTokenPairRequest { user: mara.email.clone(), password: PASSWORD.to_owned() };
        let pair =
            people::patiently(async || house.anonymous().tokens().create_token_pair(login.clone()).await);
        let rotating = pair.await.expect("a pair").into_inner().refresh_token.expect("a token").token;
        let personal = CreatePersonalTokenRequest {
            name: "A script".to_owned(),
            scopes: vec!["*:write".to_owned()],
            lifetime: None,
        };
        let personal = mara.calls.personal_tokens().create_personal_token(personal).await.expect("a token");
        let personal = personal.into_inner().token;
        let session = mara.calls.credentials().and_then(Credentials::renewed).unwrap_or(mara.token.clone());
        // gRPC, PixErase, and at ipseity: getting a refresh token, what one's token says, a check of it.
        for (name, token, expected) in [
            ("session", &session, (true, 200, [200, 204, 400])),
            ("access", &access, (true, 200, [200, 200, 200])),
            ("refresh", &refresher, (false, 401, [401, 204, 400])),
            ("rotating", &rotating, (false, 401, [401, 204, 400])),
            ("personal", &personal, (true, 200, [403, 204, 400])),
        ] {
            let calls = house.api.with(Credentials::bearer(token).expect("a token"));
            let grpc = calls.accounts().get_own_account(GetOwnAccountRequest {}).await.is_ok();
            let pixerase = rest.get(ME).bearer(token).send().await.status;
            let ipseity = [
                rest.get("/refresh_token").bearer(token).send().await.status,
                rest.get("/user").bearer(token).send().await.status,
                check(rest, token).await.status,
            ];
            assert_eq!((grpc, pixerase, ipseity), expected, "{name}");
            // Without a new password only who may change it hears that it is missing.
            let missing = rest.patch("/user").bearer(token).send().await.status;
            assert_eq!(missing == 400, ["session", "access"].contains(&name), "{name}: {missing}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_with_an_email_gets_tokens_that_name_it_and_no_one_takes_it_for_a_username() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let token =
            log_in(house.rest, &mara.email.to_uppercase(), PASSWORD).await.expect(200).text().to_owned();
        let told = check(house.rest, &token).await.expect(200).json();
        assert_eq!((&told["user"], &told["sub"]), (&json!(mara.email), &json!(mara.id)));
        let told = sign_up(house.rest, &mara.email, PASS).await.expect(403);
        assert_eq!(error_name(&told), "UserAlreadyExistsError");
    })
    .await;
}

#[tokio::test]
async fn an_account_with_a_username_logs_in_at_pixerase() {
    House::each(async |house| {
        let _made = sign_up(house.rest, "Mara Vega", PASS).await.expect(201);
        let body = json!({ "email": "Mara Vega", "password": PASS });
        let login = patiently(|| house.rest.post("/api/v1/auth/login/").json(&body)).await.expect(204);
        let session = login.set_token().expect("a session");
        assert_eq!(house.rest.get(ME).cookie(&session).send().await.expect(200).json()["name"], "Mara Vega");
    })
    .await;
}

#[tokio::test]
async fn what_ends_sessions_ends_tokens_wherever_it_is_done() {
    House::each(async |house| {
        let (rest, mara) = (house.rest, house.user("Mara").await);
        let token = log_in(rest, &mara.email, PASSWORD).await.expect(200).text().to_owned();
        let refresher = refresh_token(rest, &token).await;
        let change = json!({ "password": "another horse 7 staple" });
        let changed = patiently(|| rest.patch("/api/v1/user/password/").bearer(&token).json(&change)).await;
        assert_eq!(changed.status, 204);
        assert_eq!(check(rest, &token).await.status, 400);
        assert_eq!(refresh(rest, &refresher).await.status, 400);
        assert_eq!(rest.get(ME).cookie(&mara.token).send().await.status, 401);

        let olek = house.user("Olek").await;
        let token = log_in(rest, &olek.email, PASSWORD).await.expect(200).text().to_owned();
        let refresher = refresh_token(rest, &token).await;
        let root = house.root().await;
        let request = DeactivateAccountRequest { id: olek.id.clone() };
        root.calls.accounts().deactivate_account(request).await.expect("deactivated");
        assert_eq!(check(rest, &token).await.status, 400);
        assert_eq!(rest.get("/user").bearer(&token).send().await.status, 204);
        assert_eq!(rest.get("/refresh_token").bearer(&token).send().await.status, 401);
        assert_eq!(error_name(&refresh(rest, &refresher).await.expect(403)), "UserDeactivatedError");
        assert_eq!(log_in(rest, &olek.email, PASSWORD).await.status, 403);
        assert_eq!(log_in(rest, &olek.email, "wrong").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_token_that_comes_along_is_no_hindrance_to_signing_up_or_logging_in() {
    House::each(async |house| {
        let token = newcomer(house.rest, "mara").await;
        for bearer in [token.as_str(), "x.y.z"] {
            let user = format!("friend of {bearer:.9}");
            let fields = [("user", user.as_str()), ("pass", PASS)];
            let made = patiently(|| house.rest.post("/user").url_encoded(&fields).bearer(bearer)).await;
            assert_eq!(made.status, 201);
            let login = patiently(|| house.rest.get("/token").url_encoded(&fields).bearer(bearer)).await;
            assert_eq!(login.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_setting_makes_this_door_as_strict_as_the_others() {
    let plan = Plan::default().with("ATALAYA_ANY_PASSWORDS", "off");
    House::each_as(&plan, async |house| {
        for weak in ["x", "seven77", "12345678"] {
            let told = sign_up(house.rest, "mara", weak).await.expect(400).json();
            assert!(told["message"]["pass"].is_string(), "{weak}: {told}");
        }
        assert_eq!(sign_up(house.rest, "mara", PASSWORD).await.status, 201);
        let token = log_in(house.rest, "mara", PASSWORD).await.expect(200).text().to_owned();
        assert_eq!(house.rest.patch("/user?pass=x").bearer(&token).send().await.status, 400);
    })
    .await;
}
