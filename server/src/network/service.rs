//! The rules of looking at networks: who may, how much, and that it is written down. What each call does then is
//! below `service/`.

mod address;
mod domain;
mod ping;
mod ports;

use std::{fmt::Display, net::IpAddr, sync::Arc};

use uuid::Uuid;

use super::{
    addresses::{Data, Registries},
    domain::{Logs, Words},
    error::Error,
    model::Host,
    runs::{self, Limits, Runs},
    store,
    targets::{self, Clearance, Permit, Purpose},
    world::{Unresolved, World},
};
use crate::{
    audit::{self, Action, Entry},
    auth::Caller,
    clock::SharedClock,
    db::{self, Db},
};

pub use self::ports::{Asked, Event, Scanning};

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub enum Asker {
    /// An account, by a call.
    Account(Caller),
    /// The operator, at the command line.
    Operator,
}

/// Networks.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    targets: targets::Service,
    world: Arc<dyn World>,
    data: Arc<Data>,
    registries: Option<Arc<Registries>>,
    runs: Arc<Runs>,
    words: Arc<Words>,
    logs: Option<Arc<Logs>>,
}

/// How many probes a run sends.
#[derive(Debug, Clone, Copy)]
struct Probes {
    /// In all.
    all: u64,
    /// To each target.
    each: u64,
}

/// The mark of calls that the operator's own process makes. No request from outside can carry it.
#[derive(Debug, Clone, Copy)]
pub struct AtConsole;

impl Asker {
    /// Whose account it is; the operator has none.
    pub fn account(self) -> Option<Uuid> {
        match self {
            Self::Account(caller) => Some(caller.account()),
            Self::Operator => None,
        }
    }
}

impl Service {
    /// As one world shows them, with data about addresses.
    pub fn new(
        db: Db,
        clock: SharedClock,
        targets: targets::Service,
        world: Arc<dyn World>,
        data: Data,
        limits: Limits,
    ) -> Self {
        Self {
            db,
            clock,
            targets,
            world,
            data: Arc::new(data),
            registries: None,
            runs: Runs::new(limits),
            words: Arc::default(),
            logs: None,
        }
    }

    /// With other words to guess names with.
    #[must_use]
    pub fn with_words(self, words: Words) -> Self {
        Self { words: Arc::new(words), ..self }
    }

    /// The same, asking registries of addresses too.
    #[must_use]
    pub fn with_registries(self, registries: Option<Registries>) -> Self {
        Self { registries: registries.map(Arc::new), ..self }
    }

    /// The same, asking logs of certificates for names too.
    #[must_use]
    pub fn with_logs(self, logs: Option<Logs>) -> Self {
        Self { logs: logs.map(Arc::new), ..self }
    }

    /// What time it is.
    pub fn clock(&self) -> SharedClock {
        Arc::clone(&self.clock)
    }

    /// What somebody may look at.
    async fn clearance(&self, asker: Asker) -> Result<Clearance, db::Error> {
        match asker {
            Asker::Account(caller) => self.targets.clearance(caller).await,
            Asker::Operator => Ok(Clearance::Operator),
        }
    }

    /// Counts a call against the account's rate: before anything else, so that names are not asked for without end.
    fn call(&self, asker: Asker) -> Result<(), Error> {
        asker.account().map_or(Ok(()), |account| Ok(self.runs.call(account, self.clock.now())?))
    }

    /// Permits for every address of a host, at least one. One that is denied denies them all: whoever names a host
    /// can't choose which of its addresses answers. A refusal is written down.
    async fn aim(
        &self,
        asker: Asker,
        purpose: Purpose,
        action: Action,
        host: &Host,
    ) -> Result<Vec<Permit>, Error> {
        let addresses = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let found = self.world.resolve(name).await;
                let found =
                    found.and_then(|all| if all.is_empty() { Err(Unresolved::NotFound) } else { Ok(all) });
                found.map_err(|why| Error::Unresolved(name.clone(), why))?
            }
        };
        self.permits(asker, purpose, action, host, addresses).await
    }

    /// Permits for addresses, all or none. A refusal is written down.
    async fn permits(
        &self,
        asker: Asker,
        purpose: Purpose,
        action: Action,
        what: impl Display,
        addresses: Vec<IpAddr>,
    ) -> Result<Vec<Permit>, Error> {
        let clearance = self.clearance(asker).await?;
        let check = |address| self.targets.policy().check(&clearance, purpose, address);
        match addresses.into_iter().map(check).collect() {
            Ok(permits) => Ok(permits),
            Err(denied) => {
                self.write_down(&entry(asker, action, what).refused(denied)).await?;
                Err(Error::Denied(denied))
            }
        }
    }

    /// Counts a run of so many probes against the account's day, and so many to each target against what that is to
    /// bear, and writes it down.
    async fn count(
        &self,
        asker: Asker,
        action: Action,
        what: impl Display,
        permits: &[Permit],
        probes: Probes,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let addresses: Vec<IpAddr> = permits.iter().map(|permit| permit.address()).collect();
        let mut tx = self.db.begin().await?;
        if let Some(account) = asker.account() {
            let all = i64::try_from(probes.all).unwrap_or(i64::MAX);
            let sent = store::add_probes(&mut tx, account, runs::day(now), all).await?;
            let within = self.runs.within_day(sent, now);
            if let Err(refused) = within.and_then(|()| self.runs.bear(&addresses, probes.each, now)) {
                tx.rollback().await?;
                self.write_down(&entry(asker, action, &what).refused(refused)).await?;
                return Err(refused.into());
            }
        }
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let detail = format!("{} probes to {}", probes.all, addresses.join(" "));
        audit::record(&mut tx, now, &entry(asker, action, &what).with(detail)).await?;
        Ok(tx.commit().await?)
    }

    async fn write_down(&self, entry: &Entry) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        audit::record(&mut tx, self.clock.now(), entry).await?;
        Ok(tx.commit().await?)
    }
}

fn entry(asker: Asker, action: Action, what: impl Display) -> Entry {
    match asker {
        Asker::Account(caller) => Entry::by(caller, action, what),
        Asker::Operator => Entry::by_operator(action, what),
    }
}
