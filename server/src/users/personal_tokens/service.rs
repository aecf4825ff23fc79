//! The rules of personal tokens.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::{
    error::Error,
    model::{MAX_PER_ACCOUNT, PersonalToken, Scopes, Secret},
    store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{Caller, Login, Origin, PasswordLogin},
    clock::SharedClock,
    db::Db,
    users,
};

/// How exactly a token's last use is known.
const USE_STEP: Duration = Duration::from_mins(1);

/// Personal tokens.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
}

impl Service {
    /// On this database.
    pub fn new(db: Db, clock: SharedClock) -> Self {
        Self { db, clock }
    }

    /// Makes a token for the caller; its text is told here and never again.
    pub async fn create(
        &self,
        login: PasswordLogin,
        name: String,
        scopes: Scopes,
        lifetime: Duration,
    ) -> Result<(PersonalToken, String), Error> {
        let caller = login.caller();
        let (account, now) = (caller.account(), self.clock.now());
        let token = PersonalToken {
            id: Uuid::new_v4(),
            name,
            scopes,
            create_time: now,
            expire_time: now + lifetime,
            use_time: None,
        };
        let secret = Secret::generate(token.id)?;
        let mut tx = self.db.begin().await?;
        // Two at once shall not make one too many, nor one for somebody who was shut out meanwhile.
        if !users::lock_session(&mut tx, caller).await? {
            return Err(Error::NotAuthenticated);
        }
        store::delete_ended(&mut tx, account, now).await?;
        if store::count(&mut tx, account).await? >= MAX_PER_ACCOUNT {
            return Err(Error::TooMany(MAX_PER_ACCOUNT));
        }
        store::insert(&mut tx, account, &token, &secret.hash()).await?;
        let scopes = token.scopes.texts().join(" ");
        let entry = Entry::by(caller, Action("personal_token.create"), token.id).with(scopes);
        audit::record(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok((token, secret.expose()))
    }

    /// The caller's tokens.
    pub async fn list(&self, login: PasswordLogin) -> Result<Vec<PersonalToken>, Error> {
        let now = self.clock.now();
        let mut tokens = store::list(self.db.read(), login.caller().account()).await?;
        tokens.retain(|token| token.expire_time > now);
        Ok(tokens)
    }

    /// Ends one of the caller's tokens.
    pub async fn delete(&self, login: PasswordLogin, id: Uuid) -> Result<(), Error> {
        let caller = login.caller();
        let mut tx = self.db.begin().await?;
        if !store::delete(&mut tx, caller.account(), id).await? {
            return Err(Error::NotFound(id));
        }
        let entry = Entry::by(caller, Action("personal_token.delete"), id);
        audit::record(&mut tx, self.clock.now(), &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Who calls with a token, and what it may do.
    pub async fn authenticate(&self, text: &str, origin: Origin) -> Result<(Caller, Scopes), Error> {
        let secret = Secret::parse(text).ok_or(Error::NotAuthenticated)?;
        let found = store::by_secret(self.db.at_hand(), secret.id, &secret.hash()).await?;
        let (token, account, role) = found.ok_or(Error::NotAuthenticated)?;
        let now = self.clock.now();
        if token.expire_time <= now {
            return Err(Error::NotAuthenticated);
        }
        if token.use_time.is_none_or(|last| now.duration_since(last).is_ok_and(|since| since >= USE_STEP)) {
            self.used(token.id, now).await;
        }
        Ok((Caller::new(account, role, token.id, Login::PersonalToken, origin), token.scopes))
    }

    /// Writes down a use; a token is good whether that succeeds or not.
    async fn used(&self, id: Uuid, now: SystemTime) {
        let written = async {
            let mut tx = self.db.begin().await?;
            store::used(&mut tx, id, now).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            tracing::warn!("the use of a personal token can't be written down: {error}");
        }
    }
}
