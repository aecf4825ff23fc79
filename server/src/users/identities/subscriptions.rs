//! Subscriptions: what admins and the operator give to identities, who pay for them elsewhere.

use uuid::Uuid;

use super::{
    error::Error,
    model::{Identity, Term},
    service::{Service, locked},
    store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::Admin,
};

const SUBSCRIBE: Action = Action("identity.subscribe");

impl Service {
    /// Gives an identity a subscription in the place of the one that it has.
    pub async fn subscribe(&self, admin: Admin, id: Uuid, term: Term) -> Result<Identity, Error> {
        self.set_subscription(id, term, Entry::by(admin.caller(), SUBSCRIBE, id)).await
    }

    /// The same, for the operator, who needs no permission.
    pub async fn subscribe_by_operator(&self, id: Uuid, term: Term) -> Result<Identity, Error> {
        self.set_subscription(id, term, Entry::by_operator(SUBSCRIBE, id)).await
    }

    async fn set_subscription(&self, id: Uuid, term: Term, entry: Entry) -> Result<Identity, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let mut identity = locked(&mut tx, id).await?.identity;
        identity.subscription = term.from(now);
        identity.update_time = now;
        store::set_subscription(&mut tx, &identity).await?;
        audit::record(&mut tx, now, &entry.with(term)).await?;
        tx.commit().await?;
        Ok(identity)
    }
}
