//! The rules of images: whose they are, what may be done to them, how they change.

use std::future::{Ready, ready};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use ring::digest;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::{
    budget::{Budget, Upload},
    error::Error,
    evidence,
    model::{Edit, Excess, FileName, Image, Limits, MAX_IMAGES, Revision, Usage},
    models::Models,
    outflow,
    places::{Place, Places},
    preflight::{self, Facts},
    store,
};
use crate::{
    auth::Caller,
    blobs::{self, Blobs},
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    tasks::{self, model::Task},
};

/// The operation of the first state.
const UPLOAD: &str = "upload";
/// The operation of a state that shows an earlier one again.
const REVERT: &str = "revert";

/// Uploads in chunks that run at once, of all accounts together and of one.
const MAX_UPLOADS: (usize, usize) = (128, 32);
/// The same of downloads: each has a file open.
const MAX_DOWNLOADS: (usize, usize) = (512, 64);
/// Bytes that nothing needs any more are deleted so many at once.
const DELETIONS: usize = 8;

/// Images.
#[derive(Clone)]
pub struct Service {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) blobs: Blobs,
    pub(super) tasks: tasks::Queue,
    pub(super) limits: Limits,
    pub(super) models: Models,
    budget: Budget,
    uploads: Places,
    downloads: Places,
}

/// What is said of an upload besides its bytes.
#[derive(Debug, Default)]
pub struct Declared {
    /// The file name, if one was given.
    pub name: Option<FileName>,
    /// The content type; may be empty.
    pub content_type: String,
}

impl Service {
    /// With where images are kept, where their edits are queued, and what neural networks there are.
    pub fn new(
        db: Db,
        clock: SharedClock,
        blobs: Blobs,
        tasks: tasks::Queue,
        limits: Limits,
        models: Models,
    ) -> Self {
        let [uploads, downloads] = [MAX_UPLOADS, MAX_DOWNLOADS].map(|(all, of_one)| Places::new(all, of_one));
        Self { db, clock, blobs, tasks, limits, models, budget: Budget::new(), uploads, downloads }
    }

    /// A place for an upload that comes in chunks.
    pub(super) fn begin_upload(&self, caller: Caller) -> Result<Place, Error> {
        self.uploads.take(caller.account())
    }

    /// Room for an upload.
    pub(super) fn receive(&self) -> Upload {
        self.budget.upload()
    }

    /// Stores an upload.
    pub async fn create(
        &self,
        caller: Caller,
        declared: Declared,
        (bytes, held): (Bytes, Option<OwnedSemaphorePermit>),
    ) -> Result<Image, Error> {
        let (facts, sha256) = examine(bytes.clone()).await?;
        if !facts.format.agrees_with(&declared.content_type) {
            return Err(Error::ContentTypeMismatch(declared.content_type));
        }
        let id = Uuid::new_v4();
        let now = self.clock.now();
        let revision = Revision {
            number: 1,
            operation: UPLOAD.to_owned(),
            blob: new_key(id),
            format: facts.format,
            size: facts.size,
            bytes: bytes.len() as i64,
            sha256,
            animated: facts.animated,
            create_time: now,
        };
        let name = declared.name.unwrap_or_else(|| FileName::of(id, facts.format));
        let image = Image { id, owner: caller.account(), name, revision, create_time: now, update_time: now };
        self.blobs.put(&image.revision.blob, bytes).await?;
        drop(held);
        let added = match self.add(&image).await {
            Ok(added) => added,
            Err(error) => {
                self.delete_blobs(vec![image.revision.blob]).await;
                return Err(error);
            }
        };
        // From here on the bytes are the sweeper's affair: a commit whose answer is lost may have happened.
        added.commit().await?;
        Ok(image)
    }

    async fn add(&self, image: &Image) -> Result<db::Tx, Error> {
        let mut tx = self.db.begin().await?;
        self.tasks.hold_owner(&mut tx, image.owner).await?;
        if store::count(&mut *tx, image.owner).await? >= MAX_IMAGES {
            return Err(Error::TooMany(MAX_IMAGES));
        }
        store::insert(&mut tx, image).await?;
        match self.excess(&mut tx, image.owner).await? {
            Some(excess) => Err(Error::Quota(excess)),
            None => Ok(tx),
        }
    }

    /// What an account would have too much of if this transaction were to stand, for which it is held.
    pub(super) async fn excess(
        &self,
        tx: &mut db::Connection,
        owner: Uuid,
    ) -> Result<Option<Excess>, db::Error> {
        Ok(self.limits.excess(store::usage(tx, owner).await?))
    }

    /// An image that the caller may see: one's own, or anyone's for admins.
    pub async fn get(&self, caller: Caller, id: Uuid) -> Result<Image, Error> {
        let image = store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))?;
        let visible = image.owner == caller.account() || caller.is_admin();
        if visible { Ok(image) } else { Err(Error::NotFound(id)) }
    }

    /// An image at one of its states; 0 for the newest.
    pub async fn at(&self, caller: Caller, id: Uuid, number: i32) -> Result<Image, Error> {
        let mut image = self.get(caller, id).await?;
        if number != 0 {
            let revision = store::revision(self.db.read(), id, number).await?;
            image.revision = revision.ok_or(Error::RevisionNotFound(id, number))?;
        }
        Ok(image)
    }

    /// An image at one of its states, whoever asks: for the workers.
    pub(super) async fn state(&self, id: Uuid, number: i32) -> Result<Image, Error> {
        let mut image = store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))?;
        if number != image.revision.number {
            let revision = store::revision(self.db.read(), id, number).await?;
            image.revision = revision.ok_or(Error::RevisionNotFound(id, number))?;
        }
        Ok(image)
    }

    /// The bytes of an image's state in chunks.
    pub async fn stream(
        &self,
        caller: Caller,
        image: &Image,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let place = self.downloads.take(caller.account())?;
        match self.blobs.stream(&image.revision.blob).await {
            Ok(chunks) => Ok(outflow::of(chunks, place)),
            Err(error) => Err(self.unreadable(image, error).await),
        }
    }

    /// The same for readers within the server, who take them as they come.
    pub(super) async fn chunks(
        &self,
        image: &Image,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        match self.blobs.stream(&image.revision.blob).await {
            Ok(chunks) => Ok(chunks.map_err(Error::from)),
            Err(error) => Err(self.unreadable(image, error).await),
        }
    }

    /// The bytes of an image's state whole.
    pub async fn content(&self, image: &Image) -> Result<Bytes, Error> {
        match self.blobs.get(&image.revision.blob).await {
            Ok(bytes) => Ok(bytes),
            Err(error) => Err(self.unreadable(image, error).await),
        }
    }

    /// Why an image's bytes can't be read: it may have been deleted since its row was.
    async fn unreadable(&self, image: &Image, error: blobs::Error) -> Error {
        let (id, number) = (image.id, image.revision.number);
        match error {
            blobs::Error::Unavailable(_) => error.into(),
            blobs::Error::Missing => match store::revision(self.db.read(), id, number).await {
                Ok(Some(_)) => error.into(),
                Ok(None) => match store::by_id(self.db.read(), id).await {
                    Ok(Some(_)) => Error::RevisionNotFound(id, number),
                    Ok(None) => Error::NotFound(id),
                    Err(cause) => cause.into(),
                },
                Err(cause) => cause.into(),
            },
        }
    }

    /// A page of the caller's images, the newest first, and how many there are.
    pub async fn list(&self, caller: Caller, page: Page) -> Result<(Vec<Image>, i64), Error> {
        let images = store::list(self.db.read(), caller.account(), page).await?;
        Ok((images, store::count(self.db.read(), caller.account()).await?))
    }

    /// What the caller's images take.
    pub async fn usage(&self, caller: Caller) -> Result<Usage, Error> {
        Ok(store::usage(self.db.read(), caller.account()).await?)
    }

    /// A page of an image's states, the oldest first, and how many there are.
    pub async fn revisions(
        &self,
        caller: Caller,
        id: Uuid,
        page: Page,
    ) -> Result<(Vec<Revision>, i64), Error> {
        self.get(caller, id).await?;
        let revisions = store::revisions(self.db.read(), id, page).await?;
        Ok((revisions, store::count_revisions(self.db.read(), id).await?))
    }

    /// Deletes an image with its states, and cancels its tasks.
    pub async fn delete(&self, caller: Caller, id: Uuid) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        owned(&mut tx, caller, id).await?;
        self.tasks.cancel_subject(&mut tx, id).await?;
        let mut left_behind = evidence::blobs_of_image(&mut tx, id).await?;
        left_behind.extend(store::delete(&mut tx, id).await?.ok_or(Error::NotFound(id))?);
        tx.commit().await?;
        self.delete_blobs(left_behind).await;
        Ok(())
    }

    /// Makes an earlier state the newest again, as a new one.
    pub async fn revert(&self, caller: Caller, id: Uuid, number: i32) -> Result<Image, Error> {
        let earlier = self.at(caller, id, number).await?.revision;
        let mut tx = self.db.begin().await?;
        let mut image = owned(&mut tx, caller, id).await?;
        if self.tasks.has_unfinished(&mut tx, id).await? {
            return Err(Error::Busy(id));
        }
        let now = self.clock.now();
        let head = image.revision.number;
        image.revision =
            Revision { number: head + 1, operation: REVERT.to_owned(), create_time: now, ..earlier };
        image.update_time = now;
        if !store::advance(&mut tx, id, head, &image.revision, self.limits.revisions).await? {
            return Err(Error::Busy(id));
        }
        tx.commit().await?;
        Ok(image)
    }

    /// Queues an edit of the caller's own image.
    pub async fn edit(
        &self,
        caller: Caller,
        id: Uuid,
        edit: Edit,
        key: Option<tasks::IdempotencyKey>,
    ) -> Result<Task, Error> {
        let capable = self.models.suffice(&edit).await;
        let mut tx = self.db.begin().await?;
        let image = owned(&mut tx, caller, id).await?;
        if !capable {
            return Err(Error::ModelUnavailable);
        }
        let new = tasks::NewTask {
            lane: if edit.needs_network() { tasks::Lane::Networks } else { tasks::Lane::Images },
            operation: edit.operation().to_owned(),
            subject: id,
            owner: caller.account(),
            payload: edit.to_string(),
            key,
        };
        // Who asks again, with the key of before, hears of the task of before: it made the image larger.
        let max = edit.max_pixels();
        if edit.least_pixels(image.revision.size) > max
            && self.tasks.asked_before(&mut tx, &new).await?.is_none()
        {
            return Err(Error::ResultTooLarge(max));
        }
        let task = self.tasks.enqueue(&mut tx, new).await?;
        tx.commit().await?;
        self.tasks.wake();
        Ok(task)
    }

    /// Deletes an account's images within the transaction that deletes the account. Their bytes are
    /// left to [`Self::delete_blobs`], after the commit.
    pub async fn forget_owner(&self, tx: &mut db::Connection, owner: Uuid) -> Result<Vec<String>, db::Error> {
        let mut left_behind = evidence::blobs_of_owner(tx, owner).await?;
        left_behind.extend(store::delete_of(tx, owner).await?);
        Ok(left_behind)
    }

    /// Has bytes deleted that nothing needs any more, and is ready at once: a call does not wait for a slow
    /// store. What fails, or is cut off by a crash, is left to the sweeper.
    pub fn delete_blobs(&self, keys: Vec<String>) -> Ready<()> {
        let blobs = self.blobs.clone();
        tokio::spawn(stream::iter(keys).for_each_concurrent(DELETIONS, move |key| {
            let blobs = blobs.clone();
            async move {
                if let Err(error) = blobs.delete(&key).await {
                    tracing::warn!("bytes left behind: {error}");
                }
            }
        }));
        ready(())
    }
}

/// The caller's own image, within a transaction.
pub(super) async fn owned(tx: &mut db::Connection, caller: Caller, id: Uuid) -> Result<Image, Error> {
    let image = store::by_id(&mut *tx, id).await?.ok_or(Error::NotFound(id))?;
    if image.owner == caller.account() { Ok(image) } else { Err(Error::NotFound(id)) }
}

/// The pre-flight and the SHA-256, away from the threads that answer calls.
async fn examine(bytes: Bytes) -> Result<(Facts, String), Error> {
    let examined = tokio::task::spawn_blocking(move || {
        let facts = preflight::inspect(&bytes).map_err(Error::Refused)?;
        Ok((facts, sha256(&bytes)))
    });
    examined.await.map_err(|_| Error::ServerBusy)?
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in digest::digest(&digest::SHA256, bytes).as_ref() {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A new key for the bytes of an image's state.
pub(super) fn new_key(image: Uuid) -> String {
    format!("{}{image}/{}", super::sweeper::PREFIX, Uuid::new_v4())
}
