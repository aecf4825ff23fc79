//! Hashes of images, made when they are first needed, in a process of their own that no task waits for.

use std::{
    future::pending,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use super::{
    error::Error,
    model::{Fingerprint, Look},
    store,
};
use crate::{
    images::{self, model::Image},
    sandbox::{self, Pool, Work},
};

/// How long one call may hash images that it did not ask about, well within the limit of a call.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many of them it looks up at once.
const BATCH: i64 = 32;
/// How many files are in memory at once, worked on or waiting.
const LINE: usize = 2;

/// Hashes images. The process is started with the first of them.
#[derive(Clone)]
pub(super) struct Hasher {
    images: images::Service,
    program: PathBuf,
    pool: Arc<OnceLock<Pool>>,
    line: Arc<Semaphore>,
}

impl Hasher {
    /// In a process of `program sandbox`.
    pub(super) fn new(images: images::Service, program: PathBuf) -> Self {
        Self { images, program, pool: Arc::default(), line: Arc::new(Semaphore::new(LINE)) }
    }

    /// The hashes of what an image shows; nothing of what can't be decoded.
    pub(super) async fn of(&self, image: &Image) -> Result<Option<Fingerprint>, Error> {
        let known = store::fingerprint(self.images.db.read(), image.id, image.revision.number).await?;
        match known {
            Some(hashes) => Ok(hashes),
            None => self.make(image).await,
        }
    }

    /// Hashes an account's images that have no hashes yet, as many as there is time for.
    pub(super) async fn catch_up(&self, owner: Uuid) -> Result<(), Error> {
        let end = Instant::now() + PATIENCE;
        loop {
            let wanted = store::unhashed(self.images.db.read(), owner, BATCH).await?;
            for &(id, number) in &wanted {
                if Instant::now() >= end {
                    return Ok(());
                }
                match self.images.state(id, number).await {
                    Ok(image) => drop(self.make(&image).await?),
                    // It was deleted a moment ago.
                    Err(images::Error::NotFound(_) | images::Error::RevisionNotFound(..)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
        }
    }

    async fn make(&self, image: &Image) -> Result<Option<Fingerprint>, Error> {
        let _place = self.line.acquire().await.map_err(|_closed| images::Error::ServerBusy)?;
        let input = self.images.content(image).await?;
        let work = Work::Look(Look::Fingerprint);
        let deadline = work.deadline(image.revision.size);
        let pool = self.pool.get_or_init(|| Pool::new(self.program.clone(), 1));
        let hashes = match pool.run(&work, &[input], deadline, |_| {}, pending(), believed).await {
            Ok(hashes) => Some(hashes),
            Err(sandbox::Error::Failed(_) | sandbox::Error::Crashed | sandbox::Error::TimedOut) => None,
            Err(sandbox::Error::Cancelled | sandbox::Error::Unavailable) => {
                return Err(images::Error::ServerBusy.into());
            }
        };
        let mut tx = self.images.db.begin().await?;
        store::set_fingerprint(&mut tx, image.id, image.revision.number, hashes).await?;
        tx.commit().await?;
        Ok(hashes)
    }
}

/// One file of two hashes.
fn believed(files: Vec<Bytes>) -> Option<Fingerprint> {
    let [file] = <[Bytes; 1]>::try_from(files).ok()?;
    Some(Fingerprint::from_bytes(file.as_ref().try_into().ok()?))
}
