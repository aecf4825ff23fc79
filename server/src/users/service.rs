//! The rules of accounts: who may make, see, change and delete whom.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Email, Name, Order, Password},
    sessions, store,
};
use crate::{
    auth::{
        Admin, Caller, Role, SuperAdmin,
        password::Hasher,
        rate::{Limiter, Rate, SIGN_UP},
    },
    clock::{self, SharedClock},
    db::{self, Db},
    images,
    page::Page,
    tasks,
};

/// What a new account starts with.
#[derive(Debug)]
pub struct NewAccount {
    /// Unique.
    pub email: Email,
    /// What to call them.
    pub name: Name,
    /// Not yet hashed.
    pub password: Password,
    /// What they may do.
    pub role: Role,
}

/// Whether a login's e-mail and password belong together.
#[derive(Debug)]
pub enum Login {
    /// They do.
    Good(Account),
    /// They do, but the account is not active.
    Inactive,
    /// They don't, or there is no such account.
    Wrong,
}

/// Accounts.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    hasher: Hasher,
    images: images::Service,
    tasks: tasks::Queue,
    sign_ups: Arc<Limiter>,
}

impl Service {
    /// With what accounts are made of; `limited` turns the rate limit of sign-ups on.
    pub fn new(
        db: Db,
        clock: SharedClock,
        hasher: Hasher,
        images: images::Service,
        tasks: tasks::Queue,
        limited: bool,
    ) -> Self {
        let rate: Option<Rate> = limited.then_some(SIGN_UP);
        Self { db, clock, hasher, images, tasks, sign_ups: Arc::new(Limiter::new(rate)) }
    }

    /// Makes the account of somebody who is not logged in.
    pub async fn sign_up(
        &self,
        caller: Option<Caller>,
        address: IpAddr,
        new: NewAccount,
    ) -> Result<Account, Error> {
        if caller.is_some() {
            return Err(Error::AlreadyAuthenticated);
        }
        self.sign_ups.take(address, self.clock.now()).map_err(Error::RateLimited)?;
        self.make(new).await
    }

    /// Makes an account for somebody else, of a role below the caller's.
    pub async fn create(&self, admin: Admin, new: NewAccount) -> Result<Account, Error> {
        if new.role >= admin.caller().role() {
            return Err(Error::NotAuthorized);
        }
        self.make(new).await
    }

    /// Makes any account; for the operator, who needs no permission.
    pub async fn make(&self, new: NewAccount) -> Result<Account, Error> {
        if store::by_email(self.db.read(), &new.email).await?.is_some() {
            return Err(Error::EmailTaken(new.email));
        }
        let hash = self.hasher.hash(new.password.expose()).await?;
        let now = self.clock.now();
        let account = Account {
            id: Uuid::new_v4(),
            email: new.email,
            name: new.name,
            role: new.role,
            active: true,
            create_time: now,
            update_time: now,
        };
        let mut tx = self.db.begin().await?;
        store::insert(&mut tx, &account, &hash).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Whether somebody can make admins.
    pub async fn has_super_admin(&self) -> Result<bool, Error> {
        Ok(store::has_super_admin(self.db.read()).await?)
    }

    /// Checks a login. Each kind of failure costs one hash, so that none is told from another by time.
    pub async fn check(&self, email: &str, password: String) -> Result<Login, Error> {
        let known = match Email::try_from(email) {
            Ok(email) => store::by_email(self.db.read(), &email).await?,
            Err(_) => None,
        };
        let Some((account, hash)) = known else {
            self.hasher.verify_nothing(password).await?;
            return Ok(Login::Wrong);
        };
        Ok(match self.hasher.verify(password, hash).await? {
            true if account.active => Login::Good(account),
            true => Login::Inactive,
            false => Login::Wrong,
        })
    }

    /// The caller's own account.
    pub async fn own(&self, caller: Caller) -> Result<Account, Error> {
        let id = caller.account();
        store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))
    }

    /// An account: one's own, or one of a role below.
    pub async fn get(&self, caller: Caller, id: Uuid) -> Result<Account, Error> {
        let account = store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))?;
        if id == caller.account() || account.role < caller.role() {
            Ok(account)
        } else {
            Err(Error::NotAuthorized)
        }
    }

    /// A page of accounts and how many there are in all. Any caller may list.
    pub async fn list(
        &self,
        _caller: Caller,
        page: Page,
        order: Order,
        descending: bool,
    ) -> Result<(Vec<Account>, i64), Error> {
        let accounts = store::list(self.db.read(), page, order, descending).await?;
        Ok((accounts, store::count(self.db.read()).await?))
    }

    /// Changes the caller's own name.
    pub async fn rename(&self, caller: Caller, name: Name) -> Result<Account, Error> {
        self.change(caller.account(), |account| {
            account.name = name;
            Ok(())
        })
        .await
    }

    /// Changes the caller's own e-mail.
    pub async fn change_email(&self, caller: Caller, email: Email) -> Result<Account, Error> {
        self.change(caller.account(), |account| {
            account.email = email;
            Ok(())
        })
        .await
    }

    /// Changes the caller's own password and ends all of the caller's sessions.
    pub async fn change_password(&self, caller: Caller, password: Password) -> Result<(), Error> {
        let hash = self.hasher.hash(password.expose()).await?;
        let now = clock::to_millis(self.clock.now());
        let mut tx = self.db.begin().await?;
        store::set_password(&mut tx, caller.account(), &hash, now).await?;
        sessions::end_all(&mut tx, caller.account()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes one's own account, or one of a role below, with all that belongs to it.
    pub async fn delete(&self, caller: Caller, id: Uuid) -> Result<(), Error> {
        self.get(caller, id).await?;
        let mut tx = self.db.begin().await?;
        let account = locked(&mut tx, id).await?;
        if account.role == Role::SuperAdmin && account.active && store::lock_super_admins(&mut tx).await? < 2
        {
            return Err(Error::LastSuperAdmin);
        }
        // Tasks first, in the order in which workers lock them: PostgreSQL would see a deadlock otherwise.
        self.tasks.cancel_owner(&mut tx, id).await?;
        let left_behind = self.images.forget_owner(&mut tx, id).await?;
        store::delete(&mut tx, id).await?;
        tx.commit().await?;
        self.images.delete_blobs(left_behind).await;
        Ok(())
    }

    /// Makes a user an admin.
    pub async fn grant_admin(&self, proof: SuperAdmin, id: Uuid) -> Result<Account, Error> {
        self.change_role(proof, id, Role::Admin).await
    }

    /// Makes an admin a user.
    pub async fn revoke_admin(&self, proof: SuperAdmin, id: Uuid) -> Result<Account, Error> {
        self.change_role(proof, id, Role::User).await
    }

    async fn change_role(&self, proof: SuperAdmin, id: Uuid, role: Role) -> Result<Account, Error> {
        self.change(id, |account| {
            if account.role >= proof.caller().role() {
                return Err(Error::RoleChangeDenied(account.name.clone(), account.role));
            }
            account.role = role;
            Ok(())
        })
        .await
    }

    /// Lets an account of a role below log in again.
    pub async fn activate(&self, admin: Admin, id: Uuid) -> Result<Account, Error> {
        self.change(id, |account| set_active(admin, account, true)).await
    }

    /// Shuts an account of a role below out and ends its sessions.
    pub async fn deactivate(&self, admin: Admin, id: Uuid) -> Result<Account, Error> {
        self.change(id, |account| set_active(admin, account, false)).await
    }

    async fn change(
        &self,
        id: Uuid,
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
        tx.commit().await?;
        Ok(account)
    }
}

/// An account that nobody else changes until the transaction ends.
async fn locked(tx: &mut db::Connection, id: Uuid) -> Result<Account, Error> {
    if !store::lock(tx, id).await? {
        return Err(Error::NotFound(id));
    }
    store::by_id(tx, id).await?.ok_or(Error::NotFound(id))
}

fn set_active(admin: Admin, account: &mut Account, active: bool) -> Result<(), Error> {
    if account.role >= admin.caller().role() {
        return Err(Error::ActivationDenied(account.name.clone(), account.role));
    }
    account.active = active;
    Ok(())
}
