//! The rules of settings: who may see and change them, and that secrets stay secret.

use super::{
    error::Error,
    model::{Change, Key, Settings, Value, change},
    store,
};
use crate::{
    audit::{self, Action},
    auth::Surveyor,
    clock::SharedClock,
    db::Db,
    scans::operator,
    secrets::{Place, Secrets},
};

const UPDATE: Action = Action("setting.update");

/// Settings.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    secrets: Secrets,
    operator: operator::Service,
}

impl Service {
    /// With who seals secrets, and whose password is one of them.
    pub fn new(db: Db, clock: SharedClock, secrets: Secrets, operator: operator::Service) -> Self {
        Self { db, clock, secrets, operator }
    }

    /// All settings, for the server's own use.
    pub async fn current(&self) -> Result<Settings, Error> {
        let mut settings = Settings::default();
        for (key, kept) in store::all(self.db.read()).await? {
            let value = if key.is_secret() { self.opened(key, &kept)? } else { kept };
            settings.take(key, &value);
        }
        settings.has_app_password = self.operator.is_set_up().await?;
        Ok(settings)
    }

    /// All settings as they may be shown.
    pub async fn list(&self, _: Surveyor) -> Result<Vec<(Key, Value)>, Error> {
        let settings = self.current().await?;
        Ok(Key::ALL.into_iter().map(|key| (key, settings.shown(key))).collect())
    }

    /// Changes a setting; as it may be shown then.
    pub async fn update(&self, surveyor: Surveyor, name: &str, value: &Value) -> Result<(Key, Value), Error> {
        let key: Key = name.parse().map_err(|()| Error::NotFound(name.chars().take(64).collect()))?;
        match (key, change(key, value)?) {
            (_, Change::Keep) => {}
            (Key::AppPassword, Change::Put(password)) => {
                self.operator.change_password(surveyor, &password).await?;
            }
            (key, change) => self.write(surveyor, key, change).await?,
        }
        Ok((key, self.current().await?.shown(key)))
    }

    async fn write(&self, surveyor: Surveyor, key: Key, change: Change) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        match change {
            Change::Keep => {}
            Change::Clear => store::clear(&mut tx, key).await?,
            Change::Put(value) if key.is_secret() => {
                let sealed = self.secrets.seal(place(key), value.as_bytes())?;
                store::put(&mut tx, key, &sealed).await?;
            }
            Change::Put(value) => store::put(&mut tx, key, &value).await?,
        }
        let entry = operator::service::entry(surveyor, UPDATE, key.name());
        audit::record(&mut tx, self.clock.now(), &entry).await?;
        Ok(tx.commit().await?)
    }

    fn opened(&self, key: Key, sealed: &str) -> Result<String, Error> {
        let opened = self.secrets.unseal(place(key), sealed)?;
        Ok(String::from_utf8_lossy(&opened).into_owned())
    }
}

fn place(key: Key) -> Place<'static> {
    Place { table: store::table(key), column: "value", row: key.name() }
}
