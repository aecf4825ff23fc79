//! The rules of accounts: who may make, see, change and delete whom.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Email, Handle, Invalid, Name, Order, Password, Username},
    sessions, store,
    turns::Turns,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{
        Admin, Caller, PasswordLogin, Role, SuperAdmin, Visitor,
        device::Devices,
        password::Hasher,
        rate::{LOGIN, Limiter, SIGN_UP},
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

/// What the operator has decided.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether sign-ups and logins are limited per address.
    pub limited: bool,
    /// Whether clients that were promised so may choose any password.
    pub any_passwords: bool,
}

/// Accounts.
#[derive(Clone)]
pub struct Service {
    pub(super) db: Db,
    pub(super) clock: SharedClock,
    pub(super) hasher: Hasher,
    pub(super) logins: Arc<Limiter>,
    pub(super) turns: Turns,
    pub(super) devices: Arc<Devices>,
    pub(super) policy: Policy,
    images: images::Service,
    tasks: tasks::Queue,
    sign_ups: Arc<Limiter>,
}

impl Service {
    /// With what accounts are made of.
    pub fn new(
        db: Db,
        clock: SharedClock,
        hasher: Hasher,
        devices: Devices,
        images: images::Service,
        tasks: tasks::Queue,
        policy: Policy,
    ) -> Self {
        let limiter = |rate| Arc::new(Limiter::new(policy.limited.then_some(rate)));
        let (sign_ups, logins) = (limiter(SIGN_UP), limiter(LOGIN));
        Self {
            db,
            clock,
            hasher,
            logins,
            turns: Turns::default(),
            devices: Arc::new(devices),
            policy,
            images,
            tasks,
            sign_ups,
        }
    }

    /// Makes the account of somebody who is not logged in.
    pub async fn sign_up(&self, visitor: Visitor, new: NewAccount) -> Result<Account, Error> {
        if visitor.caller.is_some() {
            return Err(Error::AlreadyAuthenticated);
        }
        self.sign_ups.take(visitor.origin.address, self.clock.now()).map_err(Error::RateLimited)?;
        self.make(new, |id| Entry::by_visitor(visitor, Action("account.sign_up"), id)).await
    }

    /// Makes an account for somebody else, of a role below the caller's.
    pub async fn create(&self, admin: Admin, new: NewAccount) -> Result<Account, Error> {
        if new.role >= admin.caller().role() {
            return Err(Error::NotAuthorized);
        }
        let role = new.role.name();
        self.make(new, |id| Entry::by(admin.caller(), Action("account.create"), id).with(role)).await
    }

    async fn make(
        &self,
        new: NewAccount,
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
        store::insert(&mut tx, &account, &hash).await?;
        audit::record(&mut tx, now, &entry(account.id)).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Makes any account; for the operator, who needs no permission.
    pub async fn make_by_operator(&self, new: NewAccount) -> Result<Account, Error> {
        let role = new.role.name();
        self.make(new, |id| Entry::by_operator(Action("account.create"), id).with(role)).await
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

    /// Whether a handle is somebody's, or stays taken.
    pub async fn is_taken(&self, handle: &str) -> Result<bool, Error> {
        Ok(store::is_taken(self.db.read(), &Handle::of(handle)).await?)
    }

    /// Whether somebody can make admins.
    pub async fn has_super_admin(&self) -> Result<bool, Error> {
        Ok(store::has_super_admin(self.db.read()).await?)
    }

    /// The caller's own account.
    pub async fn own(&self, caller: Caller) -> Result<Account, Error> {
        let id = caller.account();
        store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))
    }

    /// The account that a live session says it is of.
    pub(super) async fn of_session(&self, id: Uuid) -> Result<Account, Error> {
        store::by_id(self.db.read(), id).await?.ok_or(Error::NotAuthenticated)
    }

    /// Whether an account may log in; `None` if there is none.
    pub(super) async fn is_active(&self, id: Uuid) -> Result<Option<bool>, Error> {
        Ok(store::by_id(self.db.read(), id).await?.map(|account| account.active))
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
        let entry = Entry::by(caller, Action("account.rename"), caller.account());
        let rename = |account: &mut Account| {
            account.name = name;
            Ok(())
        };
        self.change(caller.account(), entry, rename).await
    }

    /// Changes the caller's own e-mail.
    pub async fn change_email(&self, caller: Caller, email: Email) -> Result<Account, Error> {
        let mut tx = self.db.begin().await?;
        let mut account = locked(&mut tx, caller.account()).await?;
        store::replace_email(&mut tx, &account, &email).await?;
        account.email = Some(email);
        account.update_time = self.clock.now();
        store::update(&mut tx, &account).await?;
        let entry = Entry::by(caller, Action("account.change_email"), account.id);
        audit::record(&mut tx, account.update_time, &entry).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Changes the caller's own password and ends all that the caller is logged in with. A current password
    /// must be right if it is given.
    pub async fn change_password(
        &self,
        login: PasswordLogin,
        current: Option<String>,
        password: Password,
    ) -> Result<(), Error> {
        let caller = login.caller();
        if let Some(current) = current {
            let hash = store::password_hash(self.db.read(), caller.account()).await?;
            let hash = hash.ok_or(Error::NotAuthenticated)?;
            if !self.hasher.verify(current, hash).await? {
                return Err(Error::CredentialsInvalid);
            }
        }
        let hash = self.hasher.hash(password.expose()).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // Hashing took its time: whoever was shut out meanwhile shall not have the last word.
        if !lock_session(&mut tx, caller).await? {
            return Err(Error::NotAuthenticated);
        }
        store::set_password(&mut tx, caller.account(), &hash, clock::to_millis(now)).await?;
        sessions::end_all(&mut tx, caller.account()).await?;
        let entry = Entry::by(caller, Action("account.change_password"), caller.account());
        audit::record(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes one's own account, or one of a role below, with all that belongs to it.
    pub async fn delete(&self, caller: Caller, id: Uuid) -> Result<(), Error> {
        self.get(caller, id).await?;
        let mut tx = self.db.begin().await?;
        let account = self.locked_to_leave(&mut tx, id).await?;
        // Once more: it may have risen meanwhile.
        if id != caller.account() && account.role >= caller.role() {
            return Err(Error::NotAuthorized);
        }
        let left_behind = self.forget(&mut tx, id).await?;
        store::delete(&mut tx, &account).await?;
        let entry = Entry::by(caller, Action("account.delete"), id).with(account.role.name());
        audit::record(&mut tx, self.clock.now(), &entry).await?;
        tx.commit().await?;
        self.images.delete_blobs(left_behind).await;
        Ok(())
    }

    /// Closes the caller's own account: what belongs to it is gone, its handles stay taken.
    pub async fn close(&self, login: PasswordLogin) -> Result<(), Error> {
        let id = login.caller().account();
        let mut tx = self.db.begin().await?;
        let mut account = self.locked_to_leave(&mut tx, id).await?;
        let left_behind = self.forget(&mut tx, id).await?;
        account.active = false;
        account.update_time = self.clock.now();
        store::update(&mut tx, &account).await?;
        sessions::end_all(&mut tx, id).await?;
        let entry = Entry::by(login.caller(), Action("account.close"), id);
        audit::record(&mut tx, account.update_time, &entry).await?;
        tx.commit().await?;
        self.images.delete_blobs(left_behind).await;
        Ok(())
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

    /// Tasks first, in the order in which workers lock them: PostgreSQL would see a deadlock otherwise.
    async fn forget(&self, tx: &mut db::Connection, id: Uuid) -> Result<Vec<String>, Error> {
        self.tasks.cancel_owner(tx, id).await?;
        Ok(self.images.forget_owner(tx, id).await?)
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
        let entry = Entry::by(proof.caller(), Action("account.change_role"), id).with(role.name());
        let change = |account: &mut Account| {
            if account.role >= proof.caller().role() {
                return Err(Error::RoleChangeDenied(account.name.clone(), account.role));
            }
            account.role = role;
            Ok(())
        };
        self.change(id, entry, change).await
    }

    /// Lets an account of a role below log in again.
    pub async fn activate(&self, admin: Admin, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by(admin.caller(), Action("account.activate"), id);
        self.change(id, entry, |account| set_active(admin, account, true)).await
    }

    /// Shuts an account of a role below out and ends its sessions.
    pub async fn deactivate(&self, admin: Admin, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by(admin.caller(), Action("account.deactivate"), id);
        self.change(id, entry, |account| set_active(admin, account, false)).await
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
}

/// Locks the caller's account until the transaction ends; whether the caller's session is still alive then.
pub async fn lock_session(tx: &mut db::Connection, caller: Caller) -> Result<bool, db::Error> {
    Ok(store::lock(tx, caller.account()).await? && sessions::is_alive(tx, caller.session()).await?)
}

/// An account that nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &mut db::Connection, id: Uuid) -> Result<Account, Error> {
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
