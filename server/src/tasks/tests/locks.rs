//! Who locks several tasks on `PostgreSQL` locks them in one order, whatever order they come in.

use std::time::Duration;

use sqlx::{Row, query};
use uuid::Uuid;

use super::{Bench, until};
use crate::{
    db::{self, Db, testing},
    tasks::model::Claim,
};

const LOCK: &str = "SELECT id FROM tasks WHERE id = $1 FOR UPDATE NOWAIT";

async fn lock(tx: &mut db::Connection, id: Uuid) {
    query(LOCK).bind(id.to_string()).fetch_one(tx).await.expect("nobody else has locked it");
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(db: &Db) {
    until(async || {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock'";
        let waiting: i64 = query(waiting).fetch_one(db.read()).await.unwrap().get(0);
        (waiting > 0).then_some(())
    })
    .await;
}

/// Lets a writer begin while the first of two tasks is locked: it must not have locked the second.
async fn check<F>(bench: &Bench, claims: [Claim; 2], writing: F)
where
    F: Future<Output = Result<(), crate::tasks::Error>> + Send + 'static,
{
    let mut tx = bench.db().begin().await.unwrap();
    lock(&mut tx, claims[0].id).await;
    let writing = tokio::spawn(writing);
    somebody_waits(bench.db()).await;
    lock(&mut tx, claims[1].id).await;
    tx.commit().await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), writing).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_progress_and_cancellations_lock_tasks_in_the_order_of_their_ids() {
    let Some(scratch) = testing::postgres().await else { return };
    let bench = Bench::new(scratch);
    let asked = [bench.ask(1, 7).await, bench.ask(1, 8).await];
    let mut claims = [bench.claim().await.unwrap().claim(), bench.claim().await.unwrap().claim()];
    claims.sort_by_key(|claim| claim.id);
    assert_eq!(claims.map(|claim| claim.id), [asked[0].id, asked[1].id]);
    // By turn, and by where their rows lie, the second comes first.
    let later = "UPDATE tasks SET turn = turn + 10 WHERE id = $1";
    query(later).bind(claims[0].id.to_string()).execute(bench.db().read()).await.unwrap();

    let [first, second] = claims;
    let queue = bench.queue.clone();
    check(&bench, claims, async move { queue.renew(&[second, first]).await }).await;
    let queue = bench.queue.clone();
    check(&bench, claims, async move { queue.save_progress(&[(second, 500), (first, 500)]).await }).await;
    let (db, queue) = (bench.db().clone(), bench.queue.clone());
    check(&bench, claims, async move {
        let mut tx = db.begin().await?;
        queue.cancel_owner(&mut tx, Uuid::from_u128(1)).await?;
        Ok(tx.commit().await?)
    })
    .await;
}
