//! Wrong passwords in a row: who is locked out, for how long, and who is not.

use std::{collections::BTreeMap, time::Duration};

use atalaya_client::Error;
use atalaya_proto::{
    DEVICE_HEADER,
    users::v1::{ChangePasswordRequest, CreateSessionRequest},
};
use atalaya_tests::{
    House, Person,
    indoors::Indoors,
    people::{PASSWORD, log_in, user},
    refused, tokens, verdict,
    verdict::failure,
};
use futures::future::join_all;
use http::HeaderName;
use tonic::Status;

const WRONG: &str = "wrong horse battery staple";
const REFUSED: &str = "UNAUTHENTICATED/CREDENTIALS_INVALID";
const LOCKED: &str = "RESOURCE_EXHAUSTED/ACCOUNT_LOCKED";
/// Wrong passwords in a row that cost nothing.
const FREE: usize = 5;

async fn wrong(house: &Indoors, handle: &str) -> Error {
    failure(log_in(&house.api, handle, WRONG).await)
}

#[tokio::test]
async fn the_sixth_wrong_password_has_to_wait_and_each_further_one_twice_as_long() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        for handle in [mara.email.as_str(), "nobody@example.com", "nobody at all"] {
            for _ in 0..FREE {
                assert_eq!(refused(log_in(&house.api, handle, WRONG).await), REFUSED);
            }
            for seconds in [1, 2, 4, 8] {
                let error = wrong(house, handle).await;
                assert_eq!(verdict(Err::<(), _>(error.clone())), LOCKED, "{handle}");
                assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)), "{handle}");
                house.clock.advance(Duration::from_secs(seconds));
                assert_eq!(refused(log_in(&house.api, handle, WRONG).await), REFUSED);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_locked_out_gets_in_after_the_wait_and_begins_anew() {
    Indoors::each(async |house| {
        let (mara, olek) = (user(&house.api, "Mara").await, user(&house.api, "Olek").await);
        for _ in 0..FREE {
            wrong(house, &mara.email).await;
        }
        assert_eq!(
            refused(log_in(&house.api, &mara.email, PASSWORD).await),
            LOCKED,
            "even with the right one"
        );
        assert_eq!(refused(tokens::access(&house.api, &mara.email, PASSWORD).await), LOCKED, "at every door");
        assert_eq!(verdict(log_in(&house.api, &olek.email, PASSWORD).await), "OK");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(verdict(log_in(&house.api, &mara.email, PASSWORD).await), "OK");
        for _ in 0..FREE {
            assert_eq!(refused(log_in(&house.api, &mara.email, WRONG).await), REFUSED);
        }
    })
    .await;
}

#[tokio::test]
async fn a_lock_is_never_longer_than_a_quarter_of_an_hour_and_is_forgotten() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let mut longest = Duration::ZERO;
        for _ in 0..16 {
            let error = wrong(house, &mara.email).await;
            longest = longest.max(error.retry_after.unwrap_or_default());
            house.clock.advance(error.retry_after.unwrap_or_default());
            wrong(house, &mara.email).await;
        }
        assert_eq!(longest, Duration::from_mins(15));
        house.clock.advance(Duration::from_mins(16));
        wrong(house, &user(&house.api, "Olek").await.email).await;
        assert_eq!(refused(log_in(&house.api, &mara.email, WRONG).await), REFUSED, "forgotten");
        assert_eq!(verdict(log_in(&house.api, &mara.email, PASSWORD).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn a_crowd_of_guesses_does_not_overtake_the_lock() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let guesses = join_all((0..100).map(|_| log_in(&house.api, &mara.email, WRONG))).await;
        let mut told = BTreeMap::<String, usize>::new();
        for guess in guesses {
            *told.entry(refused(guess)).or_default() += 1;
        }
        assert_eq!(told.get(REFUSED), Some(&FREE), "{told:?}");
        assert_eq!(told.get(LOCKED), Some(&(100 - FREE)), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn right_passwords_at_once_are_all_good() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let logins = join_all((0..12).map(|_| log_in(&house.api, &mara.email, PASSWORD))).await;
        for login in logins {
            assert_eq!(verdict(login), "OK");
        }
    })
    .await;
}

/// A login from a device that was given this token, and the token that it is given now.
async fn from_device(
    house: &Indoors,
    device: Option<&str>,
    handle: &str,
    password: &str,
) -> Result<Option<String>, Status> {
    let calls = match device {
        Some(token) => house
            .api
            .anonymous()
            .carrying(HeaderName::from_static(DEVICE_HEADER), token.parse().expect("a header")),
        None => house.api.anonymous(),
    };
    let request = CreateSessionRequest { email: handle.to_owned(), password: password.to_owned() };
    let made = calls.sessions().create_session(request).await?;
    Ok(made.metadata().get(DEVICE_HEADER).map(|token| token.to_str().expect("ASCII").to_owned()))
}

#[tokio::test]
async fn a_stranger_s_guesses_lock_the_stranger_out_and_not_a_device_that_was_here_before() {
    Indoors::each(async |house| {
        let (mara, olek) = (user(&house.api, "Mara").await, user(&house.api, "Olek").await);
        let device = from_device(house, None, &mara.email, PASSWORD).await.expect("a login");
        let device = device.expect("the first login gives the device a token");
        for _ in 0..FREE {
            wrong(house, &mara.email).await;
        }
        assert_eq!(refused(log_in(&house.api, &mara.email, PASSWORD).await), LOCKED);
        let again = from_device(house, Some(&device), &mara.email, PASSWORD).await.expect("not locked out");
        assert_eq!(again, None, "it has one already");
        assert_eq!(refused(from_device(house, Some(&device), &mara.email, WRONG).await), REFUSED);

        let theirs =
            from_device(house, None, &olek.email, PASSWORD).await.expect("a login").expect("a token");
        for other in [theirs.as_str(), "atd_AAAA", "x"] {
            let told = refused(from_device(house, Some(other), &mara.email, PASSWORD).await);
            assert_eq!(told, LOCKED, "another's device is a stranger's");
        }
        for _ in 1..FREE {
            assert_eq!(refused(from_device(house, Some(&device), &mara.email, WRONG).await), REFUSED);
        }
        let told = refused(from_device(house, Some(&device), &mara.email, PASSWORD).await);
        assert_eq!(told, LOCKED, "a stolen device guesses no faster");
    })
    .await;
}

async fn change_password(person: &Person, current: &str, password: &str) -> Result<(), Status> {
    let request = ChangePasswordRequest {
        current_password: current.to_owned(),
        password: password.to_owned(),
        ..Default::default()
    };
    person.calls.accounts().change_password(request).await.map(drop)
}

#[tokio::test]
async fn who_has_a_session_guesses_no_faster_at_its_password_and_locks_nobody_out() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        for _ in 0..FREE {
            assert_eq!(refused(change_password(&mara, WRONG, "an entirely new one").await), REFUSED);
        }
        for current in [WRONG, PASSWORD] {
            let error = failure(change_password(&mara, current, "an entirely new one").await);
            assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
            assert_eq!(verdict(Err::<(), _>(error)), LOCKED);
        }
        assert_eq!(verdict(log_in(&house.api, &mara.email, PASSWORD).await), "OK");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(verdict(change_password(&mara, PASSWORD, "an entirely new one").await), "OK");
    })
    .await;
}

#[tokio::test]
async fn a_device_that_knew_another_password_is_a_strangers() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let old = from_device(house, None, &mara.email, PASSWORD).await.expect("a login").expect("a token");
        assert_eq!(verdict(change_password(&mara, "", "an entirely new one").await), "OK");
        for _ in 0..FREE {
            wrong(house, &mara.email).await;
        }
        let told = refused(from_device(house, Some(&old), &mara.email, "an entirely new one").await);
        assert_eq!(told, LOCKED);
        house.clock.advance(Duration::from_secs(1));
        let new = from_device(house, Some(&old), &mara.email, "an entirely new one").await.expect("a login");
        assert!(new.is_some_and(|new| new != old), "it is given another token");
    })
    .await;
}

/// A hash of [`PASSWORD`] with half the memory and half the passes of today's.
const OUTDATED: &str =
    "$argon2id$v=19$m=9728,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$UyqAb7s2W+qHWnIFxaCWLtgFClPGk48pUGqizNfki1I";

#[tokio::test]
async fn a_hash_of_yesterday_opens_and_is_made_anew() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let write = format!("UPDATE accounts SET password_hash = '{OUTDATED}' WHERE id = '{}'", mara.id);
        house.database().write(&write).await;
        let read = format!("SELECT password_hash FROM accounts WHERE id = '{}'", mara.id);
        assert_eq!(refused(log_in(&house.api, &mara.email, WRONG).await), REFUSED);
        assert_eq!(house.database().text(&read).await, OUTDATED);
        for login in join_all((0..8).map(|_| log_in(&house.api, &mara.email, PASSWORD))).await {
            assert_eq!(verdict(login), "OK", "whoever was first");
        }
        let hash = house.database().text(&read).await;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verdict(log_in(&house.api, &mara.email, PASSWORD).await), "OK");
        assert_eq!(house.database().text(&read).await, hash);
    })
    .await;
}
