//! The tables `scan_schedules` and `schedule_numbers`.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::{
    cron::Rhythm,
    model::{Id, Last, Name, Schedule, Totals},
};
use crate::{
    clock,
    page::Page,
    rows::{self, Query, query},
    scans::model::Source,
};

const SCHEDULE: &str = "id, name, config, is_stored, cron, time_zone, enabled, next_run, last_run, last_scan, \
     last_problem, asked_by, version, create_time, update_time";

/// The number of the next schedule.
pub(super) async fn next_id(tx: &mut AnyConnection) -> sqlx::Result<Id> {
    let sql = "UPDATE schedule_numbers SET next = next + 1 WHERE id = 1 RETURNING next - 1";
    Ok(Id(sqlx::query(sql).fetch_one(tx).await?.try_get(0)?))
}

/// Adds a schedule that never came due.
pub(super) async fn insert(tx: &mut AnyConnection, schedule: &Schedule) -> sqlx::Result<()> {
    let sql = format!(
        "INSERT INTO scan_schedules ({SCHEDULE}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL, '', $9, $10, $12, $11)"
    );
    let bound = bind(query(sql), schedule).bind(clock::to_millis(schedule.create_time));
    bound.execute(tx).await.map(drop)
}

/// Sees to it that nobody else changes or claims a schedule until the transaction ends; whether it is there.
pub(super) async fn hold(tx: &mut AnyConnection, id: Id) -> sqlx::Result<bool> {
    let held = sqlx::query("UPDATE scan_schedules SET id = id WHERE id = $1").bind(id.0);
    Ok(held.execute(tx).await?.rows_affected() == 1)
}

/// Counts a change before it is made, so that nobody else changes or claims the schedule until the transaction ends;
/// whether it is there.
pub(super) async fn begin_change(tx: &mut AnyConnection, id: Id) -> sqlx::Result<bool> {
    let counted = sqlx::query("UPDATE scan_schedules SET version = version + 1 WHERE id = $1").bind(id.0);
    Ok(counted.execute(tx).await?.rows_affected() == 1)
}

/// Writes what somebody has changed.
pub(super) async fn update(tx: &mut AnyConnection, schedule: &Schedule) -> sqlx::Result<()> {
    let sql = "UPDATE scan_schedules SET name = $2, config = $3, is_stored = $4, cron = $5, time_zone = $6, \
         enabled = $7, next_run = $8, asked_by = $9, version = $10, update_time = $11 WHERE id = $1";
    bind(sqlx::query(sql), schedule).execute(tx).await.map(drop)
}

fn bind<'q>(query: Query<'q>, schedule: &'q Schedule) -> Query<'q> {
    query
        .bind(schedule.id.0)
        .bind(schedule.name.as_str())
        .bind(schedule.source.text())
        .bind(i64::from(matches!(schedule.source, Source::Stored(_))))
        .bind(schedule.rhythm.text())
        .bind(schedule.rhythm.zone())
        .bind(i64::from(schedule.enabled))
        .bind(schedule.next_run.map(clock::to_millis))
        .bind(schedule.asked_by.map(|id| id.to_string()))
        .bind(schedule.version)
        .bind(clock::to_millis(schedule.update_time))
}

/// Takes a time at which a schedule is due: of all who ask for the same one, one gets it, and nobody once the schedule
/// has changed.
pub(super) async fn claim(
    tx: &mut AnyConnection,
    schedule: &Schedule,
    next: Option<SystemTime>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE scan_schedules SET next_run = $4 WHERE id = $1 AND version = $2 AND next_run = $3 AND enabled = 1";
    let claimed = sqlx::query(sql)
        .bind(schedule.id.0)
        .bind(schedule.version)
        .bind(schedule.next_run.map(clock::to_millis))
        .bind(next.map(clock::to_millis));
    Ok(claimed.execute(tx).await?.rows_affected() == 1)
}

/// Writes what a schedule last did.
pub(super) async fn put_last(tx: &mut AnyConnection, id: Id, last: &Last) -> sqlx::Result<()> {
    let sql = "UPDATE scan_schedules SET last_run = $2, last_scan = $3, last_problem = $4 WHERE id = $1";
    let written =
        sqlx::query(sql).bind(id.0).bind(last.time.map(clock::to_millis)).bind(last.scan).bind(&last.problem);
    written.execute(tx).await.map(drop)
}

/// A schedule.
pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Id,
) -> sqlx::Result<Option<Schedule>> {
    let found = query(format!("SELECT {SCHEDULE} FROM scan_schedules WHERE id = $1")).bind(id.0);
    found.fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// A page of schedules by number, those that are enabled, those that are not, or all; and how many there are.
pub(super) async fn list(
    db: &AnyPool,
    enabled: Option<bool>,
    page: Page,
) -> sqlx::Result<(Vec<Schedule>, i64)> {
    let filter = if enabled.is_some() { "enabled = $1" } else { "$1 = 0" };
    let wanted = i64::from(enabled.unwrap_or_default());
    let sql = format!("SELECT {SCHEDULE} FROM scan_schedules WHERE {filter} ORDER BY id LIMIT $2 OFFSET $3");
    let rows = query(sql).bind(wanted).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    let count = query(format!("SELECT COUNT(*) FROM scan_schedules WHERE {filter}")).bind(wanted);
    let count = count.fetch_one(db).await?.try_get(0)?;
    Ok((rows.iter().map(read).collect::<sqlx::Result<_>>()?, count))
}

/// The schedules that are due at a time, the longest due first.
pub(super) async fn due(db: &AnyPool, time: SystemTime, limit: i64) -> sqlx::Result<Vec<Schedule>> {
    let sql = format!(
        "SELECT {SCHEDULE} FROM scan_schedules WHERE next_run <= $1 AND enabled = 1 ORDER BY next_run, id LIMIT $2"
    );
    let rows = query(sql).bind(clock::to_millis(time)).bind(limit).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// How many there are, and when the first is due.
pub(super) async fn totals<'e>(db: impl sqlx::Executor<'e, Database = Any>) -> sqlx::Result<Totals> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN enabled = 1 THEN 1 END), MIN(CASE WHEN enabled = 1 THEN next_run END) \
         FROM scan_schedules";
    let row = sqlx::query(sql).fetch_one(db).await?;
    let next_run = row.try_get::<Option<i64>, _>(2)?.map(clock::from_millis);
    Ok(Totals { all: row.try_get(0)?, enabled: row.try_get(1)?, next_run })
}

/// Whether a schedule uses a stored configuration.
pub(super) async fn uses(tx: &mut AnyConnection, name: &str) -> sqlx::Result<bool> {
    let sql = "SELECT COUNT(*) FROM scan_schedules WHERE is_stored = 1 AND config = $1";
    Ok(sqlx::query(sql).bind(name).fetch_one(tx).await?.try_get::<i64, _>(0)? > 0)
}

/// Deletes a schedule; whether it was there.
pub(super) async fn delete(tx: &mut AnyConnection, id: Id) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM scan_schedules WHERE id = $1").bind(id.0);
    Ok(deleted.execute(tx).await?.rows_affected() == 1)
}

fn read(row: &AnyRow) -> sqlx::Result<Schedule> {
    let config = rows::text(row, 2)?;
    let rhythm = Rhythm::parse(&rows::text(row, 4)?, &rows::text(row, 5)?);
    let time = |column: usize| row.try_get::<Option<i64>, _>(column).map(|time| time.map(clock::from_millis));
    let asked_by = row.try_get::<Option<String>, _>(11)?.map(|id| id.parse::<Uuid>()).transpose();
    Ok(Schedule {
        id: Id(row.try_get(0)?),
        name: Name::stored(rows::text(row, 1)?),
        source: if rows::truth(row, 3)? { Source::Stored(config) } else { Source::File(config) },
        rhythm: rhythm.map_err(|e| sqlx::Error::Decode(e.into()))?,
        enabled: rows::truth(row, 6)?,
        next_run: time(7)?,
        last: Last { time: time(8)?, scan: row.try_get(9)?, problem: rows::text(row, 10)? },
        asked_by: asked_by.map_err(|e| sqlx::Error::Decode(e.into()))?,
        version: row.try_get(12)?,
        create_time: rows::time(row, 13)?,
        update_time: rows::time(row, 14)?,
    })
}
