//! Claims: leases, fences, order within a subject, fairness between owners.

use std::time::Duration;

use uuid::Uuid;

use super::{Bench, ask, benches, finish, request};
use crate::{
    clock::{Clock, to_millis},
    db::Backend,
    tasks::{
        Failure, Lane, NewTask,
        model::{Claim, State},
        policy::Outcome,
        queue::LEASE,
    },
};

const MOMENT: Duration = Duration::from_millis(1);

async fn transient(bench: &Bench, claim: Claim) {
    bench.queue.settle(claim, Outcome::Transient("not now".to_owned())).await.unwrap();
}

#[tokio::test]
async fn a_lapsed_claim_goes_to_another_and_the_first_can_no_longer_write() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        let first = bench.claim().await.unwrap();
        assert!(bench.claim().await.is_none());
        bench.clock.advance(LEASE.saturating_sub(MOMENT));
        assert_eq!(bench.queue.recover_lapsed(&[]).await.unwrap(), 0);
        bench.clock.advance(MOMENT);
        assert_eq!(bench.queue.recover_lapsed(&[]).await.unwrap(), 1);
        let second = bench.claim().await.unwrap();
        assert!(second.claim().fence > first.claim().fence);
        assert_eq!(second.attempt(), 2);

        assert_eq!(first.finish().await.err(), Some(Failure::Stopped));
        bench.queue.settle(first.claim(), Outcome::Failed("late".to_owned())).await.unwrap();
        assert_eq!(bench.task(task.id).await.state, State::Running);
        finish(&second).await;
        let done = bench.task(task.id).await;
        assert_eq!((done.state, done.progress, done.attempts), (State::Succeeded, 1000, 2));
    }
}

#[tokio::test]
async fn a_heartbeat_prolongs_a_claim_and_no_other_of_the_same_worker() {
    for bench in benches().await {
        bench.ask(1, 7).await;
        bench.ask(1, 8).await;
        let kept = bench.claim().await.unwrap().claim();
        let lost = bench.claim().await.unwrap().claim();
        bench.clock.advance(LEASE.saturating_sub(MOMENT));
        bench.queue.renew(&[kept]).await.unwrap();
        bench.clock.advance(LEASE.saturating_sub(MOMENT));
        assert_eq!(bench.queue.recover_lapsed(&[]).await.unwrap(), 1);
        assert_eq!(bench.queue.held(bench.worker).await.unwrap(), [(kept, false)]);
        assert_eq!(bench.task(lost.id).await.state, State::Queued);
    }
}

#[tokio::test]
async fn a_claim_that_was_prolonged_at_the_last_moment_is_not_put_back() {
    for bench in benches().await {
        bench.ask(1, 7).await;
        let claim = bench.claim().await.unwrap().claim();
        bench.clock.advance(LEASE);
        let now = to_millis(bench.clock.now());
        // Found as lapsed, then prolonged, then to be put back.
        bench.queue.renew(&[claim]).await.unwrap();
        assert!(!bench.queue.settle_if(claim, Outcome::Lapsed, now).await.unwrap());
        assert_eq!(bench.task(claim.id).await.state, State::Running);
    }
}

#[tokio::test]
async fn a_worker_does_not_put_back_what_it_runs_itself() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        let job = bench.claim().await.unwrap();
        bench.clock.advance(LEASE * 100);
        assert_eq!(bench.queue.recover_lapsed(&[job.claim()]).await.unwrap(), 0);
        finish(&job).await;
        assert_eq!(bench.task(task.id).await.state, State::Succeeded);
    }
}

#[tokio::test]
async fn the_result_and_the_end_of_a_task_are_one_commit() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        let job = bench.claim().await.unwrap();
        let insert = "INSERT INTO server_keys (name, value, create_time) VALUES ('result', '', 0)";
        let mut undone = job.finish().await.unwrap();
        sqlx::query(insert).execute(undone.tx()).await.unwrap();
        drop(undone);
        assert_eq!(bench.task(task.id).await.state, State::Running);
        let mut done = job.finish().await.unwrap();
        sqlx::query(insert).execute(done.tx()).await.unwrap();
        done.commit().await.unwrap();
        assert_eq!(bench.task(task.id).await.state, State::Succeeded);
    }
}

#[tokio::test]
async fn tasks_of_one_subject_run_one_after_the_other_in_order() {
    for bench in benches().await {
        let first = bench.ask(1, 7).await;
        let second = bench.ask(1, 7).await;
        let third = bench.ask(1, 7).await;
        let elsewhere = bench.ask(1, 8).await;
        let job = bench.claim().await.unwrap();
        assert_eq!(job.claim().id, first.id);
        let other = bench.claim().await.unwrap();
        assert_eq!(other.claim().id, elsewhere.id);
        assert!(bench.claim().await.is_none());
        // A task that waits to be tried again keeps its place.
        transient(&bench, job.claim()).await;
        assert!(bench.claim().await.is_none());
        bench.clock.advance(Duration::from_secs(2));
        let job = bench.claim().await.unwrap();
        assert_eq!(job.claim().id, first.id);
        finish(&job).await;
        bench.queue.cancel(second.id).await.unwrap();
        assert_eq!(bench.claim().await.unwrap().claim().id, third.id);
    }
}

#[tokio::test]
async fn one_task_does_not_wait_behind_fifty_of_another_owner() {
    for bench in benches().await {
        for subject in 0..50 {
            bench.ask(1, subject).await;
        }
        finish(&bench.claim().await.unwrap()).await;
        let alone = bench.ask(2, 100).await;
        let mut order = Vec::new();
        for _ in 0..3 {
            let job = bench.claim().await.unwrap();
            order.push(job.claim().id);
            finish(&job).await;
        }
        assert!(order.contains(&alone.id));
    }
}

#[tokio::test]
async fn busy_owners_take_turns() {
    for bench in benches().await {
        for subject in 0..20 {
            bench.ask(1, subject).await;
        }
        for subject in 20..40 {
            bench.ask(2, subject).await;
        }
        let mut served = [0, 0];
        for _ in 0..20 {
            let job = bench.claim().await.unwrap();
            served[job.owner().as_u128() as usize - 1] += 1;
            finish(&job).await;
        }
        assert_eq!(served, [10, 10]);
    }
}

#[tokio::test]
async fn an_owner_who_asks_again_and_again_does_not_keep_the_others_waiting() {
    for bench in benches().await {
        for subject in 0..20 {
            bench.ask(1, subject).await;
        }
        let mut served = [0, 0];
        for _ in 0..20 {
            bench.ask(2, 100).await;
            let job = bench.claim().await.unwrap();
            served[job.owner().as_u128() as usize - 1] += 1;
            finish(&job).await;
        }
        assert!(served.iter().all(|times| (8..=12).contains(times)), "{served:?}");
    }
}

#[tokio::test]
async fn an_owner_who_was_served_much_is_not_kept_waiting_for_it() {
    for bench in benches().await {
        for subject in 0..30 {
            bench.ask(1, subject).await;
            finish(&bench.claim().await.unwrap()).await;
        }
        for subject in 100..130 {
            bench.ask(2, subject).await;
        }
        let task = bench.ask(1, 50).await;
        let first = bench.claim().await.unwrap();
        let second = bench.claim().await.unwrap();
        assert!([first.claim().id, second.claim().id].contains(&task.id));
    }
}

#[tokio::test]
async fn a_failed_task_is_due_after_1_8_and_60_seconds_and_then_given_up() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        for seconds in [1, 8, 60] {
            transient(&bench, bench.claim().await.unwrap().claim()).await;
            assert_eq!(bench.task(task.id).await.state, State::Retrying);
            bench.clock.advance(Duration::from_secs(seconds).saturating_sub(MOMENT));
            assert!(bench.claim().await.is_none(), "too early");
            bench.clock.advance(Duration::from_secs(seconds).mul_f64(0.2));
        }
        transient(&bench, bench.claim().await.unwrap().claim()).await;
        let failed = bench.task(task.id).await;
        assert_eq!((failed.state, failed.attempts), (State::Failed, 4));
        assert!(failed.end_time.is_some() && failed.description().ends_with(": not now"));
    }
}

#[tokio::test]
async fn two_crashes_make_a_task_poison() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        let crash = Outcome::Crashed("killed by SIGSEGV".to_owned());
        bench.queue.settle(bench.claim().await.unwrap().claim(), crash.clone()).await.unwrap();
        bench.clock.advance(Duration::from_secs(2));
        bench.queue.settle(bench.claim().await.unwrap().claim(), crash).await.unwrap();
        let failed = bench.task(task.id).await;
        assert_eq!(failed.state, State::Failed);
        assert!(failed.description().contains("crashed its process 2 times"));
    }
}

#[tokio::test]
async fn the_tenth_vanished_worker_is_the_last() {
    for bench in benches().await {
        let task = bench.ask(1, 7).await;
        for _ in 0..10 {
            bench.claim().await.unwrap();
            bench.clock.advance(LEASE);
            assert_eq!(bench.queue.recover_lapsed(&[]).await.unwrap(), 1);
        }
        assert!(bench.claim().await.is_none());
        assert!(bench.task(task.id).await.description().contains("vanished 10 times"));
    }
}

#[tokio::test]
async fn at_its_start_the_only_process_puts_back_at_once_what_was_running() {
    for bench in benches().await {
        let tasks = [bench.ask(1, 7).await, bench.ask(1, 8).await];
        for _ in &tasks {
            bench.claim().await.unwrap();
        }
        let recovered = bench.queue.recover_all().await.unwrap();
        let (wanted, state) = match bench.db().backend() {
            Backend::Sqlite => (2, State::Queued),
            Backend::Postgres => (0, State::Running),
        };
        assert_eq!(recovered, wanted);
        for task in &tasks {
            assert_eq!(bench.task(task.id).await.state, state);
        }
    }
}

#[tokio::test]
async fn each_lane_has_its_own_line() {
    for bench in benches().await {
        let scan = NewTask { lane: Lane::Scans, ..request(1, 1) };
        let scan = ask(bench.db(), &bench.queue, scan).await.unwrap();
        let edit = bench.ask(1, 2).await;
        assert_eq!(bench.claim().await.unwrap().claim().id, edit.id);
        assert!(bench.claim().await.is_none());
        let claimed = bench.queue.claim(bench.worker, Lane::Scans, None).await.unwrap().unwrap();
        assert_eq!(claimed.claim().id, scan.id);
    }
}

#[tokio::test]
async fn who_works_for_one_subject_passes_over_all_others() {
    for bench in benches().await {
        let (first, second) = (bench.ask(1, 1).await, bench.ask(1, 2).await);
        let claim = async |subject: u128| {
            let subject = Some(Uuid::from_u128(subject));
            bench.queue.claim(bench.worker, Lane::Images, subject).await.unwrap()
        };
        assert_eq!(claim(2).await.unwrap().claim().id, second.id);
        assert!(claim(2).await.is_none() && claim(3).await.is_none());
        assert_eq!(claim(1).await.unwrap().claim().id, first.id);
    }
}
