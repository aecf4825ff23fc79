//! What time does to sessions and keys, with a clock that a test sets.

use std::time::Duration;

use atalaya_proto::{
    IDEMPOTENCY_HEADER, SESSION_HEADER,
    images::v1::RotateImageRequest,
    users::v1::{GetOwnAccountRequest, GetOwnAccountResponse},
};
use atalaya_tests::{
    Person,
    indoors::Indoors,
    people::{root, user},
    pictures, refused, verdict,
};
use futures::future::join_all;
use tonic::{Response, Status};

/// How long an unused session lasts by default.
const LIFE: Duration = Duration::from_mins(5);
/// The last second of it, when a call renews the session.
const LATE: Duration = Duration::from_secs(299);
/// A moment, by which things are in time or not.
const MOMENT: Duration = Duration::from_millis(1);
/// A moment before the last fifth of a session's life.
const BEFORE_DUE: Duration = Duration::from_millis(239_999);

async fn own(person: &Person) -> Result<Response<GetOwnAccountResponse>, Status> {
    person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await
}

/// The token that an answer brings in place of the one that was sent.
fn renewed(answer: &Response<GetOwnAccountResponse>) -> Option<String> {
    answer.metadata().get(SESSION_HEADER).map(|token| token.to_str().expect("ASCII").to_owned())
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        house.clock.advance(Duration::from_millis(299_999));
        let elsewhere = user(&house.api, "Olek").await;
        house.clock.advance(MOMENT);
        assert_eq!(refused(own(&mara).await), "UNAUTHENTICATED/NOT_AUTHENTICATED");
        assert_eq!(verdict(own(&elsewhere).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn a_session_is_renewed_in_its_last_fifth_and_lives_on() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        house.clock.advance(BEFORE_DUE);
        assert_eq!(renewed(&own(&mara).await.expect("still good")), None);
        house.clock.advance(MOMENT);
        let token = renewed(&own(&mara).await.expect("still good")).expect("a new token");
        assert_ne!(token, mara.token);
        assert_eq!(mara.calls.credentials().and_then(atalaya_client::Credentials::renewed), Some(token));

        for _ in 0..10 {
            house.clock.advance(LATE);
            assert!(renewed(&own(&mara).await.expect("it is used")).is_some());
        }
        house.clock.advance(LIFE);
        assert_eq!(refused(own(&mara).await), "UNAUTHENTICATED/NOT_AUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn of_many_calls_that_find_a_session_due_none_is_refused_and_one_renews_it() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        house.clock.advance(LATE);
        let answers = join_all((0..8).map(|_| own(&mara))).await;
        let renewals: Vec<_> =
            answers.iter().filter_map(|answer| renewed(answer.as_ref().expect("good"))).collect();
        assert_eq!(renewals.len(), 1, "{renewals:?}");
        // Whoever missed the new token still gets along with the old one.
        let old = house.api.with(atalaya_client::Credentials::bearer(&mara.token).expect("a token"));
        house.clock.advance(Duration::from_secs(30));
        assert_eq!(verdict(old.accounts().get_own_account(GetOwnAccountRequest {}).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn a_renewed_session_comes_back_as_a_cookie_to_whoever_came_with_one() {
    Indoors::each(async |house| {
        let (mara, olek) = (user(&house.api, "Mara").await, user(&house.api, "Olek").await);
        let me = async |token: &str| house.send(house.rest().get("/api/v1/auth/me/").cookie(token)).await;
        assert_eq!(me(&mara.token).await.expect(200).set_token(), None);
        house.clock.advance(LATE);
        let with_header = house.rest().get("/api/v1/auth/me/").bearer(&olek.token);
        assert_eq!(house.send(with_header).await.expect(200).set_token(), None);

        let token = me(&mara.token).await.expect(200).set_token().expect("a new cookie");
        house.clock.advance(LATE);
        assert!(me(&token).await.expect(200).set_token().is_some());
        house.clock.advance(LIFE);
        let late = me(&token).await.expect(401);
        assert_eq!(late.description(), "Not authenticated.");
        assert_eq!(late.set_token(), None);
    })
    .await;
}

#[tokio::test]
async fn logging_out_and_a_new_password_clear_the_cookie_even_when_it_was_due() {
    Indoors::each(async |house| {
        for (path, body) in [
            ("/api/v1/auth/logout/", serde_json::Value::Null),
            ("/api/v1/user/password/", serde_json::json!({ "password": "an entirely new passphrase" })),
        ] {
            let mara = user(&house.api, "Mara").await;
            house.clock.advance(LATE);
            let method = if body.is_null() { "POST" } else { "PATCH" };
            let ask = house.rest().ask(method, path).cookie(&mara.token);
            let answer = house.send(if body.is_null() { ask } else { ask.json(&body) }).await.expect(204);
            assert_eq!(answer.set_token().as_deref(), Some(""), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_no_session() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        house.clock.set(house.now() - Duration::from_hours(1));
        assert_eq!(verdict(own(&mara).await), "OK");
        assert_eq!(verdict(own(&root(&house.api).await).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn an_idempotency_key_stands_for_its_task_for_a_day() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await;
        let ask = async |person: &Person| {
            let name = IDEMPOTENCY_HEADER.parse().expect("a name");
            let calls = person.calls.clone().carrying(name, "key-of-the-day".parse().expect("a value"));
            let request = RotateImageRequest { id: image.id.clone(), angle: 90 };
            calls.images().rotate_image(request).await.expect("queued").into_inner().task.expect("a task").id
        };
        let first = ask(&mara).await;
        assert_eq!(ask(&mara).await, first);
        house.clock.advance(Duration::from_secs(86_399));
        let mara = atalaya_tests::people::log_in(&house.api, &mara.email, atalaya_tests::people::PASSWORD);
        let mara = mara.await.expect("a new session");
        assert_eq!(ask(&mara).await, first);
        house.clock.advance(Duration::from_secs(1));
        assert_ne!(ask(&mara).await, first);
    })
    .await;
}
