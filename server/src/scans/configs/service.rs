//! The rules of stored configurations.

use super::{
    model::{Config, MAX_CONFIGS, Name},
    store,
};
use crate::{
    audit::{self, Action},
    auth::Surveyor,
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    scans::{
        error::Error,
        operator::service::entry,
        schedules,
        site_config::{self, MAX_ADDRESSES},
    },
};

const PUT: Action = Action("scan_config.put");
const DELETE: Action = Action("scan_config.delete");

/// Stored configurations.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
}

impl Service {
    /// Of a database.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock }
    }

    /// Stores a configuration under a name.
    pub async fn put(&self, surveyor: Surveyor, name: Name, yaml: String) -> Result<Config, Error> {
        let parsed = site_config::parse(&yaml)?;
        let addresses = parsed.hosts().take(MAX_ADDRESSES).count() as u32;
        let config = Config { name, title: parsed.title, yaml, addresses, update_time: self.clock.now() };
        let mut tx = self.db.begin().await?;
        store::put(&mut tx, &config).await?;
        if store::count(&mut *tx).await? > MAX_CONFIGS {
            return Err(Error::TooManyConfigs);
        }
        audit::record(&mut tx, config.update_time, &entry(surveyor, PUT, config.name.as_str())).await?;
        tx.commit().await?;
        Ok(config)
    }

    /// A configuration.
    pub async fn get(&self, name: &Name) -> Result<Config, Error> {
        let found = store::by_name(self.db.read(), name).await?;
        found.ok_or_else(|| Error::NoSuchConfig(name.as_str().to_owned()))
    }

    /// A page of configurations by name, and how many there are.
    pub async fn list(&self, _: Surveyor, page: Page) -> Result<(Vec<Config>, i64), Error> {
        let configs = store::list(self.db.read(), page).await?;
        Ok((configs, store::count(self.db.read()).await?))
    }

    /// Sees to it that a configuration stays until the transaction ends.
    pub(in crate::scans) async fn hold(&self, tx: &mut db::Connection, name: &str) -> Result<(), Error> {
        let held = match Name::try_from(name) {
            Ok(known) => store::hold(tx, &known).await?,
            Err(_) => false,
        };
        if held { Ok(()) } else { Err(Error::NoSuchConfig(name.to_owned())) }
    }

    /// Deletes a configuration that no schedule uses.
    pub async fn delete(&self, surveyor: Surveyor, name: &Name) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if !store::delete(&mut tx, name).await? {
            return Err(Error::NoSuchConfig(name.as_str().to_owned()));
        }
        // Whoever was making a schedule of it held it until then.
        if schedules::uses(&mut tx, name.as_str()).await? {
            return Err(Error::ConfigInUse(name.as_str().to_owned()));
        }
        audit::record(&mut tx, self.clock.now(), &entry(surveyor, DELETE, name.as_str())).await?;
        Ok(tx.commit().await?)
    }
}
