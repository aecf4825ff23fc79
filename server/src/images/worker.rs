//! Runs queued edits: fetch the newest state, edit it in the sandbox, keep the result as a new state.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    evidence,
    model::{Edit, Image, Revision},
    service,
    service::Service,
    store, sweeper,
};
use crate::{
    blobs,
    sandbox::{self, Edited, Networks, Pool, Work},
    tasks::{Context, Done, Failure, Finish, Job, Lane, Queue, Worker},
};

/// How long running edits have at shutdown; then they go back to the queue.
const DRAIN: Duration = Duration::from_secs(5);
/// Edits by neural networks that are under way at once: as many as there are processes for them.
const NETWORK_SLOTS: usize = 1;

/// The processes that edit.
#[derive(Debug)]
pub struct Pools {
    /// Without neural networks.
    pub plain: Pool,
    /// With them.
    pub networks: Pool,
}

impl Pools {
    /// So many processes of `program sandbox`, and one that runs neural networks so.
    pub fn new(program: PathBuf, count: usize, networks: Networks) -> Self {
        Self { plain: Pool::new(program.clone(), count), networks: Pool::networks(program, networks) }
    }
}

/// Starts the workers, and the sweepers of tasks and bytes, until `stop`.
pub fn start(
    images: &Service,
    queue: &Queue,
    pools: Pools,
    slots: usize,
    stop: &CancellationToken,
    tracker: &TaskTracker,
) {
    let pools = Arc::new(pools);
    // Neural networks take minutes, one after the other: in a lane of their own they keep nobody else waiting.
    for (lane, slots) in [(Lane::Images, slots), (Lane::Networks, NETWORK_SLOTS)] {
        let (editing, pools) = (images.clone(), Arc::clone(&pools));
        let worker = Worker::new(queue.clone(), lane, slots, move |job, context| {
            run(editing.clone(), Arc::clone(&pools), job, context)
        });
        tracker.spawn(worker.work(stop.clone(), DRAIN));
    }
    tracker.spawn(stop.clone().run_until_cancelled_owned(sweep(images.clone(), queue.clone())));
}

/// One edit from its claim to its commit.
async fn run(images: Service, pools: Arc<Pools>, job: Job, context: Context) -> Result<Done, Failure> {
    if let Ok(assignment) = job.payload().parse() {
        return evidence::worker::analyze(&images, &pools.plain, assignment, &job, &context).await;
    }
    let edit: Edit = job.payload().parse().map_err(|_| permanent("its edit is unknown to this server"))?;
    let image = store::by_id(images.db.read(), job.subject()).await?.ok_or_else(|| gone(job.subject()))?;
    let input = fetch(&images, &image).await?;
    let files = with_networks(&images, &edit, input.clone()).await?;
    let pool = if edit.needs_network() { &pools.networks } else { &pools.plain };
    let progress = context.progress.clone();
    let deadline = Work::Edit(edit.clone()).deadline(image.revision.size);
    let edited = pool
        .edit(edit.clone(), &files, deadline, move |done| progress.set(done), context.cancelled.cancelled())
        .await
        .map_err(failure)?;
    if edited.bytes == input {
        return job.finish().await?.commit().await;
    }
    let revision = keep(&images, &image, &edit, edited).await?;
    match write(&images, &job, &image, &revision).await {
        // From here on the bytes are the sweeper's affair: a commit whose answer is lost may have happened.
        Ok(finish) => finish.commit().await,
        Err(failure) => {
            images.delete_blobs(vec![revision.blob]).await;
            Err(failure)
        }
    }
}

/// The files of a job: the image, and the networks that the edit needs.
async fn with_networks(images: &Service, edit: &Edit, image: Bytes) -> Result<Vec<Bytes>, Failure> {
    let networks = images.models.read(edit).await.map_err(|error| {
        tracing::warn!("model files can't be read: {error}");
        permanent("the server has no model files for this")
    })?;
    Ok([vec![image], networks].concat())
}

async fn fetch(images: &Service, image: &Image) -> Result<Bytes, Failure> {
    images.blobs.get(&image.revision.blob).await.map_err(|error| match error {
        // Its owner may have deleted it a moment ago: then the task is no longer ours anyway.
        blobs::Error::Missing => gone(image.id),
        blobs::Error::Unavailable(_) => store_away(&error),
    })
}

/// Writes the result's bytes; nothing points to them yet.
async fn keep(images: &Service, image: &Image, edit: &Edit, edited: Edited) -> Result<Revision, Failure> {
    let Edited { bytes, facts } = edited;
    let revision = Revision {
        number: image.revision.number + 1,
        operation: edit.operation().to_owned(),
        blob: service::new_key(image.id),
        format: facts.format,
        size: facts.size,
        bytes: bytes.len() as i64,
        sha256: hashed(bytes.clone()).await?,
        animated: facts.animated,
        create_time: images.clock.now(),
    };
    images.blobs.put(&revision.blob, bytes).await.map_err(|error| store_away(&error))?;
    Ok(revision)
}

/// The SHA-256, away from the threads that answer calls.
async fn hashed(bytes: Bytes) -> Result<String, Failure> {
    let hashed = tokio::task::spawn_blocking(move || service::sha256(&bytes));
    hashed.await.map_err(|_| Failure::Transient("the server is leaving".to_owned()))
}

/// The new state and the end of the task, in the transaction that makes both true or neither.
async fn write(images: &Service, job: &Job, image: &Image, revision: &Revision) -> Result<Finish, Failure> {
    let mut finish = job.finish().await?;
    images.tasks.hold_owner(finish.tx(), image.owner).await?;
    let kept = images.limits.revisions;
    if !store::advance(finish.tx(), image.id, image.revision.number, revision, kept).await? {
        return Err(Failure::Transient("the image changed meanwhile".to_owned()));
    }
    // Only now: the state that made way for this one counts no more.
    within_quota(images, &mut finish, image.owner).await?;
    Ok(finish)
}

/// Fails the task if what it keeps is more than its owner may have.
pub(super) async fn within_quota(images: &Service, finish: &mut Finish, owner: Uuid) -> Result<(), Failure> {
    let excess = images.excess(finish.tx(), owner).await?;
    excess.map_or(Ok(()), |excess| Err(permanent(&excess.to_string())))
}

pub(super) fn failure(error: sandbox::Error) -> Failure {
    match error {
        sandbox::Error::Failed(sentence) => Failure::Permanent(sentence),
        // One timeout may be a busy machine's fault; the second in a row is the image's.
        sandbox::Error::TimedOut | sandbox::Error::Crashed => Failure::Crashed(error.to_string()),
        sandbox::Error::Cancelled => Failure::Stopped,
        sandbox::Error::Unavailable => Failure::Transient(error.to_string()),
    }
}

pub(super) fn gone(id: Uuid) -> Failure {
    permanent(&format!("image with id: {id} not found"))
}

fn permanent(text: &str) -> Failure {
    Failure::Permanent(text.to_owned())
}

pub(super) fn store_away(cause: &blobs::Error) -> Failure {
    tracing::warn!("a task failed for now: {cause}");
    Failure::Transient("the byte store did not answer".to_owned())
}

/// Deletes what nothing needs any more, now and then.
async fn sweep(images: Service, queue: Queue) {
    loop {
        match images.expire().await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "forgot states of images that are kept no longer"),
            Err(error) => tracing::warn!("old states could not be forgotten: {error}"),
        }
        match images.sweep().await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "deleted bytes that nothing needs"),
            Err(error) => tracing::warn!("bytes could not be swept: {error}"),
        }
        if let Err(error) = queue.sweep().await {
            tracing::warn!("tasks could not be swept: {error}");
        }
        tokio::time::sleep(sweeper::INTERVAL).await;
    }
}
