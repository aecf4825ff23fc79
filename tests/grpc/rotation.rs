//! Rotating refresh tokens, and keys that take turns.

use std::{collections::BTreeSet, time::Duration};

use atalaya_client::Api;
use atalaya_proto::users::v1::{
    ListPublicKeysRequest, RotateSigningKeyRequest, SigningKey, SigningKeyState as State,
};
use atalaya_tests::{
    indoors::Indoors,
    people::{root, user},
    refused, tokens, verdict,
};
use futures::future::join_all;

const REUSED: &str = "UNAUTHENTICATED/TOKEN_REUSED";
const INVALID: &str = "INVALID_ARGUMENT/TOKEN_INVALID";
const ENDED: &str = "UNAUTHENTICATED/NOT_AUTHENTICATED";
/// How long after a rotation its answer is given again.
const GRACE: Duration = Duration::from_secs(10);
/// How many sessions race, and how many times each at once.
const SESSIONS: usize = 20;
const RACERS: usize = 8;

#[tokio::test]
async fn parallel_refreshes_get_one_and_the_same_next_token() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = user(api, "Mara").await;
        let pairs = join_all((0..SESSIONS).map(|_| tokens::pair(api, &mara.email))).await;
        for pair in pairs {
            let (_, first) = pair.expect("a pair");
            let answers = join_all((0..RACERS).map(|_| tokens::rotated(api, &first))).await;
            let answers: Vec<_> =
                answers.into_iter().map(|answer| answer.expect("nobody is thrown out")).collect();
            let next: BTreeSet<_> = answers.iter().map(|(_, refresh)| refresh).collect();
            assert_eq!(next.len(), 1, "one step, whoever asks");
            assert!(!next.contains(&first));
            for (access, _) in &answers {
                assert_eq!(tokens::state(api, access).await, "OK");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_that_was_used_up_before_the_last_ends_its_session_and_no_other() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = user(api, "Mara").await;
        let (_, bystander) = tokens::pair(api, &mara.email).await.expect("a pair");
        let (_, first) = tokens::pair(api, &mara.email).await.expect("a pair");
        let (_, second) = tokens::rotated(api, &first).await.expect("the second");
        let (access, third) = tokens::rotated(api, &second).await.expect("the third");
        let again = tokens::rotated(api, &first).await.expect("within the grace of the last rotation");
        assert_eq!(again.1, third);
        house.clock.advance(GRACE);
        let again = tokens::rotated(api, &second).await.expect("the one just used, however late");
        assert_eq!(again.1, third);
        assert_eq!(refused(tokens::rotated(api, &first).await), REUSED);
        assert_eq!(
            refused(tokens::rotated(api, &third).await),
            INVALID,
            "the thief's or the owner's: both end"
        );
        assert_eq!(tokens::state(api, &access).await, ENDED);
        assert_eq!(verdict(tokens::rotated(api, &bystander).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn a_rotating_token_lives_while_it_is_used_and_its_access_tokens_are_short() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = user(api, "Mara").await;
        let (access, mut refresh) = tokens::pair(api, &mara.email).await.expect("a pair");
        house.clock.advance(Duration::from_mins(15));
        assert_eq!(tokens::state(api, &access).await, ENDED);
        for _ in 0..3 {
            house.clock.advance(Duration::from_hours(24 * 29));
            (_, refresh) = tokens::rotated(api, &refresh).await.expect("still used");
        }
        house.clock.advance(Duration::from_hours(24 * 30));
        assert_eq!(refused(tokens::rotated(api, &refresh).await), INVALID);
    })
    .await;
}

async fn keys(api: &Api) -> Vec<SigningKey> {
    api.anonymous()
        .tokens()
        .list_public_keys(ListPublicKeysRequest {})
        .await
        .expect("a list")
        .into_inner()
        .keys
}

fn states(keys: &[SigningKey]) -> Vec<State> {
    keys.iter().map(SigningKey::state).collect()
}

async fn rotate(house: &Indoors, immediately: bool) -> SigningKey {
    let root = root(&house.api).await;
    let made = root.calls.tokens().rotate_signing_key(RotateSigningKeyRequest { immediately }).await;
    made.expect("a super_admin rotates").into_inner().key.expect("a key")
}

#[tokio::test]
async fn a_new_key_is_published_a_day_before_it_signs_and_the_old_one_verifies_on() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = user(api, "Mara").await;
        let signer = async || {
            let token =
                tokens::access(api, &mara.email, atalaya_tests::people::PASSWORD).await.expect("a token");
            (kid(&token), token)
        };
        let (old, before) = signer().await;
        let made = rotate(house, false).await;
        assert_eq!(states(&keys(api).await), [State::Active, State::Pending]);
        house.clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
        assert_eq!(signer().await.0, old);
        house.clock.advance(Duration::from_secs(1));
        let (new, after) = signer().await;
        assert_eq!((new, kid(&before)), (made.kid, old.clone()));
        assert_eq!(states(&keys(api).await), [State::Active, State::Retired]);
        let refresh_with_old = tokens::state(api, &before).await;
        assert_eq!(refresh_with_old, ENDED, "its 20 hours are over");
        assert_eq!(tokens::state(api, &after).await, "OK");
        house.clock.advance(Duration::from_hours(24 * 30));
        assert!(keys(api).await.iter().any(|key| key.kid == old));
        house.clock.advance(Duration::from_mins(2));
        assert_eq!(states(&keys(api).await), [State::Active], "its last token has ended");
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_outlives_the_key_that_signed_it_by_its_own_life() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = tokens::named(api, "mara").await;
        rotate(house, false).await;
        house.clock.advance(Duration::from_hours(19));
        let refresh = tokens::refresh(&mara).await.expect("signed by the old key");
        house.clock.advance(Duration::from_hours(24 * 29));
        assert_eq!(verdict(tokens::refreshed(api, &refresh).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn after_a_leak_the_old_key_is_forgotten_at_once() {
    Indoors::each(async |house| {
        let api = &house.api;
        let mara = tokens::named(api, "mara").await;
        let made = rotate(house, true).await;
        assert_eq!(keys(api).await.iter().map(|key| &key.kid).collect::<Vec<_>>(), [&made.kid]);
        assert_eq!(tokens::state(api, &mara.token).await, ENDED);
        let olek = tokens::named(api, "olek").await;
        assert_eq!((kid(&olek.token), tokens::state(api, &olek.token).await), (made.kid, "OK".to_owned()));
    })
    .await;
}

fn kid(token: &str) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64");
    let header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a name").to_owned()
}
