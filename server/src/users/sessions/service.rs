//! The rules of sessions: logging in, staying logged in, seeing where one is, logging out.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::{
    error::Error,
    model::{Active, Authenticated, Found, Kind, New, Session, Ticket},
    store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{
        self, Caller, Origin,
        token::{Secret, Signer},
    },
    clock::SharedClock,
    db::{self, Db},
    page::Page,
    users::{
        self,
        login::{Attempt, Login, Verified},
    },
};

/// Sessions.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    accounts: users::Service,
    signer: Arc<Signer>,
    ttl: Duration,
}

impl Service {
    /// With the key that signs session tokens. A session ends `ttl` after its last use.
    pub fn new(db: Db, clock: SharedClock, accounts: users::Service, key: &str, ttl: Duration) -> Self {
        Self { db, clock, accounts, signer: Arc::new(Signer::new(key)), ttl }
    }

    /// Logs in.
    pub async fn create(&self, attempt: &Attempt) -> Result<(Ticket, Verified), Error> {
        if attempt.visitor.caller.is_some() {
            return Err(Error::AlreadyAuthenticated);
        }
        let verified = self.verified(attempt).await?;
        let secret = Secret::generate()?;
        let session = self.session(verified.account().id, self.ttl);
        let ticket = self.ticket(&secret, &session)?;
        let hash = secret.hash();
        self.begin(&verified, attempt, &session, Kind::Login, Some(&hash)).await?;
        Ok((ticket, verified))
    }

    /// The account that a handle and a password belong to.
    pub(in crate::users) async fn verified(&self, attempt: &Attempt) -> Result<Verified, Error> {
        match self.accounts.check(attempt).await? {
            Login::Good(verified) => Ok(verified),
            Login::Inactive => Err(Error::AccountInactive),
            Login::Wrong => Err(Error::CredentialsInvalid),
        }
    }

    /// A session that is not begun yet.
    pub(in crate::users) fn session(&self, account: Uuid, lifetime: Duration) -> Session {
        Session { id: Uuid::new_v4(), account, expire_time: self.clock.now() + lifetime }
    }

    /// Begins the session of somebody whose password was right.
    pub(in crate::users) async fn begin(
        &self,
        verified: &Verified,
        attempt: &Attempt,
        session: &Session,
        kind: Kind,
        secret_hash: Option<&str>,
    ) -> Result<(), Error> {
        let (origin, user_agent) = (attempt.visitor.origin, &*attempt.user_agent);
        let new = &New { session, kind, secret_hash, origin, user_agent };
        let (now, account) = (self.clock.now(), session.account);
        let entry =
            Entry::new(audit::Actor::Account(account), Some(new.origin), Action("session.create"), account);
        let mut tx = self.db.begin().await?;
        // The password may have changed while it was verified.
        if !verified.still_holds(&mut tx).await? {
            return Err(Error::CredentialsInvalid);
        }
        store::insert(&mut tx, new, now).await?;
        audit::record(&mut tx, now, &entry.with(new.kind.name())).await?;
        tx.commit().await?;
        // On its own: these are everybody's sessions, and others may hold some of them.
        let mut tx = self.db.begin().await?;
        store::delete_ended(&mut tx, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Begins a further session of somebody who is logged in.
    pub(in crate::users) async fn begin_beside(&self, caller: Caller, new: &New<'_>) -> Result<(), Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if !users::lock_session(&mut tx, caller).await? {
            return Err(Error::NotAuthenticated);
        }
        store::insert(&mut tx, new, now).await?;
        let entry = Entry::by(caller, Action("session.create"), caller.account()).with(new.kind.name());
        audit::record(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A session that has not ended.
    pub(in crate::users) async fn find(&self, id: Uuid) -> Result<Option<Found>, Error> {
        let found = store::by_id(self.db.at_hand(), id).await?;
        Ok(found.filter(|found| !found.session.has_ended(self.clock.now())))
    }

    /// Counts a use of a rotating session; whether this call was the first to.
    pub(in crate::users) async fn rotate(
        &self,
        found: &Found,
        origin: Origin,
        expires: SystemTime,
    ) -> Result<bool, Error> {
        let (now, account) = (self.clock.now(), found.session.account);
        let mut tx = self.db.begin().await?;
        let rotated = store::rotate(&mut tx, found.session.id, found.rotation, now, expires).await?;
        if rotated {
            let actor = audit::Actor::Account(account);
            let entry = Entry::new(actor, Some(origin), Action("token.rotate"), found.session.id);
            audit::record(&mut tx, now, &entry).await?;
        }
        tx.commit().await?;
        Ok(rotated)
    }

    /// Ends a session and says why in the log.
    pub(in crate::users) async fn revoke(&self, id: Uuid, entry: &Entry) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        store::delete(&mut tx, id).await?;
        audit::record(&mut tx, self.clock.now(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Who calls with this token. A call near the session's end renews it.
    pub async fn authenticate(&self, token: &str, origin: Origin) -> Result<Authenticated, Error> {
        let secret = self.signer.read(token).ok_or(Error::NotAuthenticated)?;
        let found = store::by_secret(self.db.at_hand(), &secret.hash()).await?;
        let (session, role) = found.ok_or(Error::NotAuthenticated)?;
        let now = self.clock.now();
        if session.has_ended(now) {
            return Err(Error::NotAuthenticated);
        }
        let caller = Caller::new(session.account, role, session.id, auth::Login::Password, origin);
        let renewed = if session.is_due(now, self.ttl) {
            // The session is good to its end, whether it can be renewed or not.
            self.renew(&secret, session).await.unwrap_or_else(|error| {
                tracing::warn!("a session can't be renewed: {error}");
                None
            })
        } else {
            None
        };
        Ok(Authenticated { caller, renewed })
    }

    /// `None` when another call renewed it first.
    async fn renew(&self, secret: &Secret, mut session: Session) -> Result<Option<Ticket>, Error> {
        let expires = self.clock.now() + self.ttl;
        let mut tx = self.db.begin().await?;
        let renewed = store::renew(&mut tx, &session, expires).await?;
        tx.commit().await?;
        session.expire_time = expires;
        renewed.then(|| self.ticket(secret, &session)).transpose()
    }

    fn ticket(&self, secret: &Secret, session: &Session) -> Result<Ticket, Error> {
        let token = self.signer.sign(secret, session.expire_time)?;
        Ok(Ticket { token, expire_time: session.expire_time })
    }

    /// Logs out: of the caller's session, or of another that is the caller's to end.
    pub async fn end(&self, caller: Caller, id: Option<Uuid>) -> Result<(), Error> {
        let id = id.unwrap_or(caller.session());
        if id != caller.session() {
            let owner = store::owner(self.db.read(), id).await?.ok_or(Error::NotFound(id))?;
            self.accounts.get(caller, owner).await.map_err(|_| Error::NotFound(id))?;
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        store::delete(&mut tx, id).await?;
        audit::record(&mut tx, now, &Entry::by(caller, Action("session.end"), id)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A page of an account's sessions and how many there are: one's own, or of a role below.
    pub async fn list(
        &self,
        caller: Caller,
        account: Option<Uuid>,
        page: Page,
    ) -> Result<(Vec<Active>, i64), Error> {
        let account = self.permitted(caller, account).await?;
        let now = self.clock.now();
        let sessions = store::list(self.db.read(), account, page, now).await?;
        Ok((sessions, store::count(self.db.read(), account, now).await?))
    }

    /// Ends the caller's sessions but the one of this call; how many there were.
    pub async fn end_others(&self, caller: Caller) -> Result<u64, Error> {
        self.end_many(caller, caller.account(), Some(caller.session())).await
    }

    /// Ends an account's sessions, one's own or of a role below; how many there were.
    pub async fn end_all(&self, caller: Caller, account: Option<Uuid>) -> Result<u64, Error> {
        let account = self.permitted(caller, account).await?;
        self.end_many(caller, account, None).await
    }

    async fn end_many(&self, caller: Caller, account: Uuid, but: Option<Uuid>) -> Result<u64, Error> {
        let mut tx = self.db.begin().await?;
        let ended = store::delete_all(&mut tx, account, but).await?;
        let entry = Entry::by(caller, Action("session.end_all"), account).with(ended);
        audit::record(&mut tx, self.clock.now(), &entry).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn permitted(&self, caller: Caller, account: Option<Uuid>) -> Result<Uuid, Error> {
        match account {
            Some(id) => Ok(self.accounts.get(caller, id).await?.id),
            None => Ok(caller.account()),
        }
    }
}

/// Ends all that an account is logged in with, within the transaction that gives the reason to.
pub async fn end_all(tx: &mut db::Connection, account: Uuid) -> Result<(), db::Error> {
    store::delete_all(tx, account, None).await?;
    store::delete_personal_tokens(tx, account).await
}

/// Whether a session has not been ended.
pub async fn is_alive(tx: &mut db::Connection, session: Uuid) -> Result<bool, db::Error> {
    store::exists(tx, session).await
}
