//! Runs queued analyses.

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
        model::Image,
        worker::{failure, gone, store_away, within_quota},
    },
    sandbox::{Pool, Work},
    tasks::{Context, Done, Failure, Finish, Job},
};

/// What every key of an analysis' bytes begins with.
pub(in crate::images) const PREFIX: &str = "evidence/";

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
    let hashes = findings.hashes;
    let analysis = keep(images, &image, &assignment, job.claim().id, findings).await?;
    match write(images, job, &image, &analysis, hashes).await {
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
        bytes: findings.bytes(),
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
async fn write(
    images: &images::Service,
    job: &Job,
    image: &Image,
    analysis: &Analysis,
    hashes: Option<Fingerprint>,
) -> Result<(Finish, Vec<String>), Failure> {
    let mut finish = job.finish().await?;
    images.tasks.hold_owner(finish.tx(), image.owner).await?;
    let left_behind = store::insert(finish.tx(), analysis).await?;
    within_quota(images, &mut finish, image.owner).await?;
    store::set_fingerprint(finish.tx(), analysis.image, analysis.revision, hashes).await?;
    Ok((finish, left_behind))
}
