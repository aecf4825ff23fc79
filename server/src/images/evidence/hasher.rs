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
use crate::{
    images::{self, model::Image},
    sandbox,
};

/// How long one call may hash images that it did not ask about, well within the limit of a call.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many of them it looks up at once.
const BATCH: i64 = 32;
/// Tries that end without an answer, for the machine may have been busy, until an image counts as one that can't be
/// decoded.
const TRIES: i64 = 3;
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

    /// The hashes of what an image shows; nothing of what can't be decoded. What took too long may be asked for again.
    pub(super) async fn of(&self, image: &Image) -> Result<Option<Fingerprint>, Error> {
        let known = store::fingerprint(self.images.db.read(), image.id, image.revision.number).await?;
        match known {
            Some(hashes) => Ok(hashes),
            None => Ok(self.make(image).await?.ok_or(images::Error::ServerBusy)?),
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

    /// Hashes an image, if it can be decoded; nothing when it is to be tried again.
    async fn make(&self, image: &Image) -> Result<Option<Option<Fingerprint>>, Error> {
        let seen = self.aside.look(Look::Fingerprint, (image, None), believed).await?;
        let (id, number) = (image.id, image.revision.number);
        let mut tx = self.images.db.begin().await?;
        let made = match seen {
            Err(sandbox::Error::TimedOut | sandbox::Error::Crashed) => {
                store::unanswered(&mut tx, id, number, TRIES).await?.then_some(None)
            }
            seen => {
                let hashes = seen.ok();
                store::set_fingerprint(&mut tx, id, number, hashes).await?;
                Some(hashes)
            }
        };
        tx.commit().await?;
        Ok(made)
    }
}

/// One file of two hashes.
fn believed(files: Vec<Bytes>) -> Option<Fingerprint> {
    let [file] = <[Bytes; 1]>::try_from(files).ok()?;
    Some(Fingerprint::from_bytes(file.as_ref().try_into().ok()?))
}
