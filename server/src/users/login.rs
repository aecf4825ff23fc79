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

/// A try to log in.
pub struct Attempt {
    /// Who tries, from where.
    pub visitor: Visitor,
    /// With what: the caller's `user-agent`.
    pub user_agent: String,
    /// The token of a device that has logged in before.
    pub device: Option<String>,
    /// An e-mail or a username.
    pub handle: String,
    /// A password, perhaps the right one.
    pub password: String,
}

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
    device: Option<String>,
}

impl Verified {
    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// A token for the device, if it brought none.
    pub fn new_device(&self) -> Option<&str> {
        self.device.as_deref()
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
    pub async fn check(&self, attempt: &Attempt) -> Result<Login, Error> {
        let now = self.clock.now();
        self.logins.take(attempt.visitor.origin.address, now).map_err(Error::RateLimited)?;
        let began = Instant::now();
        let handle = Handle::of(&attempt.handle);
        let known = self.known(&handle).await?;
        let account = known.as_ref().map(|(account, _)| account.id);
        let device = account
            .and_then(|id| attempt.device.as_deref().filter(|device| self.devices.is_known(device, id, now)));
        let subject = subject(account, device, &handle);
        let _turn = self.turns.wait(&subject).await.ok_or(Error::Locked(MAX_LINE_WAIT))?;
        let before = store::failures(self.db.read(), &subject).await?;
        if let Some(wait) = before.and_then(|(count, last)| wait(count, last, self.clock.now())) {
            return Err(Error::Locked(wait));
        }
        let mut login = self.verify(known, &attempt.password).await?;
        match &mut login {
            Login::Good(verified) => {
                if before.is_some() {
                    let mut tx = self.db.begin().await?;
                    store::forget_failures(&mut tx, &subject).await?;
                    tx.commit().await?;
                }
                if device.is_none() {
                    verified.device = Some(self.devices.token(verified.account.id, now));
                }
            }
            Login::Inactive | Login::Wrong => {
                self.failed(attempt.visitor, &subject, account, &login).await?;
                sleep_until(began + on_grid(began.elapsed())).await;
            }
        }
        Ok(login)
    }

    /// The account of a handle, and its password's hash.
    async fn known(&self, handle: &Handle) -> Result<Option<(Account, String)>, Error> {
        // PostgreSQL can't even be asked for a text with a NUL: nobody has such a handle.
        if handle.as_str().contains('\0') {
            return Ok(None);
        }
        Ok(store::by_handle(self.db.read(), handle).await?)
    }

    async fn verify(&self, known: Option<(Account, String)>, password: &str) -> Result<Login, Error> {
        // A password that can't be anybody's is checked against nobody's, and cut: hashing reads it all.
        let possible = (1..=MAX_ANY_PASSWORD).contains(&password.len());
        let password = if possible { password.to_owned() } else { String::new() };
        let Some((account, hash)) = known.filter(|_| possible) else {
            self.hasher.verify_nothing(password).await?;
            return Ok(Login::Wrong);
        };
        Ok(match self.hasher.verify(password, hash.clone()).await? {
            true if account.active => Login::Good(Verified { account, hash, device: None }),
            true => Login::Inactive,
            false => Login::Wrong,
        })
    }

    async fn failed(
        &self,
        visitor: Visitor,
        subject: &str,
        account: Option<Uuid>,
        login: &Login,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let why = match login {
            Login::Inactive => "inactive",
            Login::Good(_) | Login::Wrong => "wrong password or unknown",
        };
        // The handle itself is not kept: people type passwords into the wrong field.
        let target = account.map_or_else(String::new, |id| id.to_string());
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

/// Whose wrong passwords are counted: a known device's, an account's by whichever handle, or those of a handle that
/// nobody has.
fn subject(account: Option<Uuid>, device: Option<&str>, handle: &Handle) -> String {
    match (account, device) {
        (Some(_), Some(device)) => format!("device:{}", token::hash(device)),
        (Some(id), None) => subject_of(id),
        (None, _) => format!("handle:{}", token::hash(handle.as_str())),
    }
}

/// The subject under which an account's wrong passwords are counted.
pub(super) fn subject_of(account: Uuid) -> String {
    format!("account:{account}")
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
