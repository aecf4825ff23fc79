//! The tables `scans`, `scan_numbers` and `scan_hosts`.

pub(super) mod figures;

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{Counts, End, Id, Planned, Progress, Report, Scan, Source, State};
use crate::{
    clock,
    page::Page,
    rows::{self, query},
};

const SCAN: &str = "id, task_id, title, config, is_stored, asked_by, triggered_by, state, stage, progress, \
     hosts_done, hosts_total, hosts_up, open_ports, findings, summary, error_message, report, has_screenshots, start_time, \
     end_time, schedule_id, schedule_name";

/// The number of the next scan.
pub(super) async fn next_id(tx: &mut AnyConnection) -> sqlx::Result<Id> {
    let sql = "UPDATE scan_numbers SET next = next + 1 WHERE id = 1 RETURNING next - 1";
    Ok(Id(sqlx::query(sql).fetch_one(tx).await?.try_get(0)?))
}

/// Adds a scan.
pub(super) async fn insert(tx: &mut AnyConnection, scan: &Scan) -> sqlx::Result<()> {
    let sql = format!(
        "INSERT INTO scans ({SCAN}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, '', '', '', 0, \
         $13, NULL, $14, $15)"
    );
    query(sql)
        .bind(scan.id.0)
        .bind(scan.task.to_string())
        .bind(&scan.title)
        .bind(scan.source.text())
        .bind(i64::from(matches!(scan.source, Source::Stored(_))))
        .bind(scan.asked_by.map(|id| id.to_string()))
        .bind(scan.trigger.name())
        .bind(scan.state.name())
        .bind(scan.progress.stage.name())
        .bind(i64::from(scan.progress.permille))
        .bind(i64::from(scan.progress.hosts_done))
        .bind(i64::from(scan.progress.hosts_total))
        .bind(clock::to_millis(scan.start_time))
        .bind(scan.schedule.as_ref().map(|schedule| schedule.id))
        .bind(scan.schedule.as_ref().map_or("", |schedule| schedule.name.as_str()))
        .execute(tx)
        .await
        .map(drop)
}

/// A scan.
pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Id,
) -> sqlx::Result<Option<Scan>> {
    let found = query(format!("SELECT {SCAN} FROM scans WHERE id = $1")).bind(id.0);
    found.fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// A page of scans in a state or in any, the newest first, and how many there are.
pub(super) async fn list(db: &AnyPool, state: Option<State>, page: Page) -> sqlx::Result<(Vec<Scan>, i64)> {
    let state = state.map(State::name).unwrap_or_default();
    let filter = if state.is_empty() { "$1 = ''" } else { "state = $1" };
    let sql = format!("SELECT {SCAN} FROM scans WHERE {filter} ORDER BY id DESC LIMIT $2 OFFSET $3");
    let scans = query(sql).bind(state).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    let count = query(format!("SELECT COUNT(*) FROM scans WHERE {filter}")).bind(state);
    let count = count.fetch_one(db).await?.try_get(0)?;
    Ok((scans.iter().map(read).collect::<sqlx::Result<_>>()?, count))
}

/// How many scans have not ended.
pub(super) async fn count_running(tx: &mut AnyConnection) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM scans WHERE state = 'running'").fetch_one(tx).await?.try_get(0)
}

/// Every scan that has not ended.
pub(super) async fn running(db: &AnyPool) -> sqlx::Result<Vec<Scan>> {
    let sql = format!("SELECT {SCAN} FROM scans WHERE state = 'running' ORDER BY id");
    query(sql).fetch_all(db).await?.iter().map(read).collect()
}

/// The last scans of a schedule, the newest first.
pub(super) async fn of_schedule(db: &AnyPool, schedule: i64, limit: i64) -> sqlx::Result<Vec<Scan>> {
    let sql = format!("SELECT {SCAN} FROM scans WHERE schedule_id = $1 ORDER BY id DESC LIMIT $2");
    query(sql).bind(schedule).bind(limit).fetch_all(db).await?.iter().map(read).collect()
}

/// A scan of a schedule that has not ended.
pub(super) async fn running_of(tx: &mut AnyConnection, schedule: i64) -> sqlx::Result<Option<Id>> {
    let sql = "SELECT id FROM scans WHERE schedule_id = $1 AND state = 'running' ORDER BY id LIMIT 1";
    let found = sqlx::query(sql).bind(schedule).fetch_optional(tx).await?;
    found.map(|row| row.try_get(0).map(Id)).transpose()
}

/// Scans that ended before a time.
pub(super) async fn ended_before(db: &AnyPool, time: SystemTime, limit: i64) -> sqlx::Result<Vec<Scan>> {
    let sql = format!("SELECT {SCAN} FROM scans WHERE end_time < $1 ORDER BY id LIMIT $2");
    query(sql).bind(clock::to_millis(time)).bind(limit).fetch_all(db).await?.iter().map(read).collect()
}

/// The last scan before another that was done, with the same configuration.
pub(super) async fn previous(db: &AnyPool, scan: &Scan) -> sqlx::Result<Option<Scan>> {
    let sql = format!(
        "SELECT {SCAN} FROM scans WHERE id < $1 AND state = 'completed' AND config = $2 AND is_stored = $3 \
         ORDER BY id DESC LIMIT 1"
    );
    let stored = i64::from(matches!(scan.source, Source::Stored(_)));
    let found = query(sql).bind(scan.id.0).bind(scan.source.text()).bind(stored).fetch_optional(db).await?;
    found.as_ref().map(read).transpose()
}

/// The figures of scans with the same configuration that were done before another, the newest first: number, when it
/// began, figures.
pub(super) async fn summaries(
    db: &AnyPool,
    scan: &Scan,
    limit: i64,
) -> sqlx::Result<Vec<(Id, SystemTime, String)>> {
    let sql = "SELECT id, start_time, summary FROM scans WHERE id < $1 AND state = 'completed' AND config = $2 \
         AND is_stored = $3 ORDER BY id DESC LIMIT $4";
    let stored = i64::from(matches!(scan.source, Source::Stored(_)));
    let asked = sqlx::query(sql).bind(scan.id.0).bind(scan.source.text()).bind(stored).bind(limit);
    let row = |row: &AnyRow| Ok((Id(row.try_get(0)?), rows::time(row, 1)?, rows::text(row, 2)?));
    asked.fetch_all(db).await?.iter().map(row).collect()
}

/// Writes how far a scan is that has not ended.
pub(super) async fn advance(tx: &mut AnyConnection, id: Id, progress: Progress) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE scans SET stage = $2, progress = $3, hosts_done = $4, hosts_total = $5 \
         WHERE id = $1 AND state = 'running'",
    )
    .bind(id.0)
    .bind(progress.stage.name())
    .bind(i64::from(progress.permille))
    .bind(i64::from(progress.hosts_done))
    .bind(i64::from(progress.hosts_total))
    .execute(tx)
    .await
    .map(drop)
}

/// Ends a scan that has not ended; whether it had not.
pub(super) async fn end(tx: &mut AnyConnection, id: Id, end: &End, time: SystemTime) -> sqlx::Result<bool> {
    let ended = sqlx::query(
        "UPDATE scans SET state = $2, error_message = $3, hosts_up = $4, open_ports = $5, findings = $6, \
         report = $7, has_screenshots = $8, end_time = $9, summary = $10 WHERE id = $1 AND state = 'running'",
    )
    .bind(id.0)
    .bind(end.state.name())
    .bind(&end.error_message)
    .bind(i64::from(end.counts.hosts_up))
    .bind(i64::from(end.counts.open_ports))
    .bind(i64::from(end.counts.findings))
    .bind(end.report.as_ref().map_or("", |report| report.stem.as_str()))
    .bind(i64::from(end.report.as_ref().is_some_and(|report| report.has_screenshots)))
    .bind(clock::to_millis(time))
    .bind(&end.summary)
    .execute(tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Deletes a scan with its hosts; whether it was there.
pub(super) async fn delete(tx: &mut AnyConnection, id: Id) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM scans WHERE id = $1").bind(id.0).execute(tx).await?;
    Ok(deleted.rows_affected() == 1)
}

/// Forgets the hosts of a try that did not end.
pub(super) async fn clear_hosts(tx: &mut AnyConnection, id: Id) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM scan_hosts WHERE scan_id = $1").bind(id.0).execute(tx).await.map(drop)
}

/// Writes what was found of a host.
pub(super) async fn put_host(
    tx: &mut AnyConnection,
    id: Id,
    place: i64,
    site: &str,
    record: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO scan_hosts (scan_id, place, site, record) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (scan_id, place) DO UPDATE SET record = excluded.record",
    )
    .bind(id.0)
    .bind(place)
    .bind(site)
    .bind(record)
    .execute(tx)
    .await
    .map(drop)
}

/// What was found of each host, with its site, in the order of the configuration.
pub(super) async fn hosts(db: &AnyPool, id: Id) -> sqlx::Result<Vec<(String, String)>> {
    let sql = "SELECT site, record FROM scan_hosts WHERE scan_id = $1 ORDER BY place";
    let rows = sqlx::query(sql).bind(id.0).fetch_all(db).await?;
    rows.iter().map(|row| Ok((rows::text(row, 0)?, rows::text(row, 1)?))).collect()
}

fn read(row: &AnyRow) -> sqlx::Result<Scan> {
    let config = rows::text(row, 3)?;
    let stem = rows::text(row, 17)?;
    let has_screenshots = rows::truth(row, 18)?;
    let asked_by = row.try_get::<Option<String>, _>(5)?.map(|id| id.parse::<Uuid>()).transpose();
    Ok(Scan {
        id: Id(row.try_get(0)?),
        task: rows::uuid(row, 1)?,
        title: rows::text(row, 2)?,
        source: if rows::truth(row, 4)? { Source::Stored(config) } else { Source::File(config) },
        asked_by: asked_by.map_err(|e| sqlx::Error::Decode(e.into()))?,
        trigger: rows::named(row, 6)?,
        schedule: row
            .try_get::<Option<i64>, _>(21)?
            .map(|id| Ok::<_, sqlx::Error>(Planned { id, name: rows::text(row, 22)? }))
            .transpose()?,
        state: rows::named(row, 7)?,
        progress: Progress {
            stage: rows::named(row, 8)?,
            permille: rows::number(row, 9)?,
            hosts_done: rows::number(row, 10)?,
            hosts_total: rows::number(row, 11)?,
        },
        counts: Counts {
            hosts_up: rows::number(row, 12)?,
            open_ports: rows::number(row, 13)?,
            findings: rows::number(row, 14)?,
        },
        error_message: rows::text(row, 16)?,
        report: (!stem.is_empty()).then_some(Report { stem, has_screenshots }),
        start_time: rows::time(row, 19)?,
        end_time: row.try_get::<Option<i64>, _>(20)?.map(clock::from_millis),
    })
}
