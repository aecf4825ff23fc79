//! The table `sessions`.

use std::time::SystemTime;

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{Active, Found, MAX_AGENT, MAX_OF_KIND, New, Session};
use crate::{auth::Role, clock, db::AtHand, page::Page, rows};

/// Adds a session and ends the account's oldest of this kind beyond [`MAX_OF_KIND`].
pub(super) async fn insert(tx: &mut AnyConnection, new: &New<'_>, now: SystemTime) -> sqlx::Result<()> {
    let session = new.session;
    sqlx::query(
        "INSERT INTO sessions (id, account_id, kind, secret_hash, rotation, use_time, create_time, expire_time, \
         address, user_agent) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9)",
    )
    .bind(session.id.to_string())
    .bind(session.account.to_string())
    .bind(new.kind.name())
    .bind(new.secret_hash)
    .bind(clock::to_millis(now))
    .bind(clock::to_millis(now))
    .bind(clock::to_millis(session.expire_time))
    .bind(new.origin.address.to_string())
    .bind(new.user_agent.chars().take(MAX_AGENT).collect::<String>())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM sessions WHERE account_id = $1 AND kind = $2 AND id NOT IN \
         (SELECT id FROM sessions WHERE account_id = $3 AND kind = $4 ORDER BY create_time DESC, id LIMIT $5)",
    )
    .bind(session.account.to_string())
    .bind(new.kind.name())
    .bind(session.account.to_string())
    .bind(new.kind.name())
    .bind(MAX_OF_KIND)
    .execute(tx)
    .await
    .map(drop)
}

/// A page of an account's sessions, the newest first, but for those that have ended.
pub(super) async fn list(
    db: &AnyPool,
    account: Uuid,
    page: Page,
    now: SystemTime,
) -> sqlx::Result<Vec<Active>> {
    let rows = sqlx::query(
        "SELECT id, kind, create_time, expire_time, address, user_agent FROM sessions \
         WHERE account_id = $1 AND expire_time > $2 ORDER BY create_time DESC, id LIMIT $3 OFFSET $4",
    )
    .bind(account.to_string())
    .bind(clock::to_millis(now))
    .bind(page.size())
    .bind(page.skip())
    .fetch_all(db)
    .await?;
    let active = |row: &AnyRow| {
        Ok(Active {
            id: rows::uuid(row, 0)?,
            kind: rows::named(row, 1)?,
            create_time: rows::time(row, 2)?,
            expire_time: rows::time(row, 3)?,
            address: rows::text(row, 4)?,
            user_agent: rows::text(row, 5)?,
        })
    };
    rows.iter().map(active).collect()
}

/// How many sessions an account has that have not ended.
pub(super) async fn count(db: &AnyPool, account: Uuid, now: SystemTime) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM sessions WHERE account_id = $1 AND expire_time > $2";
    sqlx::query(sql).bind(account.to_string()).bind(clock::to_millis(now)).fetch_one(db).await?.try_get(0)
}

/// Whose session it is.
pub(super) async fn owner(db: &AnyPool, id: Uuid) -> sqlx::Result<Option<Uuid>> {
    let row = sqlx::query("SELECT account_id FROM sessions WHERE id = $1").bind(id.to_string());
    row.fetch_optional(db).await?.map(|row| rows::uuid(&row, 0)).transpose()
}

/// Whether a session is there, ended by time or not.
pub(super) async fn exists(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT id FROM sessions WHERE id = $1").bind(id.to_string());
    Ok(row.fetch_optional(tx).await?.is_some())
}

/// The session of a secret with the role of its account, if that is active. One query on two tables,
/// because every call pays for it.
pub(super) async fn by_secret(db: &AtHand, secret_hash: &str) -> sqlx::Result<Option<(Session, Role)>> {
    let asked = sqlx::query(
        "SELECT sessions.id, sessions.account_id, sessions.expire_time, accounts.role \
         FROM sessions JOIN accounts ON accounts.id = sessions.account_id \
         WHERE sessions.secret_hash = $1 AND accounts.active = 1",
    )
    .bind(secret_hash);
    let Some(row) = db.optional(asked).await? else { return Ok(None) };
    Ok(Some((read(&row)?, rows::named(&row, 3)?)))
}

/// The session of an id with the role of its account, if that is active.
pub(super) async fn by_id(db: &AtHand, id: Uuid) -> sqlx::Result<Option<Found>> {
    let asked = sqlx::query(
        "SELECT sessions.id, sessions.account_id, sessions.expire_time, accounts.role, sessions.kind, \
         sessions.rotation, sessions.use_time FROM sessions JOIN accounts ON accounts.id = sessions.account_id \
         WHERE sessions.id = $1 AND accounts.active = 1",
    )
    .bind(id.to_string());
    let Some(row) = db.optional(asked).await? else { return Ok(None) };
    Ok(Some(Found {
        session: read(&row)?,
        role: rows::named(&row, 3)?,
        kind: rows::named(&row, 4)?,
        rotation: rows::number(&row, 5)?,
        use_time: rows::time(&row, 6)?,
    }))
}

/// Counts a use of a rotating session and moves its end, unless another call has done so. Says whether this
/// call did.
pub(super) async fn rotate(
    tx: &mut AnyConnection,
    id: Uuid,
    rotation: u32,
    now: SystemTime,
    expires: SystemTime,
) -> sqlx::Result<bool> {
    let rotated = sqlx::query(
        "UPDATE sessions SET rotation = rotation + 1, use_time = $1, expire_time = $2 \
         WHERE id = $3 AND rotation = $4",
    )
    .bind(clock::to_millis(now))
    .bind(clock::to_millis(expires))
    .bind(id.to_string())
    .bind(i64::from(rotation))
    .execute(tx)
    .await?;
    Ok(rotated.rows_affected() == 1)
}

fn read(row: &AnyRow) -> sqlx::Result<Session> {
    Ok(Session { id: rows::uuid(row, 0)?, account: rows::uuid(row, 1)?, expire_time: rows::time(row, 2)? })
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

/// Ends an account's sessions, all but one; how many there were.
pub(super) async fn delete_all(
    tx: &mut AnyConnection,
    account: Uuid,
    but: Option<Uuid>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND id <> $2")
        .bind(account.to_string())
        .bind(but.map_or_else(String::new, |id| id.to_string()))
        .execute(tx)
        .await?;
    Ok(deleted.rows_affected())
}

/// Ends an account's personal tokens too, where all that it is logged in with must end.
pub(super) async fn delete_personal_tokens(tx: &mut AnyConnection, account: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM personal_tokens WHERE account_id = $1";
    sqlx::query(sql).bind(account.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn delete_ended(tx: &mut AnyConnection, now: SystemTime) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sessions WHERE expire_time <= $1")
        .bind(clock::to_millis(now))
        .execute(tx)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{auth::Origin, db::testing, users::sessions::model::Kind};

    #[tokio::test]
    async fn one_session_too_many_ends_the_oldest_of_its_kind() {
        for scratch in testing::each().await {
            let (account, epoch) = (Uuid::new_v4(), clock::from_millis(0));
            let mut tx = scratch.db.begin().await.unwrap();
            sqlx::query(
                "INSERT INTO accounts (id, username, name, password_hash, role, active, create_time, update_time) \
                 VALUES ($1, 'mara', 'Mara', '', 'user', 1, 0, 0)",
            )
            .bind(account.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
            let mut made = Vec::new();
            let kinds = [Kind::Refresh, Kind::Login];
            let kinds = kinds.into_iter().chain(std::iter::repeat_n(Kind::Access, MAX_OF_KIND as usize + 1));
            for (second, kind) in kinds.enumerate() {
                let now = epoch + Duration::from_secs(second as u64);
                let session =
                    Session { id: Uuid::new_v4(), account, expire_time: now + Duration::from_hours(9) };
                let new =
                    New { session: &session, kind, secret_hash: None, origin: Origin::NONE, user_agent: "" };
                insert(&mut tx, &new, now).await.unwrap();
                made.push(session.id);
            }
            let mut alive = Vec::new();
            for id in [made[0], made[1], made[2], made[3]] {
                alive.push(exists(&mut tx, id).await.unwrap());
            }
            assert_eq!(alive, [true, true, false, true]);
            tx.commit().await.unwrap();
            assert_eq!(count(scratch.db.read(), account, epoch).await.unwrap(), MAX_OF_KIND + 2);
        }
    }
}
