//! The tables `scan_settings` and `scan_secrets`.

use sqlx::{AnyConnection, AnyPool};

use super::model::Key;
use crate::rows::{self, query};

/// Where a setting is kept; secrets have a table of their own, whose every text is sealed.
pub(super) fn table(key: Key) -> &'static str {
    if key.is_secret() { "scan_secrets" } else { "scan_settings" }
}

/// What is kept of every setting that somebody has set.
pub(super) async fn all(db: &AnyPool) -> sqlx::Result<Vec<(Key, String)>> {
    let sql = "SELECT key, value FROM scan_settings UNION ALL SELECT key, value FROM scan_secrets";
    let rows = sqlx::query(sql).fetch_all(db).await?;
    let named = rows.iter().map(|row| Ok((rows::text(row, 0)?.parse::<Key>(), rows::text(row, 1)?)));
    // A later version's setting is none of ours.
    let known = named.filter_map(|row| row.map(|(key, value)| Some((key.ok()?, value))).transpose());
    known.collect()
}

/// Keeps a setting.
pub(super) async fn put(tx: &mut AnyConnection, key: Key, value: &str) -> sqlx::Result<()> {
    let sql = format!(
        "INSERT INTO {} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        table(key)
    );
    query(sql).bind(key.name()).bind(value).execute(tx).await.map(drop)
}

/// Forgets a setting.
pub(super) async fn clear(tx: &mut AnyConnection, key: Key) -> sqlx::Result<()> {
    let sql = format!("DELETE FROM {} WHERE key = $1", table(key));
    query(sql).bind(key.name()).execute(tx).await.map(drop)
}
