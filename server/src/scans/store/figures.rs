//! Scans in numbers.

use std::time::SystemTime;

use sqlx::{AnyPool, Row, any::AnyRow};

use crate::{
    clock,
    rows::{self, query},
    scans::{
        model::{Counts, Id, Scan, Source},
        stats::model::{Day, Point, States},
    },
};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// How many scans there are, and how many have begun since a time.
pub(in crate::scans) async fn states(db: &AnyPool, since: SystemTime) -> sqlx::Result<States> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN state = 'running' THEN 1 END), \
         COUNT(CASE WHEN state = 'completed' THEN 1 END), COUNT(CASE WHEN state = 'failed' THEN 1 END), \
         COUNT(CASE WHEN state = 'cancelled' THEN 1 END), COUNT(CASE WHEN start_time >= $1 THEN 1 END) FROM scans";
    let row = sqlx::query(sql).bind(clock::to_millis(since)).fetch_one(db).await?;
    Ok(States {
        total: row.try_get(0)?,
        running: row.try_get(1)?,
        completed: row.try_get(2)?,
        failed: row.try_get(3)?,
        cancelled: row.try_get(4)?,
        recent: row.try_get(5)?,
    })
}

/// The days on which scans have begun, from a day on, the oldest first. Days are counted from 1970 in UTC.
pub(in crate::scans) async fn days(db: &AnyPool, from: i64) -> sqlx::Result<Vec<Day>> {
    let sql = format!(
        "SELECT start_time / {DAY}, COUNT(*), COUNT(CASE WHEN state = 'completed' THEN 1 END), \
         COUNT(CASE WHEN state = 'failed' THEN 1 END), CAST(SUM(findings) AS BIGINT) \
         FROM scans WHERE start_time >= $1 GROUP BY 1 ORDER BY 1"
    );
    let read = |row: &AnyRow| {
        let [number, scans, completed, failed, findings] = [0, 1, 2, 3, 4].map(|column| row.try_get(column));
        Ok(Day {
            number: number?,
            scans: scans?,
            completed: completed?,
            failed: failed?,
            findings: findings?,
        })
    };
    query(sql).bind(from.saturating_mul(DAY)).fetch_all(db).await?.iter().map(read).collect()
}

/// The last scans with the configuration of another that are done, the newest first.
pub(in crate::scans) async fn points(db: &AnyPool, scan: &Scan, limit: i64) -> sqlx::Result<Vec<Point>> {
    let sql = "SELECT id, title, start_time, hosts_up, open_ports, findings FROM scans \
         WHERE state = 'completed' AND config = $1 AND is_stored = $2 ORDER BY id DESC LIMIT $3";
    let stored = i64::from(matches!(scan.source, Source::Stored(_)));
    let asked = sqlx::query(sql).bind(scan.source.text()).bind(stored).bind(limit);
    let read = |row: &AnyRow| {
        Ok(Point {
            scan: Id(row.try_get(0)?),
            title: rows::text(row, 1)?,
            time: rows::time(row, 2)?,
            counts: Counts {
                hosts_up: rows::number(row, 3)?,
                open_ports: rows::number(row, 4)?,
                findings: rows::number(row, 5)?,
            },
        })
    };
    asked.fetch_all(db).await?.iter().map(read).collect()
}
