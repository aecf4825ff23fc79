//! Claims stay fast when the queue is long.

use std::time::Duration;

use sqlx::Row;
use tokio::time::Instant;

use super::{Bench, benches};
use crate::{db::Backend, rows::query, tasks::store::leases::claim_sql};

const QUEUED: i64 = 5_000;
const CLAIMS: u32 = 50;

/// Queues tasks in one statement: 100 of each of 50 owners, on so many subjects, in turns.
async fn fill(bench: &Bench, subjects: i64) {
    let uuid = |number: &str| {
        format!("'00000000-0000-7000-8000-' || substr(CAST(1000000000000 + {number} AS TEXT), 2)")
    };
    let sql = format!(
        "INSERT INTO tasks (id, operation, subject, owner, payload, state, note, progress, turn, due, attempts, \
         failures, crashes, lapses, fence, worker, lease_until, cancel, create_time) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {QUEUED}) \
         SELECT {}, 'rotate_image', {}, {}, '', 'queued', '', 0, n % 100, 0, 0, 0, 0, 0, 0, '', 0, 0, 0 FROM numbers",
        uuid("n"),
        uuid("(n % $1)"),
        uuid("(n / 100)"),
    );
    let mut tx = bench.db().begin().await.unwrap();
    assert_eq!(
        query(sql).bind(subjects).execute(&mut *tx).await.unwrap().rows_affected(),
        QUEUED.unsigned_abs()
    );
    tx.commit().await.unwrap();
    let analyze = sqlx::raw_sql("ANALYZE");
    match bench.db().backend() {
        Backend::Sqlite => analyze.execute(&mut *bench.db().begin().await.unwrap()).await.unwrap(),
        Backend::Postgres => analyze.execute(bench.db().read()).await.unwrap(),
    };
}

async fn plan(bench: &Bench) -> String {
    let backend = bench.db().backend();
    let (explain, column) = match backend {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", 3),
        Backend::Postgres => ("EXPLAIN", 0),
    };
    let sql = format!("{explain} {}", claim_sql(backend, false));
    let mut tx = bench.db().begin().await.unwrap();
    let rows = query(sql).bind("w").bind(9_i64).bind(9_i64).bind("images").fetch_all(&mut *tx).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(column) + "\n").collect()
}

#[tokio::test]
async fn a_claim_among_5000_walks_the_index_and_sorts_nothing() {
    for bench in benches().await {
        fill(&bench, QUEUED).await;
        let plan = plan(&bench).await;
        assert!(plan.contains("tasks_ready"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
        assert!(!plan.contains("SCAN earlier") && !plan.contains("Seq Scan"), "{plan}");
    }
}

/// The shortest time of a claim, each in a transaction that is undone: other loads only lengthen it.
async fn pace(bench: &Bench) -> Duration {
    let sql = claim_sql(bench.db().backend(), false);
    let mut shortest = Duration::MAX;
    for _ in 0..CLAIMS {
        let mut tx = bench.db().begin().await.unwrap();
        let begin = Instant::now();
        let claim = query(sql.clone()).bind("w").bind(9_i64).bind(1_i64).bind("images");
        claim.fetch_all(&mut *tx).await.unwrap();
        shortest = shortest.min(begin.elapsed());
    }
    shortest
}

#[tokio::test]
async fn claims_among_5000_are_about_as_fast_as_among_few() {
    for bench in benches().await {
        bench.ask(1, 7).await;
        let few = pace(&bench).await;
        fill(&bench, QUEUED).await;
        let many = pace(&bench).await;
        println!("{:?}: {few:?} a claim among few, {many:?} among {QUEUED}", bench.db().backend());
        assert!(many < few * 5 + Duration::from_millis(1), "{few:?} -> {many:?}");
    }
}

#[tokio::test]
async fn a_claim_stays_fast_when_nearly_all_wait_behind_running_ones() {
    for bench in benches().await {
        fill(&bench, 50).await;
        for _ in 0..50 {
            bench.claim().await.unwrap();
        }
        let nothing = pace(&bench).await;
        println!("{:?}: {nothing:?} to find nothing among {QUEUED}", bench.db().backend());
        assert!(nothing < Duration::from_millis(200), "{nothing:?}");
    }
}
