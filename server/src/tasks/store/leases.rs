//! What workers write: claims, heartbeats and ends, each fenced.

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use crate::{
    clock::span_millis,
    db::Backend,
    rows::{self, query},
    tasks::{
        model::{Claim, Lane},
        policy::{Next, Tries},
    },
};

/// Most lapsed tasks that one look finds.
const LAPSED_BATCH: i64 = 100;

/// A task that was just claimed.
#[derive(Debug)]
pub(in crate::tasks) struct Claimed {
    pub(in crate::tasks) claim: Claim,
    pub(in crate::tasks) operation: String,
    pub(in crate::tasks) subject: Uuid,
    pub(in crate::tasks) owner: Uuid,
    pub(in crate::tasks) payload: String,
    pub(in crate::tasks) attempt: u32,
}

/// Gives the next task of a lane, or of one of its subjects, to `worker` until `lease_until`; `None` when there is
/// nothing to do.
pub(in crate::tasks) async fn claim(
    tx: &mut AnyConnection,
    backend: Backend,
    (worker, lane, subject): (Uuid, Lane, Option<Uuid>),
    now: i64,
    lease_until: i64,
) -> sqlx::Result<Option<Claimed>> {
    let claim = query(claim_sql(backend, subject.is_some()));
    let claim = claim.bind(worker.to_string()).bind(lease_until).bind(now).bind(lane.name());
    let claim = subject.into_iter().fold(claim, |claim, subject| claim.bind(subject.to_string()));
    claim.fetch_optional(tx).await?.as_ref().map(claimed).transpose()
}

/// The next task is due, first by turn and then by age, and nothing else of its subject is before it or
/// running. Workers of several processes pass over what another is claiming at this moment.
pub(in crate::tasks) fn claim_sql(backend: Backend, of_subject: bool) -> String {
    let subject = if of_subject { "AND ready.subject = $5" } else { "" };
    let lock = match backend {
        Backend::Sqlite => "",
        Backend::Postgres => "FOR UPDATE OF ready SKIP LOCKED",
    };
    format!(
        "UPDATE tasks SET state = 'running', worker = $1, lease_until = $2, start_time = $3, progress = 0, \
         fence = fence + 1, attempts = attempts + 1 \
         WHERE id = (SELECT ready.id FROM tasks ready \
             WHERE ready.lane = $4 AND ready.state IN ('queued', 'retrying') AND ready.due <= $3 {subject} \
             AND NOT EXISTS (SELECT 1 FROM tasks earlier WHERE earlier.subject = ready.subject \
                 AND earlier.id < ready.id AND earlier.state IN ('queued', 'running', 'retrying')) \
             AND NOT EXISTS (SELECT 1 FROM tasks other WHERE other.subject = ready.subject \
                 AND other.state = 'running') \
             ORDER BY ready.turn, ready.id LIMIT 1 {lock}) \
         RETURNING id, fence, operation, subject, owner, payload, attempts"
    )
}

/// What `worker` holds, and whether its end was asked for.
pub(in crate::tasks) async fn held(db: &AnyPool, worker: Uuid) -> sqlx::Result<Vec<(Claim, bool)>> {
    let held = sqlx::query("SELECT id, fence, cancel FROM tasks WHERE state = 'running' AND worker = $1");
    let held = held.bind(worker.to_string()).fetch_all(db).await?;
    held.iter().map(|row| Ok((read(row)?, rows::truth(row, 2)?))).collect()
}

/// Prolongs a claim, if it still holds.
pub(in crate::tasks) async fn renew(
    tx: &mut AnyConnection,
    claim: Claim,
    lease_until: i64,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE tasks SET lease_until = $1 WHERE id = $2 AND fence = $3 AND state = 'running'")
        .bind(lease_until)
        .bind(claim.id.to_string())
        .bind(claim.fence)
        .execute(tx)
        .await
        .map(drop)
}

/// Keeps how much of a task is done, if it is still the claim's.
pub(in crate::tasks) async fn save_progress(
    tx: &mut AnyConnection,
    claim: Claim,
    progress: u16,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE tasks SET progress = $1 WHERE id = $2 AND fence = $3 AND state = 'running'")
        .bind(i64::from(progress))
        .bind(claim.id.to_string())
        .bind(claim.fence)
        .execute(tx)
        .await
        .map(drop)
}

/// Ends a task well. `false` when it is no longer the claim's, or its end was asked for.
pub(in crate::tasks) async fn complete(tx: &mut AnyConnection, claim: Claim, now: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE tasks SET state = 'succeeded', note = '', progress = 1000, worker = '', end_time = $1 \
         WHERE id = $2 AND fence = $3 AND state = 'running' AND cancel = 0",
    );
    let done = done.bind(now).bind(claim.id.to_string()).bind(claim.fence).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

/// What a running task has behind it, and until when it is leased; `None` when it is no longer the claim's.
pub(in crate::tasks) async fn tries(
    tx: &mut AnyConnection,
    claim: Claim,
) -> sqlx::Result<Option<(Tries, i64)>> {
    let tries = sqlx::query(
        "SELECT failures, crashes, lapses, cancel, lease_until FROM tasks \
         WHERE id = $1 AND fence = $2 AND state = 'running'",
    );
    let Some(row) = tries.bind(claim.id.to_string()).bind(claim.fence).fetch_optional(tx).await? else {
        return Ok(None);
    };
    let tries = Tries {
        failures: row.try_get(0)?,
        crashes: row.try_get(1)?,
        lapses: row.try_get(2)?,
        cancel: rows::truth(&row, 3)?,
    };
    Ok(Some((tries, row.try_get(4)?)))
}

/// Writes what becomes of a running task, unless it was cancelled, prolonged or taken since `seen`.
pub(in crate::tasks) async fn settle(
    tx: &mut AnyConnection,
    claim: Claim,
    seen: (Tries, i64),
    next: &Next,
    now: i64,
) -> sqlx::Result<bool> {
    let settle = sqlx::query(
        "UPDATE tasks SET state = $1, note = $2, due = $3, failures = $4, crashes = $5, lapses = $6, \
         end_time = $7, worker = '' \
         WHERE id = $8 AND fence = $9 AND state = 'running' AND cancel = $10 AND lease_until = $11",
    );
    let settled = settle
        .bind(next.state.name())
        .bind(&next.note)
        .bind(now.saturating_add(span_millis(next.delay)))
        .bind(next.tries.failures)
        .bind(next.tries.crashes)
        .bind(next.tries.lapses)
        .bind(next.state.has_ended().then_some(now))
        .bind(claim.id.to_string())
        .bind(claim.fence)
        .bind(i64::from(seen.0.cancel))
        .bind(seen.1)
        .execute(tx)
        .await?;
    Ok(settled.rows_affected() == 1)
}

/// Running tasks whose lease ended by `now`.
pub(in crate::tasks) async fn lapsed(db: &AnyPool, now: i64) -> sqlx::Result<Vec<Claim>> {
    let lapsed =
        "SELECT id, fence FROM tasks WHERE state = 'running' AND lease_until <= $1 ORDER BY id LIMIT $2";
    sqlx::query(lapsed).bind(now).bind(LAPSED_BATCH).fetch_all(db).await?.iter().map(read).collect()
}

fn claimed(row: &AnyRow) -> sqlx::Result<Claimed> {
    Ok(Claimed {
        claim: read(row)?,
        operation: rows::text(row, 2)?,
        subject: rows::uuid(row, 3)?,
        owner: rows::uuid(row, 4)?,
        payload: rows::text(row, 5)?,
        attempt: rows::number(row, 6)?,
    })
}

fn read(row: &AnyRow) -> sqlx::Result<Claim> {
    Ok(Claim { id: rows::uuid(row, 0)?, fence: row.try_get(1)? })
}
