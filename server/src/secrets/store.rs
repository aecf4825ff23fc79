//! The table `server_keys`, and every column whose texts are sealed.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row};

use super::{Column, SEALED};
use crate::{
    clock,
    rows::{self, query},
};

/// Whether there is anything that only the key file opens.
pub(super) async fn has_sealed(db: &AnyPool) -> sqlx::Result<bool> {
    for Column { table, key, .. } in &SEALED {
        if query(format!("SELECT {key} FROM {table} LIMIT 1")).fetch_optional(db).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows of a column and their sealed texts. There are few.
pub(super) async fn sealed<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    Column { table, key, value }: &Column,
) -> sqlx::Result<Vec<(String, String)>> {
    let rows = query(format!("SELECT {key}, {value} FROM {table} ORDER BY {key}")).fetch_all(db).await?;
    rows.iter().map(|row| Ok((rows::text(row, 0)?, rows::text(row, 1)?))).collect()
}

/// Locks the server's keys until the transaction ends, so that two rotations take turns. A server has keys
/// from its first start on.
pub(super) async fn lock(tx: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::query("UPDATE server_keys SET create_time = create_time").execute(tx).await.map(drop)
}

/// Puts a text in the place of another.
pub(super) async fn replace(
    tx: &mut AnyConnection,
    Column { table, key, value }: &Column,
    row: &str,
    sealed: &str,
) -> sqlx::Result<()> {
    let sql = format!("UPDATE {table} SET {value} = $1 WHERE {key} = $2");
    query(sql).bind(sealed).bind(row).execute(tx).await.map(drop)
}

/// The key of this name; the first to ask makes it from `fresh`.
pub(super) async fn key(
    tx: &mut AnyConnection,
    name: &str,
    fresh: &str,
    now: SystemTime,
) -> sqlx::Result<String> {
    sqlx::query(
        "INSERT INTO server_keys (name, value, create_time) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
    )
    .bind(name)
    .bind(fresh)
    .bind(clock::to_millis(now))
    .execute(&mut *tx)
    .await?;
    sqlx::query("SELECT value FROM server_keys WHERE name = $1").bind(name).fetch_one(tx).await?.try_get(0)
}
