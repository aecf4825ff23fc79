//! The table `personal_tokens`.

use std::time::SystemTime;

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{PersonalToken, Scopes};
use crate::{auth::Role, clock, db::AtHand, rows};

/// Adds a token.
pub(super) async fn insert(
    tx: &mut AnyConnection,
    account: Uuid,
    token: &PersonalToken,
    secret_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO personal_tokens (id, account_id, name, secret_hash, scopes, create_time, expire_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(token.id.to_string())
    .bind(account.to_string())
    .bind(&token.name)
    .bind(secret_hash)
    .bind(token.scopes.texts().join(" "))
    .bind(clock::to_millis(token.create_time))
    .bind(clock::to_millis(token.expire_time))
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes an account's tokens that have ended.
pub(super) async fn delete_ended(tx: &mut AnyConnection, account: Uuid, now: SystemTime) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM personal_tokens WHERE account_id = $1 AND expire_time <= $2")
        .bind(account.to_string())
        .bind(clock::to_millis(now))
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn count(tx: &mut AnyConnection, account: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM personal_tokens WHERE account_id = $1";
    sqlx::query(sql).bind(account.to_string()).fetch_one(tx).await?.try_get(0)
}

/// An account's tokens, the newest first.
pub(super) async fn list(db: &AnyPool, account: Uuid) -> sqlx::Result<Vec<PersonalToken>> {
    let rows = sqlx::query(
        "SELECT id, name, scopes, create_time, expire_time, use_time FROM personal_tokens \
         WHERE account_id = $1 ORDER BY create_time DESC, id",
    )
    .bind(account.to_string())
    .fetch_all(db)
    .await?;
    rows.iter().map(read).collect()
}

/// Deletes one of an account's tokens; whether there was one.
pub(super) async fn delete(tx: &mut AnyConnection, account: Uuid, id: Uuid) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM personal_tokens WHERE id = $1 AND account_id = $2")
        .bind(id.to_string())
        .bind(account.to_string())
        .execute(tx)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// The token of a secret, its account and the account's role, if that is active.
pub(super) async fn by_secret(
    db: &AtHand,
    id: Uuid,
    secret_hash: &str,
) -> sqlx::Result<Option<(PersonalToken, Uuid, Role)>> {
    let asked = sqlx::query(
        "SELECT personal_tokens.id, personal_tokens.name, scopes, personal_tokens.create_time, expire_time, \
         use_time, account_id, role FROM personal_tokens JOIN accounts ON accounts.id = account_id \
         WHERE personal_tokens.id = $1 AND secret_hash = $2 AND active = 1",
    )
    .bind(id.to_string())
    .bind(secret_hash);
    let Some(row) = db.optional(asked).await? else { return Ok(None) };
    Ok(Some((read(&row)?, rows::uuid(&row, 6)?, rows::named(&row, 7)?)))
}

/// Writes down a use.
pub(super) async fn used(tx: &mut AnyConnection, id: Uuid, now: SystemTime) -> sqlx::Result<()> {
    sqlx::query("UPDATE personal_tokens SET use_time = $1 WHERE id = $2")
        .bind(clock::to_millis(now))
        .bind(id.to_string())
        .execute(tx)
        .await
        .map(drop)
}

fn read(row: &AnyRow) -> sqlx::Result<PersonalToken> {
    let scopes = Scopes::parse(rows::text(row, 2)?.split(' '));
    Ok(PersonalToken {
        id: rows::uuid(row, 0)?,
        name: rows::text(row, 1)?,
        scopes: scopes.map_err(|_| sqlx::Error::Decode("unknown scopes".into()))?,
        create_time: rows::time(row, 3)?,
        expire_time: rows::time(row, 4)?,
        use_time: row.try_get::<Option<i64>, _>(5)?.map(clock::from_millis),
    })
}
