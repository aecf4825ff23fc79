//! What values and changes make of an identity, and what only the database can show: a subscription.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use uuid::Uuid;

use super::{
    change::{Change, Changes, Rotation},
    model::{
        Identity, Invalid, Iota, MAX_ABOUT, MAX_PUBLIC_KEY, MAX_TOKEN, PublicKey, Secret, Subscription, Text,
        Username,
    },
    store,
};
use crate::db::testing;

fn identity() -> Identity {
    Identity {
        id: Uuid::now_v7(),
        username: Username::cleaned("mara").unwrap(),
        display: Some(Text::default()),
        status: Some(Text::default()),
        about: Text::default(),
        avatar: Bytes::new(),
        public_key: PublicKey::try_from("key").unwrap(),
        iota: Iota::try_from("home").unwrap(),
        subscription: Subscription { level: 1, end: UNIX_EPOCH + Duration::from_hours(24 * 3) },
        create_time: UNIX_EPOCH,
        update_time: UNIX_EPOCH,
    }
}

#[test]
fn a_username_is_what_is_left_of_a_text() {
    let name = |text: &str| Username::cleaned(text).map(|name| name.as_str().to_owned());
    assert_eq!(name("AbC-1_x!").as_deref(), Ok("abc1_x"));
    assert_eq!(name("  Mára  ").as_deref(), Ok("mra"));
    assert_eq!(name(&"x".repeat(15)), Ok("x".repeat(15)));
    for none in ["", "-!", "ж", &"x".repeat(16)] {
        assert_eq!(name(none).unwrap_err().field, "username", "{none}");
    }
}

#[test]
fn texts_have_their_lengths_in_characters_and_no_controls() {
    assert!(Text::display(&"ж".repeat(15)).is_ok());
    assert!(Text::display(&"x".repeat(16)).is_err());
    assert!(Text::status(&"x".repeat(16)).is_err());
    assert!(Text::status("a\nb").is_err());
    assert!(Text::about(&"ж".repeat(MAX_ABOUT)).is_ok());
    assert!(Text::about(&"x".repeat(MAX_ABOUT + 1)).is_err());
    assert!(Text::about("one\ntwo").is_ok());
    assert!(Text::about("a\0b").is_err());
    assert!(PublicKey::try_from("x".repeat(MAX_PUBLIC_KEY).as_str()).is_ok());
    for bad in ["", "a\0b", &"x".repeat(MAX_PUBLIC_KEY + 1)] {
        assert!(PublicKey::try_from(bad).is_err());
    }
    assert!(Iota::try_from("").is_err() && Iota::try_from("x".repeat(37).as_str()).is_err());
}

#[test]
fn a_refused_value_says_which_field_and_how_long_it_may_be() {
    let invalid = Text::display(&"x".repeat(16)).unwrap_err();
    assert_eq!((invalid.field, invalid.max), ("display", 15));
    assert_eq!(invalid.to_string(), "display is longer than 15");
    assert_eq!(Invalid::length("username", 1, 15).to_string(), "username is not 1 to 15 long");
}

#[test]
fn a_secret_is_bounded_and_never_shown() {
    let secret = Secret::token("reset_token", &"x".repeat(MAX_TOKEN)).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert!(Secret::token("reset_token", &"x".repeat(MAX_TOKEN + 1)).is_err());
    assert!(Secret::key_hash("").is_err());
    assert!(Secret::key_hash(&"a".repeat(65)).is_err());
}

#[test]
fn a_token_is_not_followed_by_itself() {
    assert!(Rotation::new("one", "two").is_ok());
    assert_eq!(Rotation::new("one", "one").unwrap_err(), Invalid::not_unique("new_token"));
}

#[test]
fn days_are_counted_to_midnight_and_no_level_outlives_them() {
    let day = |days: u64| UNIX_EPOCH + Duration::from_hours(24) * u32::try_from(days).unwrap();
    let subscription = Subscription { level: 2, end: day(10) };
    let left = |now: SystemTime| subscription.left(now);
    assert_eq!(left(day(0)), (2, 10));
    assert_eq!(left(day(1) - Duration::from_millis(1)), (2, 10));
    assert_eq!(left(day(9) + Duration::from_hours(23)), (2, 1));
    assert_eq!(left(day(10)), (0, 0));
    assert_eq!(left(day(100)), (0, 0));
    assert_eq!(Subscription::NONE.left(day(5)), (0, 0));
}

#[test]
fn a_change_touches_what_it_names() {
    let mut identity = identity();
    identity.status = Some(Text::status("here").unwrap());
    let changes = Changes {
        display: Change::Set(Text::display("Mara").unwrap()),
        status: Change::Clear,
        about: Change::Set(Text::about("lines").unwrap()),
        ..Changes::default()
    };
    assert_eq!(changes.names(), "display status about");
    changes.apply(&mut identity);
    assert_eq!(identity.display.as_ref().map(Text::as_str), Some("Mara"));
    assert_eq!((&identity.status, identity.about.as_str()), (&None, "lines"));
    Changes { about: Change::Clear, avatar: Some(Bytes::from_static(b"x")), ..Changes::default() }
        .apply(&mut identity);
    assert_eq!((identity.about.as_str(), identity.avatar.len()), ("", 1));
    assert_eq!(identity.username.as_str(), "mara");
}

#[tokio::test]
async fn an_identity_reads_back_as_it_was_written() {
    for scratch in testing::each().await {
        let mut identity = identity();
        let mut tx = scratch.db.begin().await.unwrap();
        let stored = store::Stored { identity: identity.clone(), key_hash: "hash".into() };
        store::insert(&mut tx, &stored, "reset").await.unwrap();
        identity.avatar = Bytes::from_static(&[0, 159, 146, 150]);
        identity.display = None;
        store::update(&mut tx, &identity).await.unwrap();
        tx.commit().await.unwrap();
        let read = store::by_username(scratch.db.read(), "mara").await.unwrap().unwrap();
        assert_eq!((read.identity, read.key_hash.as_str()), (identity, "hash"));
    }
}
