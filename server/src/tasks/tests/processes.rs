//! Several processes on one `PostgreSQL`: each has pools, a queue and a worker of its own.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Bench, ask, request, unique, until};
use crate::{
    clock::SystemClock,
    db::{Db, testing},
    tasks::{Context, Done, Failure, Job, Lane, Queue, Worker, model::State},
};

/// What all workers together have seen.
#[derive(Default)]
struct Ledger {
    busy: Mutex<HashSet<Uuid>>,
    done: Mutex<HashMap<Uuid, Vec<Uuid>>>,
}

/// Does a job and notes a breach of order.
async fn run(ledger: Arc<Ledger>, job: Job) -> Result<Done, Failure> {
    assert!(ledger.busy.lock().unwrap().insert(job.subject()), "two of one subject at once");
    tokio::task::yield_now().await;
    let finish = job.finish().await;
    // Before the commit: from then on the subject's next task may run.
    ledger.done.lock().unwrap().entry(job.subject()).or_default().push(job.claim().id);
    ledger.busy.lock().unwrap().remove(&job.subject());
    finish?.commit().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_never_run_two_tasks_of_one_subject_at_once_nor_one_twice() {
    let Some(scratch) = testing::postgres().await else { return };
    let ledger = Arc::new(Ledger::default());
    let stop = CancellationToken::new();
    let mut workers = Vec::new();
    for _ in 0..2 {
        let db = Db::open(&scratch.url).await.unwrap();
        let queue = Queue::new(db, Arc::new(SystemClock));
        let ledger = Arc::clone(&ledger);
        let worker =
            Worker::new(queue, Lane::Images, 4, move |job, _: Context| run(Arc::clone(&ledger), job));
        workers.push(tokio::spawn(worker.work(stop.clone(), Duration::from_secs(20))));
    }
    let queue = Queue::new(scratch.db.clone(), Arc::new(SystemClock));
    let mut asked: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for n in 0..200 {
        let task = ask(&scratch.db, &queue, request(n % 5, n % 10)).await;
        match task {
            Ok(task) => asked.entry(task.subject).or_default().push(task.id),
            Err(error) => panic!("{error}"),
        }
    }
    until(async || (ledger.done.lock().unwrap().values().map(Vec::len).sum::<usize>() >= 200).then_some(()))
        .await;
    stop.cancel();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(*ledger.done.lock().unwrap(), asked, "each once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_survives_that_the_database_ends_its_connections() {
    let Some(scratch) = testing::postgres().await else { return };
    let bench = Bench::new(scratch);
    let stop = CancellationToken::new();
    let worker = Worker::new(bench.queue.clone(), Lane::Images, 2, |job: Job, _| async move {
        job.finish().await?.commit().await
    });
    let worker = tokio::spawn(worker.work(stop.clone(), Duration::from_secs(20)));
    let before = bench.ask(1, unique()).await;
    bench.becomes(before.id, State::Succeeded).await;
    let other = Db::open(&bench.scratch.url).await.unwrap();
    let end = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()) ended";
    sqlx::query(end).fetch_one(other.read()).await.unwrap();
    let queue = Queue::new(other.clone(), bench.clock.clone());
    let after = ask(&other, &queue, request(1, unique())).await.unwrap();
    bench.becomes(after.id, State::Succeeded).await;
    stop.cancel();
    worker.await.unwrap();
}
