//! The tables `identities`, `registrations` and `registration_turn`.

use std::time::SystemTime;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::{
    error::Error,
    model::{Identity, Invalid, Iota, PublicKey, Subscription, Text, Username},
};
use crate::{
    clock,
    rows::{self, query},
};

const COLUMNS: &str = "id, username, display, status, about, avatar, public_key, iota_id, \
     subscription_level, subscription_end, create_time, update_time, key_hash";

/// An identity and what is kept of its private key's hash.
pub(super) struct Stored {
    pub(super) identity: Identity,
    pub(super) key_hash: String,
}

/// Begins to begin a registration: nobody else does until the transaction ends.
pub(super) async fn lock_registrations(tx: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::query("UPDATE registration_turn SET id = id").execute(tx).await.map(drop)
}

pub(super) async fn insert_registration(
    tx: &mut AnyConnection,
    id: Uuid,
    network: &str,
    expires: SystemTime,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO registrations (id, network, expire_time) VALUES ($1, $2, $3)")
        .bind(id.to_string())
        .bind(network)
        .bind(clock::to_millis(expires))
        .execute(tx)
        .await
        .map(drop)
}

/// Forgets the registrations that have lapsed.
pub(super) async fn delete_lapsed(tx: &mut AnyConnection, now: SystemTime) -> sqlx::Result<()> {
    let sql = "DELETE FROM registrations WHERE expire_time <= $1";
    sqlx::query(sql).bind(clock::to_millis(now)).execute(tx).await.map(drop)
}

/// How many registrations are pending of a network, and in all.
pub(super) async fn count_registrations<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    network: &str,
    now: SystemTime,
) -> sqlx::Result<(i64, i64)> {
    let sql = "SELECT (SELECT COUNT(*) FROM registrations WHERE network = $1 AND expire_time > $2), \
         (SELECT COUNT(*) FROM registrations WHERE expire_time > $3)";
    let now = clock::to_millis(now);
    let row = sqlx::query(sql).bind(network).bind(now).bind(now).fetch_one(db).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Whether a registration is pending.
pub(super) async fn is_pending(db: &AnyPool, id: Uuid, now: SystemTime) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT id FROM registrations WHERE id = $1 AND expire_time > $2")
        .bind(id.to_string())
        .bind(clock::to_millis(now));
    Ok(row.fetch_optional(db).await?.is_some())
}

/// Takes a registration that is pending; whether there was one.
pub(super) async fn take_registration(
    tx: &mut AnyConnection,
    id: Uuid,
    now: SystemTime,
) -> sqlx::Result<bool> {
    let taken = sqlx::query("DELETE FROM registrations WHERE id = $1 AND expire_time > $2")
        .bind(id.to_string())
        .bind(clock::to_millis(now))
        .execute(tx)
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Adds an identity; a username or a reset token that is somebody's is its own error.
pub(super) async fn insert(tx: &mut AnyConnection, stored: &Stored, reset_hash: &str) -> Result<(), Error> {
    let Stored { identity, key_hash } = stored;
    let inserted = sqlx::query(
        "INSERT INTO identities (id, username, display, status, about, avatar, public_key, key_hash, reset_hash, \
         iota_id, subscription_level, subscription_end, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
    )
    .bind(identity.id.to_string())
    .bind(identity.username.as_str())
    .bind(identity.display.as_ref().map(Text::as_str))
    .bind(identity.status.as_ref().map(Text::as_str))
    .bind(identity.about.as_str())
    .bind(avatar(identity))
    .bind(identity.public_key.as_str())
    .bind(key_hash)
    .bind(reset_hash)
    .bind(identity.iota.as_str())
    .bind(i64::from(identity.subscription.level))
    .bind(clock::to_millis(identity.subscription.end))
    .bind(clock::to_millis(identity.create_time))
    .bind(clock::to_millis(identity.update_time))
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(());
    }
    match by_username(tx, identity.username.as_str()).await? {
        Some(_) => Err(Error::UsernameTaken(identity.username.clone())),
        None => Err(Invalid::not_unique("reset_token").into()),
    }
}

/// Writes what everyone may know of an identity; a username that is somebody's is its own error.
pub(super) async fn update(tx: &mut AnyConnection, identity: &Identity) -> Result<(), Error> {
    let updated = sqlx::query(
        "UPDATE identities SET username = $1, display = $2, status = $3, about = $4, avatar = $5, \
         update_time = $6 WHERE id = $7",
    )
    .bind(identity.username.as_str())
    .bind(identity.display.as_ref().map(Text::as_str))
    .bind(identity.status.as_ref().map(Text::as_str))
    .bind(identity.about.as_str())
    .bind(avatar(identity))
    .bind(clock::to_millis(identity.update_time))
    .bind(identity.id.to_string())
    .execute(tx)
    .await;
    unless_taken(updated, || Error::UsernameTaken(identity.username.clone())).map(drop)
}

/// Puts one reset token in the place of another, if that is still the identity's: of many who bring the same
/// token, one finds it. Whether it was this one.
pub(super) async fn rotate(
    tx: &mut AnyConnection,
    id: Uuid,
    (from, to): (&str, &str),
    now: SystemTime,
) -> Result<bool, Error> {
    let sql = "UPDATE identities SET reset_hash = $1, update_time = $2 WHERE id = $3 AND reset_hash = $4";
    let rotated = sqlx::query(sql)
        .bind(to)
        .bind(clock::to_millis(now))
        .bind(id.to_string())
        .bind(from)
        .execute(tx)
        .await;
    Ok(unless_taken(rotated, || Invalid::not_unique("new_token").into())? == 1)
}

pub(super) async fn set_iota(tx: &mut AnyConnection, id: Uuid, iota: &Iota) -> sqlx::Result<()> {
    let sql = "UPDATE identities SET iota_id = $1 WHERE id = $2";
    sqlx::query(sql).bind(iota.as_str()).bind(id.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn set_keys(
    tx: &mut AnyConnection,
    id: Uuid,
    public_key: &PublicKey,
    key_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE identities SET public_key = $1, key_hash = $2 WHERE id = $3")
        .bind(public_key.as_str())
        .bind(key_hash)
        .bind(id.to_string())
        .execute(tx)
        .await
        .map(drop)
}

/// Writes what an identity has paid for.
pub(super) async fn set_subscription(tx: &mut AnyConnection, identity: &Identity) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE identities SET subscription_level = $1, subscription_end = $2, update_time = $3 WHERE id = $4",
    )
    .bind(i64::from(identity.subscription.level))
    .bind(clock::to_millis(identity.subscription.end))
    .bind(clock::to_millis(identity.update_time))
    .bind(identity.id.to_string())
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes an identity whose reset token this is; whether it was.
pub(super) async fn delete(tx: &mut AnyConnection, id: Uuid, reset_hash: &str) -> sqlx::Result<bool> {
    let sql = "DELETE FROM identities WHERE id = $1 AND reset_hash = $2";
    let deleted = sqlx::query(sql).bind(id.to_string()).bind(reset_hash).execute(tx).await?;
    Ok(deleted.rows_affected() == 1)
}

/// Locks an identity until the transaction ends, so that two changes at once are both kept; whether it is there.
pub(super) async fn lock(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<bool> {
    let sql = "UPDATE identities SET update_time = update_time WHERE id = $1";
    Ok(sqlx::query(sql).bind(id.to_string()).execute(tx).await?.rows_affected() == 1)
}

pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Uuid,
) -> sqlx::Result<Option<Stored>> {
    let row = query(format!("SELECT {COLUMNS} FROM identities WHERE id = $1")).bind(id.to_string());
    row.fetch_optional(db).await?.as_ref().map(read).transpose()
}

pub(super) async fn by_username<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    username: &str,
) -> sqlx::Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM identities WHERE username = $1");
    let row = query(sql).bind(username.to_owned()).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// How many rows were written, or the error of a value that another row has.
fn unless_taken(
    written: sqlx::Result<sqlx::any::AnyQueryResult>,
    taken: impl FnOnce() -> Error,
) -> Result<u64, Error> {
    let is_taken = |error: &sqlx::Error| {
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    };
    match written {
        Ok(written) => Ok(written.rows_affected()),
        Err(error) if is_taken(&error) => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

fn avatar(identity: &Identity) -> Option<String> {
    (!identity.avatar.is_empty()).then(|| BASE64_STANDARD.encode(&identity.avatar))
}

fn read(row: &AnyRow) -> sqlx::Result<Stored> {
    let optional = |column: usize| row.try_get::<Option<String>, _>(column);
    let avatar = optional(5)?.unwrap_or_default();
    let avatar = BASE64_STANDARD.decode(avatar).map_err(|e| sqlx::Error::Decode(e.into()))?;
    let identity = Identity {
        id: rows::uuid(row, 0)?,
        username: Username::stored(rows::text(row, 1)?),
        display: optional(2)?.map(Text::stored),
        status: optional(3)?.map(Text::stored),
        about: Text::stored(rows::text(row, 4)?),
        avatar: Bytes::from(avatar),
        public_key: PublicKey::stored(rows::text(row, 6)?),
        iota: Iota::stored(rows::text(row, 7)?),
        subscription: Subscription { level: rows::number(row, 8)?, end: rows::time(row, 9)? },
        create_time: rows::time(row, 10)?,
        update_time: rows::time(row, 11)?,
    };
    Ok(Stored { identity, key_hash: rows::text(row, 12)? })
}
