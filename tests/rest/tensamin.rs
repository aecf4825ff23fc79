//! The Tensamin dialect beyond its goldens: avatars, lengths, races, time, and what lies beside its routes.

use std::time::Duration;

use atalaya_tests::{
    House,
    indoors::Indoors,
    pictures,
    rest::{Answer, Rest},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

const HASH: &str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbd62a11ef721d1542d8a";

fn user_id(answer: &Answer) -> String {
    answer.json()["data"]["user_id"].as_str().expect("an id").to_owned()
}

/// Fails the test unless the answer has this status.
fn is(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
}

fn completion(id: &str, username: &str) -> Value {
    json!({
        "uuid": id, "username": username, "public_key": "key", "private_key_hash": HASH,
        "iota_id": "home", "reset_token": format!("token of {username}"),
    })
}

async fn register(rest: Rest, username: &str) -> String {
    let id = user_id(&rest.get("/api/register/init").send().await.expect(200));
    is(&rest.post("/api/register/complete").json(&completion(&id, username)).send().await, 200);
    id
}

async fn change(rest: Rest, id: &str, field: &str, value: Value) -> Answer {
    let body = json!({ "private_key_hash": HASH, field: value });
    rest.post(&format!("/api/change/{id}")).json(&body).send().await
}

async fn profile(rest: Rest, id: &str) -> Value {
    rest.get(&format!("/api/get/{id}")).send().await.expect(200).json()["data"].take()
}

#[tokio::test]
async fn each_registration_begins_with_a_fresh_uuid_of_version_7() {
    House::each(async |house| {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(user_id(&house.rest.get("/api/register/init").send().await.expect(200)));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
        for id in ids {
            assert_eq!(id.parse::<Uuid>().expect("a UUID").get_version_num(), 7);
        }
    })
    .await;
}

#[tokio::test]
async fn a_profile_has_nine_keys_and_no_secret() {
    House::each(async |house| {
        let before = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
        let id = register(house.rest, "AbC-1_x!").await;
        let profile = profile(house.rest, &id).await;
        let mut keys: Vec<_> = profile.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        let expected = [
            "about",
            "avatar",
            "created_at",
            "display",
            "public_key",
            "status",
            "sub_end",
            "sub_level",
            "username",
        ];
        assert_eq!(keys, expected);
        assert_eq!(profile["username"], "abc1_x");
        let after = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
        let created = u128::from(profile["created_at"].as_u64().expect("milliseconds"));
        assert!((before..=after).contains(&created), "{created}");
        let text = profile.to_string();
        assert!(!text.contains(HASH) && !text.contains("token of"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn an_avatar_becomes_a_webp_in_a_data_uri_and_an_empty_text_removes_it() {
    House::each(async |house| {
        let id = register(house.rest, "mara").await;
        let picture = BASE64_STANDARD.encode(pictures::png(&pictures::scene(900, 600)));
        for sent in [format!("data:image/png;base64,{picture}"), picture.clone(), picture.replace('=', "")] {
            is(&change(house.rest, &id, "avatar", json!(sent)).await, 200);
            let avatar = profile(house.rest, &id).await["avatar"].take();
            let base64 = avatar.as_str().and_then(|uri| uri.strip_prefix("data:image/webp;base64,"));
            let webp = BASE64_STANDARD.decode(base64.expect("a data URI")).expect("base64");
            assert_eq!(pictures::decode(&webp).size(), (450, 300));
            is(&change(house.rest, &id, "avatar", json!("")).await, 200);
            assert_eq!(profile(house.rest, &id).await["avatar"], Value::Null);
        }
        for bad in ["not base64!", "data:image/png;base64,AAAA", &picture[..400]] {
            let told = change(house.rest, &id, "avatar", json!(bad)).await.expect(400).json();
            assert_eq!(told["type"], "error", "{bad:.20}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_avatar_of_several_mebibytes_passes_and_more_than_the_limit_is_413() {
    House::each(async |house| {
        let id = register(house.rest, "mara").await;
        let large = pictures::png(&pictures::noise(1500, 1200));
        assert!(large.len() > 5 << 20);
        is(&change(house.rest, &id, "avatar", json!(BASE64_STANDARD.encode(large))).await, 200);
        let told = change(house.rest, &id, "avatar", json!("A".repeat(13 << 20))).await.expect(413).json();
        assert_eq!(told["log"]["message"], "Failed to change user: Request body too large");
    })
    .await;
}

#[tokio::test]
async fn texts_have_their_documented_lengths() {
    House::each(async |house| {
        let id = register(house.rest, "mara").await;
        for (field, most) in [("display", 15), ("status", 15), ("about", 200), ("username", 15)] {
            is(&change(house.rest, &id, field, json!("x".repeat(most))).await, 200);
            let told = change(house.rest, &id, field, json!("y".repeat(most + 1))).await.expect(400).json();
            assert!(told["log"]["message"].as_str().is_some_and(|text| text.contains(field)), "{told}");
            assert_eq!(profile(house.rest, &id).await[field], "x".repeat(most));
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_completions_and_of_two_rotations_at_once_one_succeeds() {
    House::each(async |house| {
        for round in 0..6 {
            let id = user_id(&house.rest.get("/api/register/init").send().await.expect(200));
            let names = [format!("a{round}"), format!("b{round}")];
            let both = names
                .iter()
                .map(|name| house.rest.post("/api/register/complete").json(&completion(&id, name)).send());
            let told: Vec<_> = join_all(both).await.into_iter().map(|answer| answer.status).collect();
            assert!(told == [200, 404] || told == [404, 200], "{told:?}");

            let winner = &names[usize::from(told[0] != 200)];
            let rotate = |next: String| {
                let body = json!({
                    "iota_id": "home", "reset_token": format!("token of {winner}"), "new_token": next,
                });
                house.rest.post(&format!("/api/change/iota-id/{id}")).json(&body).send()
            };
            let both = [rotate(format!("{round} x")), rotate(format!("{round} y"))];
            let told: Vec<_> = join_all(both).await.into_iter().map(|answer| answer.status).collect();
            assert!(told == [200, 403] || told == [403, 200], "{told:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_registration_is_dead_after_its_hour() {
    Indoors::each(async |house| {
        let id = user_id(&house.send(house.rest().get("/api/register/init")).await.expect(200));
        house.clock.advance(Duration::from_hours(1));
        let late = house.rest().post("/api/register/complete").json(&completion(&id, "mara"));
        let told = house.send(late).await.expect(404).json();
        assert_eq!(
            told["log"]["message"],
            "User registration failed: User creation failed due to invalid UUID"
        );
    })
    .await;
}

#[tokio::test]
async fn an_account_of_another_dialect_opens_nothing_here() {
    House::each(async |house| {
        let (id, root) = (register(house.rest, "mara").await, house.root().await);
        let ask = house.rest.get(&format!("/api/get/iota-id/{id}")).bearer(&root.token).cookie(&root.token);
        is(&ask.send().await, 401);
        is(&house.rest.get(&format!("/api/get/{id}")).bearer("nonsense").send().await, 200);
    })
    .await;
}

#[tokio::test]
async fn slashes_count_for_nothing_and_what_is_no_route_is_told_in_the_envelope() {
    House::each(async |house| {
        let id = register(house.rest, "mara").await;
        for path in ["/api/get/{}", "/api/get/{}/", "/api//get//{}//", "//api/get/{}", "/api/get/uuid//mara/"]
        {
            is(&house.rest.get(&path.replace("{}", &id)).send().await, 200);
        }
        for (path, status) in [
            ("/api/register", 404),
            ("/api/register/nonsense/", 404),
            ("/api/get/a/b/c", 404),
            ("/api/get", 400),
            ("/api/get/uuid", 400),
            ("/api/get/%ff", 400),
            ("/api/change/keys/", 400),
            ("/api/delete/a/b", 404),
        ] {
            let told = house.rest.get(path).send().await.expect(status);
            assert_eq!(told.header("content-type"), "application/json; charset=utf-8", "{path}");
            let told = told.json();
            assert_eq!((&told["type"], told.get("data")), (&json!("error"), None), "{path}");
        }
    })
    .await;
}
