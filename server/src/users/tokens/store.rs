//! The table `signing_keys`.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use sqlx::{Any, AnyConnection, Row, any::AnyRow};

use super::keys::Timed;
use crate::{
    auth::jws::{Algorithm, Key},
    clock, rows,
};

/// Adds a key.
pub(super) async fn insert_key(tx: &mut AnyConnection, made: &Timed, secret: &[u8]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO signing_keys (kid, algorithm, sealed_key, create_time, activate_time) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(made.key.kid())
    .bind(made.key.algorithm().name())
    .bind(BASE64_STANDARD.encode(secret))
    .bind(clock::to_millis(made.create_time))
    .bind(clock::to_millis(made.activate_time))
    .execute(tx)
    .await
    .map(drop)
}

/// The keys of an algorithm. Those of another verify nothing while it is not the configured one.
pub(super) async fn keys<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    algorithm: Algorithm,
) -> sqlx::Result<Vec<Timed>> {
    let sql = "SELECT sealed_key, create_time, activate_time FROM signing_keys WHERE algorithm = $1";
    let rows = sqlx::query(sql).bind(algorithm.name()).fetch_all(db).await?;
    rows.iter().map(|row| read(row, algorithm)).collect()
}

/// Deletes a key.
pub(super) async fn delete_key(tx: &mut AnyConnection, kid: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM signing_keys WHERE kid = $1").bind(kid).execute(tx).await.map(drop)
}

fn read(row: &AnyRow, algorithm: Algorithm) -> sqlx::Result<Timed> {
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(cause);
    let secret = BASE64_STANDARD.decode(row.try_get::<String, _>(0)?).map_err(|e| unreadable(e.into()))?;
    let key = Key::from_bytes(algorithm, &secret).map_err(|e| unreadable(e.into()))?;
    Ok(Timed { key: Arc::new(key), create_time: rows::time(row, 1)?, activate_time: rows::time(row, 2)? })
}
