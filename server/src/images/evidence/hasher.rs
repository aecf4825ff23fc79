//! Hashes of images, made when they are first needed, in a process of their own that no task waits for.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    aside::Aside,
    error::Error,
    model::{Fingerprint, Look},
    store,
};
use crate::images::{self, model::Image};

/// How long one call may hash images that it did not ask about, well within the limit of a call.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many of them it looks up at once.
const BATCH: i64 = 32;
/// How many files are in memory at once.
const LINE: usize = 2;

/// Hashes images.
#[derive(Clone)]
pub(super) struct Hasher {
    images: images::Service,
    aside: Aside,
}

impl Hasher {
    /// In a process of `program sandbox`.
    pub(super) fn new(images: images::Service, program: PathBuf) -> Self {
        Self { aside: Aside::new(images.clone(), program, LINE), images }
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
        let hashes = self.aside.look(Look::Fingerprint, (image, None), believed).await?.ok();
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
