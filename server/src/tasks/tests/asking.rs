//! Asking for tasks: keys, caps, what a rolled-back caller leaves.

use std::time::Duration;

use futures::future::join_all;
use uuid::Uuid;

use super::{Bench, ask, benches, finish, request};
use crate::tasks::{
    Error, IdempotencyKey, NewTask,
    model::{MAX_UNFINISHED, Reference, State},
    queue::{KEEP, KEY_LIFE},
};

fn keyed(owner: u128, subject: u128, key: &str) -> NewTask {
    NewTask { key: Some(IdempotencyKey::try_from(key.as_bytes()).unwrap()), ..request(owner, subject) }
}

async fn count(bench: &Bench, sql: &'static str) -> i64 {
    sqlx::Row::get(&sqlx::query(sql).fetch_one(bench.db().read()).await.unwrap(), 0)
}

#[tokio::test]
async fn a_new_task_waits_and_reads_back_by_id_and_by_name() {
    for bench in benches().await {
        let first = bench.ask(1, 7).await;
        let second = bench.ask(1, 7).await;
        assert_eq!((first.state, first.progress, first.attempts), (State::Queued, 0, 0));
        assert_eq!((first.start_time, first.end_time), (None, None));
        assert!(first.id < second.id);
        assert_eq!(bench.task(first.id).await, first);
        let name: Reference = first.name().parse().unwrap();
        assert_eq!(bench.queue.find(&name, None).await.unwrap(), Some(second));
        let stranger = Some(Uuid::from_u128(2));
        assert_eq!(bench.queue.find(&name, stranger).await.unwrap(), None);
        assert_eq!(bench.queue.find(&Reference::Id(first.id), stranger).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_the_caller_rolls_back_was_never_asked() {
    for bench in benches().await {
        let mut tx = bench.db().begin().await.unwrap();
        bench.queue.enqueue(&mut tx, keyed(1, 7, "roll-back")).await.unwrap();
        drop(tx);
        assert!(bench.claim().await.is_none());
        assert_eq!(count(&bench, "SELECT COUNT(*) FROM task_keys").await, 0);
    }
}

#[tokio::test]
async fn what_was_asked_with_a_key_is_found_before_anything_is_asked() {
    for bench in benches().await {
        let task = ask(bench.db(), &bench.queue, keyed(1, 7, "once-more")).await.unwrap();
        let mut tx = bench.db().begin().await.unwrap();
        let mut before = async |new| bench.queue.asked_before(&mut tx, &new).await;
        assert_eq!(before(keyed(1, 7, "once-more")).await.unwrap(), Some(task));
        assert_eq!(before(keyed(2, 7, "once-more")).await.unwrap(), None);
        assert_eq!(before(request(1, 7)).await.unwrap(), None);
        assert!(matches!(before(keyed(1, 8, "once-more")).await, Err(Error::KeyReused)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_32_racers_with_one_key_one_makes_the_task_and_all_get_it() {
    for bench in benches().await {
        let racers = (0..32).map(|_| {
            let (db, queue) = (bench.db().clone(), bench.queue.clone());
            tokio::spawn(async move { ask(&db, &queue, keyed(1, 7, "one-and-only")).await })
        });
        let ids: Vec<Uuid> =
            join_all(racers).await.into_iter().map(|task| task.unwrap().unwrap().id).collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(count(&bench, "SELECT COUNT(*) FROM tasks").await, 1);
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_owner_for_a_day() {
    for bench in benches().await {
        let again = |new| ask(bench.db(), &bench.queue, new);
        let first = again(keyed(1, 7, "the-same-key")).await.unwrap();
        let other_payload = NewTask { payload: "rotate_image 180".to_owned(), ..keyed(1, 7, "the-same-key") };
        assert!(matches!(again(other_payload).await, Err(Error::KeyReused)));
        assert!(matches!(again(keyed(1, 8, "the-same-key")).await, Err(Error::KeyReused)));
        finish(&bench.claim().await.unwrap()).await;
        assert_ne!(again(keyed(2, 9, "the-same-key")).await.unwrap().id, first.id);
        bench.clock.advance(KEY_LIFE.saturating_sub(Duration::from_millis(1)));
        let repeated = again(keyed(1, 7, "the-same-key")).await.unwrap();
        assert_eq!((repeated.id, repeated.state), (first.id, State::Succeeded));
        bench.clock.advance(Duration::from_millis(1));
        assert_ne!(again(keyed(1, 8, "the-same-key")).await.unwrap().id, first.id);
    }
}

#[tokio::test]
async fn an_owner_has_at_most_100_unfinished_tasks() {
    for bench in benches().await {
        for subject in 0..MAX_UNFINISHED as u128 {
            bench.ask(1, subject).await;
        }
        let one_more = || ask(bench.db(), &bench.queue, request(1, 999));
        assert!(matches!(one_more().await, Err(Error::TooMany(MAX_UNFINISHED))));
        finish(&bench.claim().await.unwrap()).await;
        bench.ask(2, 1000).await;
        one_more().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cap_holds_when_many_ask_at_once() {
    for bench in benches().await {
        for subject in 10..MAX_UNFINISHED as u128 {
            bench.ask(1, subject).await;
        }
        let racers = (0..20).map(|subject| {
            let (db, queue) = (bench.db().clone(), bench.queue.clone());
            tokio::spawn(async move { ask(&db, &queue, request(1, subject)).await })
        });
        let asked: Vec<_> = join_all(racers).await.into_iter().map(Result::unwrap).collect();
        let refused = asked.iter().filter(|asked| matches!(asked, Err(Error::TooMany(_)))).count();
        let taken = asked.iter().filter(|asked| asked.is_ok()).count();
        assert_eq!((taken, refused), (10, 10));
    }
}

#[tokio::test]
async fn later_tasks_have_greater_ids_though_the_clock_goes_back() {
    for bench in benches().await {
        let first = bench.ask(1, 7).await;
        bench.clock.set(first.create_time - Duration::from_hours(1));
        let second = bench.ask(2, 7).await;
        let third = bench.ask(1, 8).await;
        assert!(first.id < second.id && first.id < third.id);
    }
}

#[tokio::test]
async fn ended_tasks_are_kept_for_30_days_and_keys_for_one() {
    for bench in benches().await {
        let old = ask(bench.db(), &bench.queue, keyed(1, 7, "old-enough")).await.unwrap();
        finish(&bench.claim().await.unwrap()).await;
        assert_eq!(bench.queue.sweep().await.unwrap(), 0);
        bench.clock.advance(KEY_LIFE);
        let waiting = bench.ask(1, 7).await;
        assert_eq!(bench.queue.sweep().await.unwrap(), 1);
        assert_eq!(count(&bench, "SELECT COUNT(*) FROM task_keys").await, 0);
        bench.clock.advance(KEEP);
        assert_eq!(bench.queue.sweep().await.unwrap(), 1);
        assert_eq!(bench.queue.find(&Reference::Id(old.id), None).await.unwrap(), None);
        assert_eq!(bench.task(waiting.id).await.state, State::Queued);
    }
}
