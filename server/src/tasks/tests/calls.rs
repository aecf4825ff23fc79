//! What callers meet: permissions, lists, watching, and failures with their reasons.

use std::time::Duration;

use atalaya_proto::{
    errors::v1::Reason,
    tasks::v1::{self as pb, task_service_server::TaskService},
};
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{Bench, benches, finish};
use crate::{
    auth::{Caller, Login, Origin, Role},
    db::{Db, testing},
    tasks::{Context, Done, Error, Failure, Job, Lane, Queue, Service, Task, Worker, model::State},
};

fn caller(account: u128, role: Role) -> Caller {
    Caller::new(Uuid::from_u128(account), role, Uuid::nil(), Login::Password, Origin::NONE)
}

fn request<T>(caller: Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().unwrap().reason)
}

async fn get(service: &Service, caller: Caller, id: &str) -> Result<pb::Task, Status> {
    let got = service.get_task(request(caller, pb::GetTaskRequest { id: id.to_owned() })).await?;
    Ok(got.into_inner().task.unwrap())
}

#[tokio::test]
async fn only_its_owner_and_admins_see_a_task() {
    for bench in benches().await {
        let service = Service::new(bench.queue.clone());
        let task = bench.ask(1, 7).await;
        for id in [task.id.to_string(), task.name()] {
            for allowed in [caller(1, Role::User), caller(2, Role::Admin), caller(2, Role::SuperAdmin)] {
                let got = get(&service, allowed, &id).await.unwrap();
                assert_eq!(
                    (got.state(), got.id, got.name),
                    (pb::TaskState::Queued, task.id.to_string(), task.name())
                );
                assert!(got.create_time.is_some() && got.start_time.is_none() && !got.description.is_empty());
            }
            let denied = get(&service, caller(2, Role::User), &id).await.unwrap_err();
            assert_eq!(reason(&denied), (Code::NotFound, Reason::TaskNotFound.token().to_owned()));
        }
        let denied = service.get_task(Request::new(pb::GetTaskRequest::default())).await.unwrap_err();
        assert_eq!(denied.code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn only_its_owner_cancels_a_task_and_only_once() {
    for bench in benches().await {
        let service = Service::new(bench.queue.clone());
        let task = bench.ask(1, 7).await;
        let cancel = |by| service.cancel_task(request(by, pb::CancelTaskRequest { id: task.name() }));
        let denied = cancel(caller(2, Role::SuperAdmin)).await.unwrap_err();
        assert_eq!(reason(&denied), (Code::NotFound, Reason::TaskNotFound.token().to_owned()));
        let cancelled = cancel(caller(1, Role::User)).await.unwrap().into_inner().task.unwrap();
        assert_eq!(cancelled.state(), pb::TaskState::Cancelled);
        let late = cancel(caller(1, Role::User)).await.unwrap_err();
        assert_eq!(reason(&late), (Code::FailedPrecondition, Reason::TaskEnded.token().to_owned()));
    }
}

#[tokio::test]
async fn a_list_holds_the_callers_own_tasks_the_newest_first() {
    for bench in benches().await {
        let service = Service::new(bench.queue.clone());
        let mut ids = Vec::new();
        for subject in [7, 8, 7] {
            ids.push(bench.ask(1, subject).await.id.to_string());
        }
        bench.ask(2, 9).await;
        let list = async |page_size, skip, subject: &str| {
            let list = pb::ListTasksRequest { page_size, skip, subject: subject.to_owned() };
            let list = service.list_tasks(request(caller(1, Role::Admin), list)).await?.into_inner();
            Ok::<_, Status>((list.tasks.into_iter().map(|t| t.id).collect::<Vec<_>>(), list.total_size))
        };
        ids.reverse();
        assert_eq!(list(0, 0, "").await.unwrap(), (ids.clone(), 3));
        assert_eq!(list(1, 1, "").await.unwrap(), (vec![ids[1].clone()], 3));
        let seventh = Uuid::from_u128(7).to_string();
        assert_eq!(list(0, 0, &seventh).await.unwrap(), (vec![ids[0].clone(), ids[2].clone()], 2));
        let refused = |outcome: Result<_, Status>| reason(&outcome.unwrap_err()).1;
        assert_eq!(refused(list(1001, 0, "").await), Reason::PageInvalid.token());
        assert_eq!(refused(list(0, -1, "").await), Reason::PageInvalid.token());
        assert_eq!(refused(list(0, 0, "x").await), Reason::IdInvalid.token());
    }
}

#[tokio::test]
async fn every_failure_has_its_code_and_reason() {
    let text = || "x".to_owned();
    for (error, code, wanted) in [
        (Error::IdInvalid, Code::InvalidArgument, Reason::TaskIdInvalid),
        (Error::KeyInvalid, Code::InvalidArgument, Reason::IdempotencyKeyInvalid),
        (Error::KeyReused, Code::FailedPrecondition, Reason::IdempotencyKeyReused),
        (Error::NotFound(text()), Code::NotFound, Reason::TaskNotFound),
        (Error::Ended(Uuid::nil()), Code::FailedPrecondition, Reason::TaskEnded),
        (Error::TooMany(100), Code::ResourceExhausted, Reason::TooManyTasks),
        (Error::TooManyWatchers, Code::ResourceExhausted, Reason::ServerBusy),
        (Error::StaleFence, Code::Internal, Reason::Internal),
        (Error::Database(sqlx::Error::PoolTimedOut), Code::Unavailable, Reason::DatabaseUnavailable),
    ] {
        assert_eq!(reason(&error.into()), (code, wanted.token().to_owned()));
    }
}

/// What a watcher is told, from the next message to the end of the stream.
async fn rest(watch: impl Stream<Item = Result<pb::WatchTaskResponse, Status>>) -> Vec<(pb::TaskState, i32)> {
    let tasks = watch.map(|message| message.unwrap().task.unwrap());
    let all = tasks.map(|task| (task.state(), task.progress_permille)).collect();
    tokio::time::timeout(super::PATIENCE, all).await.expect("the stream ends with the task")
}

async fn watch(service: &Service, task: &Task) -> <Service as TaskService>::WatchTaskStream {
    let watch = pb::WatchTaskRequest { id: task.id.to_string() };
    service.watch_task(request(caller(1, Role::User), watch)).await.unwrap().into_inner()
}

/// Does a job in steps, each no sooner than a watcher can see it.
async fn stepwise(job: Job, context: Context) -> Result<Done, Failure> {
    for step in 1..=3 {
        context.progress.set(step * 250);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    job.finish().await?.commit().await
}

#[tokio::test]
async fn a_watcher_sees_a_task_all_the_way_to_its_end() {
    for bench in benches().await {
        let service = Service::new(bench.queue.clone());
        let task = bench.ask(1, 7).await;
        let mut watch = watch(&service, &task).await;
        let first = watch.next().await.unwrap().unwrap().task.unwrap();
        assert_eq!(first.state(), pb::TaskState::Queued);
        let stop = CancellationToken::new();
        let worker = Worker::new(bench.queue.clone(), Lane::Images, 1, stepwise)
            .work(stop.clone(), Duration::from_secs(5));
        let worker = tokio::spawn(worker);
        let seen = rest(watch).await;
        for step in [250, 500, 750] {
            assert!(seen.contains(&(pb::TaskState::Running, step)), "{seen:?}");
        }
        assert_eq!(seen.last(), Some(&(pb::TaskState::Succeeded, 1000)));
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "told twice: {seen:?}");
        stop.cancel();
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn a_watcher_of_an_ended_task_sees_it_once() {
    for bench in benches().await {
        let service = Service::new(bench.queue.clone());
        let task = bench.ask(1, 7).await;
        finish(&bench.claim().await.unwrap()).await;
        assert_eq!(rest(watch(&service, &task).await).await, [(pb::TaskState::Succeeded, 1000)]);
    }
}

#[tokio::test]
async fn a_watcher_sees_what_another_process_does() {
    let Some(scratch) = testing::postgres().await else { return };
    let bench = Bench::new(scratch);
    let elsewhere = Queue::new(Db::open(&bench.scratch.url).await.unwrap(), bench.clock.clone());
    let service = Service::new(bench.queue.clone());
    let task = bench.ask(1, 7).await;
    let mut watch = service.watch(caller(1, Role::User), &task.name().parse().unwrap()).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().state, State::Queued);
    let job = elsewhere.claim(Uuid::from_u128(9), Lane::Images, None).await.unwrap().unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().state, State::Running);
    finish(&job).await;
    assert_eq!(watch.next().await.unwrap().unwrap().state, State::Succeeded);
    assert!(watch.next().await.is_none());
}
