//! The tables `sessions` and `server_keys`.

use std::time::SystemTime;

use sqlx::{AnyConnection, AnyPool, Row};
use uuid::Uuid;

use super::model::{MAX_PER_ACCOUNT, Session};
use crate::{auth::Role, clock, rows};

/// Adds a session and ends the account's oldest beyond [`MAX_PER_ACCOUNT`].
pub(super) async fn insert(
    tx: &mut AnyConnection,
    session: &Session,
    secret_hash: &str,
    now: SystemTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO sessions (id, account_id, secret_hash, create_time, expire_time) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(session.id.to_string())
    .bind(session.account.to_string())
    .bind(secret_hash)
    .bind(clock::to_millis(now))
    .bind(clock::to_millis(session.expire_time))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM sessions WHERE account_id = $1 AND id NOT IN \
         (SELECT id FROM sessions WHERE account_id = $2 ORDER BY create_time DESC LIMIT $3)",
    )
    .bind(session.account.to_string())
    .bind(session.account.to_string())
    .bind(MAX_PER_ACCOUNT)
    .execute(tx)
    .await
    .map(drop)
}

/// The session of a secret with the role of its account, if that is active. One query on two tables,
/// because every call pays for it.
pub(super) async fn by_secret(db: &AnyPool, secret_hash: &str) -> sqlx::Result<Option<(Session, Role)>> {
    let row = sqlx::query(
        "SELECT sessions.id, sessions.account_id, sessions.expire_time, accounts.role \
         FROM sessions JOIN accounts ON accounts.id = sessions.account_id \
         WHERE sessions.secret_hash = $1 AND accounts.active = 1",
    )
    .bind(secret_hash)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let session = Session {
        id: rows::uuid(&row, 0)?,
        account: rows::uuid(&row, 1)?,
        expire_time: rows::time(&row, 2)?,
    };
    Ok(Some((session, rows::named(&row, 3)?)))
}

/// Moves a session's end, unless another call has done so. Says whether this call did.
pub(super) async fn renew(
    tx: &mut AnyConnection,
    session: &Session,
    expires: SystemTime,
) -> sqlx::Result<bool> {
    let renewed = sqlx::query("UPDATE sessions SET expire_time = $1 WHERE id = $2 AND expire_time = $3")
        .bind(clock::to_millis(expires))
        .bind(session.id.to_string())
        .bind(clock::to_millis(session.expire_time))
        .execute(tx)
        .await?;
    Ok(renewed.rows_affected() == 1)
}

pub(super) async fn delete(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn delete_all(tx: &mut AnyConnection, account: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sessions WHERE account_id = $1")
        .bind(account.to_string())
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn delete_ended(tx: &mut AnyConnection, now: SystemTime) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sessions WHERE expire_time <= $1")
        .bind(clock::to_millis(now))
        .execute(tx)
        .await
        .map(drop)
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
