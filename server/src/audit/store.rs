//! The tables `audit_events` and `audit_head`.

use std::time::SystemTime;

use sqlx::{AnyConnection, Row};

use super::model::{Entry, Event};
use crate::clock;

/// Adds an entry at the end of the chain, which is locked until the transaction ends.
pub(super) async fn append(tx: &mut AnyConnection, now: SystemTime, entry: &Entry) -> sqlx::Result<()> {
    let head = sqlx::query("UPDATE audit_head SET number = number + 1 WHERE id = 1 RETURNING number, hash")
        .fetch_one(&mut *tx)
        .await?;
    let event = Event::chained(head.try_get(0)?, &head.try_get::<String, _>(1)?, now, entry);
    insert(tx, &event).await?;
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&event.hash).execute(tx).await.map(drop)
}

async fn insert(tx: &mut AnyConnection, event: &Event) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO audit_events (number, time, actor_kind, actor_id, action, target, outcome, address, \
         request_id, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(event.number)
    .bind(clock::to_millis(event.time))
    .bind(&event.actor_kind)
    .bind(&event.actor_id)
    .bind(&event.action)
    .bind(&event.target)
    .bind(&event.outcome)
    .bind(&event.address)
    .bind(&event.request_id)
    .bind(&event.detail)
    .bind(&event.hash)
    .execute(tx)
    .await
    .map(drop)
}
