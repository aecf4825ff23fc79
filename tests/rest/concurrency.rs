//! Many at once.

use atalaya_proto::tasks::v1::ListTasksRequest;
use atalaya_tests::{House, Plan, form::Form, pictures};
use futures::future::join_all;
use serde_json::json;

/// How often requests are made to meet.
const ROUNDS: usize = 8;

#[tokio::test]
async fn of_many_sign_ups_with_one_email_exactly_one_is_made() {
    House::each(async |house| {
        let body =
            json!({ "email": "mara@example.com", "name": "Mara", "password": "super-puper-password-123" });
        let asks = (0..8).map(|_| house.rest.post("/api/v1/auth/signup/").json(&body).send());
        let mut statuses: Vec<_> = join_all(asks).await.into_iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    })
    .await;
}

#[tokio::test]
async fn many_uploads_at_once_are_all_stored_as_they_are() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let files: Vec<_> = (1..=12).map(|n| pictures::png(&pictures::scene(n * 3, n * 2))).collect();
        let uploads = files.iter().map(async |file| {
            let form = Form::image("photo.png", "image/png", file);
            let made =
                house.rest.post("/api/v1/image/").cookie(&mara.token).form(form).send().await.expect(201);
            made.json()["image_id"].as_str().expect("an id").to_owned()
        });
        let ids = join_all(uploads).await;
        let downloads = ids.iter().map(async |id| {
            house
                .rest
                .get(&format!("/api/v1/image/id/{id}/"))
                .cookie(&mara.token)
                .send()
                .await
                .expect(200)
                .body
        });
        assert_eq!(join_all(downloads).await, files);
    })
    .await;
}

#[tokio::test]
async fn a_delete_and_its_double_are_one_deletion() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for _ in 0..ROUNDS {
            let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await.id;
            let path = format!("/api/v1/image/id/{image}/");
            let asks = (0..6).map(|_| house.rest.delete(&path).cookie(&mara.token).send());
            let mut statuses: Vec<_> = join_all(asks).await.into_iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 404, 404, 404, 404, 404]);
        }
    })
    .await;
}

#[tokio::test]
async fn many_readers_see_one_account_while_it_is_renamed() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let rename = async |n: usize| {
            let ask = house.rest.patch("/api/v1/user/name/").cookie(&mara.token);
            ask.json(&json!({ "name": format!("Mara {n}") })).send().await.status
        };
        let read = async || {
            let me = house.rest.get("/api/v1/auth/me/").cookie(&mara.token).send().await.expect(200).json();
            me["name"].as_str().expect("a name").to_owned()
        };
        let (renames, names) = tokio::join!(join_all((0..10).map(rename)), join_all((0..20).map(|_| read())));
        assert!(renames.iter().all(|status| *status == 204), "{renames:?}");
        assert!(names.iter().all(|name| name == "Mara" || name.starts_with("Mara ")), "{names:?}");
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_is_one_task() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        let rotate = async |angle: i32, key: &str| {
            let ask = house.rest.patch(&format!("/api/v1/image/id/{image}/rotate/")).cookie(&mara.token);
            ask.header("Idempotency-Key", key).json(&json!({ "angle": angle })).send().await
        };
        for answer in join_all((0..5).map(|_| rotate(90, "a-good-key"))).await {
            assert_eq!(answer.expect(202).json()["task_id"], format!("rotate_image:{image}"));
        }
        let listed = mara.calls.tasks().list_tasks(ListTasksRequest::default()).await.expect("a page");
        assert_eq!(listed.into_inner().total_size, 1);
        for (angle, key) in [(180, "a-good-key"), (90, "bad")] {
            let told = rotate(angle, key).await.expect(422).json();
            assert_eq!(told["detail"][0]["loc"], json!(["header", "idempotency-key"]), "{key}");
        }
    })
    .await;
}
