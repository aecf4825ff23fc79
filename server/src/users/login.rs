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
    records::locked,
    service::Service,
    store,
    turns::Held,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{Caller, Visitor, password, token},
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
        let now = self.records.clock.now();
        self.logins.take(attempt.visitor.origin.address, now).map_err(Error::RateLimited)?;
        let began = Instant::now();
        let handle = Handle::of(&attempt.handle);
        let known = self.known(&handle).await?;
        let account = known.as_ref().map(|(account, _)| account.id);
        let known_device = |device: &&str| {
            known.as_ref().is_some_and(|(account, hash)| self.devices.is_known(device, account.id, hash, now))
        };
        let device = attempt.device.as_deref().filter(known_device);
        let subject = subject(account, device, &handle);
        let turn = self.turn(&subject).await?;
        let mut login = self.verify(known, &attempt.password).await?;
        match &mut login {
            Login::Good(verified) => {
                self.succeeded(&subject, &turn).await?;
                // A device that is known keeps its token, which is good for this hash alone.
                let is_good =
                    |device| self.devices.is_known(device, verified.account.id, &verified.hash, now);
                if !device.is_some_and(is_good) {
                    verified.device = Some(self.devices.token(verified.account.id, &verified.hash, now));
                }
            }
            Login::Inactive | Login::Wrong => {
                let why =
                    if matches!(login, Login::Inactive) { "inactive" } else { "wrong password or unknown" };
                // The handle itself is not kept: people type passwords into the wrong field.
                let target = account.map_or_else(String::new, |id| id.to_string());
                let entry = Entry::by_visitor(attempt.visitor, Action("session.create"), target).refused(why);
                self.failed(&subject, &entry).await?;
                sleep_until(began + on_grid(began.elapsed())).await;
            }
        }
        Ok(login)
    }

    /// Whether a password is the caller's. Wrong ones are counted apart from those of logins, so that whoever has
    /// stolen a session can neither go on guessing nor lock its owner out.
    pub(super) async fn check_current(&self, caller: Caller, password: String) -> Result<(), Error> {
        let subject = format!("current:{}", caller.account());
        let turn = self.turn(&subject).await?;
        let hash = store::password_hash(self.records.db.read(), caller.account()).await?;
        let hash = hash.ok_or(Error::NotAuthenticated)?;
        if self.records.hasher.verify(password, hash).await? {
            return self.succeeded(&subject, &turn).await;
        }
        let entry = Entry::by(caller, Action("account.change_password"), caller.account());
        self.failed(&subject, &entry.refused("wrong current password")).await?;
        Err(Error::CredentialsInvalid)
    }

    /// A turn to check a password, unless there were too many wrong ones.
    async fn turn(&self, subject: &str) -> Result<Checking, Error> {
        let turn = self.turns.wait(subject).await.ok_or(Error::Locked(MAX_LINE_WAIT))?;
        let before = store::failures(self.records.db.read(), subject).await?;
        match before.and_then(|(count, last)| wait(count, last, self.records.clock.now())) {
            Some(wait) => Err(Error::Locked(wait)),
            None => Ok(Checking { failed_before: before.is_some(), _turn: turn }),
        }
    }

    /// After a right password.
    async fn succeeded(&self, subject: &str, turn: &Checking) -> Result<(), Error> {
        if turn.failed_before {
            let mut tx = self.records.db.begin().await?;
            store::forget_failures(&mut tx, subject).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The account of a handle, and its password's hash.
    async fn known(&self, handle: &Handle) -> Result<Option<(Account, String)>, Error> {
        // PostgreSQL can't even be asked for a text with a NUL: nobody has such a handle.
        if handle.as_str().contains('\0') {
            return Ok(None);
        }
        Ok(store::by_handle(self.records.db.read(), handle).await?)
    }

    async fn verify(&self, known: Option<(Account, String)>, password: &str) -> Result<Login, Error> {
        // A password that can't be anybody's is checked against nobody's, and cut: hashing reads it all.
        let possible = (1..=MAX_ANY_PASSWORD).contains(&password.len());
        let password = if possible { password.to_owned() } else { String::new() };
        let Some((account, hash)) = known.filter(|_| possible) else {
            self.records.hasher.verify_nothing(password).await?;
            return Ok(Login::Wrong);
        };
        if !self.records.hasher.verify(password.clone(), hash.clone()).await? {
            return Ok(Login::Wrong);
        }
        if !account.active {
            return Ok(Login::Inactive);
        }
        let hash = self.brought_up_to_date(account.id, password, hash).await?;
        Ok(Login::Good(Verified { account, hash, device: None }))
    }

    /// The hash of a right password: if it was made with other parameters than today's, another in its place.
    async fn brought_up_to_date(&self, id: Uuid, password: String, hash: String) -> Result<String, Error> {
        if !password::is_outdated(&hash) {
            return Ok(hash);
        }
        let fresh = match self.records.hasher.hash(password.clone()).await {
            Ok(fresh) => fresh,
            // There will be other logins.
            Err(password::Error::Busy) => return Ok(hash),
            Err(broken) => return Err(broken.into()),
        };
        let mut tx = self.records.db.begin().await?;
        let replaced = store::replace_hash(&mut tx, id, &hash, &fresh).await?;
        tx.commit().await?;
        if replaced {
            return Ok(fresh);
        }
        // Another login was first, or the password has changed.
        let current = store::password_hash(self.records.db.read(), id).await?.unwrap_or_default();
        let still_right = self.records.hasher.verify(password, current.clone()).await.unwrap_or(false);
        Ok(if still_right { current } else { hash })
    }

    /// After a wrong password.
    async fn failed(&self, subject: &str, entry: &Entry) -> Result<(), Error> {
        let now = self.records.clock.now();
        let mut tx = self.records.db.begin().await?;
        store::count_failure(&mut tx, subject, now, now - MAX_WAIT).await?;
        audit::record(&mut tx, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A password is being checked, and no other of the same subject.
struct Checking {
    failed_before: bool,
    _turn: Held,
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
