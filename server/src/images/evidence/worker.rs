//! Runs queued analyses, and hashes images while there is nothing else to do.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use uuid::Uuid;

use super::{
    findings::{self, Findings},
    model::{Analysis, Assignment, Fingerprint, Look},
    store,
};
use crate::{
    blobs,
    images::{
        self,
        model::{Image, Revision},
        worker::{failure, gone, store_away},
    },
    sandbox::{self, Pool, Work},
    tasks::{Context, Done, Failure, Finish, Job},
};

/// What every key of an analysis' bytes begins with.
pub(in crate::images) const PREFIX: &str = "evidence/";
/// How many images are hashed before it is looked whether there is something better to do.
const BATCH: i64 = 8;
/// How long to wait before looking again for images without hashes.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait after a failure that may pass.
const TROUBLE: Duration = Duration::from_secs(30);

/// One analysis from its claim to its commit.
pub(in crate::images) async fn analyze(
    images: &images::Service,
    pool: &Pool,
    assignment: Assignment,
    job: &Job,
    context: &Context,
) -> Result<Done, Failure> {
    let image = images.state(job.subject(), assignment.revision).await.map_err(|error| absent(job, error))?;
    let input = images.blobs.get(&image.revision.blob).await.map_err(|error| match error {
        blobs::Error::Missing => gone(image.id),
        blobs::Error::Unavailable(_) => store_away(&error),
    })?;
    let work = Work::Look(Look::Report(assignment.maps.clone()));
    let (progress, count) = (context.progress.clone(), assignment.maps.len());
    let findings = pool
        .run(
            &work,
            &[input],
            work.deadline(image.revision.size),
            move |done| progress.set(done),
            context.cancelled.cancelled(),
            move |files| findings::believed(files, count),
        )
        .await
        .map_err(failure)?;
    let analysis = keep(images, &image, &assignment, job.claim().id, findings).await?;
    match write(job, &analysis).await {
        // From here on the bytes are the sweeper's affair: a commit whose answer is lost may have happened.
        Ok((finish, left_behind)) => {
            let done = finish.commit().await?;
            images.delete_blobs(left_behind).await;
            Ok(done)
        }
        Err(failure) => {
            images.delete_blobs(analysis.blobs().cloned().collect()).await;
            Err(failure)
        }
    }
}

/// The image, or this state of it, may have been deleted since the task was queued.
fn absent(job: &Job, error: images::Error) -> Failure {
    if let images::Error::Database(cause) = error { cause.into() } else { gone(job.subject()) }
}

/// Writes the bytes; nothing points to them yet.
async fn keep(
    images: &images::Service,
    image: &Image,
    assignment: &Assignment,
    id: Uuid,
    findings: Findings,
) -> Result<Analysis, Failure> {
    let key = || format!("{PREFIX}{}/{}", image.id, Uuid::new_v4());
    let analysis = Analysis {
        id,
        image: image.id,
        revision: image.revision.number,
        sha256: image.revision.sha256.clone(),
        blob: key(),
        maps: assignment.maps.iter().map(|map| (map, key())).collect(),
        create_time: images.clock.now(),
    };
    let files = std::iter::once(findings.report).chain(findings.maps);
    for (key, bytes) in analysis.blobs().zip(files) {
        if let Err(error) = images.blobs.put(key, bytes).await {
            images.delete_blobs(analysis.blobs().cloned().collect()).await;
            return Err(store_away(&error));
        }
    }
    Ok(analysis)
}

/// The analysis and the end of the task, in one transaction; the keys of bytes that nothing needs afterwards.
async fn write(job: &Job, analysis: &Analysis) -> Result<(Finish, Vec<String>), Failure> {
    let mut finish = job.finish().await?;
    let left_behind = store::insert(finish.tx(), analysis).await?;
    Ok((finish, left_behind))
}

/// Hashes what images show, one after the other, while no task runs.
pub(in crate::images) async fn hash_images(
    images: images::Service,
    pools: Arc<crate::images::worker::Pools>,
) {
    loop {
        let pause = match hash_some(&images, &pools.plain).await {
            Ok(0) => PAUSE,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!("images could not be hashed: {error}");
                TROUBLE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// How many were hashed. A failure that may pass is an error.
async fn hash_some(images: &images::Service, pool: &Pool) -> Result<usize, super::Error> {
    if !pool.is_quiet() {
        return Ok(0);
    }
    let wanted = store::unhashed(images.db.read(), BATCH).await?;
    for &(id, number) in &wanted {
        match images.state(id, number).await {
            Ok(image) => {
                fingerprint(images, pool, &image).await?;
            }
            Err(images::Error::NotFound(_) | images::Error::RevisionNotFound(..)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if wanted.is_empty() {
        let mut tx = images.db.begin().await?;
        store::pass_over(&mut *tx).await?;
        tx.commit().await?;
    }
    Ok(wanted.len())
}

/// Hashes a state of an image and keeps the hashes; nothing of what can't be decoded.
pub(super) async fn fingerprint(
    images: &images::Service,
    pool: &Pool,
    image: &Image,
) -> Result<Option<Fingerprint>, super::Error> {
    let Revision { number, size, .. } = image.revision;
    let input = images.content(image).await?;
    let work = Work::Look(Look::Fingerprint);
    let believe = |files: Vec<Bytes>| {
        let [file] = <[Bytes; 1]>::try_from(files).ok()?;
        Some(Fingerprint::from_bytes(file.as_ref().try_into().ok()?))
    };
    let answer =
        pool.run(&work, &[input], work.deadline(size), |_| {}, std::future::pending(), believe).await;
    let hashes = match answer {
        Ok(hashes) => Some(hashes),
        Err(sandbox::Error::Failed(_) | sandbox::Error::Crashed | sandbox::Error::TimedOut) => None,
        Err(sandbox::Error::Cancelled | sandbox::Error::Unavailable) => {
            return Err(images::Error::ServerBusy.into());
        }
    };
    let mut tx = images.db.begin().await?;
    store::set_fingerprint(&mut *tx, image.id, number, hashes).await?;
    tx.commit().await?;
    Ok(hashes)
}
