//! How long tokens live, by a clock that tests move.

use std::time::Duration;

use atalaya_tests::{
    indoors::Indoors,
    rest::{Answer, Ask},
    wait::until,
};

use super::client::rsa_key_file;

const HOUR: Duration = Duration::from_hours(1);
/// How close a look is.
const MOMENT: Duration = Duration::from_secs(2);

/// Sends it again for as long as the services have no hand free to hash a password.
async fn send(house: &Indoors, ask: impl Fn() -> Ask) -> Answer {
    until("a hand that hashes", async || Some(house.send(ask()).await).filter(|answer| answer.status != 429))
        .await
}

/// The token of somebody new.
async fn newcomer(house: &Indoors) -> String {
    let fields = [("user", "mara"), ("pass", "x")];
    let _made = send(house, || house.rest().post("/user").url_encoded(&fields)).await.expect(201);
    log_in(house).await
}

async fn log_in(house: &Indoors) -> String {
    let fields = [("user", "mara"), ("pass", "x")];
    send(house, || house.rest().get("/token").url_encoded(&fields)).await.expect(200).text().to_owned()
}

async fn refresh_token(house: &Indoors, access: &str) -> String {
    house.send(house.rest().get("/refresh_token").bearer(access)).await.expect(200).text().to_owned()
}

async fn refresh(house: &Indoors, token: &str) -> Answer {
    house.send(house.rest().get("/token").url_encoded(&[("user", token)])).await
}

async fn check(house: &Indoors, token: &str) -> u16 {
    house.send(house.rest().get("/check").url_encoded(&[("access_token", token)])).await.status
}

#[tokio::test]
async fn access_tokens_last_20_hours_and_refresh_tokens_30_days_whatever_signs_them() {
    let file = rsa_key_file();
    let families = [
        vec!["--token-algorithm", "EdDSA"],
        vec!["--token-algorithm", "HS256"],
        vec!["--token-algorithm", "RS256", "--token-key-file", &file],
        vec!["--token-algorithm", "ES512"],
    ];
    for flags in families {
        Indoors::each_as(&flags, async |house| {
            let access = newcomer(house).await;
            let refresher = refresh_token(house, &access).await;
            house.clock.advance((HOUR * 20).saturating_sub(MOMENT));
            assert_eq!(check(house, &access).await, 200, "{flags:?}");
            house.clock.advance(MOMENT);
            assert_eq!(check(house, &access).await, 400, "{flags:?}");
            let me = house.send(house.rest().get("/user").bearer(&access)).await;
            assert_eq!(me.status, 204, "{flags:?}");
            let guarded = house.send(house.rest().get("/refresh_token").bearer(&access)).await;
            assert_eq!(guarded.status, 401, "{flags:?}");

            house.clock.advance((HOUR * (30 * 24 - 20)).saturating_sub(MOMENT));
            let last = refresh(house, &refresher).await.expect(200).text().to_owned();
            assert_eq!(check(house, &last).await, 200, "{flags:?}");
            house.clock.advance(MOMENT);
            assert_eq!(refresh(house, &refresher).await.status, 400, "{flags:?}");
            assert_eq!(check(house, &last).await, 400, "no access token outlives what it was got with");
        })
        .await;
    }
}

#[tokio::test]
async fn lifetimes_are_settings() {
    Indoors::each_as(&["--access-ttl", "5s", "--refresh-ttl", "10s"], async |house| {
        let access = newcomer(house).await;
        let refresher = refresh_token(house, &access).await;
        house.clock.advance(Duration::from_secs(5));
        assert_eq!(check(house, &access).await, 400);
        assert_eq!(refresh(house, &refresher).await.status, 200);
        house.clock.advance(Duration::from_secs(5));
        assert_eq!(refresh(house, &refresher).await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn fifty_tokens_that_were_revoked_and_have_expired_are_in_nobodys_way() {
    Indoors::each_as(&["--refresh-ttl", "1h"], async |house| {
        let access = newcomer(house).await;
        for _ in 0..50 {
            let token = refresh_token(house, &access).await;
            let fields = [("refresh_token", token.as_str())];
            let ask = house.rest().delete("/refresh_token").bearer(&access).url_encoded(&fields);
            assert_eq!(house.send(ask).await.status, 204);
        }
        house.clock.advance(HOUR * 2);
        let token = refresh_token(house, &access).await;
        assert_eq!(refresh(house, &token).await.status, 200);
        assert_eq!(check(house, &log_in(house).await).await, 200);
    })
    .await;
}
