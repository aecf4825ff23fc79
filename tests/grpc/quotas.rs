//! What an account's images may take.

use std::path::Path;

use atalaya_proto::{
    images::v1::{
        AnalyzeImageRequest, CreateImageRequest, DeleteImageRequest, EvidenceMap, GetUsageRequest,
        ListRevisionsRequest, Usage,
    },
    tasks::v1::TaskState,
};
use atalaya_tests::{House, Person, Plan, pictures, refused, wait::until};

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
async fn a_state_that_makes_way_leaves_its_room() {
    let file = pictures::png(&pictures::scene(40, 20));
    let plan = Plan::default().with("ATALAYA_QUOTA_PIXELS", "2400").with("ATALAYA_KEEP_REVISIONS", "2");
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo.png", &file).await.id;
        for _ in 0..4 {
            let task = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
            let ended = mara.calls.wait(&task.id).await.expect("an end");
            assert_eq!(ended.state(), TaskState::Succeeded, "{}", ended.description);
        }
        assert_eq!(usage(&mara).await.pixels, 2400);
    })
    .await;
}

#[tokio::test]
async fn analyses_count_too() {
    let file = pictures::png(&pictures::scene(40, 20));
    let analyse = async |person: &Person, id: String| {
        let request = AnalyzeImageRequest { id, revision: 0, maps: vec![EvidenceMap::Noise.into()] };
        let task = person.calls.evidence().analyze_image(request).await.expect("queued").into_inner().task;
        person.calls.wait(&task.expect("a task").id).await.expect("an end")
    };
    House::each(async |house| {
        let (mara, ivo) = (house.user("Mara").await, house.user("Ivo").await);
        let image = mara.upload("photo.png", &file).await.id;
        assert_eq!(analyse(&mara, image.clone()).await.state(), TaskState::Succeeded);
        let kept = bytes_below(&house.folder().join("blobs"));
        assert!(kept > file.len() as i64 + 100, "{kept}");
        assert_eq!((usage(&mara).await.bytes, usage(&ivo).await.bytes), (kept, 0));
        mara.calls.images().delete_image(DeleteImageRequest { id: image }).await.expect("deleted");
        assert_eq!(usage(&mara).await.bytes, 0);
    })
    .await;
    let most = file.len() + 100;
    let plan = Plan::default().with("ATALAYA_QUOTA_BYTES", &most.to_string());
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo.png", &file).await.id;
        let ended = analyse(&mara, image).await;
        assert_eq!(ended.state(), TaskState::Failed);
        assert!(ended.description.contains(&format!("at most {most} bytes")), "{}", ended.description);
        assert_eq!(usage(&mara).await.bytes, file.len() as i64);
        let evidence = house.folder().join("blobs").join("evidence");
        until("its bytes to go", async || (bytes_below(&evidence) == 0).then_some(())).await;
    })
    .await;
}

/// Bytes of all files below a folder.
fn bytes_below(folder: &Path) -> i64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .map(
            |path| {
                if path.is_dir() {
                    bytes_below(&path)
                } else {
                    path.metadata().map_or(0, |it| it.len() as i64)
                }
            },
        )
        .sum()
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
