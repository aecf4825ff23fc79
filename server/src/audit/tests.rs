//! The chain: it holds, whoever tampers with it is found, and a crowd of writers leaves no gap.

use std::time::{Duration, SystemTime};

use futures::future::join_all;

use super::{
    Action, Actor, Entry, Service,
    model::{Event, Filter, Head, MAX_TARGET, Report},
    record,
    service::PORTION,
    store,
};
use crate::{
    clock::{Clock, SystemClock},
    db::{
        Db,
        testing::{self, Scratch},
    },
};

async fn add(db: &Db, entry: &Entry) {
    add_at(db, SystemClock.now(), entry).await;
}

async fn add_at(db: &Db, now: SystemTime, entry: &Entry) {
    let mut tx = db.begin().await.unwrap();
    record(&mut tx, now, entry).await.unwrap();
    tx.commit().await.unwrap();
}

/// A log of so many entries, each of its own text.
async fn fill(db: &Db, count: usize) {
    for n in 0..count {
        add(db, &Entry::by_operator(Action("test.add"), format!("target {n}")).with("détail 'quoted'")).await;
    }
}

async fn filled(count: usize) -> Vec<Scratch> {
    let all = testing::each().await;
    for scratch in &all {
        fill(&scratch.db, count).await;
    }
    all
}

async fn verify(db: &Db, kept: Option<&str>) -> Report {
    Service::new(db.clone()).verify_by_operator(kept).await.unwrap()
}

async fn tamper(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    for statement in sql.split(';') {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn of_a_long_target_the_beginning_is_kept() {
    let long = |text: &str| Entry::by_operator(Action("test.add"), text.repeat(5_000)).target;
    assert_eq!(long("a"), "a".repeat(MAX_TARGET - "…".len()) + "…");
    assert_eq!(long("ä").len(), MAX_TARGET - 1, "no letter is cut in two");
    let fits = "a".repeat(MAX_TARGET);
    assert_eq!(Entry::by_operator(Action("test.add"), &fits).target, fits);
    // Of which nothing can be left out by packing it, as a database does with what repeats itself.
    let wild: String = (0..400).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    for scratch in testing::each().await {
        add(&scratch.db, &Entry::by_operator(Action("test.add"), &wild)).await;
        assert_eq!(verify(&scratch.db, None).await.broken_at, None);
    }
}

async fn listed(db: &Db, filter: &Filter) -> Vec<i64> {
    let events = Service::new(db.clone()).list_by_operator(filter, 1_000).await.unwrap();
    let numbers: Vec<i64> = events.iter().map(|event| event.number).collect();
    assert_eq!(store::count(db.read(), filter).await.unwrap(), numbers.len() as i64);
    numbers
}

#[tokio::test]
async fn a_log_is_whole_with_no_entry_with_some_and_over_many_portions() {
    for scratch in testing::each().await {
        let empty =
            Report { count: 0, broken_at: None, head: String::new(), lacks_kept: false, unfinished: false };
        assert_eq!(verify(&scratch.db, None).await, empty);
        let mut kept = Vec::new();
        for count in [1, PORTION - 1, 1, PORTION / 2] {
            fill(&scratch.db, count as usize).await;
            let report = verify(&scratch.db, None).await;
            assert_eq!(report.broken_at, None);
            assert_eq!(report.head.len(), 64);
            kept.push(report.head);
        }
        for head in &kept {
            let report = verify(&scratch.db, Some(head)).await;
            assert_eq!((report.count, report.broken_at), (i64::from(PORTION + PORTION / 2) + 1, None));
        }
    }
}

#[tokio::test]
async fn whatever_is_done_to_the_rows_is_found_with_the_number_of_the_first() {
    let again = "INSERT INTO audit_events SELECT number + 1000, time, actor_kind, actor_id, action, target, \
                 outcome, address, request_id, detail, hash FROM audit_events WHERE number = 3;\
                 UPDATE audit_events SET number = number + 2000 WHERE number BETWEEN 3 AND 999;\
                 UPDATE audit_events SET number = 3 WHERE number = 1003;\
                 UPDATE audit_events SET number = number - 1999 WHERE number > 2000";
    for (sql, broken_at) in [
        ("UPDATE audit_events SET detail = 'nothing' WHERE number = 3", 3),
        ("UPDATE audit_events SET target = '' WHERE number = 1", 1),
        ("UPDATE audit_events SET time = time + 1 WHERE number = 5", 5),
        ("UPDATE audit_events SET hash = '' WHERE number = 2", 2),
        ("DELETE FROM audit_events WHERE number = 4", 4),
        ("DELETE FROM audit_events WHERE number = 1", 1),
        ("DELETE FROM audit_events WHERE number = 6", 6),
        ("DELETE FROM audit_events", 1),
        ("UPDATE audit_events SET number = 0 WHERE number = 4", 1),
        // Twice: the copy stands in the place of the next one.
        (again, 4),
        // In the place of another.
        (
            "UPDATE audit_events SET number = 100 WHERE number = 2;\
             UPDATE audit_events SET number = 2 WHERE number = 3;\
             UPDATE audit_events SET number = 3 WHERE number = 100",
            2,
        ),
        // Behind the end.
        ("UPDATE audit_head SET number = 5", 6),
        ("UPDATE audit_head SET number = 7", 7),
        ("UPDATE audit_head SET hash = 'x'", 6),
        ("DELETE FROM audit_head", 1),
    ] {
        for scratch in filled(6).await {
            tamper(&scratch.db, sql).await;
            assert_eq!(verify(&scratch.db, None).await.broken_at, Some(broken_at), "{sql}");
        }
    }
}

#[tokio::test]
async fn a_chain_that_was_written_anew_is_found_by_the_head_beside_it() {
    for scratch in filled(3).await {
        let events = Service::new(scratch.db.clone()).list_by_operator(&Filter::default(), 2).await.unwrap();
        let mut last = Event { detail: "nothing happened".into(), ..events[0].clone() };
        last.hash = last.hash_after(&events[1].hash);
        let mut tx = scratch.db.begin().await.unwrap();
        sqlx::query("UPDATE audit_events SET detail = $1, hash = $2 WHERE number = 3")
            .bind(last.detail)
            .bind(last.hash)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(verify(&scratch.db, None).await.broken_at, Some(3));
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_with_its_head_is_found_by_a_head_kept_elsewhere() {
    for scratch in filled(6).await {
        let kept = verify(&scratch.db, None).await.head;
        fill(&scratch.db, 1).await;
        assert_eq!(verify(&scratch.db, Some(&kept)).await.broken_at, None, "it may grow");
        tamper(
            &scratch.db,
            "DELETE FROM audit_events WHERE number > 4;\
             UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit_events WHERE number = 4)",
        )
        .await;
        assert_eq!(verify(&scratch.db, None).await.broken_at, None, "alone it looks whole");
        let report = verify(&scratch.db, Some(&kept)).await;
        assert_eq!((report.broken_at, report.lacks_kept), (Some(5), true));
        // Whoever goes on from there does not hide it.
        fill(&scratch.db, 4).await;
        assert_eq!(verify(&scratch.db, Some(&kept)).await.broken_at, Some(9));
    }
}

#[tokio::test]
async fn a_crowd_of_writers_leaves_one_chain_without_a_gap() {
    for scratch in testing::each().await {
        let entries = (0..64).map(|n| Entry::by_operator(Action("test.crowd"), n));
        let writers = entries.map(|entry| {
            let db = scratch.db.clone();
            tokio::spawn(async move { add(&db, &entry).await })
        });
        let checks = tokio::spawn({
            let db = scratch.db.clone();
            async move {
                for _ in 0..16 {
                    assert_eq!(verify(&db, None).await.broken_at, None, "while it grows");
                }
            }
        });
        for writer in join_all(writers).await {
            writer.unwrap();
        }
        checks.await.unwrap();
        let report = verify(&scratch.db, None).await;
        assert_eq!((report.count, report.broken_at), (64, None));
        assert_eq!(listed(&scratch.db, &Filter::default()).await, (1..=64).rev().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_entry_whose_transaction_is_undone_leaves_no_gap() {
    for scratch in filled(2).await {
        let mut tx = scratch.db.begin().await.unwrap();
        record(&mut tx, SystemClock.now(), &Entry::by_operator(Action("test.undo"), "")).await.unwrap();
        drop(tx);
        fill(&scratch.db, 1).await;
        let report = verify(&scratch.db, None).await;
        assert_eq!((report.count, report.broken_at), (3, None));
    }
}

#[tokio::test]
async fn a_filter_lets_through_what_matches_all_of_it() {
    let begin = SystemClock.now();
    let at = |seconds| begin + Duration::from_secs(seconds);
    let somebody = uuid::Uuid::from_u128(7);
    let by_somebody = |action, target| Entry::new(Actor::Account(somebody), None, action, target);
    for Scratch { db, .. } in &testing::each().await {
        add_at(db, at(1), &by_somebody(Action("account.rename"), "a")).await;
        add_at(db, at(2), &by_somebody(Action("account.delete"), "b").refused("no")).await;
        add_at(db, at(3), &Entry::by_operator(Action("account.delete"), "b")).await;
        add_at(db, at(4), &Entry::by_operator(Action("accounts.count"), "%")).await;
        let with = async |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            listed(db, &filter).await
        };
        assert_eq!(with(|_| {}).await, [4, 3, 2, 1]);
        assert_eq!(with(|f| f.actor_kind = Some(Actor::ACCOUNT)).await, [2, 1]);
        assert_eq!(with(|f| f.actor_id = Some(uuid::Uuid::from_u128(7).to_string())).await, [2, 1]);
        assert_eq!(with(|f| f.action = Some("account.delete".into())).await, [3, 2]);
        assert_eq!(with(|f| f.action = Some("account.".into())).await, [3, 2, 1]);
        assert_eq!(with(|f| f.action = Some("account".into())).await, [0; 0]);
        assert_eq!(with(|f| f.action = Some("%.".into())).await, [0; 0]);
        assert_eq!(with(|f| f.target = Some("%".into())).await, [4]);
        assert_eq!(with(|f| f.outcome = Some(super::Outcome::Refused)).await, [2]);
        let between = Filter { after: Some(at(2)), before: Some(at(4)), ..Filter::default() };
        assert_eq!(listed(db, &between).await, [3, 2]);
        let all = Filter { action: Some("account.".into()), target: Some("b".into()), ..between };
        assert_eq!(listed(db, &all).await, [3, 2]);
        let nothing = Filter { target: Some("b\0".into()), ..Filter::default() };
        let told = Service::new(db.clone()).list_by_operator(&nothing, 5).await.unwrap();
        assert!(told.is_empty());
    }
}

#[tokio::test]
async fn a_long_log_is_checked_in_steps_each_of_which_begins_where_the_one_before_ended() {
    for scratch in filled(10).await {
        let service = Service::new(scratch.db.clone());
        let step = async |from: Head| service.check(from, None, Some(4)).await.unwrap();
        let behind = |report: &Report| Head { number: report.count, hash: report.head.clone() };
        let first = step(Head::default()).await;
        let second = step(behind(&first)).await;
        let third = step(behind(&second)).await;
        let told = [&first, &second, &third].map(|step| (step.count, step.broken_at, step.unfinished));
        assert_eq!(told, [(4, None, true), (8, None, true), (10, None, false)]);
        assert_eq!(third, verify(&scratch.db, None).await);
        assert_eq!(step(behind(&third)).await, third, "nothing is left");

        let foreign = Head { number: 4, hash: second.head.clone() };
        assert_eq!(step(foreign).await.broken_at, Some(5), "a hash that is another entry's");
        let beyond = Head { number: 11, hash: third.head.clone() };
        assert_eq!(step(beyond).await.broken_at, Some(12), "there is no such entry");
        tamper(&scratch.db, "DELETE FROM audit_events WHERE number > 5 AND number < 9").await;
        assert_eq!(step(Head::default()).await.broken_at, None);
        assert_eq!(step(behind(&first)).await.broken_at, Some(6));
    }
}
