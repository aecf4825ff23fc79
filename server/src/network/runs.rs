//! How much may be done at once and in a day: runs under way, of an account, of all and at one target; calls a second
//! and probes a day of an account. What one target bears of all accounts is counted in `bearing.rs`.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::bearing::Bearing;
use crate::auth::rate::{Limiter, Rate};

/// Calls of an account: 120 at once, then 10 a second.
const CALLS: Rate = Rate { burst: 120, refill: Duration::from_millis(100) };
/// Scans of one account at once.
pub const MAX_OF_ACCOUNT: u32 = 2;
/// Scans at once whose targets include the same address.
pub const MAX_AT_TARGET: u32 = 2;
/// Pings of all accounts at once; each holds a socket until its answer or its timeout.
pub const MAX_PINGS: u32 = 256;
/// Pings of one account at once.
pub const MAX_PINGS_OF_ACCOUNT: u32 = 32;
/// Analyses of domains of all accounts at once; each asks resolvers for thousands of names.
pub const MAX_ANALYSES: u32 = 16;
/// Analyses of domains of one account at once.
pub const MAX_ANALYSES_OF_ACCOUNT: u32 = 4;
/// When to try again where something has to end first.
const RETRY: Duration = Duration::from_secs(5);

/// What the settings say.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Scans of all accounts at once.
    pub scans: u32,
    /// Probes of an account in a day, from midnight to midnight in UTC.
    pub probes_per_day: i64,
    /// Probes of all accounts to one target in such a day.
    pub target_probes_per_day: u64,
    /// Probes a second of one scan of an account.
    pub probes_per_second: u32,
    /// Whether calls are counted.
    pub limited: bool,
}

/// Why something may not begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The account calls too often.
    #[error("too many calls")]
    TooOften(Duration),
    /// The account, or all together, have as many scans, or pings, under way as may be.
    #[error("as many of these are under way as may be")]
    TooMany,
    /// Others scan the target.
    #[error("{0} is being scanned as much as it is to bear")]
    TargetBusy(IpAddr),
    /// The target has had as many calls, or as many probes in a day, as it is to bear of all accounts.
    #[error("{0} has been looked at as much as it is to bear for now")]
    TargetWorn(IpAddr, Duration),
    /// The account has sent as many probes as it may in a day.
    #[error("the account has sent as many probes as it may today")]
    Exhausted(Duration),
}

impl Refused {
    /// When to try again.
    pub fn wait(self) -> Duration {
        match self {
            Self::TooOften(wait) | Self::Exhausted(wait) | Self::TargetWorn(_, wait) => wait,
            Self::TooMany | Self::TargetBusy(_) => RETRY,
        }
    }
}

/// What is under way.
pub struct Runs {
    limits: Limits,
    calls: Limiter<Uuid>,
    bearing: Bearing,
    scans: Mutex<Running>,
    pings: Mutex<Running>,
    analyses: Mutex<Running>,
}

#[derive(Clone, Copy)]
enum Kind {
    Scan,
    Ping,
    Analysis,
}

#[derive(Default)]
struct Running {
    all: u32,
    accounts: HashMap<Uuid, u32>,
    targets: HashMap<IpAddr, u32>,
}

/// A scan, a ping or an analysis under way; over when it is dropped.
pub struct Turn {
    runs: Arc<Runs>,
    kind: Kind,
    account: Option<Uuid>,
    targets: Vec<IpAddr>,
}

impl Runs {
    /// Nothing yet.
    pub fn new(limits: Limits) -> Arc<Self> {
        let calls = Limiter::new(limits.limited.then_some(CALLS));
        let bearing = Bearing::new(limits.target_probes_per_day, limits.limited);
        let (scans, pings, analyses) = Default::default();
        Arc::new(Self { limits, calls, bearing, scans, pings, analyses })
    }

    /// Counts a call of an account.
    pub fn call(&self, account: Uuid, now: SystemTime) -> Result<(), Refused> {
        self.calls.take(account, now).map_err(Refused::TooOften)
    }

    /// Whether so many probes of an account in a day are within what it may send.
    pub fn within_day(&self, probes: i64, now: SystemTime) -> Result<(), Refused> {
        if probes <= self.limits.probes_per_day {
            Ok(())
        } else {
            Err(Refused::Exhausted(until_midnight(now)))
        }
    }

    /// Counts a call of an account that sends so many probes to each of these targets.
    pub fn bear(&self, targets: &[IpAddr], probes: u64, now: SystemTime) -> Result<(), Refused> {
        self.bearing.take(targets, probes, now)
    }

    /// The most probes a second that a scan of an account may send, which asks for no more than so many.
    pub fn rate(&self, asked: Option<u32>) -> u32 {
        asked.unwrap_or(u32::MAX).min(self.limits.probes_per_second)
    }

    /// Begins a scan, of an account or of the operator.
    pub fn begin(self: &Arc<Self>, account: Option<Uuid>, targets: Vec<IpAddr>) -> Result<Turn, Refused> {
        let mut running = self.running(Kind::Scan);
        if running.all >= self.limits.scans || running.of(account) >= MAX_OF_ACCOUNT {
            return Err(Refused::TooMany);
        }
        let busy =
            |target: &&IpAddr| running.targets.get(target).is_some_and(|count| *count >= MAX_AT_TARGET);
        if let Some(target) = targets.iter().find(busy) {
            return Err(Refused::TargetBusy(*target));
        }
        running.add(account);
        for target in &targets {
            *running.targets.entry(*target).or_default() += 1;
        }
        Ok(Turn { runs: Arc::clone(self), kind: Kind::Scan, account, targets })
    }

    /// Begins a ping, of an account or of the operator.
    pub fn begin_ping(self: &Arc<Self>, account: Option<Uuid>) -> Result<Turn, Refused> {
        self.begin_one(Kind::Ping, account, MAX_PINGS, MAX_PINGS_OF_ACCOUNT)
    }

    /// Begins an analysis of a domain, of an account or of the operator.
    pub fn begin_analysis(self: &Arc<Self>, account: Option<Uuid>) -> Result<Turn, Refused> {
        self.begin_one(Kind::Analysis, account, MAX_ANALYSES, MAX_ANALYSES_OF_ACCOUNT)
    }

    fn begin_one(
        self: &Arc<Self>,
        kind: Kind,
        account: Option<Uuid>,
        of_all: u32,
        of_account: u32,
    ) -> Result<Turn, Refused> {
        let mut running = self.running(kind);
        if running.all >= of_all || running.of(account) >= of_account {
            return Err(Refused::TooMany);
        }
        running.add(account);
        Ok(Turn { runs: Arc::clone(self), kind, account, targets: Vec::new() })
    }

    fn running(&self, kind: Kind) -> MutexGuard<'_, Running> {
        let running = match kind {
            Kind::Scan => &self.scans,
            Kind::Ping => &self.pings,
            Kind::Analysis => &self.analyses,
        };
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn of(&self, account: Option<Uuid>) -> u32 {
        account.and_then(|account| self.accounts.get(&account)).copied().unwrap_or_default()
    }

    fn add(&mut self, account: Option<Uuid>) {
        self.all += 1;
        if let Some(account) = account {
            *self.accounts.entry(account).or_default() += 1;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = self.runs.running(self.kind);
        running.all = running.all.saturating_sub(1);
        if let Some(account) = self.account {
            end(&mut running.accounts, &account);
        }
        for target in &self.targets {
            end(&mut running.targets, target);
        }
    }
}

/// One fewer; nothing is remembered of none.
fn end<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// A day in UTC, counted from 1970.
pub fn day(now: SystemTime) -> i64 {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds / SECONDS_OF_DAY).unwrap_or(i64::MAX)
}

const SECONDS_OF_DAY: u64 = 24 * 60 * 60;

/// How long the day goes on.
pub(super) fn until_midnight(now: SystemTime) -> Duration {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Duration::from_secs(SECONDS_OF_DAY - seconds % SECONDS_OF_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        scans: 3,
        probes_per_day: 100,
        target_probes_per_day: 200,
        probes_per_second: 1_000,
        limited: true,
    };

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn scans_are_bounded_by_account_by_all_and_by_target() {
        let runs = Runs::new(LIMITS);
        let (alice, bob) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let first = runs.begin(alice, vec![ip(1)]).map_err(|_| ()).expect("a turn");
        let _second = runs.begin(alice, vec![ip(1), ip(2)]).map_err(|_| ()).expect("a turn");
        assert_eq!(runs.begin(alice, vec![ip(3)]).err(), Some(Refused::TooMany));
        assert_eq!(runs.begin(bob, vec![ip(3), ip(1)]).err(), Some(Refused::TargetBusy(ip(1))));
        let _third = runs.begin(bob, vec![ip(3)]).map_err(|_| ()).expect("a turn");
        assert_eq!(runs.begin(None, vec![ip(4)]).err(), Some(Refused::TooMany));
        drop(first);
        assert!(runs.begin(bob, vec![ip(1)]).is_ok());
    }

    #[test]
    fn pings_are_bounded_by_account_and_by_all_and_are_no_scans() {
        let runs = Runs::new(LIMITS);
        let account = |n: u32| Some(Uuid::from_u128(n.into()));
        let one = (0..MAX_PINGS_OF_ACCOUNT).map(|_| runs.begin_ping(account(0)));
        let mut turns = one.collect::<Result<Vec<_>, _>>().map_err(|_| ()).expect("turns");
        assert_eq!(runs.begin_ping(account(0)).err(), Some(Refused::TooMany));
        turns.extend((MAX_PINGS_OF_ACCOUNT..MAX_PINGS).filter_map(|n| runs.begin_ping(account(n)).ok()));
        assert_eq!(turns.len(), MAX_PINGS as usize);
        assert_eq!(runs.begin_ping(None).err(), Some(Refused::TooMany));
        assert!(runs.begin(account(0), vec![ip(1)]).is_ok());
        turns.pop();
        assert!(runs.begin_ping(account(0)).is_err() && runs.begin_ping(None).is_ok());
    }

    #[test]
    fn a_scan_is_as_fast_as_asked_for_within_what_the_operator_lets_be() {
        let runs = Runs::new(LIMITS);
        assert_eq!([None, Some(10), Some(5_000)].map(|asked| runs.rate(asked)), [1_000, 10, 1_000]);
    }

    #[test]
    fn a_day_ends_at_midnight_in_utc() {
        let runs = Runs::new(LIMITS);
        let evening = SystemTime::UNIX_EPOCH + Duration::from_secs(SECONDS_OF_DAY * 20_000 - 60);
        assert_eq!(runs.within_day(100, evening), Ok(()));
        assert_eq!(runs.within_day(101, evening), Err(Refused::Exhausted(Duration::from_mins(1))));
        assert_eq!((day(evening), day(evening + Duration::from_mins(1))), (19_999, 20_000));
    }
}
