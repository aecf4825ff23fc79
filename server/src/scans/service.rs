//! The rules of scans: who may begin, see, stop and delete them.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    compare::{self, Comparison},
    configs,
    drift::{self, Finding},
    error::Error,
    model::{Counts, End, Id, MAX_RUNNING, Planned, Progress, Scan, Source, Stage, State, Trigger},
    record::{FORMAT, Head, Host, Report, Site, moment},
    site_config::{self, SiteConfig, files::Folder},
    store,
};
use crate::{
    audit::{self, Action, Actor, Entry},
    auth::Surveyor,
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    tasks::{self, Lane, NewTask},
};

const START: Action = Action("scan.start");
const STOP: Action = Action("scan.stop");
const DELETE: Action = Action("scan.delete");
/// What the task of a scan is called.
pub const OPERATION: &str = "scan_sites";
/// Callers who watch scans at once.
const MAX_WATCHERS: usize = 200;

/// Where scans find and leave files.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Configurations.
    pub configs: Folder,
    /// Reports.
    pub output: PathBuf,
}

/// Scans.
#[derive(Clone)]
pub struct Service {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) queue: tasks::Queue,
    pub(super) configs: configs::Service,
    pub(super) folders: Folders,
    pub(super) watchers: Arc<Semaphore>,
}

/// Who has asked for a scan, and how the log calls that.
pub struct Asked {
    /// The account; `None` for the operator.
    pub by: Option<Uuid>,
    /// By hand or by a schedule.
    pub trigger: Trigger,
    /// Of which schedule.
    pub schedule: Option<Planned>,
    /// For the log, without its target.
    pub entry: Entry,
}

impl Asked {
    /// Somebody asks by a call.
    pub fn by_call(surveyor: Surveyor) -> Self {
        let entry = super::operator::service::entry(surveyor, START, "");
        Self { by: surveyor.account(), trigger: Trigger::Manual, schedule: None, entry }
    }

    /// A schedule came due; with the rights of an account, or of the operator.
    pub fn by_schedule(by: Option<Uuid>, schedule: Planned) -> Self {
        let entry = Entry::new(by.map_or(Actor::Operator, Actor::Account), None, START, "");
        Self { by, trigger: Trigger::Scheduled, schedule: Some(schedule), entry }
    }

    /// The same, of a schedule.
    #[must_use]
    pub fn of(self, schedule: Planned) -> Self {
        Self { schedule: Some(schedule), ..self }
    }
}

impl Service {
    /// In a queue, with folders.
    pub fn new(
        db: Db,
        clock: SharedClock,
        queue: tasks::Queue,
        configs: configs::Service,
        folders: Folders,
    ) -> Self {
        Self { db, clock, queue, configs, folders, watchers: Arc::new(Semaphore::new(MAX_WATCHERS)) }
    }

    /// Begins a scan, in its turn.
    pub async fn start(&self, asked: Asked, source: Source) -> Result<Scan, Error> {
        let config = self.read(&source).await?;
        let mut tx = self.db.begin().await?;
        let scan = self.enter(&mut tx, asked, source, config).await?;
        tx.commit().await?;
        self.entered();
        Ok(scan)
    }

    /// Puts a scan in the line within a transaction; after it, [`Self::entered`] tells the workers.
    pub(super) async fn enter(
        &self,
        tx: &mut db::Connection,
        asked: Asked,
        source: Source,
        config: SiteConfig,
    ) -> Result<Scan, Error> {
        let now = self.clock.now();
        if store::count_running(tx).await? >= MAX_RUNNING {
            return Err(Error::TooManyScans);
        }
        let id = store::next_id(tx).await?;
        let new = NewTask {
            lane: Lane::Scans,
            operation: OPERATION.to_owned(),
            subject: id.subject(),
            owner: asked.by.unwrap_or_default(),
            payload: String::new(),
            key: None,
        };
        let task = self.queue.enqueue(tx, new).await?;
        let hosts_total = config.hosts().count() as u32;
        let scan = Scan {
            id,
            task: task.id,
            title: config.title,
            source,
            asked_by: asked.by,
            trigger: asked.trigger,
            schedule: asked.schedule,
            state: State::Running,
            progress: Progress { stage: Stage::Preparation, permille: 0, hosts_done: 0, hosts_total },
            counts: Counts::default(),
            error_message: String::new(),
            report: None,
            start_time: now,
            end_time: None,
        };
        store::insert(tx, &scan).await?;
        let entry = Entry { target: id.0.to_string(), ..asked.entry }.with(scan.source.text());
        audit::record(tx, now, &entry).await?;
        Ok(scan)
    }

    /// Tells the workers that scans are in the line.
    pub(super) fn entered(&self) {
        self.queue.wake();
    }

    /// The last scans of a schedule, the newest first.
    pub(super) async fn of_schedule(&self, schedule: i64, limit: i64) -> Result<Vec<Scan>, Error> {
        Ok(store::of_schedule(self.db.read(), schedule, limit).await?)
    }

    /// A scan of a schedule that has not ended.
    pub(super) async fn running_of(
        &self,
        tx: &mut db::Connection,
        schedule: i64,
    ) -> Result<Option<Id>, Error> {
        Ok(store::running_of(tx, schedule).await?)
    }

    /// The configuration that a source means, read anew.
    pub(super) async fn read(&self, source: &Source) -> Result<SiteConfig, Error> {
        let text = match source {
            Source::File(path) => {
                let (folder, asked) = (self.folders.configs.clone(), path.clone());
                let read = tokio::task::spawn_blocking(move || folder.read(&asked)).await;
                let read = read.map_err(|gone| Error::Files(std::io::Error::other(gone)))?;
                read.map_err(|cause| Error::Unread { path: path.clone(), cause })?
            }
            Source::Stored(name) => {
                let name =
                    configs::Name::try_from(name.as_str()).map_err(|_| Error::NoSuchConfig(name.clone()))?;
                self.configs.get(&name).await?.yaml
            }
        };
        Ok(site_config::parse(&text)?)
    }

    /// A scan.
    pub async fn get(&self, _: Surveyor, id: Id) -> Result<Scan, Error> {
        self.find(id).await
    }

    pub(super) async fn find(&self, id: Id) -> Result<Scan, Error> {
        store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))
    }

    /// A scan with what it has found so far.
    pub async fn result(&self, surveyor: Surveyor, id: Id) -> Result<(Scan, Vec<Site>), Error> {
        let scan = self.get(surveyor, id).await?;
        Ok((scan, self.sites(id).await?))
    }

    /// What a scan has found so far.
    pub(super) async fn sites(&self, id: Id) -> Result<Vec<Site>, Error> {
        let mut sites: Vec<Site> = Vec::new();
        for (name, record) in store::hosts(self.db.read(), id).await? {
            let host: Host = serde_json::from_str(&record)?;
            match sites.last_mut().filter(|site| site.name == name) {
                Some(site) => site.hosts.push(host),
                None => sites.push(Site { name, hosts: vec![host] }),
            }
        }
        Ok(sites)
    }

    /// All that is known of a scan.
    pub(super) async fn record(&self, scan: &Scan) -> Result<Report, Error> {
        let head = Head {
            id: scan.id.0,
            title: scan.title.clone(),
            config: scan.source.text().to_owned(),
            triggered_by: scan.trigger.name().to_owned(),
            started_at: moment(scan.start_time),
            completed_at: scan.end_time.map(moment),
        };
        Ok(Report { format: FORMAT, scan: head, sites: self.sites(scan.id).await? })
    }

    /// The record of the last scan before of the same configuration.
    pub(super) async fn record_before(&self, scan: &Scan) -> Result<Option<Report>, Error> {
        match store::previous(self.db.read(), scan).await? {
            Some(before) => Ok(Some(self.record(&before).await?)),
            None => Ok(None),
        }
    }

    /// What of a scan's hosts was not expected, as of now.
    pub async fn findings(&self, _: Surveyor, id: Id) -> Result<Vec<Finding>, Error> {
        let scan = self.find(id).await?;
        let (report, before) = (self.record(&scan).await?, self.record_before(&scan).await?);
        Ok(drift::findings(&report, before.as_ref(), moment(self.clock.now())))
    }

    /// What differs between two scans.
    pub async fn compare(&self, _: Surveyor, old: Id, new: Id) -> Result<Comparison, Error> {
        let (old, new) = (self.find(old).await?, self.find(new).await?);
        Ok(compare::compare(&self.record(&old).await?, &self.record(&new).await?))
    }

    /// A page of scans, the newest first, and how many there are.
    pub async fn list(
        &self,
        _: Surveyor,
        state: Option<State>,
        page: Page,
    ) -> Result<(Vec<Scan>, i64), Error> {
        Ok(store::list(self.db.read(), state, page).await?)
    }

    /// Stops a scan; as it is then. One that is under way ends within a second.
    pub async fn stop(&self, surveyor: Surveyor, id: Id) -> Result<Scan, Error> {
        let scan = self.find(id).await?;
        if scan.state != State::Running {
            return Ok(scan);
        }
        let entry = super::operator::service::entry(surveyor, STOP, id.0);
        let mut tx = self.db.begin().await?;
        audit::record(&mut tx, self.clock.now(), &entry).await?;
        tx.commit().await?;
        let ended = self.queue.cancel(scan.task).await?;
        // What was only waiting is over; what runs ends itself.
        if ended.is_some_and(|task| task.state.has_ended()) {
            self.end(id, &End::cancelled()).await?;
        }
        self.find(id).await
    }

    /// Ends a scan that has not ended.
    pub(super) async fn end(&self, id: Id, end: &End) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let ended = store::end(&mut tx, id, end, self.clock.now()).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Deletes a scan with its files. One that is under way is stopped first.
    pub async fn delete(&self, surveyor: Surveyor, id: Id) -> Result<(), Error> {
        let entry = super::operator::service::entry(surveyor, DELETE, id.0);
        let scan = self.find(id).await?;
        if scan.state == State::Running {
            self.queue.cancel(scan.task).await?;
        }
        self.remove(&scan, Some(&entry)).await
    }

    /// Deletes a scan: its row first, so that nobody finds files that are gone.
    pub(super) async fn remove(&self, scan: &Scan, entry: Option<&Entry>) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let scan = store::by_id(&mut *tx, scan.id).await?.ok_or(Error::NotFound(scan.id))?;
        store::delete(&mut tx, scan.id).await?;
        if let Some(entry) = entry {
            audit::record(&mut tx, self.clock.now(), entry).await?;
        }
        tx.commit().await?;
        if let Some(report) = &scan.report {
            self.remove_files(&report.stem).await;
        }
        Ok(())
    }
}
