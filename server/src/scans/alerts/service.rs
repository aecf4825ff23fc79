//! The rules of alerts: who may see and acknowledge them, and change what is told.

use std::time::SystemTime;

use super::{
    error::Error,
    model::{Alert, Filter, MAX_RULES, Rule, Terms},
    store,
};
use crate::{
    audit::{self, Action},
    auth::Surveyor,
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    scans::{deliveries::Log, operator::service::entry, settings},
};

const ACKNOWLEDGE: Action = Action("alert.acknowledge");
const ACKNOWLEDGE_ALL: Action = Action("alert.acknowledge_all");
const CREATE_RULE: Action = Action("alert_rule.create");
const UPDATE_RULE: Action = Action("alert_rule.update");
const DELETE_RULE: Action = Action("alert_rule.delete");

/// Alerts.
#[derive(Clone)]
pub struct Service {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) settings: settings::Service,
    pub(super) log: Log,
}

impl Service {
    /// With the settings of mail, and the log of deliveries.
    pub fn new(db: Db, clock: SharedClock, settings: settings::Service, log: Log) -> Self {
        Self { db, clock, settings, log }
    }

    /// A page of alerts, the newest first, and how many there are.
    pub async fn list(&self, _: Surveyor, filter: Filter, page: Page) -> Result<(Vec<Alert>, i64), Error> {
        Ok(store::list(self.db.read(), filter, page).await?)
    }

    /// Acknowledges an alert; as it is then.
    pub async fn acknowledge(&self, surveyor: Surveyor, id: i64) -> Result<Alert, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if store::acknowledge(&mut tx, Some(id), now).await? > 0 {
            audit::record(&mut tx, now, &entry(surveyor, ACKNOWLEDGE, id)).await?;
        }
        let alert = store::by_id(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
        tx.commit().await?;
        Ok(alert)
    }

    /// Acknowledges every alert; how many were not.
    pub async fn acknowledge_all(&self, surveyor: Surveyor) -> Result<u64, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let count = store::acknowledge(&mut tx, None, now).await?;
        if count > 0 {
            audit::record(&mut tx, now, &entry(surveyor, ACKNOWLEDGE_ALL, "").with(count)).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// All rules, by number.
    pub async fn rules(&self, _: Surveyor) -> Result<Vec<Rule>, Error> {
        Ok(store::rules(self.db.read()).await?)
    }

    /// Makes a rule.
    pub async fn create_rule(&self, surveyor: Surveyor, terms: Terms) -> Result<Rule, Error> {
        let terms = terms.checked()?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let id = store::next_rule(&mut tx).await?;
        if store::rules(&mut *tx).await?.len() as i64 >= MAX_RULES {
            return Err(Error::TooManyRules);
        }
        let rule = Rule { id, terms, update_time: Some(now) };
        store::put_rule(&mut tx, &rule).await?;
        audit::record(&mut tx, now, &entry(surveyor, CREATE_RULE, id)).await?;
        tx.commit().await?;
        Ok(rule)
    }

    /// Changes a rule.
    pub async fn update_rule(&self, surveyor: Surveyor, id: i64, terms: Terms) -> Result<Rule, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // An unknown rule is told before what is wrong with it. Taken out and put back: of two changes at once one wins.
        if !store::delete_rule(&mut tx, id).await? {
            return Err(Error::RuleNotFound(id));
        }
        let rule = Rule { id, terms: terms.checked()?, update_time: Some(now) };
        store::put_rule(&mut tx, &rule).await?;
        audit::record(&mut tx, now, &entry(surveyor, UPDATE_RULE, id)).await?;
        tx.commit().await?;
        Ok(rule)
    }

    /// Deletes a rule.
    pub async fn delete_rule(&self, surveyor: Surveyor, id: i64) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if !store::delete_rule(&mut tx, id).await? {
            return Err(Error::RuleNotFound(id));
        }
        audit::record(&mut tx, self.clock.now(), &entry(surveyor, DELETE_RULE, id)).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets alerts from before a time. What they told of is not told again.
    pub(in crate::scans) async fn expire(&self, before: SystemTime) -> Result<(), db::Error> {
        let mut tx = self.db.begin().await?;
        store::expire(&mut tx, before).await?;
        tx.commit().await
    }
}
