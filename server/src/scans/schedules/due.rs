//! What is done when schedules come due.
//!
//! Whoever finds a schedule due takes that time away in the transaction in which the scan begins: of several servers on
//! one database one begins it, and none that dies in between has taken it.

use std::time::SystemTime;

use super::{
    error::Error,
    model::{Last, Schedule},
    service::Service,
    store,
};
use crate::{
    audit::{self, Action, Actor, Entry},
    scans::{self, model::Planned, service::Asked, site_config::SiteConfig},
};

const PASS: Action = Action("scan_schedule.pass");
/// Schedules that are looked at before the clock is asked again.
const BATCH: i64 = 50;

impl Service {
    /// Does what is due, and tells when something is due next.
    pub(in crate::scans) async fn run_due(&self) -> Result<Option<SystemTime>, Error> {
        loop {
            let now = self.clock.now();
            let due = store::due(self.db.read(), now, BATCH).await?;
            if due.is_empty() {
                return Ok(store::totals(self.db.read()).await?.next_run);
            }
            for schedule in due {
                self.run(&schedule, now).await?;
            }
        }
    }

    /// Begins the scan of a schedule that is due, or says why it can't.
    async fn run(&self, schedule: &Schedule, now: SystemTime) -> Result<(), Error> {
        let config = match self.scans.read(&schedule.source).await {
            Ok(config) => Ok(config),
            Err(scans::Error::Database(error)) => return Err(error.into()),
            Err(why) => Err(why.to_string()),
        };
        let mut tx = self.db.begin().await?;
        if !store::claim(&mut tx, schedule, schedule.due_after(now)).await? {
            return Ok(());
        }
        let begun = match config {
            Ok(config) => self.begin(&mut tx, schedule, config).await?,
            Err(why) => Err(why),
        };
        let last = match &begun {
            Ok(scan) => Last::began(now, *scan),
            Err(why) => schedule.last.passed(now, why),
        };
        store::put_last(&mut tx, schedule.id, &last).await?;
        if let Err(why) = &begun {
            let actor = schedule.asked_by.map_or(Actor::Operator, Actor::Account);
            let entry = Entry::new(actor, None, PASS, schedule.id.0).refused(why);
            audit::record(&mut tx, now, &entry).await?;
            tracing::warn!(schedule = schedule.id.0, "a schedule came due and began no scan: {why}");
        }
        tx.commit().await?;
        self.scans.entered();
        Ok(())
    }

    /// The scan that has begun, or why none has. What is wrong with the database is an error.
    async fn begin(
        &self,
        tx: &mut crate::db::Connection,
        schedule: &Schedule,
        config: SiteConfig,
    ) -> Result<Result<i64, String>, Error> {
        if let Some(running) = self.scans.running_of(tx, schedule.id.0).await? {
            return Ok(Err(format!("its scan {} had not ended", running.0)));
        }
        let asked = Asked::by_schedule(schedule.asked_by, Planned::from(schedule));
        match self.scans.enter(tx, asked, schedule.source.clone(), config).await {
            Ok(scan) => Ok(Ok(scan.id.0)),
            // Nothing was written before these were found out.
            Err(why @ (scans::Error::TooManyScans | scans::Error::Task(crate::tasks::Error::TooMany(_)))) => {
                Ok(Err(why.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }
}
