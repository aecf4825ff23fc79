//! An edit that stands still half-way, so that a test can do something to the server meanwhile.

use atalaya_proto::tasks::v1::TaskState;
use atalaya_tests::process::Server;
use nix::sys::signal::Signal;

use crate::{
    person::Person,
    procfs::{sandboxes, signal},
};

/// Edits an image once, then begins another edit whose process stands still; the task's id. The worker is to have
/// one process at most.
pub(crate) async fn begin(worker: &Server, person: &Person, image: &str) -> String {
    let first = person.rotate(image).await.expect("a task");
    assert_eq!(person.ended(&first).await.state(), TaskState::Succeeded);
    for process in sandboxes(worker.pid()) {
        signal(process, Signal::SIGSTOP);
    }
    let task = person.rotate(image).await.expect("a task");
    person.task_when(&task, |task| task.state() == TaskState::Running).await;
    task
}

/// Lets it go on.
pub(crate) fn go_on(worker: &Server) {
    for process in sandboxes(worker.pid()) {
        signal(process, Signal::SIGCONT);
    }
}
