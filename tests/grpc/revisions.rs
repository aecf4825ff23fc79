//! Every state of an image: kept, listed, fetched, brought back.

use atalaya_proto::{
    images::v1::{
        DeleteImageRequest, GetImageContentRequest, GetImageRequest, Image, ListRevisionsRequest,
        RevertImageRequest, Revision, RotateImageRequest,
    },
    tasks::v1::{CancelTaskRequest, GetTaskRequest, Task, TaskState},
};
use atalaya_tests::{House, Person, Plan, pictures, refused, verdict};
use ring::digest;

async fn rotate(person: &Person, id: &str, angle: i32) -> Task {
    let request = RotateImageRequest { id: id.to_owned(), angle };
    let queued = person.calls.images().rotate_image(request).await.expect("queued");
    queued.into_inner().task.expect("a task")
}

async fn revisions(person: &Person, id: &str, page_size: i32, skip: i32) -> (Vec<Revision>, i32) {
    let request = ListRevisionsRequest { id: id.to_owned(), page_size, skip };
    let page = person.calls.images().list_revisions(request).await.expect("a page").into_inner();
    (page.revisions, page.total_size)
}

async fn content(person: &Person, id: &str, revision: i32) -> Vec<u8> {
    let request = GetImageContentRequest { id: id.to_owned(), revision };
    let answer = person.calls.images().get_image_content(request).await.expect("the bytes");
    answer.into_inner().content.to_vec()
}

async fn revert(person: &Person, id: &str, revision: i32) -> Result<Image, tonic::Status> {
    let request = RevertImageRequest { id: id.to_owned(), revision };
    Ok(person.calls.images().revert_image(request).await?.into_inner().image.expect("an image"))
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn every_state_is_kept_under_its_number_with_the_hash_of_its_bytes() {
    let file = pictures::png(&pictures::quarters(20, 10));
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("photo.png", &file).await.id;
        for angle in [90, 45] {
            let task = rotate(&mara, &id, angle).await;
            assert_eq!(mara.calls.wait(&task.id).await.expect("an end").state(), TaskState::Succeeded);
        }
        let (all, total) = revisions(&mara, &id, 0, 0).await;
        assert_eq!(total, 3);
        let told: Vec<_> = all.iter().map(|r| (r.number, r.operation.as_str(), r.width, r.height)).collect();
        assert_eq!(told[..2], [(1, "upload", 20, 10), (2, "rotate_image", 10, 20)]);
        assert_eq!((told[2].0, told[2].1), (3, "rotate_image"));
        for revision in &all {
            let bytes = content(&mara, &id, revision.number).await;
            assert_eq!(
                (revision.size, revision.sha256.as_str()),
                (bytes.len() as i64, sha256(&bytes).as_str())
            );
        }
        assert_eq!(content(&mara, &id, 1).await, file, "the upload is kept byte for byte");
        assert_eq!(revisions(&mara, &id, 1, 1).await, (vec![all[1].clone()], 3));

        let image =
            mara.calls.images().get_image(GetImageRequest { id }).await.expect("an image").into_inner();
        let image = image.image.expect("an image");
        assert_eq!(image.revision.as_ref(), all.last());
        assert_eq!(image.update_time, all[2].create_time);
    })
    .await;
}

#[tokio::test]
async fn an_earlier_state_becomes_the_newest_as_a_new_one() {
    let file = pictures::png(&pictures::quarters(20, 10));
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("photo.png", &file).await.id;
        let task = rotate(&mara, &id, 90).await;
        mara.calls.wait(&task.id).await.expect("an end");
        let image = revert(&mara, &id, 1).await.expect("reverted");
        let revision = image.revision.expect("a revision");
        assert_eq!((revision.number, revision.operation.as_str()), (3, "revert"));
        assert_eq!((revision.width, revision.sha256.as_str()), (20, sha256(&file).as_str()));
        assert_eq!(content(&mara, &id, 0).await, file);
        assert_eq!(revisions(&mara, &id, 0, 0).await.1, 3, "what came between is kept");

        let again = revert(&mara, &id, 2).await.expect("reverted").revision.expect("a revision");
        assert_eq!((again.number, again.width, again.height), (4, 10, 20));
        for number in [5, -1] {
            assert_eq!(refused(revert(&mara, &id, number).await), "NOT_FOUND/REVISION_NOT_FOUND");
        }
    })
    .await;
}

#[tokio::test]
async fn only_its_owner_brings_an_image_back() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        for other in [house.user("Olek").await, house.admin().await, house.root().await] {
            assert_eq!(refused(revert(&other, &id, 1).await), "NOT_FOUND/IMAGE_NOT_FOUND");
        }
        assert_eq!(verdict(revert(&mara, &id, 1).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn an_image_with_unfinished_tasks_is_not_reverted() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        let task = rotate(&mara, &id, 90).await;
        assert_eq!(refused(revert(&mara, &id, 1).await), "FAILED_PRECONDITION/IMAGE_BUSY");
        let other = mara.upload("other.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        assert_eq!(verdict(revert(&mara, &other, 1).await), "OK");
        let request = CancelTaskRequest { id: task.id };
        mara.calls.tasks().cancel_task(request).await.expect("cancelled");
        assert_eq!(verdict(revert(&mara, &id, 1).await), "OK");
    })
    .await;
}

#[tokio::test]
async fn deleting_an_image_cancels_its_tasks_and_no_others() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let file = pictures::png(&pictures::scene(8, 8));
        let (id, other) = (mara.upload("a.png", &file).await.id, mara.upload("b.png", &file).await.id);
        let doomed = [rotate(&mara, &id, 90).await, rotate(&mara, &id, 180).await];
        let kept = rotate(&mara, &other, 90).await;
        mara.calls.images().delete_image(DeleteImageRequest { id: id.clone() }).await.expect("deleted");
        let state = async |task: &Task| {
            let answer = mara.calls.tasks().get_task(GetTaskRequest { id: task.id.clone() }).await;
            answer.expect("tasks are remembered").into_inner().task.expect("a task").state()
        };
        for task in &doomed {
            assert_eq!(state(task).await, TaskState::Cancelled);
        }
        assert_eq!(state(&kept).await, TaskState::Queued);
        let late = mara.calls.images().rotate_image(RotateImageRequest { id, angle: 90 }).await;
        assert_eq!(refused(late), "NOT_FOUND/IMAGE_NOT_FOUND");
    })
    .await;
}
