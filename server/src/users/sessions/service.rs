//! The rules of sessions: logging in, staying logged in, logging out.

use std::{net::IpAddr, sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    error::Error,
    model::{Authenticated, Session, Ticket},
    store,
};
use crate::{
    auth::{
        Caller,
        rate::{LOGIN, Limiter},
        token::{Secret, Signer},
    },
    clock::SharedClock,
    db::{self, Db},
    users::{self, model::Account, service::Login},
};

/// The row of `server_keys` that signs session tokens.
const KEY_NAME: &str = "session";

/// Sessions.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    accounts: users::Service,
    signer: Arc<Signer>,
    ttl: Duration,
    logins: Arc<Limiter>,
}

impl Service {
    /// With the signing key of the database, made at the first start. A session ends `ttl` after its
    /// last use; `limited` turns the rate limit of logins on.
    pub async fn open(
        db: Db,
        clock: SharedClock,
        accounts: users::Service,
        ttl: Duration,
        limited: bool,
    ) -> Result<Self, Error> {
        let mut tx = db.begin().await?;
        let key = store::key(&mut tx, KEY_NAME, Secret::generate()?.expose(), clock.now()).await?;
        tx.commit().await?;
        let logins = Arc::new(Limiter::new(limited.then_some(LOGIN)));
        Ok(Self { db, clock, accounts, signer: Arc::new(Signer::new(&key)), ttl, logins })
    }

    /// Logs in.
    pub async fn create(
        &self,
        caller: Option<Caller>,
        address: IpAddr,
        email: &str,
        password: String,
    ) -> Result<(Ticket, Account), Error> {
        if caller.is_some() {
            return Err(Error::AlreadyAuthenticated);
        }
        self.logins.take(address, self.clock.now()).map_err(Error::RateLimited)?;
        let account = match self.accounts.check(email, password).await? {
            Login::Good(account) => account,
            Login::Inactive => return Err(Error::AccountInactive),
            Login::Wrong => return Err(Error::CredentialsInvalid),
        };
        Ok((self.start(account.id).await?, account))
    }

    async fn start(&self, account: Uuid) -> Result<Ticket, Error> {
        let secret = Secret::generate()?;
        let now = self.clock.now();
        let session = Session { id: Uuid::new_v4(), account, expire_time: now + self.ttl };
        let ticket = self.ticket(&secret, &session)?;
        let mut tx = self.db.begin().await?;
        store::delete_ended(&mut tx, now).await?;
        store::insert(&mut tx, &session, &secret.hash(), now).await?;
        tx.commit().await?;
        Ok(ticket)
    }

    /// Who calls with this token. A call near the session's end renews it.
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated, Error> {
        let secret = self.signer.read(token).ok_or(Error::NotAuthenticated)?;
        let found = store::by_secret(self.db.read(), &secret.hash()).await?;
        let (session, role) = found.ok_or(Error::NotAuthenticated)?;
        let now = self.clock.now();
        if session.has_ended(now) {
            return Err(Error::NotAuthenticated);
        }
        let caller = Caller::new(session.account, role, session.id);
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

    /// Logs out.
    pub async fn end(&self, caller: Caller) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        store::delete(&mut tx, caller.session()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Ends every session of an account, within the transaction that gives the reason to.
pub async fn end_all(tx: &mut db::Connection, account: Uuid) -> Result<(), db::Error> {
    store::delete_all(tx, account).await
}
