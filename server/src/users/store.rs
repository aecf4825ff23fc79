//! The tables `accounts`, `handles` and `login_failures`.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Email, Handle, Name, Order, Username},
};
use crate::{
    clock,
    db::AtHand,
    page::Page,
    rows::{self, Query, query},
};

const COLUMNS: &str = "accounts.id, email, username, name, role, active, create_time, update_time";

/// Adds an account with its handles; a taken one is its own error.
pub(super) async fn insert(tx: &mut AnyConnection, account: &Account, hash: &str) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO accounts (id, email, username, name, password_hash, role, active, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(account.id.to_string())
    .bind(account.email.as_ref().map(Email::as_str))
    .bind(account.username.as_ref().map(Username::as_str))
    .bind(account.name.as_str())
    .bind(hash)
    .bind(account.role.name())
    .bind(i64::from(account.active))
    .bind(clock::to_millis(account.create_time))
    .bind(clock::to_millis(account.update_time))
    .execute(&mut *tx)
    .await?;
    if let Some(email) = &account.email {
        take_email(tx, account.id, email).await?;
    }
    if let Some(username) = &account.username {
        let taken = || Error::UsernameTaken(username.clone());
        take(tx, account.id, &Handle::of(username.as_str()), taken).await?;
    }
    Ok(())
}

/// Gives an account an e-mail in place of the one that it had.
pub(super) async fn replace_email(
    tx: &mut AnyConnection,
    account: &Account,
    email: &Email,
) -> Result<(), Error> {
    if let Some(before) = account.email.as_ref().filter(|before| *before != email) {
        free(tx, before).await?;
    }
    if account.email.as_ref() != Some(email) {
        take_email(tx, account.id, email).await?;
    }
    Ok(())
}

async fn take_email(tx: &mut AnyConnection, id: Uuid, email: &Email) -> Result<(), Error> {
    take(tx, id, &email.clone().into(), || Error::EmailTaken(email.clone())).await
}

async fn take(
    tx: &mut AnyConnection,
    id: Uuid,
    handle: &Handle,
    taken: impl FnOnce() -> Error + Send,
) -> Result<(), Error> {
    let inserted = sqlx::query(
        "INSERT INTO handles (handle, account_id) VALUES ($1, $2) ON CONFLICT (handle) DO NOTHING",
    )
    .bind(handle.as_str())
    .bind(id.to_string())
    .execute(tx)
    .await?;
    if inserted.rows_affected() == 1 { Ok(()) } else { Err(taken()) }
}

async fn free(tx: &mut AnyConnection, email: &Email) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM handles WHERE handle = $1").bind(email.as_str()).execute(tx).await.map(drop)
}

/// Writes what can change of an account.
pub(super) async fn update(tx: &mut AnyConnection, account: &Account) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE accounts SET email = $1, name = $2, role = $3, active = $4, update_time = $5 WHERE id = $6",
    )
    .bind(account.email.as_ref().map(Email::as_str))
    .bind(account.name.as_str())
    .bind(account.role.name())
    .bind(i64::from(account.active))
    .bind(clock::to_millis(account.update_time))
    .bind(account.id.to_string())
    .execute(tx)
    .await
    .map(drop)
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

/// Puts another hash of the same password in the place of one that is still the account's; whether it was.
pub(super) async fn replace_hash(
    tx: &mut AnyConnection,
    id: Uuid,
    hash: &str,
    fresh: &str,
) -> sqlx::Result<bool> {
    let replaced = sqlx::query("UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
        .bind(fresh)
        .bind(id.to_string())
        .bind(hash)
        .execute(tx)
        .await?;
    Ok(replaced.rows_affected() == 1)
}

/// Deletes an account. Its e-mail is free again; its username stays taken.
pub(super) async fn delete(tx: &mut AnyConnection, account: &Account) -> sqlx::Result<()> {
    if let Some(email) = &account.email {
        free(tx, email).await?;
    }
    sqlx::query("DELETE FROM accounts WHERE id = $1").bind(account.id.to_string()).execute(tx).await.map(drop)
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
    by_id_query(id).fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// The same, for what is asked all the time.
pub(super) async fn at_hand(db: &AtHand, id: Uuid) -> sqlx::Result<Option<Account>> {
    db.optional(by_id_query(id)).await?.as_ref().map(read).transpose()
}

fn by_id_query(id: Uuid) -> Query<'static> {
    query(format!("SELECT {COLUMNS} FROM accounts WHERE id = $1")).bind(id.to_string())
}

/// The account of a username, which is kept as it was typed.
pub(super) async fn by_username(db: &AnyPool, username: &Username) -> sqlx::Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE username = $1");
    let row = query(sql).bind(username.as_str().to_owned()).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// Those who manage others, super_admins first.
pub(super) async fn managers(db: &AnyPool) -> sqlx::Result<Vec<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts WHERE role <> 'user' \
         ORDER BY role DESC, COALESCE(email, ''), username, accounts.id"
    );
    query(sql).fetch_all(db).await?.iter().map(read).collect()
}

/// Whether a handle is somebody's, or stays taken.
pub(super) async fn is_taken(db: &AnyPool, handle: &Handle) -> sqlx::Result<bool> {
    let sql = "SELECT handle FROM handles WHERE handle = $1";
    Ok(sqlx::query(sql).bind(handle.as_str()).fetch_optional(db).await?.is_some())
}

/// An account and its password's hash.
pub(super) async fn by_handle(db: &AnyPool, handle: &Handle) -> sqlx::Result<Option<(Account, String)>> {
    let sql = format!(
        "SELECT {COLUMNS}, password_hash FROM handles JOIN accounts ON accounts.id = handles.account_id \
         WHERE handles.handle = $1"
    );
    let row = query(sql).bind(handle.as_str()).fetch_optional(db).await?;
    row.as_ref().map(|row| Ok((read(row)?, row.try_get(8)?))).transpose()
}

/// The hash of an account's password.
pub(super) async fn password_hash<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Uuid,
) -> sqlx::Result<Option<String>> {
    let row = sqlx::query("SELECT password_hash FROM accounts WHERE id = $1").bind(id.to_string());
    row.fetch_optional(db).await?.map(|row| row.try_get(0)).transpose()
}

pub(super) async fn list(
    db: &AnyPool,
    page: Page,
    order: Order,
    descending: bool,
) -> sqlx::Result<Vec<Account>> {
    let direction = if descending { "DESC" } else { "ASC" };
    let order = match order {
        // Who has no e-mail comes as if it were empty, on both databases.
        Order::Email => format!("COALESCE(email, '') {direction}, username {direction}"),
        Order::Name => format!("name {direction}, COALESCE(email, '') {direction}, username {direction}"),
    };
    let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY {order} LIMIT $1 OFFSET $2");
    let rows = query(sql).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn count(db: &AnyPool) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM accounts").fetch_one(db).await?.try_get(0)
}

/// How many wrong passwords there were in a row, and when the last one was.
pub(super) async fn failures(db: &AnyPool, subject: &str) -> sqlx::Result<Option<(u32, SystemTime)>> {
    let sql = "SELECT failures, last_time FROM login_failures WHERE subject = $1";
    let row = sqlx::query(sql).bind(subject).fetch_optional(db).await?;
    row.map(|row| Ok((rows::number(&row, 0)?, rows::time(&row, 1)?))).transpose()
}

/// Counts a wrong password. Those before `since` are forgotten, everybody's.
pub(super) async fn count_failure(
    tx: &mut AnyConnection,
    subject: &str,
    now: SystemTime,
    since: SystemTime,
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM login_failures WHERE last_time < $1")
        .bind(clock::to_millis(since))
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO login_failures (subject, failures, last_time) VALUES ($1, 1, $2) \
         ON CONFLICT (subject) DO UPDATE SET failures = login_failures.failures + 1, last_time = excluded.last_time",
    )
    .bind(subject)
    .bind(clock::to_millis(now))
    .execute(tx)
    .await
    .map(drop)
}

/// Forgets the wrong passwords before a right one.
pub(super) async fn forget_failures(tx: &mut AnyConnection, subject: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM login_failures WHERE subject = $1").bind(subject).execute(tx).await.map(drop)
}

fn read(row: &AnyRow) -> sqlx::Result<Account> {
    Ok(Account {
        id: rows::uuid(row, 0)?,
        email: row.try_get::<Option<String>, _>(1)?.map(Email::stored),
        username: row.try_get::<Option<String>, _>(2)?.map(Username::stored),
        name: Name::stored(rows::text(row, 3)?),
        role: rows::named(row, 4)?,
        active: rows::truth(row, 5)?,
        create_time: rows::time(row, 6)?,
        update_time: rows::time(row, 7)?,
    })
}
