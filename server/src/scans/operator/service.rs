//! The rules of the operator: a first password, signing in, staying signed in, signing out.

use std::{sync::Arc, time::SystemTime};

use uuid::Uuid;

use super::{
    error::Error,
    model::{Session, Token},
    store,
};
use crate::{
    audit::{self, Action, Actor, Entry},
    auth::{
        Origin, SiteOperator, Surveyor, Visitor,
        password::Hasher,
        rate::{self, Limiter},
    },
    clock::SharedClock,
    db::Db,
    users::model::Password,
};

const SET_UP: Action = Action("operator.set_up");
const SIGN_IN: Action = Action("operator.sign_in");
const CHANGE: Action = Action("operator.change_password");

/// The operator.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    hasher: Hasher,
    tries: Arc<Limiter>,
}

impl Service {
    /// Of a database. Without limits, anybody may guess as often as they like.
    pub fn new(db: Db, clock: SharedClock, hasher: Hasher, is_limited: bool) -> Self {
        let tries = Arc::new(Limiter::new(is_limited.then_some(rate::LOGIN)));
        Self { db, clock, hasher, tries }
    }

    /// Whether there is a password.
    pub async fn is_set_up(&self) -> Result<bool, Error> {
        Ok(store::password_hash(self.db.read()).await?.is_some())
    }

    /// Sets the first password. Of several who do so at once, one succeeds.
    pub async fn set_up(&self, visitor: Visitor, password: &str) -> Result<(), Error> {
        let now = self.clock.now();
        self.tries.take(visitor.origin.address, now).map_err(Error::RateLimited)?;
        if self.is_set_up().await? {
            return Err(Error::Exists);
        }
        let password = Password::try_from(password).map_err(Error::Invalid)?;
        let hash = self.hasher.hash(password.expose()).await?;
        let mut tx = self.db.begin().await?;
        if !store::put_first_password(&mut tx, &hash).await? {
            return Err(Error::Exists);
        }
        audit::record(&mut tx, now, &Entry::by_visitor(visitor, SET_UP, "")).await?;
        Ok(tx.commit().await?)
    }

    /// Begins a session.
    pub async fn sign_in(
        &self,
        visitor: Visitor,
        password: String,
        remember: bool,
    ) -> Result<(Token, SystemTime), Error> {
        let now = self.clock.now();
        self.tries.take(visitor.origin.address, now).map_err(Error::RateLimited)?;
        let hash = store::password_hash(self.db.read()).await?.ok_or(Error::Missing)?;
        let is_right = self.hasher.verify(password, hash.clone()).await?;
        let mut tx = self.db.begin().await?;
        let entry = Entry::by_visitor(visitor, SIGN_IN, "");
        if !is_right {
            audit::record(&mut tx, now, &entry.refused("wrong password")).await?;
            tx.commit().await?;
            return Err(Error::PasswordWrong);
        }
        let token = Token::generate()?;
        let expire_time = now + Session::life(remember);
        let session = Session { id: Uuid::new_v4(), remember, expire_time };
        store::insert(&mut tx, &token.hash(), &session, now).await?;
        // The password may have changed while it was verified.
        if store::password_hash(&mut *tx).await?.as_ref() != Some(&hash) {
            return Err(Error::PasswordWrong);
        }
        audit::record(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok((token, expire_time))
    }

    /// Ends the session that a call came with.
    pub async fn sign_out(&self, operator: SiteOperator) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        store::delete(&mut tx, operator.session()).await?;
        let entry = entry(Surveyor::Operator(operator), Action("operator.sign_out"), "");
        audit::record(&mut tx, self.clock.now(), &entry).await?;
        Ok(tx.commit().await?)
    }

    /// Whose token it is. A use prolongs its session.
    pub async fn authenticate(&self, token: &str, origin: Origin) -> Result<SiteOperator, Error> {
        let hash = Token::hash_of(token).ok_or(Error::NotAuthenticated)?;
        let now = self.clock.now();
        let session = store::by_hash(self.db.read(), &hash).await?;
        let session = session.filter(|session| session.expire_time > now).ok_or(Error::NotAuthenticated)?;
        if session.is_aging(now) {
            let mut tx = self.db.begin().await?;
            store::prolong(&mut tx, session.id, now + Session::life(session.remember)).await?;
            tx.commit().await?;
        }
        Ok(SiteOperator::new(session.id, origin))
    }

    /// Changes the password, or sets the first one, and ends every session but the caller's own.
    pub async fn change_password(&self, surveyor: Surveyor, password: &str) -> Result<(), Error> {
        let password = Password::try_from(password).map_err(Error::Invalid)?;
        let hash = self.hasher.hash(password.expose()).await?;
        let mut tx = self.db.begin().await?;
        store::put_password(&mut tx, &hash).await?;
        let own = match surveyor {
            Surveyor::Operator(operator) => Some(operator.session()),
            Surveyor::Admin(_) => None,
        };
        store::delete_others(&mut tx, own).await?;
        audit::record(&mut tx, self.clock.now(), &entry(surveyor, CHANGE, "")).await?;
        Ok(tx.commit().await?)
    }
}

/// What somebody did who may scan sites.
pub fn entry(surveyor: Surveyor, action: Action, target: impl ToString) -> Entry {
    match surveyor {
        Surveyor::Operator(operator) => Entry::new(Actor::Operator, Some(operator.origin()), action, target),
        Surveyor::Admin(admin) => Entry::by(admin.caller(), action, target),
    }
}
