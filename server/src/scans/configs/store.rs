//! The table `scan_configs`.

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};

use super::model::{Config, Name};
use crate::{clock, page::Page, rows};

/// Writes a configuration, over the one of its name if there is one.
pub(super) async fn put(tx: &mut AnyConnection, config: &Config) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO scan_configs (name, title, yaml, addresses, update_time) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (name) DO UPDATE SET title = excluded.title, yaml = excluded.yaml, \
         addresses = excluded.addresses, update_time = excluded.update_time",
    )
    .bind(config.name.as_str())
    .bind(&config.title)
    .bind(&config.yaml)
    .bind(i64::from(config.addresses))
    .bind(clock::to_millis(config.update_time))
    .execute(tx)
    .await
    .map(drop)
}

/// A configuration.
pub(super) async fn by_name(db: &AnyPool, name: &Name) -> sqlx::Result<Option<Config>> {
    let sql = "SELECT name, title, yaml, addresses, update_time FROM scan_configs WHERE name = $1";
    sqlx::query(sql).bind(name.as_str()).fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// A page of configurations by name, without their texts.
pub(super) async fn list(db: &AnyPool, page: Page) -> sqlx::Result<Vec<Config>> {
    let sql =
        "SELECT name, title, '', addresses, update_time FROM scan_configs ORDER BY name LIMIT $1 OFFSET $2";
    let rows = sqlx::query(sql).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// How many there are.
pub(super) async fn count<'e>(db: impl sqlx::Executor<'e, Database = Any>) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM scan_configs").fetch_one(db).await?.try_get(0)
}

/// Locks a configuration until the transaction ends; whether it is there.
pub(super) async fn hold(tx: &mut AnyConnection, name: &Name) -> sqlx::Result<bool> {
    let held = sqlx::query("UPDATE scan_configs SET name = name WHERE name = $1").bind(name.as_str());
    Ok(held.execute(tx).await?.rows_affected() == 1)
}

/// Deletes a configuration; whether it was there.
pub(super) async fn delete(tx: &mut AnyConnection, name: &Name) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM scan_configs WHERE name = $1").bind(name.as_str());
    Ok(deleted.execute(tx).await?.rows_affected() == 1)
}

fn read(row: &AnyRow) -> sqlx::Result<Config> {
    Ok(Config {
        name: Name::stored(rows::text(row, 0)?),
        title: rows::text(row, 1)?,
        yaml: rows::text(row, 2)?,
        addresses: rows::number(row, 3)?,
        update_time: rows::time(row, 4)?,
    })
}
