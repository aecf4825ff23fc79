//! How accounts are made and changed, whoever does it: each time in one transaction with its entry in the log.

use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Email, Handle, Invalid, Name, Password, Username},
    service::lock_session,
    sessions, store,
};
use crate::{
    audit::{self, Entry},
    auth::{Caller, Role, password::Hasher},
    clock::SharedClock,
    db::{self, Db},
};

/// What a new account starts with.
#[derive(Debug)]
pub struct NewAccount {
    /// Unique.
    pub email: Option<Email>,
    /// Unique.
    pub username: Option<Username>,
    /// What to call them.
    pub name: Name,
    /// Not yet hashed.
    pub password: Password,
    /// What they may do.
    pub role: Role,
}

/// What accounts are made of.
#[derive(Clone)]
pub(super) struct Records {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) hasher: Hasher,
}

impl Records {
    /// Makes an account; for the caller, if there is one.
    pub(super) async fn make(
        &self,
        new: NewAccount,
        by: Option<Caller>,
        entry: impl FnOnce(Uuid) -> Entry + Send,
    ) -> Result<Account, Error> {
        self.require_free(&new).await?;
        let hash = self.hasher.hash(new.password.expose()).await?;
        let now = self.clock.now();
        let account = Account {
            id: Uuid::new_v4(),
            email: new.email,
            username: new.username,
            name: new.name,
            role: new.role,
            active: true,
            create_time: now,
            update_time: now,
        };
        let mut tx = self.db.begin().await?;
        if let Some(caller) = by {
            still_above(&mut tx, caller, account.role).await?;
        }
        store::insert(&mut tx, &account, &hash).await?;
        audit::record(&mut tx, now, &entry(account.id)).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Looks before the hash is made: who tries names shall not cost us one each.
    async fn require_free(&self, new: &NewAccount) -> Result<(), Error> {
        if let Some(email) = &new.email
            && store::is_taken(self.db.read(), &email.clone().into()).await?
        {
            return Err(Error::EmailTaken(email.clone()));
        }
        if let Some(username) = &new.username
            && store::is_taken(self.db.read(), &Handle::of(username.as_str())).await?
        {
            return Err(Error::UsernameTaken(username.clone()));
        }
        if new.email.is_none() && new.username.is_none() {
            return Err(Invalid::NoHandle.into());
        }
        Ok(())
    }

    /// Changes an account but for its handles. One that is inactive then has no session left.
    pub(super) async fn change(
        &self,
        id: Uuid,
        entry: Entry,
        change: impl FnOnce(&mut Account) -> Result<(), Error> + Send,
    ) -> Result<Account, Error> {
        let mut tx = self.db.begin().await?;
        let mut account = locked(&mut tx, id).await?;
        change(&mut account)?;
        account.update_time = self.clock.now();
        store::update(&mut tx, &account).await?;
        if !account.active {
            sessions::end_all(&mut tx, id).await?;
        }
        audit::record(&mut tx, account.update_time, &entry).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// An account that may leave: all super_admins are locked before one of them, so that two can't leave at
    /// once, nor wait for each other.
    pub(super) async fn locked_to_leave(&self, tx: &mut db::Connection, id: Uuid) -> Result<Account, Error> {
        let found = store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))?;
        let left = match found.role {
            Role::SuperAdmin => store::lock_super_admins(tx).await?,
            Role::User | Role::Admin => 0,
        };
        let account = locked(tx, id).await?;
        if account.role == Role::SuperAdmin && account.active && left < 2 {
            return Err(Error::LastSuperAdmin);
        }
        Ok(account)
    }
}

/// An account that nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &mut db::Connection, id: Uuid) -> Result<Account, Error> {
    if !store::lock(tx, id).await? {
        return Err(Error::NotFound(id));
    }
    store::by_id(tx, id).await?.ok_or(Error::NotFound(id))
}

/// Hashing took its time: who was shut out meanwhile, or is no longer above a role, leaves nobody behind.
async fn still_above(tx: &mut db::Connection, caller: Caller, role: Role) -> Result<(), Error> {
    if !lock_session(tx, caller).await? {
        return Err(Error::NotAuthenticated);
    }
    let now = store::by_id(&mut *tx, caller.account()).await?.ok_or(Error::NotAuthenticated)?;
    if now.role > role { Ok(()) } else { Err(Error::NotAuthorized) }
}
