//! A few worker processes, kept warm, one job each at a time.

use std::{
    future::{Future, pending},
    path::PathBuf,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Semaphore, time};

use super::{Error, Networks, Work, spawner::Spawner, worker::Worker};
use crate::images::{
    model::{Edit, Size},
    operations::ai::Trial,
    preflight::{self, Facts},
};

/// What an edit has made of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole file.
    pub bytes: Bytes,
    /// What its bytes say.
    pub facts: Facts,
}

/// Runs jobs in worker processes, a bounded number at once. Dropped, it kills them all.
#[derive(Debug)]
pub struct Pool {
    spawner: Spawner,
    places: Semaphore,
    idle: Mutex<Vec<Worker>>,
}

impl Pool {
    /// A pool of at most `workers` processes, at least one, of `program sandbox`. They are started when needed.
    pub fn new(program: PathBuf, workers: usize) -> Self {
        Self::of(Spawner::new(program, None), workers)
    }

    /// A pool of one process of `program sandbox --networks`, which runs neural networks so.
    pub fn networks(program: PathBuf, networks: Networks) -> Self {
        Self::of(Spawner::new(program, Some(networks)), 1)
    }

    fn of(spawner: Spawner, workers: usize) -> Self {
        Self { spawner, places: Semaphore::new(workers.max(1)), idle: Mutex::new(Vec::new()) }
    }

    /// Edits an image, the first of the files, as [`Self::run`] does a job. The others are neural networks. A result
    /// must pass for an image of the format that the edit makes, or the process that made it isn't believed.
    pub async fn edit(
        &self,
        edit: Edit,
        files: &[Bytes],
        deadline: Duration,
        on_progress: impl FnMut(u16) + Send,
        cancel: impl Future<Output = ()>,
    ) -> Result<Edited, Error> {
        let image = files.first().cloned().unwrap_or_default();
        let expected = preflight::sniff(&image).map(|format| edit.result_format(format));
        let believe = move |files: Vec<Bytes>| {
            let [bytes] = <[Bytes; 1]>::try_from(files).ok()?;
            let facts = preflight::inspect_result(&bytes).ok()?;
            (expected == Some(facts.format) || bytes == image).then_some(Edited { bytes, facts })
        };
        self.run(&edit.into(), files, deadline, on_progress, cancel, believe).await
    }

    /// Tries what runs neural networks, or a network.
    pub async fn attempt(&self, trial: Trial, network: Option<Bytes>) -> Result<(), Error> {
        let work = Work::Try(trial);
        let files: Vec<_> = network.into_iter().collect();
        let believe = |files: Vec<Bytes>| files.is_empty().then_some(());
        self.run(&work, &files, work.deadline(Size { width: 1, height: 1 }), |_| {}, pending(), believe).await
    }

    /// Does a job. Waits for a free worker first; `deadline` counts from there, `cancel` from the start.
    /// `on_progress` hears thousandths. `believe` looks at the answer, away from the threads that answer calls;
    /// a process whose answer it does not accept counts as crashed. Dropping the future kills the worker, as
    /// `cancel` and the deadline do.
    pub async fn run<T: Send + 'static>(
        &self,
        work: &Work,
        files: &[Bytes],
        deadline: Duration,
        mut on_progress: impl FnMut(u16) + Send,
        cancel: impl Future<Output = ()>,
        believe: impl FnOnce(Vec<Bytes>) -> Option<T> + Send + 'static,
    ) -> Result<T, Error> {
        let mut cancel = pin!(cancel);
        let _place = tokio::select! {
            biased;
            () = &mut cancel => return Err(Error::Cancelled),
            place = self.places.acquire() => place.map_err(|_closed| Error::Unavailable)?,
        };
        let mut worker = self.worker().await?;
        let result = tokio::select! {
            biased;
            () = &mut cancel => Err(Error::Cancelled),
            result = worker.run(work, files, &mut on_progress) => result,
            () = time::sleep(deadline) => Err(Error::TimedOut),
        };
        let result = match result {
            Ok(output) => {
                let believed = tokio::task::spawn_blocking(move || believe(output)).await;
                believed.ok().flatten().ok_or(Error::Crashed)
            }
            Err(error) => Err(error),
        };
        match &result {
            Ok(_) | Err(Error::Failed(_)) => self.keep(worker).await,
            Err(Error::Crashed) => {
                let status = worker.kill().await.map(|status| status.to_string());
                let bytes = files.first().map_or(0, Bytes::len);
                tracing::warn!(status, %work, bytes, "an image process crashed");
            }
            Err(Error::TimedOut | Error::Cancelled | Error::Unavailable) => {
                worker.kill().await;
            }
        }
        result
    }

    async fn worker(&self) -> Result<Worker, Error> {
        while let Some(mut worker) = self.take() {
            if worker.is_alive() {
                return Ok(worker);
            }
        }
        self.spawner.spawn().await.and_then(Worker::new).ok_or(Error::Unavailable)
    }

    fn take(&self) -> Option<Worker> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn keep(&self, worker: Worker) {
        if worker.is_worn().await {
            worker.kill().await;
        } else {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
    }
}
