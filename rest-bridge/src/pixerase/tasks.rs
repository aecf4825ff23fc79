//! Task Management: how far an edit is.

use atalaya_client::Error;
use atalaya_proto::tasks::v1::{GetTaskRequest, Task, TaskState};
use axum::Json;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::UtoipaMethodRouter, routes};
use uuid::Uuid;

use super::{
    Pixerase,
    error::Answer,
    field::Wrong,
    form::{Form, Shape, Valid},
    responses::{BadValue, NotAuthenticated, NotFound, TooMany, Unavailable, WrongShape},
};
use crate::{Door, dialect::Caller};

/// What a task's id looks like.
const PATTERN: &str = "^[A-Za-z_]+:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";
/// Characters of a UUID in its usual spelling.
const UUID_LENGTH: usize = 36;

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 1] {
    [routes!(read)]
}

/// A task in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
struct TaskId {
    /// Task identifier, `operation:image id`.
    #[param(
        pattern = "^[A-Za-z_]+:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        example = "rotate_image:75079971-fb0e-4e04-bf07-ceb57faebe84"
    )]
    task_id: String,
}

impl Shape for TaskId {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { task_id: form.path("task_id").matching(PATTERN, name)? })
    }
}

/// The name in its usual spelling, if the pattern matches.
fn name(text: &str) -> Option<String> {
    let (operation, subject) = text.split_once(':')?;
    let is_operation =
        !operation.is_empty() && operation.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    let subject = Uuid::try_parse(subject).ok().filter(|_| subject.len() == UUID_LENGTH)?;
    is_operation.then(|| format!("{operation}:{subject}"))
}

/// How far a task is.
#[derive(Serialize, ToSchema)]
struct ReadTask {
    status: Status,
    #[schema(min_length = 1)]
    description: String,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Failure,
    Started,
    Retrying,
    Processing,
}

impl ReadTask {
    fn of(task: Option<Task>) -> Result<Self, Error> {
        let task = task.ok_or_else(|| Error::missing("task"))?;
        let status = match task.state() {
            TaskState::Unspecified => return Err(Error::missing("state")),
            TaskState::Queued => Status::Processing,
            TaskState::Running => Status::Started,
            TaskState::Retrying => Status::Retrying,
            TaskState::Succeeded => Status::Success,
            TaskState::Failed | TaskState::Cancelled => Status::Failure,
        };
        Ok(Self { status, description: task.description })
    }
}

/// Retrieves the status of an asynchronous task.
#[utoipa::path(
    get, path = "/api/v1/task/id/{task_id}/", tag = "Task Management", operation_id = "read_task", params(TaskId),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = ReadTask),
        BadValue, NotAuthenticated, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn read(caller: Caller<Pixerase>, Valid(task): Valid<TaskId>) -> Answer<Json<ReadTask>> {
    let found = caller.tasks().get_task(GetTaskRequest { id: task.task_id }).await?.into_inner();
    Ok(Json(ReadTask::of(found.task)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_s_id_is_an_operation_and_a_uuid() {
        let usual = "rotate_image:75079971-fb0e-4e04-bf07-ceb57faebe84";
        assert_eq!(name(usual).as_deref(), Some(usual));
        assert_eq!(
            name(&usual.to_uppercase()).as_deref(),
            Some("ROTATE_IMAGE:75079971-fb0e-4e04-bf07-ceb57faebe84")
        );
        for wrong in [
            "",
            "rotate_image",
            ":75079971-fb0e-4e04-bf07-ceb57faebe84",
            "rotate image:75079971-fb0e-4e04-bf07-ceb57faebe84",
            "rotate1:75079971-fb0e-4e04-bf07-ceb57faebe84",
            "rotate:75079971fb0e4e04bf07ceb57faebe84",
            "rotate:75079971-fb0e-4e04-bf07-ceb57faebe8g",
            "rotate:a:75079971-fb0e-4e04-bf07-ceb57faebe84",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_state_has_a_status() {
        let status = |state: TaskState| {
            ReadTask::of(Some(Task { state: state.into(), ..Task::default() })).map(|task| task.status).ok()
        };
        assert_eq!(status(TaskState::Unspecified), None);
        assert_eq!(status(TaskState::Queued), Some(Status::Processing));
        assert_eq!(status(TaskState::Running), Some(Status::Started));
        assert_eq!(status(TaskState::Retrying), Some(Status::Retrying));
        assert_eq!(status(TaskState::Succeeded), Some(Status::Success));
        assert_eq!(status(TaskState::Failed), Some(Status::Failure));
        assert_eq!(status(TaskState::Cancelled), Some(Status::Failure));
    }
}
