//! A process that looks at images for those who wait, beside the tasks: no task waits for it, nor it for tasks.

use std::{
    future::pending,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::{error::Error, model::Look};
use crate::{
    images::{self, model::Image},
    sandbox::{self, Pool, Work},
};

/// One process, which is started with the first look.
#[derive(Clone)]
pub(super) struct Aside {
    images: images::Service,
    program: PathBuf,
    pool: Arc<OnceLock<Pool>>,
    line: Arc<Semaphore>,
}

impl Aside {
    /// A process of `program sandbox`; the files of so many looks are in memory at once, worked on or waiting.
    pub(super) fn new(images: images::Service, program: PathBuf, line: usize) -> Self {
        Self { images, program, pool: Arc::default(), line: Arc::new(Semaphore::new(line)) }
    }

    /// What is seen in an image, or in two of them. `believe` looks at it, as in [`Pool::run`]. What can't be decoded is an error of the
    /// process, which is the inner one.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: Look,
        (image, beside): (&Image, Option<&Image>),
        believe: impl FnOnce(Vec<Bytes>) -> Option<T> + Send + 'static,
    ) -> Result<Result<T, sandbox::Error>, Error> {
        let _place = self.line.acquire().await.map_err(|_closed| images::Error::ServerBusy)?;
        let mut files = vec![self.images.content(image).await?];
        if let Some(beside) = beside {
            files.push(self.images.content(beside).await?);
        }
        let work = Work::Look(look);
        let sizes = std::iter::once(image).chain(beside).map(|image| image.revision.size);
        let deadline = sizes.map(|size| work.deadline(size)).max().unwrap_or_default();
        let pool = self.pool.get_or_init(|| Pool::new(self.program.clone(), 1));
        match pool.run(&work, &files, deadline, |_| {}, pending(), believe).await {
            Err(sandbox::Error::Cancelled | sandbox::Error::Unavailable) => {
                Err(images::Error::ServerBusy.into())
            }
            seen => Ok(seen),
        }
    }
}
