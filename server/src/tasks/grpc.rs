//! `TaskService` on the wire: who, parse, call, shape.

use std::time::Duration;

use atalaya_proto::{
    errors::v1::Reason,
    tasks::v1::{self as pb, task_service_server::TaskService},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Reference, State, Task},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
};

/// How long a caller shall wait when too many tasks are being watched.
const BUSY_DELAY: Duration = Duration::from_secs(5);

#[tonic::async_trait]
impl TaskService for Service {
    type WatchTaskStream = BoxStream<'static, Result<pb::WatchTaskResponse, Status>>;

    async fn get_task(
        &self,
        request: Request<pb::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let caller = auth::require(&request)?;
        let reference: Reference = request.get_ref().id.parse()?;
        let task = self.get(caller, &reference).await?;
        Ok(Response::new(pb::GetTaskResponse { task: Some(task.into()) }))
    }

    async fn list_tasks(
        &self,
        request: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        let caller = auth::require(&request)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let subject = match request.subject.as_str() {
            "" => None,
            text => Some(status::id("subject", text)?),
        };
        let (tasks, total) = self.list(caller, page, subject).await?;
        let tasks = tasks.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListTasksResponse { tasks, total_size: status::total(total) }))
    }

    async fn cancel_task(
        &self,
        request: Request<pb::CancelTaskRequest>,
    ) -> Result<Response<pb::CancelTaskResponse>, Status> {
        let caller = auth::require(&request)?;
        let reference: Reference = request.get_ref().id.parse()?;
        let task = self.cancel(caller, &reference).await?;
        Ok(Response::new(pb::CancelTaskResponse { task: Some(task.into()) }))
    }

    async fn watch_task(
        &self,
        request: Request<pb::WatchTaskRequest>,
    ) -> Result<Response<Self::WatchTaskStream>, Status> {
        let caller = auth::require(&request)?;
        let reference: Reference = request.get_ref().id.parse()?;
        let watch = self.watch(caller, &reference).await?;
        let changes = stream::unfold(watch, |mut watch| async move { Some((watch.next().await?, watch)) });
        Ok(Response::new(changes.map(|task| Ok(pb::WatchTaskResponse { task: Some(task?.into()) })).boxed()))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::IdInvalid => failure(Code::InvalidArgument, Reason::TaskIdInvalid, text, &[]),
            Error::KeyInvalid => failure(Code::InvalidArgument, Reason::IdempotencyKeyInvalid, text, &[]),
            Error::KeyReused => failure(Code::FailedPrecondition, Reason::IdempotencyKeyReused, text, &[]),
            Error::NotFound(id) => failure(Code::NotFound, Reason::TaskNotFound, text, &[("id", &id)]),
            Error::Ended(id) => {
                failure(Code::FailedPrecondition, Reason::TaskEnded, text, &[("id", &id.to_string())])
            }
            Error::TooMany(max) => {
                failure(Code::ResourceExhausted, Reason::TooManyTasks, text, &[("max", &max.to_string())])
            }
            Error::TooManyWatchers => status::wait(Reason::ServerBusy, text, BUSY_DELAY),
            Error::Leaving => failure(Code::Unavailable, Reason::ShuttingDown, text, &[]),
            // A worker's own affair: no call meets it.
            Error::StaleFence => status::internal(&error),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

impl From<Task> for pb::Task {
    fn from(task: Task) -> Self {
        Self {
            name: task.name(),
            description: task.description(),
            id: task.id.to_string(),
            operation: task.operation,
            subject: task.subject.to_string(),
            owner: task.owner.to_string(),
            state: pb::TaskState::from(task.state).into(),
            progress_permille: task.progress.into(),
            attempts: i32::try_from(task.attempts).unwrap_or(i32::MAX),
            create_time: Some(task.create_time.into()),
            start_time: task.start_time.map(Into::into),
            end_time: task.end_time.map(Into::into),
        }
    }
}

impl From<State> for pb::TaskState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Retrying => Self::Retrying,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}
