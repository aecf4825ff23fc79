//! The table `deliveries`, and its number.

use std::time::SystemTime;

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};

use super::model::{Channel, Claimed, Delivery, State, Verdict};
use crate::{
    clock,
    db::Backend,
    page::Page,
    rows::{self, query},
};

const DELIVERY: &str =
    "id, scan_id, webhook_id, state, attempts, status_code, error, create_time, next_time, end_time";

/// The number of the next delivery.
pub(super) async fn next_id(tx: &mut AnyConnection) -> sqlx::Result<i64> {
    let sql = "UPDATE alert_numbers SET next = next + 1 WHERE name = 'deliveries' RETURNING next - 1";
    sqlx::query(sql).fetch_one(tx).await?.try_get(0)
}

/// Adds a delivery of a scan, unless there is one for the channel.
pub(super) async fn add(
    tx: &mut AnyConnection,
    scan: i64,
    channel: Channel,
    digest: &str,
    now: SystemTime,
) -> sqlx::Result<()> {
    let id = next_id(tx).await?;
    sqlx::query(
        "INSERT INTO deliveries (id, scan_id, channel, webhook_id, digest, state, attempts, fence, lease_until, \
         next_time, status_code, error, create_time, end_time) \
         VALUES ($1, $2, $3, $4, $5, 'pending', 0, 0, 0, $6, 0, '', $6, NULL) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(scan)
    .bind(channel.name())
    .bind(channel.webhook())
    .bind(digest)
    .bind(clock::to_millis(now))
    .execute(tx)
    .await
    .map(drop)
}

/// Adds a test that has ended.
pub(super) async fn insert_test(tx: &mut AnyConnection, delivery: &Delivery) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO deliveries (id, scan_id, channel, webhook_id, digest, state, attempts, fence, lease_until, \
         next_time, status_code, error, create_time, end_time) \
         VALUES ($1, 0, $2, $3, '', $4, 1, 0, 0, $5, $6, $7, $5, $5)",
    )
    .bind(delivery.id)
    .bind(delivery.channel.name())
    .bind(delivery.channel.webhook())
    .bind(delivery.state.name())
    .bind(clock::to_millis(delivery.create_time))
    .bind(i64::from(delivery.status))
    .bind(&delivery.error)
    .execute(tx)
    .await
    .map(drop)
}

/// Whether anything is due that nobody has claimed.
pub(super) async fn is_due(db: &AnyPool, now: SystemTime) -> sqlx::Result<bool> {
    let sql =
        "SELECT 1 FROM deliveries WHERE state = 'pending' AND next_time <= $1 AND lease_until <= $1 LIMIT 1";
    Ok(sqlx::query(sql).bind(clock::to_millis(now)).fetch_optional(db).await?.is_some())
}

/// Claims the delivery that is due for the longest. Servers pass over what another is claiming at this moment.
pub(super) async fn claim(
    tx: &mut AnyConnection,
    backend: Backend,
    now: SystemTime,
    lease_until: SystemTime,
) -> sqlx::Result<Option<Claimed>> {
    let lock = match backend {
        Backend::Sqlite => "",
        Backend::Postgres => "FOR UPDATE SKIP LOCKED",
    };
    let sql = format!(
        "UPDATE deliveries SET fence = fence + 1, attempts = attempts + 1, lease_until = $2 \
         WHERE id = (SELECT id FROM deliveries \
             WHERE state = 'pending' AND next_time <= $1 AND lease_until <= $1 \
             ORDER BY next_time, id LIMIT 1 {lock}) \
         RETURNING id, fence, webhook_id, digest, attempts"
    );
    let claim = query(sql).bind(clock::to_millis(now)).bind(clock::to_millis(lease_until));
    let row = claim.fetch_optional(tx).await?;
    let claimed = |row: &AnyRow| {
        Ok(Claimed {
            id: row.try_get(0)?,
            fence: row.try_get(1)?,
            channel: Channel::stored(row.try_get(2)?),
            digest: rows::text(row, 3)?,
            attempt: rows::number(row, 4)?,
        })
    };
    row.as_ref().map(claimed).transpose()
}

/// Writes what became of a try, if the claim still holds.
pub(super) async fn write(
    tx: &mut AnyConnection,
    claimed: &Claimed,
    verdict: &Verdict,
    now: SystemTime,
) -> sqlx::Result<bool> {
    let end_time = (verdict.state != State::Pending).then(|| clock::to_millis(now));
    let written = sqlx::query(
        "UPDATE deliveries SET state = $3, status_code = $4, error = $5, next_time = $6, lease_until = 0, \
         end_time = $7 WHERE id = $1 AND fence = $2 AND state = 'pending'",
    )
    .bind(claimed.id)
    .bind(claimed.fence)
    .bind(verdict.state.name())
    .bind(i64::from(verdict.status))
    .bind(&verdict.error)
    .bind(clock::to_millis(verdict.next_time))
    .bind(end_time)
    .execute(tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// A page of the log, the newest first, and how many entries there are.
pub(super) async fn list(
    db: &AnyPool,
    webhook: Option<i64>,
    page: Page,
) -> sqlx::Result<(Vec<Delivery>, i64)> {
    // What is asked for is never 0: that is e-mail's.
    let filter = "($1 = 0 OR webhook_id = $1)";
    let webhook = webhook.unwrap_or_default();
    let sql = format!("SELECT {DELIVERY} FROM deliveries WHERE {filter} ORDER BY id DESC LIMIT $2 OFFSET $3");
    let found = query(sql).bind(webhook).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    let count = query(format!("SELECT COUNT(*) FROM deliveries WHERE {filter}")).bind(webhook);
    let count = count.fetch_one(db).await?.try_get(0)?;
    Ok((found.iter().map(read).collect::<sqlx::Result<_>>()?, count))
}

/// Forgets the deliveries of a webhook.
pub(super) async fn forget(tx: &mut AnyConnection, webhook: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM deliveries WHERE webhook_id = $1").bind(webhook).execute(tx).await.map(drop)
}

/// Forgets what ended before a time.
pub(super) async fn expire(tx: &mut AnyConnection, before: SystemTime) -> sqlx::Result<()> {
    let sql = "DELETE FROM deliveries WHERE end_time < $1";
    sqlx::query(sql).bind(clock::to_millis(before)).execute(tx).await.map(drop)
}

fn read(row: &AnyRow) -> sqlx::Result<Delivery> {
    Ok(Delivery {
        id: row.try_get(0)?,
        scan: row.try_get(1)?,
        channel: Channel::stored(row.try_get(2)?),
        state: rows::named(row, 3)?,
        attempts: rows::number(row, 4)?,
        status: rows::number(row, 5)?,
        error: rows::text(row, 6)?,
        create_time: rows::time(row, 7)?,
        next_time: rows::time(row, 8)?,
        end_time: row.try_get::<Option<i64>, _>(9)?.map(clock::from_millis),
    })
}
