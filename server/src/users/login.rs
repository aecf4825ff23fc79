//! Checking a login: its handle, its password, and whether too many wrong ones came before.
//!
//! Whatever is wrong costs one hash and is told on a grid of [`GRID`], so that neither the answer nor its time
//! tells an unknown handle from a wrong password. Who is locked out costs no hash and holds no connection.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Handle, MAX_ANY_PASSWORD},
    service::{Service, locked},
    store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{Visitor, token},
    db,
};

/// Wrong passwords in a row that cost nothing.
const FREE_FAILURES: u32 = 5;
/// The longest that a handle is locked, and how long wrong passwords count.
const MAX_WAIT: Duration = Duration::from_mins(15);
/// Failed logins are answered at a multiple of this time.
const GRID: Duration = Duration::from_millis(50);

/// Whether a login's handle and password belong together.
#[derive(Debug)]
pub enum Login {
    /// They do.
    Good(Verified),
    /// They do, but the account is not active.
    Inactive,
    /// They don't, or there is no such account.
    Wrong,
}

/// An account whose password was right a moment ago.
#[derive(Debug)]
pub struct Verified {
    account: Account,
    hash: String,
}

impl Verified {
    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Locks the account within the transaction that logs it in; whether it is still active and its
    /// password still the one that was verified.
    pub async fn still_holds(&self, tx: &mut db::Connection) -> Result<bool, Error> {
        let Ok(account) = locked(tx, self.account.id).await else { return Ok(false) };
        let hash = store::password_hash(&mut *tx, account.id).await?;
        Ok(account.active && hash.as_ref() == Some(&self.hash))
    }
}

impl Service {
    /// Checks a login.
    pub async fn check(&self, visitor: Visitor, handle: &str, password: String) -> Result<Login, Error> {
        self.logins.take(visitor.origin.address, self.clock.now()).map_err(Error::RateLimited)?;
        let began = Instant::now();
        let handle = Handle::of(handle);
        let known = store::by_handle(self.db.read(), &handle).await?;
        let subject = subject(known.as_ref().map(|(account, _)| account.id), &handle);
        let _turn = self.turns.wait(&subject).await.ok_or(Error::Locked(MAX_LINE_WAIT))?;
        let before = store::failures(self.db.read(), &subject).await?;
        if let Some(wait) = before.and_then(|(count, last)| wait(count, last, self.clock.now())) {
            return Err(Error::Locked(wait));
        }
        let login = self.verify(known, password).await?;
        match &login {
            Login::Good(_) if before.is_some() => {
                let mut tx = self.db.begin().await?;
                store::forget_failures(&mut tx, &subject).await?;
                tx.commit().await?;
            }
            Login::Good(_) => {}
            Login::Inactive | Login::Wrong => {
                self.failed(visitor, &subject, &login).await?;
                sleep_until(began + on_grid(began.elapsed())).await;
            }
        }
        Ok(login)
    }

    async fn verify(&self, known: Option<(Account, String)>, password: String) -> Result<Login, Error> {
        // A password that can't be anybody's is checked against nobody's.
        let possible = (1..=MAX_ANY_PASSWORD).contains(&password.len());
        let Some((account, hash)) = known.filter(|_| possible) else {
            self.hasher.verify_nothing(password).await?;
            return Ok(Login::Wrong);
        };
        Ok(match self.hasher.verify(password, hash.clone()).await? {
            true if account.active => Login::Good(Verified { account, hash }),
            true => Login::Inactive,
            false => Login::Wrong,
        })
    }

    async fn failed(&self, visitor: Visitor, subject: &str, login: &Login) -> Result<(), Error> {
        let now = self.clock.now();
        let why = match login {
            Login::Inactive => "inactive",
            Login::Good(_) | Login::Wrong => "wrong password or unknown",
        };
        // The handle itself is not kept: people type passwords into the wrong field.
        let target = subject.strip_prefix(ACCOUNT).unwrap_or_default();
        let entry = Entry::by_visitor(visitor, Action("session.create"), target).refused(why);
        let mut tx = self.db.begin().await?;
        store::count_failure(&mut tx, subject, now, now - MAX_WAIT).await?;
        audit::record(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// How long a caller shall wait when too many wait for the same handle.
const MAX_LINE_WAIT: Duration = Duration::from_secs(1);

const ACCOUNT: &str = "account:";

/// Whose wrong passwords are counted: an account's, by whichever handle, or those of a handle that nobody has.
fn subject(account: Option<Uuid>, handle: &Handle) -> String {
    match account {
        Some(id) => subject_of(id),
        None => format!("handle:{}", token::hash(handle.as_str())),
    }
}

/// The subject under which an account's wrong passwords are counted.
pub(super) fn subject_of(account: Uuid) -> String {
    format!("{ACCOUNT}{account}")
}

/// How much longer a handle is locked after so many wrong passwords in a row: a second after the fifth, twice
/// as long after each further one.
fn wait(failures: u32, last: SystemTime, now: SystemTime) -> Option<Duration> {
    let beyond = failures.checked_sub(FREE_FAILURES)?;
    let whole = Duration::from_secs(1u64.checked_shl(beyond.min(32)).unwrap_or(u64::MAX)).min(MAX_WAIT);
    // A clock that was set back shuts nobody out for longer.
    let since = now.duration_since(last).unwrap_or_default();
    whole.checked_sub(since).filter(|left| !left.is_zero())
}

fn on_grid(elapsed: Duration) -> Duration {
    let steps = elapsed.as_nanos().div_ceil(GRID.as_nanos());
    GRID * u32::try_from(steps).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_lock_doubles_from_a_second_to_a_quarter_of_an_hour_and_runs_off() {
        let wait = |failures| wait(failures, UNIX_EPOCH, UNIX_EPOCH).map(|wait| wait.as_secs());
        assert_eq!([0, 4, 5, 6, 9, 15, 40, u32::MAX].map(wait), {
            [None, None, Some(1), Some(2), Some(16), Some(900), Some(900), Some(900)]
        });
        let after = |seconds| super::wait(7, UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!((after(1), after(4)), (Some(Duration::from_secs(3)), None));
        assert_eq!(super::wait(5, UNIX_EPOCH + MAX_WAIT, UNIX_EPOCH), Some(Duration::from_secs(1)));
    }

    #[test]
    fn failures_are_told_on_a_grid() {
        let grid = |millis| on_grid(Duration::from_millis(millis)).as_millis();
        assert_eq!([1, 49, 50, 51, 120].map(grid), [50, 50, 50, 100, 150]);
    }
}
