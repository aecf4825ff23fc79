//! The table `target_grants`.

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{Grant, Note};
use crate::{clock, edge::Cidr, page::Page, rows};

const COLUMNS: &str = "id, account_id, cidr, note, granted_by, create_time";

/// Whether there is such an account.
pub(super) async fn has_account(tx: &mut AnyConnection, account: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query("SELECT 1 FROM accounts WHERE id = $1").bind(account.to_string());
    Ok(found.fetch_optional(tx).await?.is_some())
}

/// Adds a grant; whether the account did not have it.
pub(super) async fn insert(tx: &mut AnyConnection, grant: &Grant) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO target_grants (id, account_id, cidr, note, granted_by, create_time) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, cidr) DO NOTHING",
    )
    .bind(grant.id.to_string())
    .bind(grant.account.to_string())
    .bind(grant.cidr.to_string())
    .bind(grant.note.as_str())
    .bind(grant.granted_by.map(|id| id.to_string()))
    .bind(clock::to_millis(grant.create_time))
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// An account's grant of a network.
pub(super) async fn by_cidr(tx: &mut AnyConnection, account: Uuid, cidr: Cidr) -> sqlx::Result<Grant> {
    let sql = format!("SELECT {COLUMNS} FROM target_grants WHERE account_id = $1 AND cidr = $2");
    let asked = rows::query(sql).bind(account.to_string()).bind(cidr.to_string());
    read(&asked.fetch_one(tx).await?)
}

/// How many an account has.
pub(super) async fn count_of(tx: &mut AnyConnection, account: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM target_grants WHERE account_id = $1";
    sqlx::query(sql).bind(account.to_string()).fetch_one(tx).await?.try_get(0)
}

/// The networks that an account was granted.
pub(super) async fn networks(db: &AnyPool, account: Uuid) -> sqlx::Result<Vec<Cidr>> {
    let sql = "SELECT cidr FROM target_grants WHERE account_id = $1";
    let rows = sqlx::query(sql).bind(account.to_string()).fetch_all(db).await?;
    rows.iter().map(|row| rows::named(row, 0)).collect()
}

/// A page of grants, of one account or of all, the newest first.
pub(super) async fn list(db: &AnyPool, account: Option<Uuid>, page: Page) -> sqlx::Result<Vec<Grant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM target_grants WHERE $1 = '' OR account_id = $1 \
         ORDER BY create_time DESC, id DESC LIMIT $2 OFFSET $3"
    );
    let asked = rows::query(sql).bind(whose(account)).bind(page.size()).bind(page.skip());
    asked.fetch_all(db).await?.iter().map(read).collect()
}

/// How many grants there are, of one account or of all.
pub(super) async fn count(db: &AnyPool, account: Option<Uuid>) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM target_grants WHERE $1 = '' OR account_id = $1";
    sqlx::query(sql).bind(whose(account)).fetch_one(db).await?.try_get(0)
}

/// Takes a grant back; the grant that it was.
pub(super) async fn delete(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<Option<Grant>> {
    let sql = format!("DELETE FROM target_grants WHERE id = $1 RETURNING {COLUMNS}");
    rows::query(sql).bind(id.to_string()).fetch_optional(tx).await?.as_ref().map(read).transpose()
}

fn whose(account: Option<Uuid>) -> String {
    account.map(|id| id.to_string()).unwrap_or_default()
}

fn read(row: &AnyRow) -> sqlx::Result<Grant> {
    let granted_by = row.try_get::<Option<String>, _>(4)?.map(|id| id.parse::<Uuid>());
    Ok(Grant {
        id: rows::uuid(row, 0)?,
        account: rows::uuid(row, 1)?,
        cidr: rows::named(row, 2)?,
        note: Note::stored(rows::text(row, 3)?),
        granted_by: granted_by.transpose().map_err(|e| sqlx::Error::Decode(e.into()))?,
        create_time: rows::time(row, 5)?,
    })
}
