//! The queue as a whole, on each database that can be tested here.

mod asking;
mod calls;
mod claims;
mod ends;
mod locks;
mod plan;
mod processes;
mod working;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use uuid::Uuid;

use super::{
    Job, Lane, NewTask, Queue, Task,
    model::{Reference, State},
};
use crate::{
    clock::{ManualClock, from_millis},
    db::{
        Db,
        testing::{self, Scratch},
    },
};

/// The longest that a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A queue on a database of its own, with a clock that stands still.
struct Bench {
    scratch: Scratch,
    clock: Arc<ManualClock>,
    queue: Queue,
    /// Who claims by hand.
    worker: Uuid,
}

async fn benches() -> Vec<Bench> {
    testing::each().await.into_iter().map(Bench::new).collect()
}

impl Bench {
    fn new(scratch: Scratch) -> Self {
        let clock = Arc::new(ManualClock::at(from_millis(1_800_000_000_000)));
        let queue = Queue::new(scratch.db.clone(), clock.clone());
        Self { scratch, clock, queue, worker: Uuid::new_v4() }
    }

    fn db(&self) -> &Db {
        &self.scratch.db
    }

    async fn ask(&self, owner: u128, subject: u128) -> Task {
        ask(self.db(), &self.queue, request(owner, subject)).await.unwrap()
    }

    async fn task(&self, id: Uuid) -> Task {
        self.queue.find(&Reference::Id(id), None).await.unwrap().unwrap()
    }

    async fn claim(&self) -> Option<Job> {
        self.queue.claim(self.worker, Lane::Images, None).await.unwrap()
    }

    async fn becomes(&self, id: Uuid, state: State) -> Task {
        until(async || Some(self.task(id).await).filter(|task| task.state == state)).await
    }
}

fn request(owner: u128, subject: u128) -> NewTask {
    NewTask {
        lane: Lane::Images,
        operation: "rotate_image".to_owned(),
        subject: Uuid::from_u128(subject),
        owner: Uuid::from_u128(owner),
        payload: "rotate_image 90".to_owned(),
        key: None,
    }
}

/// Asks in a transaction of its own.
async fn ask(db: &Db, queue: &Queue, new: NewTask) -> Result<Task, super::Error> {
    let mut tx = db.begin().await?;
    let task = queue.enqueue(&mut tx, new).await?;
    tx.commit().await?;
    queue.wake();
    Ok(task)
}

async fn finish(job: &Job) {
    job.finish().await.unwrap().commit().await.unwrap();
}

/// The first `Some`, looked for again and again.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("it happens in time")
}

/// A number that no other caller gets.
fn unique() -> u128 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).into()
}
