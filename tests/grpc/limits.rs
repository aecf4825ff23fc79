//! How often the doors open for one address, and what a call may cost.

use std::time::Duration;

use atalaya_client::Api;
use atalaya_proto::users::v1::{GetAccountRequest, GetOwnAccountRequest, SignUpRequest};
use atalaya_tests::{
    House, Plan, contract,
    people::{PASSWORD, ROOT_EMAIL, ROOT_PASSWORD, log_in, user},
    raw, refused, verdict,
    verdict::failure,
    wait::until,
};
use bytes::Bytes;
use futures::stream;
use prost::Message;
use tokio::task::JoinSet;

/// Sign-ups of an address at once, and the time that gives one more.
const SIGN_UPS: (usize, Duration) = (5, Duration::from_mins(12));
/// Logins of an address at once, and the time that gives one more.
const LOGINS: (usize, Duration) = (20, Duration::from_secs(3));

/// What strangers may call.
const OPEN: [&str; 12] = [
    "/SignUp",
    "/CreateSession",
    "/CreateAccessToken",
    "/RefreshAccessToken",
    "/CheckToken",
    "/CreateTokenPair",
    "/RotateTokenPair",
    "/ListPublicKeys",
    ".IdentityService/",
    "/GetOperator",
    "/SetUpOperator",
    "/SignInOperator",
];

/// Calls of one connection that wait for their answer.
const CALLS: usize = 64;

fn limited() -> Plan {
    Plan::default().with("ATALAYA_RATE_LIMITS", "on")
}

#[tokio::test]
async fn an_address_signs_up_a_few_times_and_then_has_to_wait() {
    House::each_as(&limited(), async |house| {
        let sign_up = async |n: usize| {
            let email = format!("mara{n}@example.com");
            let request =
                SignUpRequest { email, name: "Mara".into(), password: PASSWORD.into(), ..Default::default() };
            house.anonymous().accounts().sign_up(request).await
        };
        for n in 0..SIGN_UPS.0 {
            assert_eq!(verdict(sign_up(n).await), "OK");
        }
        let error = failure(sign_up(SIGN_UPS.0).await);
        assert_eq!(verdict(Err::<(), _>(error.clone())), "RESOURCE_EXHAUSTED/RATE_LIMITED");
        let wait = error.retry_after.expect("how long to wait");
        assert!(wait > Duration::ZERO && wait <= SIGN_UPS.1, "{wait:?}");
        assert_eq!(verdict(log_in(&house.api, "mara0@example.com", PASSWORD).await), "OK", "another door");
    })
    .await;
}

#[tokio::test]
async fn an_address_tries_to_log_in_so_often_and_then_has_to_wait() {
    House::each_as(&limited(), async |house| {
        let root = log_in(&house.api, ROOT_EMAIL, ROOT_PASSWORD).await.expect("the first login");
        let mut told = Vec::new();
        // The bucket fills by one every few seconds while we try; a machine would have to be very slow to keep up.
        while told.last().is_none_or(|last| last != "RESOURCE_EXHAUSTED/RATE_LIMITED") && told.len() < 100 {
            told.push(refused(log_in(&house.api, ROOT_EMAIL, "wrong horse battery staple").await));
        }
        assert!(told.len() >= LOGINS.0, "after {} tries: {told:?}", told.len());
        let error = failure(log_in(&house.api, ROOT_EMAIL, ROOT_PASSWORD).await);
        assert!(error.retry_after.is_some_and(|wait| wait <= LOGINS.1), "{error:?}");
        let own = root.calls.accounts().get_own_account(GetOwnAccountRequest {}).await;
        assert_eq!(verdict(own), "OK", "who is in stays in");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_message_of_a_method_is_refused_as_the_contract_says() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let method = "/atalaya.users.v1.AccountService/ChangeName";
        let call = async |method: &str, messages: Vec<Bytes>| {
            verdict(raw::call(&house.channel, method, Some(&mara.token), messages).await.end)
        };
        let large = SignUpRequest { name: "x".repeat(70_000), ..SignUpRequest::default() }.encode_to_vec();
        assert_eq!(
            call(method, vec![Bytes::from_static(b"\xff\xff\xff")]).await,
            "INVALID_ARGUMENT/REQUEST_INVALID"
        );
        assert_eq!(call(method, vec![]).await, "INVALID_ARGUMENT/REQUEST_INVALID");
        assert_eq!(call(method, vec![large.into()]).await, "INVALID_ARGUMENT/REQUEST_INVALID");
        for unknown in ["/atalaya.users.v1.AccountService/Nonsense", "/atalaya.users.v1.Nonsense/SignUp"] {
            assert_eq!(call(unknown, vec![]).await, "UNIMPLEMENTED/METHOD_UNKNOWN", "{unknown}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_method_is_told_to_nobody_who_is_not_logged_in() {
    House::each(async |house| {
        let unknown = "/atalaya.users.v1.AccountService/Nonsense";
        let told = verdict(raw::call(&house.channel, unknown, None, vec![]).await.end);
        assert_eq!(told, "UNAUTHENTICATED/NOT_AUTHENTICATED");
        for method in contract::methods() {
            let told = verdict(raw::call(&house.channel, &method, Some("x.y.z"), vec![]).await.end);
            let open = OPEN.iter().any(|path| method.contains(path));
            assert!(open || told == "UNAUTHENTICATED/NOT_AUTHENTICATED", "{method}: {told}");
        }
    })
    .await;
}

#[tokio::test]
async fn more_calls_than_a_connection_bears_are_told_to_wait() {
    House::each(async |house| {
        // One connection, and no limit on our side.
        let api = Api::over(house.channel.clone());
        let people = [user(&api, "Mara").await, user(&api, "Olek").await, user(&api, "Nina").await];
        let own = async || people[0].calls.accounts().get_own_account(GetOwnAccountRequest {}).await;
        let mut held = JoinSet::new();
        for n in 0..=CALLS {
            let mut images = people[n % people.len()].calls.images();
            // An upload is answered at its end, and these have none.
            held.spawn(async move { images.upload_image(stream::pending()).await });
        }
        let one_too_many = held.join_next().await.expect("a call").expect("no panic").map(drop);
        for told in [one_too_many, own().await.map(drop)] {
            let error = failure(told);
            assert_eq!(verdict(Err::<(), _>(error.clone())), "RESOURCE_EXHAUSTED/SERVER_BUSY");
            assert!(error.retry_after.is_some(), "{error:?}");
        }
        assert!(held.try_join_next().is_none(), "all others wait for their answer");

        held.abort_all();
        until("a place to be free", async || own().await.ok()).await;
    })
    .await;
}

#[tokio::test]
async fn every_answer_repeats_the_id_that_the_request_came_with() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f";
        let calls = mara
            .calls
            .clone()
            .carrying("x-request-id".parse().expect("a name"), id.parse().expect("a value"));
        let answer = calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("an account");
        assert_eq!(answer.metadata().get("x-request-id").expect("an id"), id);
        let error = failure(calls.accounts().get_account(GetAccountRequest::default()).await);
        assert_eq!(error.request_id.as_deref(), Some(id));
        let made = mara.calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("an account");
        assert!(made.metadata().contains_key("x-request-id"), "one is made where none came");
    })
    .await;
}
