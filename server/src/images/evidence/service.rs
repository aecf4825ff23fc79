//! The rules of evidence: who sees what pictures tell, and how much work that may be.

use std::sync::Arc;

use bytes::BytesMut;
use futures::StreamExt;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    error::Error,
    read::{self, Exif, Group},
};
use crate::{
    auth::Caller,
    images::{self, model::Image},
};

/// Memory for all files whose metadata is read at once.
const MAX_BYTES: usize = 256 << 20;
/// What one permit stands for.
const PERMIT_BYTES: usize = 64 << 10;

/// Evidence.
#[derive(Clone)]
pub struct Service {
    images: images::Service,
    memory: Arc<Semaphore>,
}

impl Service {
    /// Of these images.
    pub fn new(images: images::Service) -> Self {
        Self { images, memory: Arc::new(Semaphore::new(MAX_BYTES / PERMIT_BYTES)) }
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

    /// Reads what comes before a file's pixels, or all of it where metadata may follow them, away from the threads
    /// that answer calls.
    async fn read<T: Send + 'static>(
        &self,
        image: &Image,
        reader: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let size = usize::try_from(image.revision.bytes).unwrap_or_default();
        let permits = size.div_ceil(PERMIT_BYTES).clamp(1, MAX_BYTES / PERMIT_BYTES);
        let held = self.memory.acquire_many(permits as u32).await;
        let _held = held.map_err(|_closed| images::Error::ServerBusy)?;
        let mut chunks = Box::pin(self.images.chunks(image).await?);
        let mut head = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            head.extend_from_slice(&chunk?);
            if read::is_enough(&head) {
                break;
            }
        }
        let read = tokio::task::spawn_blocking(move || reader(&head)).await;
        Ok(read.map_err(|_panicked| images::Error::ServerBusy)?)
    }
}
