//! Workers: what becomes of a job that ends, fails, dies, is cancelled, or meets the end of its server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Bench, benches};
use crate::tasks::{Context, Done, Failure, Job, Lane, Worker, model::State};

const DRAIN: Duration = Duration::from_secs(20);

/// A worker in the background; dropped, it leaves.
struct Running {
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Running {
    async fn leave(self) {
        self.stop.cancel();
        self.worker.await.unwrap();
    }
}

fn work<F, R>(bench: &Bench, drain: Duration, run: F) -> Running
where
    F: Fn(Job, Context) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Done, Failure>> + Send + 'static,
{
    let stop = CancellationToken::new();
    let worker = Worker::new(bench.queue.clone(), Lane::Images, 2, run);
    Running { stop: stop.clone(), worker: tokio::spawn(worker.work(stop, drain)) }
}

async fn done(job: Job) -> Result<Done, Failure> {
    job.finish().await?.commit().await
}

#[tokio::test]
async fn a_worker_ends_what_it_is_given() {
    for bench in benches().await {
        let running = work(&bench, DRAIN, |job, _| done(job));
        let tasks = [bench.ask(1, 7).await, bench.ask(1, 7).await, bench.ask(2, 8).await];
        for task in &tasks {
            let ended = bench.becomes(task.id, State::Succeeded).await;
            assert!(ended.description().starts_with("Rotated image"));
            assert!(ended.start_time.is_some() && ended.end_time.is_some());
        }
        running.leave().await;
    }
}

#[tokio::test]
async fn a_permanent_failure_ends_the_task_with_its_reason() {
    for bench in benches().await {
        let fail = |_, _| async { Err(Failure::Permanent("it has too many pixels".to_owned())) };
        let running = work(&bench, DRAIN, fail);
        let task = bench.ask(1, 7).await;
        let failed = bench.becomes(task.id, State::Failed).await;
        assert_eq!(failed.attempts, 1);
        assert!(failed.description().ends_with(": it has too many pixels"));
        running.leave().await;
    }
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_when_it_is_due() {
    for bench in benches().await {
        let tries = AtomicU32::new(0);
        let running = work(&bench, DRAIN, move |job, _| {
            let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { Err(Failure::Transient("store away".to_owned())) } else { done(job).await } }
        });
        let task = bench.ask(1, 7).await;
        let waiting = bench.becomes(task.id, State::Retrying).await;
        assert!(waiting.description().contains("to be tried again: store away"));
        bench.clock.advance(Duration::from_secs(2));
        let ended = bench.becomes(task.id, State::Succeeded).await;
        assert_eq!((ended.attempts, ended.note.as_str()), (2, ""));
        running.leave().await;
    }
}

#[tokio::test]
async fn a_panicking_job_is_poison_and_harms_no_other() {
    for bench in benches().await {
        let running = work(&bench, DRAIN, |job, _| async move {
            assert_ne!(job.subject().as_u128(), 7, "this one panics");
            done(job).await
        });
        let bad = bench.ask(1, 7).await;
        let good = bench.ask(1, 8).await;
        bench.becomes(good.id, State::Succeeded).await;
        bench.becomes(bad.id, State::Retrying).await;
        bench.clock.advance(Duration::from_secs(2));
        let failed = bench.becomes(bad.id, State::Failed).await;
        assert!(failed.description().contains("crashed its process 2 times"));
        running.leave().await;
    }
}

#[tokio::test]
async fn a_running_task_is_cancelled_within_a_second_or_so() {
    for bench in benches().await {
        let running = work(&bench, DRAIN, |_, context| async move {
            context.cancelled.cancelled().await;
            Err(Failure::Stopped)
        });
        let task = bench.ask(1, 7).await;
        bench.becomes(task.id, State::Running).await;
        let begin = tokio::time::Instant::now();
        bench.queue.cancel(task.id).await.unwrap();
        bench.becomes(task.id, State::Cancelled).await;
        // A second or so, on a machine that may be doing other things.
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        running.leave().await;
    }
}

#[tokio::test]
async fn a_job_that_does_not_listen_is_dropped() {
    for bench in benches().await {
        let running = work(&bench, DRAIN, |_, _| std::future::pending());
        let task = bench.ask(1, 7).await;
        bench.becomes(task.id, State::Running).await;
        bench.queue.cancel(task.id).await.unwrap();
        bench.becomes(task.id, State::Cancelled).await;
        running.leave().await;
    }
}

#[tokio::test]
async fn a_job_whose_task_was_taken_away_is_stopped_and_its_result_refused() {
    for bench in benches().await {
        let refused = Arc::new(Notify::new());
        let heard = Arc::clone(&refused);
        let running = work(&bench, DRAIN, move |job, context| {
            let refused = Arc::clone(&refused);
            async move {
                if job.attempt() > 1 {
                    return done(job).await;
                }
                context.cancelled.cancelled().await;
                let result = done(job).await;
                assert_eq!(result.as_ref().err(), Some(&Failure::Stopped));
                refused.notify_one();
                result
            }
        });
        let task = bench.ask(1, 7).await;
        bench.becomes(task.id, State::Running).await;
        // As another process does that believes this one dead.
        take_away(&bench).await;
        tokio::time::timeout(super::PATIENCE, heard.notified()).await.unwrap();
        let ended = bench.becomes(task.id, State::Succeeded).await;
        assert_eq!(ended.attempts, 2);
        running.leave().await;
    }
}

async fn take_away(bench: &Bench) {
    let mut tx = bench.db().begin().await.unwrap();
    let sql = "UPDATE tasks SET state = 'queued', worker = '' WHERE state = 'running'";
    assert_eq!(sqlx::query(sql).execute(&mut *tx).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn at_the_end_of_the_server_what_runs_may_end_and_nothing_new_begins() {
    for bench in benches().await {
        let go = Arc::new(Notify::new());
        let held = Arc::clone(&go);
        let running = work(&bench, DRAIN, move |job, _| {
            let held = Arc::clone(&held);
            async move {
                held.notified().await;
                done(job).await
            }
        });
        let first = bench.ask(1, 7).await;
        let second = bench.ask(1, 7).await;
        bench.becomes(first.id, State::Running).await;
        running.stop.cancel();
        go.notify_one();
        running.leave().await;
        assert_eq!(bench.task(first.id).await.state, State::Succeeded);
        assert_eq!(bench.task(second.id).await.state, State::Queued);
    }
}

#[tokio::test]
async fn what_does_not_end_in_time_is_put_back_uncounted() {
    for bench in benches().await {
        let running = work(&bench, Duration::from_millis(50), |_, context| async move {
            context.cancelled.cancelled().await;
            Err(Failure::Transient("I was told to stop".to_owned()))
        });
        let task = bench.ask(1, 7).await;
        bench.becomes(task.id, State::Running).await;
        running.leave().await;
        let back = bench.task(task.id).await;
        assert_eq!((back.state, back.note.as_str()), (State::Queued, ""));
        let counted = "SELECT failures + crashes + lapses FROM tasks";
        let counted: i64 =
            sqlx::Row::get(&sqlx::query(counted).fetch_one(bench.db().read()).await.unwrap(), 0);
        assert_eq!(counted, 0);
    }
}

#[tokio::test]
async fn progress_is_kept_in_the_database_within_a_second_or_so() {
    for bench in benches().await {
        let running = work(&bench, Duration::ZERO, |_, context| async move {
            context.progress.set(420);
            context.cancelled.cancelled().await;
            Err(Failure::Stopped)
        });
        bench.ask(1, 7).await;
        super::until(async || {
            let row = sqlx::query("SELECT progress FROM tasks").fetch_one(bench.db().read()).await.unwrap();
            (sqlx::Row::get::<i64, _>(&row, 0) == 420).then_some(())
        })
        .await;
        running.leave().await;
    }
}
