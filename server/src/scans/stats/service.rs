//! The rules of figures.

use std::time::Duration;

use super::{
    super::store::figures,
    model::{Day, Point, Summary, filled},
};
use crate::{
    auth::Surveyor,
    clock::{self, SharedClock},
    db::Db,
    scans::{self, error::Error, model::Id, schedules},
};

/// What is lately.
const LATELY: Duration = Duration::from_hours(7 * 24);
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Figures of scans and schedules.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    scans: scans::Service,
    schedules: schedules::Service,
}

impl Service {
    /// Of these scans and schedules.
    pub fn new(db: Db, clock: SharedClock, scans: scans::Service, schedules: schedules::Service) -> Self {
        Self { db, clock, scans, schedules }
    }

    /// The figures of a dashboard.
    pub async fn summary(&self, _: Surveyor) -> Result<Summary, Error> {
        let now = self.clock.now();
        let scans = figures::states(self.db.read(), now.checked_sub(LATELY).unwrap_or(now)).await?;
        Ok(Summary { scans, schedules: self.schedules.totals().await? })
    }

    /// So many days up to today, the oldest first.
    pub async fn trend(&self, _: Surveyor, days: u16) -> Result<Vec<Day>, Error> {
        let today = clock::to_millis(self.clock.now()).div_euclid(DAY);
        let known = figures::days(self.db.read(), today + 1 - i64::from(days)).await?;
        Ok(filled(known, today, days))
    }

    /// The configuration of a scan, and so many of the last scans with it that are done, the oldest first.
    pub async fn history(
        &self,
        surveyor: Surveyor,
        id: Id,
        limit: u16,
    ) -> Result<(String, Vec<Point>), Error> {
        let scan = self.scans.get(surveyor, id).await?;
        let mut points = figures::points(self.db.read(), &scan, limit.into()).await?;
        points.reverse();
        Ok((scan.source.text().to_owned(), points))
    }
}
