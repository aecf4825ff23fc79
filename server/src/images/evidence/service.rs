//! The rules of evidence: who sees what pictures tell, and how much work that may be.

use std::{path::PathBuf, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::{
    aside::Aside,
    error::Error,
    findings::{self, Comparison},
    hasher::Hasher,
    model::{ANALYZE, Analysis, Assignment, Distance, Look, Map, Maps},
    read::{self, Exif, Group},
    similar, store,
};
use crate::{
    auth::Caller,
    images::{
        self,
        model::{Edit, Image},
        places::Places,
        service::owned,
    },
    page::Page,
    sandbox,
    tasks::{self, model::Task},
};

/// Memory for all files whose metadata is read at once.
const MAX_BYTES: usize = 256 << 20;
/// What one permit stands for.
const PERMIT_BYTES: usize = 64 << 10;
/// Comparisons that are under way, of all accounts together and of one.
const MAX_COMPARISONS: (usize, usize) = (16, 4);
/// How many of them have their files in memory.
const COMPARISONS_IN_MEMORY: usize = 2;

/// Evidence.
#[derive(Clone)]
pub struct Service {
    images: images::Service,
    memory: Arc<Semaphore>,
    hasher: Hasher,
    comparer: Aside,
    comparisons: Places,
}

/// Images that look like one.
pub struct SimilarImages {
    /// A page of them, each with the bits in which hashes differ.
    pub images: Vec<(Image, u32)>,
    /// How many there are in all.
    pub total: usize,
    /// How many images still have no hashes.
    pub unhashed: usize,
}

impl Service {
    /// Of these images. What has to be decoded for an answer is decoded in two processes of `program sandbox`, one for
    /// hashes and one for comparisons, each of which is started with the first of them.
    pub fn new(images: images::Service, program: PathBuf) -> Self {
        let memory = Arc::new(Semaphore::new(MAX_BYTES / PERMIT_BYTES));
        let comparer = Aside::new(images.clone(), program.clone(), COMPARISONS_IN_MEMORY);
        let comparisons = Places::new(MAX_COMPARISONS.0, MAX_COMPARISONS.1);
        Self { hasher: Hasher::new(images.clone(), program), comparer, comparisons, images, memory }
    }

    /// What EXIF says of an image's state, 0 for the newest, and the image.
    pub async fn exif(&self, caller: Caller, id: Uuid, revision: i32) -> Result<(Image, Exif), Error> {
        let image = self.images.at(caller, id, revision).await?;
        let exif = self.read(&image, read::exif_of).await?;
        Ok((image, exif))
    }

    /// All metadata of an image's state, 0 for the newest.
    pub async fn metadata(&self, caller: Caller, id: Uuid, revision: i32) -> Result<Vec<Group>, Error> {
        let image = self.images.at(caller, id, revision).await?;
        self.read(&image, read::metadata).await
    }

    /// Memory for a file, when there is enough.
    async fn room(&self, image: &Image) -> Result<SemaphorePermit<'_>, Error> {
        let size = usize::try_from(image.revision.bytes).unwrap_or_default();
        let permits = size.div_ceil(PERMIT_BYTES).clamp(1, MAX_BYTES / PERMIT_BYTES);
        let held = self.memory.acquire_many(permits as u32).await;
        Ok(held.map_err(|_closed| images::Error::ServerBusy)?)
    }

    /// Reads what comes before a file's pixels, or all of it where metadata may follow them, away from the threads
    /// that answer calls.
    async fn read<T: Send + 'static>(
        &self,
        image: &Image,
        reader: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _held = self.room(image).await?;
        let mut chunks = Box::pin(self.images.chunks(image).await?);
        let (mut head, mut arriving) = (BytesMut::new(), read::Arriving::default());
        while let Some(chunk) = chunks.next().await {
            head.extend_from_slice(&chunk?);
            if arriving.is_enough(&head) {
                break;
            }
        }
        let read = tokio::task::spawn_blocking(move || reader(&head)).await;
        Ok(read.map_err(|_panicked| images::Error::ServerBusy)?)
    }

    /// Queues an edit that takes metadata out of the caller's own image.
    pub async fn strip(
        &self,
        caller: Caller,
        id: Uuid,
        keep_copyright: bool,
        key: Option<tasks::IdempotencyKey>,
    ) -> Result<Task, Error> {
        Ok(self.images.edit(caller, id, Edit::StripMetadata { keep_copyright }, key).await?)
    }

    /// Queues an analysis of a state, 0 for the newest, of the caller's own image.
    pub async fn analyze(
        &self,
        caller: Caller,
        id: Uuid,
        revision: i32,
        maps: Maps,
        key: Option<tasks::IdempotencyKey>,
    ) -> Result<Task, Error> {
        let revision = self.images.at(caller, id, revision).await?.revision.number;
        let mut tx = self.images.db.begin().await?;
        owned(&mut tx, caller, id).await?;
        let new = tasks::NewTask {
            lane: tasks::Lane::Images,
            operation: ANALYZE.to_owned(),
            subject: id,
            owner: caller.account(),
            payload: Assignment { revision, maps }.to_string(),
            key,
        };
        let task = self.images.tasks.enqueue(&mut tx, new).await.map_err(images::Error::from)?;
        tx.commit().await?;
        self.images.tasks.wake();
        Ok(task)
    }

    /// An analysis of an image that the caller may see.
    pub async fn analysis(&self, caller: Caller, id: Uuid) -> Result<Analysis, Error> {
        let found = store::by_id(self.images.db.read(), id).await?;
        let analysis = found.ok_or(Error::AnalysisNotFound(id))?;
        match self.images.get(caller, analysis.image).await {
            Ok(_) => Ok(analysis),
            Err(images::Error::NotFound(_)) => Err(Error::AnalysisNotFound(id)),
            Err(error) => Err(error.into()),
        }
    }

    /// An analysis and the bytes of its report.
    pub async fn report(&self, caller: Caller, id: Uuid) -> Result<(Analysis, Bytes), Error> {
        let analysis = self.analysis(caller, id).await?;
        let report = self.bytes(&analysis, &analysis.blob).await?;
        Ok((analysis, report))
    }

    /// One of an analysis' maps: a PNG.
    pub async fn map(&self, caller: Caller, id: Uuid, map: Map) -> Result<Bytes, Error> {
        let analysis = self.analysis(caller, id).await?;
        let found = analysis.maps.iter().find(|(kind, _)| *kind == map);
        let (_, blob) = found.ok_or(Error::MapNotFound(id, map))?;
        self.bytes(&analysis, blob).await
    }

    /// What an analysis has in the byte store; it may have gone since its row was read.
    async fn bytes(&self, analysis: &Analysis, blob: &str) -> Result<Bytes, Error> {
        match self.images.blobs.get(blob).await {
            Ok(bytes) => Ok(bytes),
            Err(error) => match store::by_id(self.images.db.read(), analysis.id).await? {
                Some(_) => Err(images::Error::from(error).into()),
                None => Err(Error::AnalysisNotFound(analysis.id)),
            },
        }
    }

    /// A page of an image's analyses, the newest first, and how many there are.
    pub async fn analyses(
        &self,
        caller: Caller,
        id: Uuid,
        page: Page,
    ) -> Result<(Vec<Analysis>, i64), Error> {
        self.images.get(caller, id).await?;
        let db = self.images.db.read();
        Ok((store::list(db, id, page).await?, store::count(db, id).await?))
    }

    /// How far two states of images that the caller may see are from each other, each an image and a number, 0 for the
    /// newest.
    pub async fn compare(&self, caller: Caller, sides: [(Uuid, i32); 2]) -> Result<Comparison, Error> {
        let [(id, revision), (other_id, other_revision)] = sides;
        let first = self.images.at(caller, id, revision).await?;
        let second = self.images.at(caller, other_id, other_revision).await?;
        let _place = self.comparisons.take(caller.account())?;
        let hashes = self.hasher.of(&first).await?.ok_or(Error::NotHashable(id))?;
        let other = self.hasher.of(&second).await?.ok_or(Error::NotHashable(other_id))?;
        let distance = hashes.distance(other) as i32;
        match self.comparer.look(Look::Comparison, (&first, Some(&second)), findings::compared).await? {
            Ok(told) => Ok(Comparison { distance, ..told }),
            // Either can be decoded, but the two together took too much time or memory.
            Err(sandbox::Error::TimedOut | sandbox::Error::Crashed) => Err(images::Error::ServerBusy.into()),
            Err(_) => Err(Error::NotHashable(id)),
        }
    }

    /// A page of the caller's own images that look like an image that the caller may see, the most alike first.
    pub async fn similar(
        &self,
        caller: Caller,
        id: Uuid,
        within: Distance,
        page: Page,
    ) -> Result<SimilarImages, Error> {
        let image = self.images.get(caller, id).await?;
        let hashes = self.hasher.of(&image).await?.ok_or(Error::NotHashable(id))?;
        self.hasher.catch_up(caller.account()).await?;
        let others = store::fingerprints(self.images.db.read(), caller.account()).await?;
        let found = similar::find((id, hashes), others, within, page);
        let mut images = Vec::with_capacity(found.page.len());
        for (id, distance) in found.page {
            match self.images.get(caller, id).await {
                Ok(image) => images.push((image, distance)),
                // It was deleted a moment ago.
                Err(images::Error::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(SimilarImages { images, total: found.total, unhashed: found.unhashed })
    }
}
