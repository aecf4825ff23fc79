//! Ends that were asked for: of one task, of a subject's, of an owner's.

use uuid::Uuid;

use super::{benches, finish};
use crate::tasks::{Failure, model::State, policy::Outcome, queue::LEASE};

#[tokio::test]
async fn a_waiting_task_is_cancelled_at_once() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        let cancelled = bench.queue.cancel(task.id).await.unwrap().unwrap();
        assert_eq!(cancelled.state, State::Cancelled);
        assert!(cancelled.end_time.is_some());
        assert!(bench.claim().await.is_none());
        assert_eq!(bench.queue.cancel(task.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_running_task_whose_end_was_asked_for_can_not_complete() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        let job = bench.claim().await.unwrap();
        let ending = bench.queue.cancel(task.id).await.unwrap().unwrap();
        assert_eq!((ending.state, ending.ending), (State::Running, true));
        assert!(ending.description().ends_with("about to be cancelled"));
        assert_eq!(bench.queue.held(bench.worker).await.unwrap(), [(job.claim(), true)]);
        assert_eq!(job.finish().await.err(), Some(Failure::Stopped));
        bench.queue.settle(job.claim(), Outcome::Transient("whatever".to_owned())).await.unwrap();
        assert_eq!(bench.task(task.id).await.state, State::Cancelled);
    }
}

#[tokio::test]
async fn a_cancelled_task_whose_worker_vanished_ends_as_cancelled() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        bench.claim().await.unwrap();
        bench.queue.cancel(task.id).await.unwrap();
        bench.clock.advance(LEASE);
        bench.queue.recover_lapsed(&[]).await.unwrap();
        assert_eq!(bench.task(task.id).await.state, State::Cancelled);
    }
}

#[tokio::test]
async fn a_task_that_completed_first_stays_so() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        finish(&bench.claim().await.unwrap()).await;
        assert_eq!(bench.queue.cancel(task.id).await.unwrap(), None);
        assert_eq!(bench.task(task.id).await.state, State::Succeeded);
    }
}

#[tokio::test]
async fn a_subject_ends_with_its_tasks_if_its_deletion_is_committed() {
    for bench in benches().await {
        let running = bench.ask(1, 7).await;
        let waiting = bench.ask(1, 7).await;
        let other = bench.ask(1, 8).await;
        let job = bench.claim().await.unwrap();
        let subject = running.subject;

        let mut tx = bench.db().begin().await.unwrap();
        assert!(bench.queue.has_unfinished(&mut tx, subject).await.unwrap());
        bench.queue.cancel_subject(&mut tx, subject).await.unwrap();
        drop(tx);
        assert_eq!(bench.task(waiting.id).await.state, State::Queued);

        let mut tx = bench.db().begin().await.unwrap();
        bench.queue.cancel_subject(&mut tx, subject).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bench.task(waiting.id).await.state, State::Cancelled);
        assert_eq!(job.finish().await.err(), Some(Failure::Stopped));
        bench.queue.settle(job.claim(), Outcome::Cancelled).await.unwrap();
        let mut tx = bench.db().begin().await.unwrap();
        assert!(!bench.queue.has_unfinished(&mut tx, subject).await.unwrap());
        assert_eq!(bench.task(other.id).await.state, State::Queued);
    }
}

#[tokio::test]
async fn an_owner_ends_with_its_tasks() {
    for bench in benches().await {
        let ours = [bench.ask(1, 7).await, bench.ask(1, 8).await];
        let other = bench.ask(2, 9).await;
        let mut tx = bench.db().begin().await.unwrap();
        bench.queue.cancel_owner(&mut tx, Uuid::from_u128(1)).await.unwrap();
        tx.commit().await.unwrap();
        for task in &ours {
            assert_eq!(bench.task(task.id).await.state, State::Cancelled);
        }
        assert_eq!(bench.claim().await.unwrap().claim().id, other.id);
    }
}
