//! Says how far a scan is: in the database, where everybody sees it, and to the queue.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::Stopped;
use crate::{
    scans::{
        error::Error,
        model::{Progress, Scan, Stage},
        record::Host,
        store,
        worker::Crew,
    },
    tasks,
};

/// Time between two words of one stage.
const PAUSE: Duration = Duration::from_millis(500);

/// Who tells.
pub(super) struct Teller<'a> {
    crew: &'a Crew,
    scan: &'a Scan,
    task: &'a tasks::Progress,
    told: Mutex<(Progress, Instant)>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(crew: &'a Crew, scan: &'a Scan, task: &'a tasks::Progress) -> Self {
        Self { crew, scan, task, told: Mutex::new((scan.progress, Instant::now())) }
    }

    /// Forgets what an earlier try has found.
    pub(super) async fn begin(&self) -> Result<(), Stopped> {
        let mut tx = self.crew.scans.db.begin().await.map_err(Error::from)?;
        store::clear_hosts(&mut tx, self.scan.id).await.map_err(Error::from)?;
        let progress =
            Progress { stage: Stage::Preparation, permille: 0, hosts_done: 0, ..self.scan.progress };
        store::advance(&mut tx, self.scan.id, progress).await.map_err(Error::from)?;
        tx.commit().await.map_err(Error::from)?;
        self.now(progress);
        Ok(())
    }

    /// A stage begins.
    pub(super) async fn stage(&self, stage: Stage, hosts: u32) -> Result<(), Stopped> {
        let progress = Progress { stage, permille: span(stage).0, hosts_total: hosts, ..self.last() };
        self.write(progress).await
    }

    /// So much of the stage is done. Told now and then.
    pub(super) async fn part(&self, done: u64, total: u64) -> Result<(), Stopped> {
        let (last, at) = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if at.elapsed() < PAUSE {
            return Ok(());
        }
        let (from, to) = span(last.stage);
        let part = u64::from(to - from) * done.min(total) / total.max(1);
        self.write(Progress { permille: from + part as u16, ..last }).await
    }

    /// A host is done: what was found of it is written down at once.
    pub(super) async fn host(
        &self,
        scan: &Scan,
        place: usize,
        site: &str,
        host: &Host,
    ) -> Result<(), Stopped> {
        let record = serde_json::to_string(host).map_err(Error::from)?;
        let mut tx = self.crew.scans.db.begin().await.map_err(Error::from)?;
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        store::put_host(&mut tx, scan.id, place, site, &record).await.map_err(Error::from)?;
        let mut progress = self.last();
        progress.hosts_done += 1;
        let (from, to) = span(Stage::Services);
        let part = u32::from(to - from) * progress.hosts_done / progress.hosts_total.max(1);
        progress.permille = from + part.min(u32::from(to - from)) as u16;
        store::advance(&mut tx, scan.id, progress).await.map_err(Error::from)?;
        tx.commit().await.map_err(Error::from)?;
        self.now(progress);
        Ok(())
    }

    async fn write(&self, progress: Progress) -> Result<(), Stopped> {
        let mut tx = self.crew.scans.db.begin().await.map_err(Error::from)?;
        store::advance(&mut tx, self.scan.id, progress).await.map_err(Error::from)?;
        tx.commit().await.map_err(Error::from)?;
        self.now(progress);
        Ok(())
    }

    fn last(&self) -> Progress {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn now(&self, progress: Progress) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = (progress, Instant::now());
        self.task.set(progress.permille);
    }
}

/// From where to where a stage takes a scan, in permille: what each took of scans of a few hosts.
fn span(stage: Stage) -> (u16, u16) {
    match stage {
        Stage::Preparation => (0, 10),
        Stage::Discovery => (10, 60),
        Stage::Ports => (60, 400),
        Stage::Services => (400, 950),
        Stage::Reports => (950, 1000),
    }
}
