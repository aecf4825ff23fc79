//! What the queue promises: order, no doubles, and room for everyone.

use atalaya_proto::{
    IDEMPOTENCY_HEADER,
    images::v1::{ListRevisionsRequest, RotateImageRequest},
    tasks::v1::{CancelTaskRequest, Task, TaskState, WatchTaskRequest},
};
use atalaya_tests::{House, Person, Plan, pictures, refused, verdict, verdict::failure};
use futures::future::{join_all, try_join_all};

use crate::edits::{Edit, ask};

/// Unfinished tasks of one account.
const UNFINISHED: usize = 100;
/// Calls at once, fewer than a connection bears.
const BATCH: usize = 40;
/// Tasks that one account watches at once.
const WATCHED: usize = 20;

async fn photo(person: &Person) -> String {
    person.upload("photo.png", &pictures::png(&pictures::scene(16, 8))).await.id
}

/// Asks to rotate, with a key under which the request can be repeated.
async fn rotate(person: &Person, image: &str, angle: i32, key: &str) -> Result<Task, tonic::Status> {
    let name = IDEMPOTENCY_HEADER.parse().expect("a name");
    let calls = person.calls.clone().carrying(name, key.parse().expect("a value"));
    let request = RotateImageRequest { id: image.to_owned(), angle };
    Ok(calls.images().rotate_image(request).await?.into_inner().task.expect("a task"))
}

#[tokio::test]
async fn edits_of_one_image_are_made_one_after_the_other_in_the_order_of_asking() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = photo(&mara).await;
        let edits = [
            Edit::Nearest(3),
            Edit::Rotate(90),
            Edit::Nearest(2),
            Edit::Grayscale,
            Edit::Rotate(-90),
            Edit::Nearest(2),
        ];
        let mut tasks = Vec::new();
        for edit in edits {
            tasks.push(ask(&mara, &image, edit).await.expect("queued"));
        }
        for task in &tasks {
            assert_eq!(mara.calls.wait(&task.id).await.expect("an end").state(), TaskState::Succeeded);
        }
        let request = ListRevisionsRequest { id: image, page_size: 0, skip: 0 };
        let page = mara.calls.images().list_revisions(request).await.expect("a page").into_inner();
        let told: Vec<_> = page.revisions.iter().map(|r| (r.operation.as_str(), r.width, r.height)).collect();
        let expected = [
            ("upload", 16, 8),
            ("upscale_image", 48, 24),
            ("rotate_image", 24, 48),
            ("upscale_image", 48, 96),
            ("grayscale_image", 48, 96),
            ("rotate_image", 96, 48),
            ("upscale_image", 192, 96),
        ];
        assert_eq!(told, expected);
    })
    .await;
}

#[tokio::test]
async fn edits_asked_for_at_the_same_time_are_all_made() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = photo(&mara).await;
        let asked =
            try_join_all((0..12).map(|_| ask(&mara, &image, Edit::Rotate(90)))).await.expect("queued");
        for task in &asked {
            let ended = mara.calls.wait(&task.id).await.expect("an end");
            assert_eq!((ended.state(), ended.attempts), (TaskState::Succeeded, 1), "{}", ended.description);
        }
        let request = ListRevisionsRequest { id: image, page_size: 0, skip: 0 };
        let page = mara.calls.images().list_revisions(request).await.expect("a page").into_inner();
        assert_eq!(page.total_size, 13);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_is_one_task() {
    House::each_as(&Plan::without_workers(), async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let (image, other) = (photo(&mara).await, photo(&mara).await);
        let first = rotate(&mara, &image, 90, "a-good-key").await.expect("queued");
        let again = join_all((0..4).map(|_| rotate(&mara, &image, 90, "a-good-key"))).await;
        assert!(again.into_iter().all(|task| task.expect("the same").id == first.id));
        assert_ne!(rotate(&mara, &image, 90, "another-key").await.expect("queued").id, first.id);
        for (image, angle) in [(&image, 180), (&other, 90)] {
            let told = refused(rotate(&mara, image, angle, "a-good-key").await);
            assert_eq!(told, "FAILED_PRECONDITION/IDEMPOTENCY_KEY_REUSED");
        }
        let own = photo(&olek).await;
        let theirs = rotate(&olek, &own, 90, "a-good-key").await.expect("keys are each account's own");
        assert_ne!(theirs.id, first.id);

        let request = CancelTaskRequest { id: first.id.clone() };
        mara.calls.tasks().cancel_task(request).await.expect("cancelled");
        let ended = rotate(&mara, &image, 90, "a-good-key").await.expect("the same, though it has ended");
        assert_eq!((ended.state(), ended.id), (TaskState::Cancelled, first.id.clone()));
        for key in ["short77", &"x".repeat(65), "with a space", "slash/slash"] {
            let told = refused(rotate(&mara, &image, 90, key).await);
            assert_eq!(told, "INVALID_ARGUMENT/IDEMPOTENCY_KEY_INVALID", "{key:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_has_so_many_unfinished_tasks_and_no_more() {
    House::each_as(&Plan::without_workers(), async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let image = photo(&mara).await;
        let (mut queued, mut refusals) = (Vec::new(), Vec::new());
        // Many at once, and in the end more than there may be: exactly the limit gets in.
        for together in [BATCH, BATCH, UNFINISHED + 5 - 2 * BATCH] {
            for asked in join_all((0..together).map(|_| ask(&mara, &image, Edit::Grayscale))).await {
                match asked {
                    Ok(task) => queued.push(task.id),
                    Err(refusal) => refusals.push(refusal),
                }
            }
        }
        assert_eq!((queued.len(), refusals.len()), (UNFINISHED, 5));
        let error = failure(Err::<(), _>(refusals.remove(0)));
        assert_eq!(verdict(Err::<(), _>(error.clone())), "RESOURCE_EXHAUSTED/TOO_MANY_TASKS");
        assert_eq!(error.metadata["max"], UNFINISHED.to_string());

        let own = photo(&olek).await;
        assert_eq!(verdict(ask(&olek, &own, Edit::Grayscale).await), "OK", "others are not in the way");
        let id = queued.remove(0);
        mara.calls.tasks().cancel_task(CancelTaskRequest { id }).await.expect("cancelled");
        assert_eq!(verdict(ask(&mara, &image, Edit::Grayscale).await), "OK", "there is room again");
    })
    .await;
}

#[tokio::test]
async fn an_account_watches_so_many_tasks_at_once_and_no_more() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let image = photo(&mara).await;
        let id = ask(&mara, &image, Edit::Grayscale).await.expect("queued").id;
        let watch = async || mara.calls.tasks().watch_task(WatchTaskRequest { id: id.clone() }).await;
        let mut watches = Vec::new();
        for _ in 0..WATCHED {
            let mut states = watch().await.expect("a watch").into_inner();
            assert!(states.message().await.expect("its first state").is_some());
            watches.push(states);
        }
        let error = failure(watch().await.map(drop));
        assert_eq!(verdict(Err::<(), _>(error.clone())), "RESOURCE_EXHAUSTED/SERVER_BUSY");
        assert!(error.retry_after.is_some());
        mara.calls.tasks().cancel_task(CancelTaskRequest { id: id.clone() }).await.expect("cancelled");
        for mut states in watches {
            let last = states.message().await.expect("a watch that ends well").and_then(|state| state.task);
            assert_eq!(last.expect("its end").state(), TaskState::Cancelled);
            assert!(states.message().await.expect("the end of the stream").is_none());
        }
        assert_eq!(verdict(watch().await), "OK", "there is room again");
    })
    .await;
}
