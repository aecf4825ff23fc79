//! The reckoning: all that was acknowledged is found, whole, and done once.

use std::{fmt, net::SocketAddr, time::Duration};

use atalaya_proto::{
    errors::v1::Reason,
    images::v1::Revision,
    tasks::v1::{ListTasksRequest, Task, TaskState},
};
use atalaya_tests::people::PASSWORD;
use futures::{StreamExt, stream};

use crate::{
    asking::Editor,
    load::{Asked, Ledger},
    patience::within,
    person::log_in,
    remains::sha256,
};

/// Questions at once, and logins at once.
const AT_ONCE: usize = 8;
const LOGINS: usize = 2;
/// How long the last task may take, and a login.
const LIMIT: Duration = Duration::from_mins(2);
/// More than any list here has.
const PAGE: i32 = 1_000;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    logins: usize,
    revisions: usize,
    tasks: usize,
    /// Tasks that were started more than once, and are done once all the same.
    restarted: usize,
}

/// Fails the test for whatever is missing, broken or doubled.
pub(crate) async fn run(server: SocketAddr, editors: &[Editor], ledger: &Ledger) -> Found {
    assert!(ledger.odd.is_empty(), "answers that no kill explains: {:#?}", ledger.odd);
    let accounts = ledger.accounts.iter().chain(&ledger.made_unheard);
    let logins = stream::iter(accounts).map(|email| can_log_in(server, email));
    let mut found = Found { logins: logins.buffer_unordered(LOGINS).count().await, ..Found::default() };
    for (number, editor) in editors.iter().enumerate() {
        let kept = ledger.images.iter().filter(|image| image.editor == number).count();
        let listed = editor.person.images().await.expect("a list");
        let range = i32::try_from(kept).expect("few images")..=ledger.uploads[number];
        assert!(range.contains(&listed), "{listed} images, not {range:?}");
    }
    let images = stream::iter(&ledger.images).map(|image| check(&editors[image.editor], image));
    let each: Vec<Found> = images.buffer_unordered(AT_ONCE).collect().await;
    for one in each {
        found.revisions += one.revisions;
        found.tasks += one.tasks;
        found.restarted += one.restarted;
    }
    found
}

async fn can_log_in(server: SocketAddr, email: &str) {
    within(LIMIT, email, async || match log_in(server, email, PASSWORD).await {
        // There is a line before the passwords, and on a busy machine it is long.
        Err(error) if error.reason == Some(Reason::ServerBusy) => Err(error),
        Ok(_) => Ok(()),
        Err(error) => panic!("{email} can't log in: {error}"),
    })
    .await;
}

/// One image: its tasks have all succeeded, its states are theirs, one each, and its bytes are whole.
async fn check(editor: &Editor, image: &Asked) -> Found {
    let tasks = ended(editor, &image.id).await;
    let unsure = usize::from(image.unsure);
    let asked = image.edits.len();
    assert!((asked..=asked + unsure).contains(&tasks.len()), "{image:?} has other tasks: {tasks:#?}");
    for (task, (operation, id)) in tasks.iter().zip(&image.edits) {
        assert_eq!(task.operation, format!("{operation}_image"), "{image:?}");
        assert!(id.as_ref().is_none_or(|id| *id == task.id), "{image:?} lost a task: {tasks:#?}");
    }
    assert!(tasks.iter().all(|task| task.state() == TaskState::Succeeded), "{tasks:#?}");

    let revisions = revisions(editor, &image.id).await;
    let made: Vec<&str> = revisions.iter().skip(1).map(|revision| revision.operation.as_str()).collect();
    let done: Vec<&str> = tasks.iter().map(|task| task.operation.as_str()).collect();
    assert_eq!(made, done, "each task makes one state of {image:?}");
    assert_eq!(revisions[0].sha256, image.sha256, "{image:?} is not what was uploaded");
    for revision in &revisions {
        let bytes = editor.person.bytes(&image.id, revision.number).await;
        let bytes = bytes.unwrap_or_else(|error| panic!("{image:?} has no bytes: {error}"));
        assert_eq!(sha256(&bytes), revision.sha256, "{image:?}");
    }
    let restarted = tasks.iter().filter(|task| task.attempts > 1).count();
    Found { logins: 0, revisions: revisions.len(), tasks: tasks.len(), restarted }
}

/// The image's tasks in the order of asking, once they have all ended.
async fn ended(editor: &Editor, image: &str) -> Vec<Task> {
    within(LIMIT, "every task to end", async || {
        let request = ListTasksRequest { page_size: PAGE, skip: 0, subject: image.to_owned() };
        let listed = editor.person.calls.tasks().list_tasks(request).await.expect("a list");
        let mut tasks = listed.into_inner().tasks;
        tasks.reverse();
        if tasks.iter().all(atalaya_client::has_ended) { Ok(tasks) } else { Err(tasks) }
    })
    .await
}

async fn revisions(editor: &Editor, image: &str) -> Vec<Revision> {
    let revisions = editor.person.revisions(image).await;
    let revisions = revisions.unwrap_or_else(|error| panic!("{image} is lost: {error}"));
    let numbers: Vec<i32> = revisions.iter().map(|revision| revision.number).collect();
    assert!(numbers.iter().zip(1..).all(|(number, expected)| *number == expected), "{numbers:?}");
    revisions
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { logins, revisions, tasks, restarted } = self;
        write!(f, "found: {logins} logins, {revisions} states of images, {tasks} tasks done once each")?;
        write!(f, " ({restarted} of them started more than once)")
    }
}
