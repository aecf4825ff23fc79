//! The tables `webhooks` and `webhook_secrets`.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row as _, any::AnyRow};

use super::model::{Format, Listening, Webhook};
use crate::{
    clock,
    rows::{self, query},
    scans::drift::Severity,
};

/// What is sealed of a webhook.
pub(super) const URL: &str = "url";
pub(super) const SECRET: &str = "secret";

const WEBHOOK: &str = "webhooks.id, webhooks.name, format, enabled, min_severity, create_time, update_time, \
     (SELECT value FROM webhook_secrets WHERE key = CAST(webhooks.id AS TEXT) || '/url'), \
     (SELECT value FROM webhook_secrets WHERE key = CAST(webhooks.id AS TEXT) || '/secret')";

/// A webhook as the database has it: address and secret are sealed.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) format: Format,
    pub(super) enabled: bool,
    pub(super) min_severity: Option<Severity>,
    pub(super) create_time: SystemTime,
    pub(super) update_time: SystemTime,
    pub(super) url: String,
    pub(super) secret: Option<String>,
}

/// The number of the next webhook.
pub(super) async fn next_id(tx: &mut AnyConnection) -> sqlx::Result<i64> {
    let sql = "UPDATE alert_numbers SET next = next + 1 WHERE name = 'webhooks' RETURNING next - 1";
    sqlx::query(sql).fetch_one(tx).await?.try_get(0)
}

/// How many there are.
pub(super) async fn count(tx: &mut AnyConnection) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM webhooks").fetch_one(tx).await?.try_get(0)
}

/// Writes a webhook, over the one of its number if there is one.
pub(super) async fn put(
    tx: &mut AnyConnection,
    webhook: &Webhook,
    url: &str,
    secret: Option<&str>,
) -> sqlx::Result<()> {
    let terms = &webhook.terms;
    sqlx::query(
        "INSERT INTO webhooks (id, name, format, enabled, min_severity, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
         format = excluded.format, enabled = excluded.enabled, min_severity = excluded.min_severity, \
         update_time = excluded.update_time",
    )
    .bind(webhook.id)
    .bind(&terms.name)
    .bind(terms.format.name())
    .bind(i64::from(terms.enabled))
    .bind(terms.min_severity.map_or("", Severity::name))
    .bind(clock::to_millis(webhook.create_time))
    .bind(clock::to_millis(webhook.update_time))
    .execute(&mut *tx)
    .await?;
    seal(tx, webhook.id, URL, Some(url)).await?;
    seal(tx, webhook.id, SECRET, secret).await
}

async fn seal(tx: &mut AnyConnection, id: i64, name: &str, sealed: Option<&str>) -> sqlx::Result<()> {
    let key = format!("{id}/{name}");
    sqlx::query("DELETE FROM webhook_secrets WHERE key = $1").bind(&key).execute(&mut *tx).await?;
    let Some(sealed) = sealed else { return Ok(()) };
    let insert = sqlx::query("INSERT INTO webhook_secrets (key, value) VALUES ($1, $2)");
    insert.bind(&key).bind(sealed).execute(tx).await.map(drop)
}

/// A webhook.
pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: i64,
) -> sqlx::Result<Option<Row>> {
    let found = query(format!("SELECT {WEBHOOK} FROM webhooks WHERE id = $1")).bind(id);
    found.fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// The same, held until the transaction ends.
pub(super) async fn take(tx: &mut AnyConnection, id: i64) -> sqlx::Result<Option<Row>> {
    sqlx::query("UPDATE webhooks SET name = name WHERE id = $1").bind(id).execute(&mut *tx).await?;
    by_id(tx, id).await
}

/// All webhooks.
pub(super) async fn all(db: &AnyPool) -> sqlx::Result<Vec<Row>> {
    let found = query(format!("SELECT {WEBHOOK} FROM webhooks ORDER BY id")).fetch_all(db).await?;
    found.iter().map(read).collect()
}

/// Those that are told of alerts.
pub(super) async fn listening(tx: &mut AnyConnection) -> sqlx::Result<Vec<Listening>> {
    let sql = "SELECT id, min_severity FROM webhooks WHERE enabled = 1 ORDER BY id";
    let found = sqlx::query(sql).fetch_all(tx).await?;
    let read = |row: &AnyRow| Ok(Listening { id: row.try_get(0)?, min_severity: severity(row, 1)? });
    found.iter().map(read).collect()
}

/// Deletes a webhook with its secrets; whether it was there.
pub(super) async fn delete(tx: &mut AnyConnection, id: i64) -> sqlx::Result<bool> {
    seal(tx, id, URL, None).await?;
    seal(tx, id, SECRET, None).await?;
    let deleted = sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id).execute(tx).await?;
    Ok(deleted.rows_affected() == 1)
}

fn severity(row: &AnyRow, column: usize) -> sqlx::Result<Option<Severity>> {
    if rows::text(row, column)?.is_empty() { Ok(None) } else { rows::named(row, column).map(Some) }
}

fn read(row: &AnyRow) -> sqlx::Result<Row> {
    Ok(Row {
        id: row.try_get(0)?,
        name: rows::text(row, 1)?,
        format: rows::named(row, 2)?,
        enabled: rows::truth(row, 3)?,
        min_severity: severity(row, 4)?,
        create_time: rows::time(row, 5)?,
        update_time: rows::time(row, 6)?,
        url: rows::text(row, 7)?,
        secret: row.try_get(8)?,
    })
}
