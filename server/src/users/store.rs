//! The table `accounts`.

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Email, Name, Order},
};
use crate::{
    clock,
    page::Page,
    rows::{self, query},
};

const COLUMNS: &str = "id, email, name, role, active, create_time, update_time";

/// Adds an account; a taken e-mail is its own error.
pub(super) async fn insert(tx: &mut AnyConnection, account: &Account, hash: &str) -> Result<(), Error> {
    let inserted = sqlx::query(
        "INSERT INTO accounts (id, email, name, password_hash, role, active, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(account.id.to_string())
    .bind(account.email.as_str())
    .bind(account.name.as_str())
    .bind(hash)
    .bind(account.role.name())
    .bind(i64::from(account.active))
    .bind(clock::to_millis(account.create_time))
    .bind(clock::to_millis(account.update_time))
    .execute(tx)
    .await;
    taken(inserted.map(drop), &account.email)
}

/// Writes what can change of an account.
pub(super) async fn update(tx: &mut AnyConnection, account: &Account) -> Result<(), Error> {
    let updated = sqlx::query(
        "UPDATE accounts SET email = $1, name = $2, role = $3, active = $4, update_time = $5 WHERE id = $6",
    )
    .bind(account.email.as_str())
    .bind(account.name.as_str())
    .bind(account.role.name())
    .bind(i64::from(account.active))
    .bind(clock::to_millis(account.update_time))
    .bind(account.id.to_string())
    .execute(tx)
    .await;
    taken(updated.map(drop), &account.email)
}

fn taken(result: sqlx::Result<()>, email: &Email) -> Result<(), Error> {
    result.map_err(|e| match e.as_database_error() {
        Some(database) if database.is_unique_violation() => Error::EmailTaken(email.clone()),
        _ => Error::Database(e),
    })
}

pub(super) async fn set_password(tx: &mut AnyConnection, id: Uuid, hash: &str, now: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE accounts SET password_hash = $1, update_time = $2 WHERE id = $3")
        .bind(hash)
        .bind(now)
        .bind(id.to_string())
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn delete(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id.to_string()).execute(tx).await.map(drop)
}

/// How many active super_admins there are. Their rows are locked until the transaction ends, so that
/// two of them can't leave at once.
pub(super) async fn lock_super_admins(tx: &mut AnyConnection) -> sqlx::Result<u64> {
    let locked = sqlx::query(
        "UPDATE accounts SET update_time = update_time WHERE role = 'super_admin' AND active = 1",
    )
    .execute(tx)
    .await?;
    Ok(locked.rows_affected())
}

/// Locks an account until the transaction ends, so that two changes at once are both kept; whether it is
/// there.
pub(super) async fn lock(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<bool> {
    let locked = sqlx::query("UPDATE accounts SET update_time = update_time WHERE id = $1")
        .bind(id.to_string())
        .execute(tx)
        .await?;
    Ok(locked.rows_affected() == 1)
}

/// Whether there is an active super_admin.
pub(super) async fn has_super_admin(db: &AnyPool) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM accounts WHERE role = 'super_admin' AND active = 1 LIMIT 1";
    Ok(sqlx::query(sql).fetch_optional(db).await?.is_some())
}

pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Uuid,
) -> sqlx::Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id = $1");
    let row = query(sql).bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// An account and its password's hash.
pub(super) async fn by_email(db: &AnyPool, email: &Email) -> sqlx::Result<Option<(Account, String)>> {
    let sql = format!("SELECT {COLUMNS}, password_hash FROM accounts WHERE email = $1");
    let row = query(sql).bind(email.as_str()).fetch_optional(db).await?;
    row.as_ref().map(|row| Ok((read(row)?, row.try_get(7)?))).transpose()
}

pub(super) async fn list(
    db: &AnyPool,
    page: Page,
    order: Order,
    descending: bool,
) -> sqlx::Result<Vec<Account>> {
    let direction = if descending { "DESC" } else { "ASC" };
    let order = match order {
        Order::Email => format!("email {direction}"),
        Order::Name => format!("name {direction}, email {direction}"),
    };
    let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY {order} LIMIT $1 OFFSET $2");
    let rows = query(sql).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn count(db: &AnyPool) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM accounts").fetch_one(db).await?.try_get(0)
}

fn read(row: &AnyRow) -> sqlx::Result<Account> {
    Ok(Account {
        id: rows::uuid(row, 0)?,
        email: Email::stored(rows::text(row, 1)?),
        name: Name::stored(rows::text(row, 2)?),
        role: rows::named(row, 3)?,
        active: rows::truth(row, 4)?,
        create_time: rows::time(row, 5)?,
        update_time: rows::time(row, 6)?,
    })
}
