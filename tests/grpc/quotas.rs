//! What an account's images may take.

use atalaya_proto::{
    images::v1::{CreateImageRequest, GetUsageRequest, ListRevisionsRequest, Usage},
    tasks::v1::TaskState,
};
use atalaya_tests::{House, Person, Plan, pictures, refused};

use crate::edits::{Edit, ask};

async fn usage(person: &Person) -> Usage {
    let answer = person.calls.images().get_usage(GetUsageRequest {}).await.expect("an answer");
    answer.into_inner().usage.expect("a usage")
}

#[tokio::test]
async fn bytes_and_pixels_of_all_states_count_and_one_account_does_not_fill_another() {
    let file = pictures::png(&pictures::scene(40, 20));
    let plan = Plan::default().with("ATALAYA_QUOTA_PIXELS", "2400");
    House::each_as(&plan, async |house| {
        let (mara, ivo) = (house.user("Mara").await, house.user("Ivo").await);
        let first = mara.upload("first.png", &file).await.id;
        let task = ask(&mara, &first, Edit::Rotate(90)).await.expect("queued");
        assert_eq!(mara.calls.wait(&task.id).await.expect("an end").state(), TaskState::Succeeded);
        let taken = usage(&mara).await;
        assert_eq!((taken.images, taken.pixels, taken.max_pixels), (1, 1600, 2400));
        assert!(taken.bytes > file.len() as i64 && taken.max_images == 10_000);

        let second = mara.upload("second.png", &file).await.id;
        let third = CreateImageRequest { header: None, content: file.clone().into() };
        let told = refused(mara.calls.images().create_image(third).await);
        assert_eq!(told, "RESOURCE_EXHAUSTED/QUOTA_EXCEEDED");
        let task = ask(&mara, &second, Edit::Rotate(90)).await.expect("queued");
        let ended = mara.calls.wait(&task.id).await.expect("an end");
        assert_eq!(ended.state(), TaskState::Failed);
        assert!(ended.description.contains("at most 2400 pixels"), "{}", ended.description);
        assert_eq!(usage(&mara).await.pixels, 2400);
        ivo.upload("his.png", &file).await;
    })
    .await;
}

#[tokio::test]
async fn the_upload_and_the_newest_states_are_kept() {
    let file = pictures::png(&pictures::scene(24, 16));
    let plan = Plan::default().with("ATALAYA_KEEP_REVISIONS", "3");
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo.png", &file).await.id;
        for _ in 0..5 {
            let task = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
            mara.calls.wait(&task.id).await.expect("an end");
        }
        let request = ListRevisionsRequest { id: image, page_size: 0, skip: 0 };
        let kept = mara.calls.images().list_revisions(request).await.expect("a page").into_inner().revisions;
        let numbers: Vec<i32> = kept.iter().map(|revision| revision.number).collect();
        assert_eq!(numbers, [1, 4, 5, 6]);
    })
    .await;
}
