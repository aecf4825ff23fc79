//! Tasks as their owners see them: asked for, watched, listed, cancelled.

use atalaya_client::has_ended;
use atalaya_proto::tasks::v1::{
    CancelTaskRequest, GetTaskRequest, ListTasksRequest, Task, TaskState, WatchTaskRequest,
};
use atalaya_tests::{
    House, Person, Plan,
    pictures::{self, Pixels},
    refused, verdict,
};
use uuid::Uuid;

use crate::edits::{Edit, ask};

const GONE: &str = "NOT_FOUND/TASK_NOT_FOUND";

async fn photo(person: &Person) -> String {
    person.upload("photo.png", &pictures::png(&pictures::scene(16, 8))).await.id
}

async fn get(person: &Person, id: &str) -> Result<Task, tonic::Status> {
    let answer = person.calls.tasks().get_task(GetTaskRequest { id: id.to_owned() }).await?;
    Ok(answer.into_inner().task.expect("a task"))
}

async fn cancel(person: &Person, id: &str) -> Result<Task, tonic::Status> {
    let answer = person.calls.tasks().cancel_task(CancelTaskRequest { id: id.to_owned() }).await?;
    Ok(answer.into_inner().task.expect("a task"))
}

/// Every state that a watcher is told, to the end of the stream.
async fn watch(person: &Person, id: &str) -> Vec<Task> {
    let request = WatchTaskRequest { id: id.to_owned() };
    let mut states = person.calls.tasks().watch_task(request).await.expect("a watch").into_inner();
    let mut told = Vec::new();
    while let Some(state) = states.message().await.expect("a watch that ends well") {
        told.push(state.task.expect("a task"));
    }
    told
}

#[tokio::test]
async fn a_task_is_watched_to_its_end_and_tells_what_it_did() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = photo(&mara).await;
        let asked = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
        assert_eq!(
            (asked.name.as_str(), asked.operation.as_str()),
            (&*format!("rotate_image:{image}"), "rotate_image")
        );
        assert_eq!((asked.subject.as_str(), asked.owner.as_str()), (image.as_str(), mara.id.as_str()));
        assert_eq!((asked.state(), asked.attempts), (TaskState::Queued, 0));
        assert_eq!(asked.description, format!("Waiting to rotate image {image}"));
        assert!(asked.create_time.is_some() && asked.start_time.is_none() && asked.end_time.is_none());

        let told = watch(&mara, &asked.id).await;
        let (last, before) = told.split_last().expect("at least its end");
        assert!(before.iter().all(|task| !has_ended(task)), "{told:?}");
        assert_eq!((last.state(), last.attempts, last.progress_permille), (TaskState::Succeeded, 1, 1000));
        assert_eq!(last.description, format!("Rotated image {image}"));
        assert!(last.start_time.is_some() && last.end_time.is_some());
        assert_eq!(&get(&mara, &asked.id).await.expect("the same task"), last);
        assert_eq!(watch(&mara, &asked.id).await, std::slice::from_ref(last), "a watch that comes late");
    })
    .await;
}

#[tokio::test]
async fn a_name_stands_for_the_newest_task_of_it() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let image = photo(&mara).await;
        let name = format!("rotate_image:{image}");
        assert_eq!(refused(get(&mara, &name).await), GONE);
        let first = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
        let second = ask(&mara, &image, Edit::Rotate(180)).await.expect("queued");
        ask(&mara, &image, Edit::Grayscale).await.expect("queued");
        assert_eq!(get(&mara, &name).await.expect("a task").id, second.id);
        assert_eq!(get(&mara, &first.id).await.expect("a task").id, first.id);
        assert_eq!(cancel(&mara, &name).await.expect("cancelled").id, second.id);
        assert_eq!(watch(&mara, &name).await.last().expect("its end").state(), TaskState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn ones_tasks_are_listed_in_pages_the_newest_first_and_by_image() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let (one, two) = (photo(&mara).await, photo(&mara).await);
        let mut ids = Vec::new();
        for (image, edit) in [(&one, Edit::Rotate(90)), (&two, Edit::Grayscale), (&one, Edit::Compress(50))] {
            ids.insert(0, ask(&mara, image, edit).await.expect("queued").id);
        }
        let page = async |who: &Person, page_size, skip, subject: &str| {
            let request = ListTasksRequest { page_size, skip, subject: subject.to_owned() };
            let answer = who.calls.tasks().list_tasks(request).await.expect("a page").into_inner();
            (answer.tasks.into_iter().map(|task| task.id).collect::<Vec<_>>(), answer.total_size)
        };
        assert_eq!(page(&mara, 0, 0, "").await, (ids.clone(), 3));
        assert_eq!(page(&mara, 1, 1, "").await, (vec![ids[1].clone()], 3));
        assert_eq!(page(&mara, 0, 0, &one).await, (vec![ids[0].clone(), ids[2].clone()], 2));
        assert_eq!(page(&mara, 0, 0, &Uuid::new_v4().to_string()).await, (vec![], 0));
        assert_eq!(page(&house.user("Olek").await, 0, 0, &one).await, (vec![], 0));
        let list = async |page_size, subject: &str| {
            let request = ListTasksRequest { page_size, skip: 0, subject: subject.to_owned() };
            refused(mara.calls.tasks().list_tasks(request).await)
        };
        assert_eq!(list(1001, "").await, "INVALID_ARGUMENT/PAGE_INVALID");
        assert_eq!(list(1, "photo").await, "INVALID_ARGUMENT/ID_INVALID");
    })
    .await;
}

#[tokio::test]
async fn a_task_is_its_owners_and_an_admin_may_look() {
    House::each_as(&Plan::without_workers(), async |house| {
        let (mara, olek, admin) = (house.user("Mara").await, house.user("Olek").await, house.admin().await);
        let image = photo(&mara).await;
        let task = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
        for id in [&task.id, &task.name] {
            assert_eq!(verdict(get(&admin, id).await), "OK");
            assert_eq!(refused(get(&olek, id).await), GONE);
            assert_eq!(refused(cancel(&olek, id).await), GONE);
            assert_eq!(refused(cancel(&admin, id).await), GONE, "to look is not to touch");
            let watch = olek.calls.tasks().watch_task(WatchTaskRequest { id: id.clone() }).await;
            assert_eq!(verdict(watch), GONE);
        }
        for edit in [Edit::Rotate(90), Edit::Grayscale, Edit::Compress(1), Edit::Nearest(2)] {
            assert_eq!(refused(ask(&olek, &image, edit).await), "NOT_FOUND/IMAGE_NOT_FOUND");
            assert_eq!(refused(ask(&admin, &image, edit).await), "NOT_FOUND/IMAGE_NOT_FOUND");
        }
    })
    .await;
}

#[tokio::test]
async fn a_waiting_task_is_cancelled_at_once_and_only_once() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let image = photo(&mara).await;
        let task = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
        let cancelled = cancel(&mara, &task.id).await.expect("cancelled");
        assert_eq!(cancelled.state(), TaskState::Cancelled);
        assert_eq!(cancelled.description, format!("Cancelled: did not rotate image {image}"));
        assert!(cancelled.end_time.is_some());
        assert_eq!(refused(cancel(&mara, &task.id).await), "FAILED_PRECONDITION/TASK_ENDED");
        assert_eq!(watch(&mara, &task.id).await, [cancelled]);
    })
    .await;
}

#[tokio::test]
async fn a_running_task_is_cancelled_unless_it_has_ended_meanwhile() {
    let file = pictures::png(&Pixels::flat(4_000, 3_000));
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("large.png", &file).await.id;
        let task = ask(&mara, &image, Edit::Rotate(30)).await.expect("queued");
        let request = WatchTaskRequest { id: task.id.clone() };
        let mut states = mara.calls.tasks().watch_task(request).await.expect("a watch").into_inner();
        while let Some(state) = states.message().await.expect("a watch").and_then(|state| state.task) {
            if state.state() != TaskState::Queued {
                break;
            }
        }
        let cancelled = cancel(&mara, &task.id).await;
        let ended = mara.calls.wait(&task.id).await.expect("an end");
        if let Ok(answer) = &cancelled {
            assert_eq!(ended.state(), TaskState::Cancelled, "what was promised holds");
            assert!(answer.description.ends_with("about to be cancelled"), "{}", answer.description);
            assert_eq!(
                mara.calls
                    .download(&image, 0)
                    .await
                    .expect("a download")
                    .image()
                    .revision
                    .as_ref()
                    .map(|r| r.number),
                Some(1)
            );
        } else {
            assert_eq!(
                (refused(cancelled).as_str(), ended.state()),
                ("FAILED_PRECONDITION/TASK_ENDED", TaskState::Succeeded)
            );
        }
        let next = ask(&mara, &image, Edit::Rotate(180)).await.expect("queued");
        assert_eq!(mara.calls.wait(&next.id).await.expect("an end").state(), TaskState::Succeeded);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_no_id_are_told_apart() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let unknown = Uuid::new_v4();
        for id in [unknown.to_string(), format!("rotate_image:{unknown}"), format!("dig:{unknown}")] {
            assert_eq!(refused(get(&mara, &id).await), GONE);
            assert_eq!(refused(cancel(&mara, &id).await), GONE);
        }
        for id in
            ["", "rotate_image", "rotate_image:", &format!(":{unknown}"), &format!("Rotate:{unknown}"), "7"]
        {
            assert_eq!(refused(get(&mara, id).await), "INVALID_ARGUMENT/TASK_ID_INVALID", "{id:?}");
        }
    })
    .await;
}
