//! The durable queue: asking, claiming, ending. Rules only; the SQL is the store's.

use std::{sync::Arc, time::Duration};

use uuid::{NoContext, Timestamp, Uuid};

use super::{
    error::Error,
    job::Job,
    model::{Claim, Lane, MAX_UNFINISHED, NewTask, Reference, Task},
    notices::Notices,
    policy::{self, Outcome},
    store::{self, Scope, leases},
};
use crate::{
    clock::{SharedClock, span_millis, to_millis},
    db::{self, Backend, Db},
    page::Page,
};

/// How long an idempotency key stands for its task.
pub const KEY_LIFE: Duration = Duration::from_hours(24);
/// How long a claim holds without a heartbeat. The clocks of processes that share a database must agree
/// much better than this.
pub const LEASE: Duration = Duration::from_secs(20);
/// How long ended tasks are kept.
pub const KEEP: Duration = Duration::from_hours(30 * 24);
/// Rows that one transaction of a sweep deletes at most, of each kind.
const SWEEP_BATCH: i64 = 500;
/// Writes of an end that may be overtaken by a heartbeat or a cancellation before we give up.
const SETTLE_TRIES: usize = 5;

/// The queue. Cheap to clone; clones share their wake-ups and watchers.
#[derive(Clone)]
pub struct Queue {
    db: Db,
    clock: SharedClock,
    pub(super) notices: Arc<Notices>,
}

impl Queue {
    /// The queue of a database.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock, notices: Arc::default() }
    }

    /// Queues a task within the caller's transaction; after its commit, [`Self::wake`] starts it sooner.
    ///
    /// The same request with the same key answers with the first one's task.
    pub async fn enqueue(&self, tx: &mut db::Connection, new: NewTask) -> Result<Task, Error> {
        if let Some(task) = self.asked_before(tx, &new).await? {
            return Ok(task);
        }
        let now = self.now();
        let (unfinished, own_turn) = store::queued_by(tx, new.owner).await?;
        if unfinished >= MAX_UNFINISHED {
            return Err(Error::TooMany(MAX_UNFINISHED));
        }
        let turn = own_turn.max(store::current_turn(tx).await?);
        let id = id_after(store::last_id(tx, new.owner, new.subject).await?, now);
        let task = store::insert(tx, id, &new, turn, now).await?;
        if let Some(key) = &new.key {
            let expire_time = now.saturating_add(span_millis(KEY_LIFE));
            store::put_key(tx, new.owner, key.as_str(), id, expire_time).await?;
        }
        Ok(task)
    }

    /// The task that the same request with the same key has made, if there is one.
    pub async fn asked_before(&self, tx: &mut db::Connection, new: &NewTask) -> Result<Option<Task>, Error> {
        self.hold_owner(tx, new.owner).await?;
        let Some(key) = &new.key else { return Ok(None) };
        let Some((task, payload)) = store::by_key(tx, new.owner, key.as_str(), self.now()).await? else {
            return Ok(None);
        };
        let same = task.operation == new.operation && task.subject == new.subject && payload == new.payload;
        if same { Ok(Some(task)) } else { Err(Error::KeyReused) }
    }

    /// Lets nobody else ask for this owner until the transaction ends, so that what is counted stays true.
    pub async fn hold_owner(&self, tx: &mut db::Connection, owner: Uuid) -> Result<(), db::Error> {
        store::lock_owner(tx, owner).await
    }

    /// Tells the workers of this process that there is work. Others find it within half a second.
    pub fn wake(&self) {
        self.notices.wake();
    }

    /// Whether a subject has tasks that have not ended.
    pub async fn has_unfinished(&self, tx: &mut db::Connection, subject: Uuid) -> Result<bool, db::Error> {
        store::has_unfinished(tx, subject).await
    }

    /// Ends a subject's tasks, as it is being deleted: waiting ones at once. Running ones will not be
    /// able to complete once the transaction is committed, and are told within a second.
    pub async fn cancel_subject(&self, tx: &mut db::Connection, subject: Uuid) -> Result<(), db::Error> {
        store::cancel(tx, self.db.backend(), Scope::Subject(subject), self.now()).await.map(drop)
    }

    /// Ends an owner's tasks, as it is being deleted, like [`Self::cancel_subject`].
    pub async fn cancel_owner(&self, tx: &mut db::Connection, owner: Uuid) -> Result<(), db::Error> {
        store::cancel(tx, self.db.backend(), Scope::Owner(owner), self.now()).await?;
        store::forget_owner(tx, owner).await
    }

    /// Ends a claimed task well within the worker's transaction, so that its result and its success are
    /// one commit. [`Error::StaleFence`] when the task was cancelled or taken away: then nothing of the
    /// transaction may stay.
    pub async fn complete(&self, tx: &mut db::Connection, claim: Claim) -> Result<(), Error> {
        let done = leases::complete(tx, claim, self.now()).await?;
        if done { Ok(()) } else { Err(Error::StaleFence) }
    }

    /// Puts back what was running when the only process of a `SQLite` database died; how many tasks that
    /// was. To be called at the start, before any worker. On `PostgreSQL` others may be running tasks, so
    /// there it does nothing: leases lapse.
    pub async fn recover_all(&self) -> Result<u64, Error> {
        match self.db.backend() {
            Backend::Sqlite => self.recover(i64::MAX, &[]).await,
            Backend::Postgres => Ok(0),
        }
    }

    /// Puts back the tasks whose lease lapsed, of whatever worker, but for those `ours`: we know that
    /// they run, though a leap of the clock or an outage kept us from prolonging them. How many it was.
    pub(super) async fn recover_lapsed(&self, ours: &[Claim]) -> Result<u64, Error> {
        self.recover(self.now(), ours).await
    }

    async fn recover(&self, leased_until: i64, ours: &[Claim]) -> Result<u64, Error> {
        let mut recovered = 0;
        loop {
            let lapsed = leases::lapsed(self.db.read(), leased_until).await?;
            let mut put_back = 0;
            for claim in lapsed.into_iter().filter(|claim| !ours.contains(claim)) {
                if self.settle_if(claim, Outcome::Lapsed, leased_until).await? {
                    tracing::warn!(task = %claim.id, "put back: its worker vanished");
                    self.notices.ended(claim.id);
                    put_back += 1;
                }
            }
            recovered += put_back;
            if put_back == 0 {
                return Ok(recovered);
            }
        }
    }

    /// Deletes tasks that ended [`KEEP`] ago and keys that expired; how many rows that was.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let now = self.now();
        let ended_before = now.saturating_sub(span_millis(KEEP));
        let mut swept = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let batch = store::sweep(&mut tx, ended_before, now, SWEEP_BATCH).await?;
            tx.commit().await?;
            swept += batch;
            if batch == 0 {
                return Ok(swept);
            }
        }
    }

    /// The next task of a lane to run, or of one of its subjects, leased to `worker`.
    pub(super) async fn claim(
        &self,
        worker: Uuid,
        lane: Lane,
        subject: Option<Uuid>,
    ) -> Result<Option<Job>, Error> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let lease_until = now.saturating_add(span_millis(LEASE));
        let claiming = leases::claim(&mut tx, self.db.backend(), (worker, lane, subject), now, lease_until);
        let claimed = match claiming.await {
            // Another process was faster with another task of the same subject.
            Err(db::Error::Database(e)) if e.is_unique_violation() => return Ok(None),
            claimed => claimed?,
        };
        tx.commit().await?;
        Ok(claimed.map(|claimed| {
            self.notices.changed(claimed.claim.id);
            Job::new(self.clone(), self.db.clone(), claimed)
        }))
    }

    /// What `worker` holds, and whether its end was asked for.
    pub(super) async fn held(&self, worker: Uuid) -> Result<Vec<(Claim, bool)>, Error> {
        Ok(leases::held(self.db.read(), worker).await?)
    }

    /// Prolongs claims by [`LEASE`] from now, in one commit. Who locks tasks does so in the order of their ids:
    /// PostgreSQL would see a deadlock otherwise.
    pub(super) async fn renew(&self, claims: &[Claim]) -> Result<(), Error> {
        let lease_until = self.now().saturating_add(span_millis(LEASE));
        let mut tx = self.db.begin().await?;
        let mut claims = claims.to_vec();
        claims.sort_unstable_by_key(|claim| claim.id);
        for claim in claims {
            leases::renew(&mut tx, claim, lease_until).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Keeps how far tasks are, in one commit and in the order of [`Self::renew`].
    pub(super) async fn save_progress(&self, progress: &[(Claim, u16)]) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let mut progress = progress.to_vec();
        progress.sort_unstable_by_key(|(claim, _)| claim.id);
        for (claim, progress) in progress {
            leases::save_progress(&mut tx, claim, progress).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Writes how a try ended. Nothing happens when the task is no longer the claim's.
    pub(super) async fn settle(&self, claim: Claim, outcome: Outcome) -> Result<(), Error> {
        self.settle_if(claim, outcome, i64::MAX).await.map(drop)
    }

    /// Writes how a try ended, if its lease does so by `leased_until`; whether it did.
    pub(super) async fn settle_if(
        &self,
        claim: Claim,
        outcome: Outcome,
        leased_until: i64,
    ) -> Result<bool, Error> {
        for _ in 0..SETTLE_TRIES {
            let now = self.now();
            let mut tx = self.db.begin().await?;
            let Some(seen) = leases::tries(&mut tx, claim).await? else { return Ok(false) };
            if seen.1 > leased_until {
                return Ok(false);
            }
            let next = policy::next(outcome.clone(), seen.0, spread(claim));
            if leases::settle(&mut tx, claim, seen, &next, now).await? {
                tx.commit().await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A task of anyone's, or of one owner's.
    pub(super) async fn find(
        &self,
        reference: &Reference,
        owner: Option<Uuid>,
    ) -> Result<Option<Task>, Error> {
        let mut task = match reference {
            Reference::Id(id) => store::by_id(self.db.read(), *id).await?,
            Reference::Name { operation, subject } => {
                store::newest(self.db.read(), operation, *subject, owner).await?
            }
        };
        if let Some(task) = &mut task {
            self.notices.complement(task);
        }
        Ok(task.filter(|task| owner.is_none_or(|owner| owner == task.owner)))
    }

    /// A page of an owner's tasks, the newest first, and how many there are.
    pub(super) async fn list(
        &self,
        owner: Uuid,
        subject: Option<Uuid>,
        page: Page,
    ) -> Result<(Vec<Task>, i64), Error> {
        let (mut tasks, total) = store::list(self.db.read(), owner, subject, page).await?;
        for task in &mut tasks {
            self.notices.complement(task);
        }
        Ok((tasks, total))
    }

    /// A task as it stands, whoever's it is.
    pub async fn look(&self, id: Uuid) -> Result<Option<Task>, Error> {
        self.find(&Reference::Id(id), None).await
    }

    /// Ends a task; as it is then. `None` when it has ended already.
    pub async fn cancel(&self, id: Uuid) -> Result<Option<Task>, Error> {
        let mut tx = self.db.begin().await?;
        let cancelled = store::cancel(&mut tx, self.db.backend(), Scope::Task(id), self.now()).await?.pop();
        tx.commit().await?;
        self.notices.changed(id);
        // What waited behind it may go on.
        self.wake();
        Ok(cancelled)
    }

    fn now(&self) -> i64 {
        to_millis(self.clock.now())
    }
}

/// A new id that is greater than `last`, even where the clock of another process is ahead of ours.
fn id_after(last: Option<Uuid>, now: i64) -> Uuid {
    let last = last.and_then(|id| id.get_timestamp()).map(|time| time.to_unix());
    let next = last.map_or(0, |(seconds, nanos)| seconds * 1000 + u64::from(nanos) / 1_000_000 + 1);
    let millis = next.max(now.max(0).unsigned_abs());
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1000, (millis % 1000) as u32 * 1_000_000))
}

/// A number that differs between tasks and between tries of one task.
fn spread(claim: Claim) -> u64 {
    claim.id.as_u64_pair().1.wrapping_add(claim.fence.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let first = id_after(None, 1_000_000);
        let second = id_after(Some(first), 1_000_000);
        let third = id_after(Some(second), 5);
        assert!(first < second && second < third);
        assert!(first.to_string() < second.to_string() && second.to_string() < third.to_string());
        assert_eq!(id_after(Some(first), 2_000_000).get_timestamp().map(|t| t.to_unix().0), Some(2_000));
    }
}
