//! Registrations: pending for an hour, few at a time, completed once.

use std::time::Duration;

use atalaya_client::Calls;
use atalaya_proto::users::v1::{CompleteRegistrationRequest, StartRegistrationRequest};
use atalaya_tests::{
    House,
    identities::{complete, completion, new_name, start},
    indoors::Indoors,
    refused, verdict,
};
use futures::future::join_all;
use uuid::Uuid;

const GONE: &str = "NOT_FOUND/REGISTRATION_NOT_FOUND";
const FULL: &str = "RESOURCE_EXHAUSTED/TOO_MANY_REGISTRATIONS";
/// How many are pending from one address.
const MAX: usize = 20;

/// Calls from an address.
fn from(house: &Indoors, address: &str) -> Calls {
    let header = "x-forwarded-for".parse().expect("a name");
    house.api.anonymous().carrying(header, address.parse().expect("a value"))
}

async fn begin(calls: &Calls) -> String {
    verdict(calls.identities().start_registration(StartRegistrationRequest {}).await)
}

#[tokio::test]
async fn each_registration_has_an_id_of_its_own_that_is_completed_once() {
    House::each(async |house| {
        let (one, two) = (start(&house.api).await, start(&house.api).await);
        assert_ne!(one, two);
        assert_eq!(one.parse::<Uuid>().expect("a UUID").get_version_num(), 7);
        assert_eq!(verdict(complete(&house.api, completion(&one, "mara")).await), "OK");
        assert_eq!(refused(complete(&house.api, completion(&one, "olek")).await), GONE);
        let unknown = Uuid::now_v7().to_string();
        assert_eq!(refused(complete(&house.api, completion(&unknown, "olek")).await), GONE);
        let nonsense = complete(&house.api, completion("nonsense", "olek")).await;
        assert_eq!(refused(nonsense), "INVALID_ARGUMENT/ID_INVALID");
    })
    .await;
}

#[tokio::test]
async fn a_registration_that_was_refused_can_be_tried_again() {
    House::each(async |house| {
        let first = start(&house.api).await;
        let mara = complete(&house.api, completion(&first, "mara")).await.expect("a free username");
        let id = start(&house.api).await;
        let good = completion(&id, "olek");
        let invalid = "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID";
        let none = String::new;
        for (request, told) in [
            (completion(&id, "MARA"), "ALREADY_EXISTS/IDENTITY_USERNAME_TAKEN"),
            (completion(&id, "-!-"), invalid),
            (completion(&id, &"x".repeat(16)), invalid),
            (CompleteRegistrationRequest { public_key: none(), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { public_key: "x".repeat(4097), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { private_key_hash: none(), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { private_key_hash: "a".repeat(65), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { iota_id: none(), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { reset_token: none(), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { reset_token: "x".repeat(257), ..good.clone() }, invalid),
            (CompleteRegistrationRequest { reset_token: mara.reset_token, ..good.clone() }, invalid),
        ] {
            assert_eq!(refused(complete(&house.api, request).await), told);
        }
        assert_eq!(verdict(complete(&house.api, good).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn of_two_who_complete_one_registration_one_does() {
    House::each(async |house| {
        for _ in 0..8 {
            let id = start(&house.api).await;
            let both = (0..2).map(|_| complete(&house.api, completion(&id, &new_name())));
            let mut told: Vec<_> = join_all(both).await.into_iter().map(verdict).collect();
            told.sort();
            assert_eq!(told, [GONE, "OK"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_registration_lapses_after_an_hour() {
    Indoors::each(async |house| {
        let (early, late) = (start(&house.api).await, start(&house.api).await);
        house.clock.advance(Duration::from_millis(3_599_999));
        assert_eq!(verdict(complete(&house.api, completion(&early, "mara")).await), "OK");
        house.clock.advance(Duration::from_millis(1));
        assert_eq!(refused(complete(&house.api, completion(&late, "olek")).await), GONE);
    })
    .await;
}

#[tokio::test]
async fn few_are_pending_of_one_address_and_those_that_lapse_make_room() {
    Indoors::each(async |house| {
        let (one, other) = (from(house, "192.0.2.7"), from(house, "192.0.2.8"));
        let told = join_all((0..MAX * 2).map(|_| begin(&one))).await;
        assert_eq!(told.iter().filter(|told| *told == "OK").count(), MAX);
        assert_eq!(told.iter().filter(|told| *told == FULL).count(), MAX);
        assert_eq!(begin(&other).await, "OK");
        house.clock.advance(Duration::from_hours(1));
        assert_eq!(begin(&one).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn neighbours_in_one_ipv6_network_share_their_room() {
    Indoors::each(async |house| {
        for last in 0..MAX {
            assert_eq!(begin(&from(house, &format!("2001:db8::{last:x}"))).await, "OK");
        }
        assert_eq!(begin(&from(house, "2001:db8::ffff:1")).await, FULL);
        assert_eq!(begin(&from(house, "2001:db8:0:1::1")).await, "OK");
    })
    .await;
}
