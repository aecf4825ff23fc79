//! The tables `scan_operator` and `operator_sessions`.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, any::AnyRow};
use uuid::Uuid;

use super::model::{MAX_SESSIONS, Session};
use crate::{clock, rows};

/// The hash of the password, if one was set.
pub(super) async fn password_hash<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
) -> sqlx::Result<Option<String>> {
    let sql = "SELECT password_hash FROM scan_operator WHERE id = 1";
    sqlx::query(sql).fetch_optional(db).await?.as_ref().map(|row| rows::text(row, 0)).transpose()
}

/// Sets the password; whether there was none.
pub(super) async fn put_first_password(tx: &mut AnyConnection, hash: &str) -> sqlx::Result<bool> {
    let sql = "INSERT INTO scan_operator (id, password_hash) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    Ok(sqlx::query(sql).bind(hash).execute(tx).await?.rows_affected() == 1)
}

/// Sets the password, whatever there was.
pub(super) async fn put_password(tx: &mut AnyConnection, hash: &str) -> sqlx::Result<()> {
    let sql = "INSERT INTO scan_operator (id, password_hash) VALUES (1, $1) \
         ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash";
    sqlx::query(sql).bind(hash).execute(tx).await.map(drop)
}

/// Adds a session, and forgets those that ended or are too many.
pub(super) async fn insert(
    tx: &mut AnyConnection,
    hash: &str,
    session: &Session,
    now: SystemTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM operator_sessions WHERE expire_time <= $1 OR token_hash NOT IN \
         (SELECT token_hash FROM operator_sessions ORDER BY expire_time DESC LIMIT $2)",
    )
    .bind(clock::to_millis(now))
    .bind(MAX_SESSIONS - 1)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO operator_sessions (token_hash, id, remember, create_time, expire_time) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(hash)
    .bind(session.id.to_string())
    .bind(i64::from(session.remember))
    .bind(clock::to_millis(now))
    .bind(clock::to_millis(session.expire_time))
    .execute(tx)
    .await
    .map(drop)
}

/// The session of a token.
pub(super) async fn by_hash(db: &AnyPool, hash: &str) -> sqlx::Result<Option<Session>> {
    let sql = "SELECT id, remember, expire_time FROM operator_sessions WHERE token_hash = $1";
    sqlx::query(sql).bind(hash).fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// Prolongs a session.
pub(super) async fn prolong(tx: &mut AnyConnection, id: Uuid, expire_time: SystemTime) -> sqlx::Result<()> {
    sqlx::query("UPDATE operator_sessions SET expire_time = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(clock::to_millis(expire_time))
        .execute(tx)
        .await
        .map(drop)
}

/// Ends a session.
pub(super) async fn delete(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM operator_sessions WHERE id = $1")
        .bind(id.to_string())
        .execute(tx)
        .await
        .map(drop)
}

/// Ends every session but one.
pub(super) async fn delete_others(tx: &mut AnyConnection, but: Option<Uuid>) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM operator_sessions WHERE id <> $1")
        .bind(but.map(|id| id.to_string()).unwrap_or_default())
        .execute(tx)
        .await
        .map(drop)
}

fn read(row: &AnyRow) -> sqlx::Result<Session> {
    Ok(Session { id: rows::uuid(row, 0)?, remember: rows::truth(row, 1)?, expire_time: rows::time(row, 2)? })
}
