//! The table `omikrons`.

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};

use super::model::{Name, Omikron};
use crate::{clock, page::Page, rows};

/// Adds a relay; whether it was not there.
pub(super) async fn insert(tx: &mut AnyConnection, id_hash: &str, omikron: &Omikron) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO omikrons (id_hash, id_prefix, name, create_time) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (id_hash) DO NOTHING",
    )
    .bind(id_hash)
    .bind(&omikron.id_prefix)
    .bind(omikron.name.as_str())
    .bind(clock::to_millis(omikron.create_time))
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Removes a relay; whether it was there.
pub(super) async fn delete(tx: &mut AnyConnection, id_hash: &str) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM omikrons WHERE id_hash = $1").bind(id_hash).execute(tx).await?;
    Ok(deleted.rows_affected() == 1)
}

/// Whether a relay is there.
pub(super) async fn exists(db: &AnyPool, id_hash: &str) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT id_prefix FROM omikrons WHERE id_hash = $1").bind(id_hash);
    Ok(row.fetch_optional(db).await?.is_some())
}

/// A page of relays, the newest first.
pub(super) async fn list(db: &AnyPool, page: Page) -> sqlx::Result<Vec<Omikron>> {
    let rows = sqlx::query(
        "SELECT id_prefix, name, create_time FROM omikrons ORDER BY create_time DESC, id_hash LIMIT $1 OFFSET $2",
    )
    .bind(page.size())
    .bind(page.skip())
    .fetch_all(db)
    .await?;
    let omikron = |row: &AnyRow| {
        Ok(Omikron {
            id_prefix: rows::text(row, 0)?,
            name: Name::stored(rows::text(row, 1)?),
            create_time: rows::time(row, 2)?,
        })
    };
    rows.iter().map(omikron).collect()
}

/// How many relays there are.
pub(super) async fn count(db: &AnyPool) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM omikrons").fetch_one(db).await?.try_get(0)
}
