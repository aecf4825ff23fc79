//! The tables of tasks: asking, looking, cancelling, forgetting. What workers write is in [`leases`].

pub(super) mod leases;

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{NewTask, State, Task};
use crate::{
    clock,
    db::Backend,
    page::Page,
    rows::{self, query},
};

const TASK: &str = "id, operation, subject, owner, state, note, progress, attempts, cancel, create_time, \
     start_time, end_time";
/// The words of the partial indexes.
const UNFINISHED: &str = "state IN ('queued', 'running', 'retrying')";

/// Holds `owner`'s row until the transaction ends, so that what is counted stays true.
pub(super) async fn lock_owner(tx: &mut AnyConnection, owner: Uuid) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO task_owners (owner) VALUES ($1) ON CONFLICT (owner) DO UPDATE SET owner = excluded.owner",
    )
    .bind(owner.to_string())
    .execute(tx)
    .await
    .map(drop)
}

/// The task that a key stands for, and what it was asked to do.
pub(super) async fn by_key(
    tx: &mut AnyConnection,
    owner: Uuid,
    key: &str,
    now: i64,
) -> sqlx::Result<Option<(Task, String)>> {
    let sql = format!(
        "SELECT {TASK}, payload FROM tasks \
         WHERE id = (SELECT task_id FROM task_keys WHERE owner = $1 AND key = $2 AND expire_time > $3)"
    );
    let row = query(sql).bind(owner.to_string()).bind(key).bind(now).fetch_optional(tx).await?;
    row.map(|row| Ok((read(&row)?, row.try_get("payload")?))).transpose()
}

/// Lets a key stand for a task until `expire_time`.
pub(super) async fn put_key(
    tx: &mut AnyConnection,
    owner: Uuid,
    key: &str,
    task: Uuid,
    expire_time: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO task_keys (owner, key, task_id, expire_time) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (owner, key) DO UPDATE SET task_id = excluded.task_id, expire_time = excluded.expire_time",
    )
    .bind(owner.to_string())
    .bind(key)
    .bind(task.to_string())
    .bind(expire_time)
    .execute(tx)
    .await
    .map(drop)
}

/// How many unfinished tasks an owner has, and the turn after its last one.
pub(super) async fn queued_by(tx: &mut AnyConnection, owner: Uuid) -> sqlx::Result<(i64, i64)> {
    let sql =
        format!("SELECT COUNT(*), COALESCE(MAX(turn) + 1, 0) FROM tasks WHERE owner = $1 AND {UNFINISHED}");
    let row = query(sql).bind(owner.to_string()).fetch_one(tx).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The turn that is being served: no owner's next task comes before it.
pub(super) async fn current_turn(tx: &mut AnyConnection) -> sqlx::Result<i64> {
    let waiting = "SELECT COALESCE(MIN(turn), 0) FROM tasks WHERE state IN ('queued', 'retrying')";
    let waiting: i64 = sqlx::query(waiting).fetch_one(&mut *tx).await?.try_get(0)?;
    let running = "SELECT COALESCE(MAX(turn), 0) FROM tasks WHERE state = 'running'";
    let running: i64 = sqlx::query(running).fetch_one(tx).await?.try_get(0)?;
    Ok(waiting.max(running))
}

/// The newest task of an owner or of a subject.
pub(super) async fn last_id(
    tx: &mut AnyConnection,
    owner: Uuid,
    subject: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    let mut newest = None;
    for (sql, of) in [
        ("SELECT MAX(id) FROM tasks WHERE owner = $1", owner),
        ("SELECT MAX(id) FROM tasks WHERE subject = $1", subject),
    ] {
        let id: Option<String> =
            sqlx::query(sql).bind(of.to_string()).fetch_one(&mut *tx).await?.try_get(0)?;
        newest = newest.max(id);
    }
    newest.map(|id| id.parse().map_err(|e: uuid::Error| sqlx::Error::Decode(e.into()))).transpose()
}

/// Adds a queued task.
pub(super) async fn insert(
    tx: &mut AnyConnection,
    id: Uuid,
    new: &NewTask,
    turn: i64,
    now: i64,
) -> sqlx::Result<Task> {
    let sql = format!(
        "INSERT INTO tasks (id, operation, subject, owner, payload, state, note, progress, turn, due, attempts, \
         failures, crashes, lapses, fence, worker, lease_until, cancel, create_time, lane) \
         VALUES ($1, $2, $3, $4, $5, 'queued', '', 0, $6, $7, 0, 0, 0, 0, 0, '', 0, 0, $7, $8) RETURNING {TASK}"
    );
    let insert = query(sql)
        .bind(id.to_string())
        .bind(&new.operation)
        .bind(new.subject.to_string())
        .bind(new.owner.to_string())
        .bind(&new.payload)
        .bind(turn)
        .bind(now)
        .bind(new.lane.name());
    read(&insert.fetch_one(tx).await?)
}

/// A task.
pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Uuid,
) -> sqlx::Result<Option<Task>> {
    let row = query(format!("SELECT {TASK} FROM tasks WHERE id = $1"))
        .bind(id.to_string())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The newest task that does this to the subject; of one owner, or of anyone's.
pub(super) async fn newest(
    db: &AnyPool,
    operation: &str,
    subject: Uuid,
    owner: Option<Uuid>,
) -> sqlx::Result<Option<Task>> {
    let by_owner = if owner.is_some() { "AND owner = $3" } else { "" };
    let sql = format!(
        "SELECT {TASK} FROM tasks WHERE subject = $1 AND operation = $2 {by_owner} ORDER BY id DESC LIMIT 1"
    );
    let mut newest = query(sql).bind(subject.to_string()).bind(operation);
    if let Some(owner) = owner {
        newest = newest.bind(owner.to_string());
    }
    newest.fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// A page of an owner's tasks, the newest first, and how many there are; of one subject, or of all.
pub(super) async fn list(
    db: &AnyPool,
    owner: Uuid,
    subject: Option<Uuid>,
    page: Page,
) -> sqlx::Result<(Vec<Task>, i64)> {
    let subject = subject.map_or(String::new(), |id| id.to_string());
    let filter = if subject.is_empty() { "owner = $1 AND $2 = ''" } else { "owner = $1 AND subject = $2" };
    let sql = format!("SELECT {TASK} FROM tasks WHERE {filter} ORDER BY id DESC LIMIT $3 OFFSET $4");
    let list = query(sql).bind(owner.to_string()).bind(&subject).bind(page.size()).bind(page.skip());
    let tasks = list.fetch_all(db).await?.iter().map(read).collect::<sqlx::Result<_>>()?;
    let count =
        query(format!("SELECT COUNT(*) FROM tasks WHERE {filter}")).bind(owner.to_string()).bind(&subject);
    Ok((tasks, count.fetch_one(db).await?.try_get(0)?))
}

/// Whether a subject has tasks that have not ended.
pub(super) async fn has_unfinished(tx: &mut AnyConnection, subject: Uuid) -> sqlx::Result<bool> {
    let sql = format!("SELECT id FROM tasks WHERE subject = $1 AND {UNFINISHED} LIMIT 1");
    Ok(query(sql).bind(subject.to_string()).fetch_optional(tx).await?.is_some())
}

/// Whose tasks shall end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// One task.
    Task(Uuid),
    /// All that are done to this.
    Subject(Uuid),
    /// All of this owner.
    Owner(Uuid),
}

/// Ends waiting tasks at once and asks running ones to end; the tasks as they are now.
pub(super) async fn cancel(
    tx: &mut AnyConnection,
    backend: Backend,
    scope: Scope,
    now: i64,
) -> sqlx::Result<Vec<Task>> {
    let (column, id) = match scope {
        Scope::Task(id) => ("id", id),
        Scope::Subject(id) => ("subject", id),
        Scope::Owner(id) => ("owner", id),
    };
    if backend == Backend::Postgres {
        // An update locks in whatever order it finds; workers lock in the order of ids.
        let lock =
            format!("SELECT id FROM tasks WHERE {column} = $1 AND {UNFINISHED} ORDER BY id FOR UPDATE");
        query(lock).bind(id.to_string()).fetch_all(&mut *tx).await?;
    }
    let sql = format!(
        "UPDATE tasks SET cancel = 1, state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END, \
         note = CASE WHEN state = 'running' THEN note ELSE '' END, \
         end_time = CASE WHEN state = 'running' THEN end_time ELSE $2 END \
         WHERE {column} = $1 AND {UNFINISHED} RETURNING {TASK}"
    );
    query(sql).bind(id.to_string()).bind(now).fetch_all(tx).await?.iter().map(read).collect()
}

/// Forgets that an owner ever asked; its tasks stay until they are swept.
pub(super) async fn forget_owner(tx: &mut AnyConnection, owner: Uuid) -> sqlx::Result<()> {
    for sql in ["DELETE FROM task_keys WHERE owner = $1", "DELETE FROM task_owners WHERE owner = $1"] {
        sqlx::query(sql).bind(owner.to_string()).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Deletes up to `limit` tasks that ended before `ended_before`, and as many expired keys; how many
/// rows that were.
pub(super) async fn sweep(
    tx: &mut AnyConnection,
    ended_before: i64,
    now: i64,
    limit: i64,
) -> sqlx::Result<u64> {
    let mut swept = 0;
    for (sql, before) in [
        (
            "DELETE FROM tasks WHERE id IN (SELECT id FROM tasks WHERE end_time IS NOT NULL AND end_time < $1 \
             ORDER BY end_time LIMIT $2)",
            ended_before,
        ),
        (
            "DELETE FROM task_keys WHERE (owner, key) IN (SELECT owner, key FROM task_keys WHERE expire_time <= $1 \
             ORDER BY expire_time LIMIT $2)",
            now,
        ),
    ] {
        swept += sqlx::query(sql).bind(before).bind(limit).execute(&mut *tx).await?.rows_affected();
    }
    Ok(swept)
}

fn read(row: &AnyRow) -> sqlx::Result<Task> {
    let state: State = rows::named(row, 4)?;
    Ok(Task {
        id: rows::uuid(row, 0)?,
        operation: rows::text(row, 1)?,
        subject: rows::uuid(row, 2)?,
        owner: rows::uuid(row, 3)?,
        state,
        note: rows::text(row, 5)?,
        progress: rows::number(row, 6)?,
        attempts: rows::number(row, 7)?,
        ending: state == State::Running && rows::truth(row, 8)?,
        create_time: rows::time(row, 9)?,
        start_time: time(row, 10)?,
        end_time: time(row, 11)?,
    })
}

fn time(row: &AnyRow, column: usize) -> sqlx::Result<Option<SystemTime>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(clock::from_millis))
}
