//! The table `signing_keys`.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, any::AnyRow};

use crate::{auth::jws::Algorithm, clock, rows};

/// A key as the database keeps it.
pub(super) struct Sealed {
    pub(super) kid: String,
    pub(super) key: String,
    pub(super) create_time: SystemTime,
    pub(super) activate_time: SystemTime,
}

/// Adds a key.
pub(super) async fn insert_key(
    tx: &mut AnyConnection,
    algorithm: Algorithm,
    sealed: &Sealed,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO signing_keys (kid, algorithm, sealed_key, create_time, activate_time) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&sealed.kid)
    .bind(algorithm.name())
    .bind(&sealed.key)
    .bind(clock::to_millis(sealed.create_time))
    .bind(clock::to_millis(sealed.activate_time))
    .execute(tx)
    .await
    .map(drop)
}

/// The keys of an algorithm. Those of another verify nothing while it is not the configured one.
pub(super) async fn keys<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    algorithm: Algorithm,
) -> sqlx::Result<Vec<Sealed>> {
    let sql = "SELECT kid, sealed_key, create_time, activate_time FROM signing_keys WHERE algorithm = $1";
    let rows = sqlx::query(sql).bind(algorithm.name()).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Deletes a key.
pub(super) async fn delete_key(tx: &mut AnyConnection, kid: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM signing_keys WHERE kid = $1").bind(kid).execute(tx).await.map(drop)
}

fn read(row: &AnyRow) -> sqlx::Result<Sealed> {
    Ok(Sealed {
        kid: rows::text(row, 0)?,
        key: rows::text(row, 1)?,
        create_time: rows::time(row, 2)?,
        activate_time: rows::time(row, 3)?,
    })
}
