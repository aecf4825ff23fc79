//! The rules of schedules: who may make, see, change, trigger and delete them.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::Notify;

use super::{
    cron::Rhythm,
    error::Error,
    model::{Change, Draft, Id, Last, MAX_PREVIEW, MAX_SCHEDULES, Name, Schedule, Totals},
    store,
};
use crate::{
    audit::{self, Action},
    auth::Surveyor,
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    scans::{
        self, configs,
        model::{Planned, Scan, Source},
        operator::service::entry,
        service::Asked,
    },
};

const CREATE: Action = Action("scan_schedule.create");
const UPDATE: Action = Action("scan_schedule.update");
const DELETE: Action = Action("scan_schedule.delete");
/// Scans of a schedule that are told with it.
const HISTORY: i64 = 10;

/// Schedules.
#[derive(Clone)]
pub struct Service {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) configs: configs::Service,
    pub(super) scans: scans::Service,
    changed: Arc<Notify>,
}

impl Service {
    /// That begin these scans.
    pub fn new(db: Db, clock: SharedClock, configs: configs::Service, scans: scans::Service) -> Self {
        Self { db, clock, configs, scans, changed: Arc::default() }
    }

    /// Makes a schedule.
    pub async fn create(&self, surveyor: Surveyor, draft: Draft) -> Result<Schedule, Error> {
        let now = self.clock.now();
        let name = Name::try_from(draft.name.as_str()).map_err(|_| Error::InvalidName)?;
        let rhythm = rhythm(&draft.cron, &draft.zone, now)?;
        self.scans.read(&draft.source).await?;
        let mut tx = self.db.begin().await?;
        let mut schedule = Schedule {
            id: store::next_id(&mut tx).await?,
            name,
            source: draft.source,
            rhythm,
            enabled: draft.enabled,
            next_run: None,
            last: Last::default(),
            asked_by: surveyor.account(),
            version: 1,
            create_time: now,
            update_time: now,
        };
        schedule.next_run = schedule.due_after(now);
        self.hold(&mut tx, &schedule.source).await?;
        store::insert(&mut tx, &schedule).await?;
        if store::totals(&mut *tx).await?.all > MAX_SCHEDULES {
            return Err(Error::TooMany);
        }
        audit::record(&mut tx, now, &entry(surveyor, CREATE, schedule.id.0)).await?;
        tx.commit().await?;
        self.changed.notify_one();
        Ok(schedule)
    }

    /// A schedule with its last scans.
    pub async fn get(&self, _: Surveyor, id: Id) -> Result<(Schedule, Vec<Scan>), Error> {
        // In this order the schedule knows of every scan that is told with it.
        let scans = self.scans.of_schedule(id.0, HISTORY).await?;
        Ok((self.find(id).await?, scans))
    }

    pub(super) async fn find(&self, id: Id) -> Result<Schedule, Error> {
        store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))
    }

    /// A page of schedules by number, those that are enabled, those that are not, or all; and how many there are.
    pub async fn list(
        &self,
        _: Surveyor,
        enabled: Option<bool>,
        page: Page,
    ) -> Result<(Vec<Schedule>, i64), Error> {
        Ok(store::list(self.db.read(), enabled, page).await?)
    }

    /// Changes a schedule. Its scans have the caller's rights from now on.
    pub async fn update(&self, surveyor: Surveyor, id: Id, change: Change) -> Result<Schedule, Error> {
        if let Some(source) = &change.source {
            self.scans.read(source).await?;
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // Of two who change it at once, the later one waits, and sees what the earlier one did.
        if !store::begin_change(&mut tx, id).await? {
            return Err(Error::NotFound(id));
        }
        let mut schedule = store::by_id(&mut *tx, id).await?.ok_or(Error::NotFound(id))?;
        changed(&mut schedule, change, now)?;
        schedule.asked_by = surveyor.account();
        schedule.update_time = now;
        self.hold(&mut tx, &schedule.source).await?;
        store::update(&mut tx, &schedule).await?;
        audit::record(&mut tx, now, &entry(surveyor, UPDATE, id.0)).await?;
        tx.commit().await?;
        self.changed.notify_one();
        Ok(schedule)
    }

    /// Deletes a schedule. Its scans stay.
    pub async fn delete(&self, surveyor: Surveyor, id: Id) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if !store::delete(&mut tx, id).await? {
            return Err(Error::NotFound(id));
        }
        audit::record(&mut tx, self.clock.now(), &entry(surveyor, DELETE, id.0)).await?;
        Ok(tx.commit().await?)
    }

    /// Begins a scan of a schedule now, with the caller's rights, enabled or not.
    pub async fn trigger(&self, surveyor: Surveyor, id: Id) -> Result<Scan, Error> {
        let schedule = self.find(id).await?;
        let config = self.scans.read(&schedule.source).await?;
        let asked = Asked::by_call(surveyor).of(Planned::from(&schedule));
        let mut tx = self.db.begin().await?;
        // Before anything of scans, as it is done when a schedule comes due.
        if !store::hold(&mut tx, id).await? {
            return Err(Error::NotFound(id));
        }
        let scan = self.scans.enter(&mut tx, asked, schedule.source, config).await?;
        store::put_last(&mut tx, id, &Last::began(scan.start_time, scan.id.0)).await?;
        tx.commit().await?;
        self.scans.entered();
        Ok(scan)
    }

    /// When a cron text comes due from now on, so many times.
    pub fn preview(
        &self,
        _: Surveyor,
        cron: &str,
        zone: &str,
        count: usize,
    ) -> Result<Vec<SystemTime>, Error> {
        if !(1..=MAX_PREVIEW).contains(&count) {
            return Err(Error::Count);
        }
        let now = self.clock.now();
        let rhythm = rhythm(cron, zone, now)?;
        Ok(std::iter::successors(rhythm.after(now), |time| rhythm.after(*time)).take(count).collect())
    }

    /// How many there are, and when the first is due.
    pub(in crate::scans) async fn totals(&self) -> Result<Totals, db::Error> {
        store::totals(self.db.read()).await
    }

    /// The time.
    pub(in crate::scans) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Until somebody has made or changed a schedule here.
    pub(in crate::scans) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Sees to it that a stored configuration stays until the transaction ends.
    async fn hold(&self, tx: &mut db::Connection, source: &Source) -> Result<(), Error> {
        let Source::Stored(name) = source else { return Ok(()) };
        Ok(self.configs.hold(tx, name).await?)
    }
}

/// Whether a schedule uses a stored configuration.
pub async fn uses(tx: &mut db::Connection, config: &str) -> Result<bool, db::Error> {
    store::uses(tx, config).await
}

/// A rhythm that comes due some day.
fn rhythm(cron: &str, zone: &str, now: SystemTime) -> Result<Rhythm, Error> {
    let rhythm = Rhythm::parse(cron, zone)?;
    if rhythm.after(now).is_some() { Ok(rhythm) } else { Err(Error::Never) }
}

/// Changes a schedule; when it is due next is counted anew where that can differ.
fn changed(schedule: &mut Schedule, change: Change, now: SystemTime) -> Result<(), Error> {
    if let Some(name) = change.name {
        schedule.name = Name::try_from(name.as_str()).map_err(|_| Error::InvalidName)?;
    }
    if let Some(source) = change.source {
        schedule.source = source;
    }
    let (cron, zone) = (change.cron.as_deref(), change.zone.as_deref());
    let is_other = cron.is_some() || zone.is_some();
    if is_other {
        let cron = cron.unwrap_or(schedule.rhythm.text());
        schedule.rhythm = rhythm(cron, zone.unwrap_or(schedule.rhythm.zone()), now)?;
    }
    let was_enabled = schedule.enabled;
    schedule.enabled = change.enabled.unwrap_or(was_enabled);
    if is_other || schedule.enabled != was_enabled {
        schedule.next_run = schedule.due_after(now);
    }
    Ok(())
}

impl From<&Schedule> for Planned {
    fn from(schedule: &Schedule) -> Self {
        Self { id: schedule.id.0, name: schedule.name.as_str().to_owned() }
    }
}
