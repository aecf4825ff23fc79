//! The rules of accounts: who may make, see, change and delete whom.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    error::Error,
    model::{Account, Email, Handle, Name, Order, Password},
    operator::Operator,
    records::{NewAccount, Records, locked},
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
    pub(super) records: Records,
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
            records: Records { db, clock, hasher },
            logins,
            turns: Turns::default(),
            devices: Arc::new(devices),
            policy,
            images,
            tasks,
            sign_ups,
        }
    }

    /// The same accounts, for the operator.
    pub fn operator(&self) -> Operator {
        Operator::of(self.records.clone())
    }

    /// Makes the account of somebody who is not logged in.
    pub async fn sign_up(&self, visitor: Visitor, new: NewAccount) -> Result<Account, Error> {
        if visitor.caller.is_some() {
            return Err(Error::AlreadyAuthenticated);
        }
        self.sign_ups.take(visitor.origin.address, self.records.clock.now()).map_err(Error::RateLimited)?;
        self.records.make(new, None, |id| Entry::by_visitor(visitor, Action("account.sign_up"), id)).await
    }

    /// Makes an account for somebody else, of a role below the caller's.
    pub async fn create(&self, admin: Admin, new: NewAccount) -> Result<Account, Error> {
        if new.role >= admin.caller().role() {
            return Err(Error::NotAuthorized);
        }
        let role = new.role.name();
        let caller = admin.caller();
        let entry = |id| Entry::by(caller, Action("account.create"), id).with(role);
        self.records.make(new, Some(caller), entry).await
    }

    /// Whether a handle is somebody's, or stays taken.
    pub async fn is_taken(&self, handle: &str) -> Result<bool, Error> {
        Ok(store::is_taken(self.records.db.read(), &Handle::of(handle)).await?)
    }

    /// Whether somebody can make admins.
    pub async fn has_super_admin(&self) -> Result<bool, Error> {
        Ok(store::has_super_admin(self.records.db.read()).await?)
    }

    /// The caller's own account.
    pub async fn own(&self, caller: Caller) -> Result<Account, Error> {
        let id = caller.account();
        store::at_hand(self.records.db.at_hand(), id).await?.ok_or(Error::NotFound(id))
    }

    /// The account that a live session says it is of.
    pub(super) async fn of_session(&self, id: Uuid) -> Result<Account, Error> {
        store::at_hand(self.records.db.at_hand(), id).await?.ok_or(Error::NotAuthenticated)
    }

    /// Whether an account may log in; `None` if there is none.
    pub(super) async fn is_active(&self, id: Uuid) -> Result<Option<bool>, Error> {
        Ok(store::at_hand(self.records.db.at_hand(), id).await?.map(|account| account.active))
    }

    /// The role of an account that may log in.
    pub async fn role(&self, id: Uuid) -> Result<Option<Role>, Error> {
        let account = store::at_hand(self.records.db.at_hand(), id).await?;
        Ok(account.filter(|account| account.active).map(|account| account.role))
    }

    /// An account: one's own, or one of a role below.
    pub async fn get(&self, caller: Caller, id: Uuid) -> Result<Account, Error> {
        let account = store::at_hand(self.records.db.at_hand(), id).await?.ok_or(Error::NotFound(id))?;
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
        let accounts = store::list(self.records.db.read(), page, order, descending).await?;
        Ok((accounts, store::count(self.records.db.read()).await?))
    }

    /// Changes the caller's own name.
    pub async fn rename(&self, caller: Caller, name: Name) -> Result<Account, Error> {
        let entry = Entry::by(caller, Action("account.rename"), caller.account());
        let rename = |account: &mut Account| {
            account.name = name;
            Ok(())
        };
        self.records.change(caller.account(), entry, rename).await
    }

    /// Changes the caller's own e-mail, which is what the caller logs in with.
    pub async fn change_email(&self, login: PasswordLogin, email: Email) -> Result<Account, Error> {
        let caller = login.caller();
        let mut tx = self.records.db.begin().await?;
        let mut account = locked(&mut tx, caller.account()).await?;
        store::replace_email(&mut tx, &account, &email).await?;
        account.email = Some(email);
        account.update_time = self.records.clock.now();
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
            self.check_current(caller, current).await?;
        }
        let hash = self.records.hasher.hash(password.expose()).await?;
        let now = self.records.clock.now();
        let mut tx = self.records.db.begin().await?;
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
        if id == caller.account() {
            // As closing it does: a refresh token is not enough.
            caller.require_password_login()?;
        }
        self.get(caller, id).await?;
        let mut tx = self.records.db.begin().await?;
        let account = self.records.locked_to_leave(&mut tx, id).await?;
        // Once more: it may have risen meanwhile.
        if id != caller.account() && account.role >= caller.role() {
            return Err(Error::NotAuthorized);
        }
        let left_behind = self.forget(&mut tx, id).await?;
        store::delete(&mut tx, &account).await?;
        let entry = Entry::by(caller, Action("account.delete"), id).with(account.role.name());
        audit::record(&mut tx, self.records.clock.now(), &entry).await?;
        tx.commit().await?;
        self.images.delete_blobs(left_behind).await;
        Ok(())
    }

    /// Closes the caller's own account: what belongs to it is gone, its handles stay taken.
    pub async fn close(&self, login: PasswordLogin) -> Result<(), Error> {
        let id = login.caller().account();
        let mut tx = self.records.db.begin().await?;
        let mut account = self.records.locked_to_leave(&mut tx, id).await?;
        let left_behind = self.forget(&mut tx, id).await?;
        account.active = false;
        account.update_time = self.records.clock.now();
        store::update(&mut tx, &account).await?;
        sessions::end_all(&mut tx, id).await?;
        let entry = Entry::by(login.caller(), Action("account.close"), id);
        audit::record(&mut tx, account.update_time, &entry).await?;
        tx.commit().await?;
        self.images.delete_blobs(left_behind).await;
        Ok(())
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
        self.records.change(id, entry, change).await
    }

    /// Lets an account of a role below log in again.
    pub async fn activate(&self, admin: Admin, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by(admin.caller(), Action("account.activate"), id);
        self.records.change(id, entry, |account| set_active(admin, account, true)).await
    }

    /// Shuts an account of a role below out and ends its sessions.
    pub async fn deactivate(&self, admin: Admin, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by(admin.caller(), Action("account.deactivate"), id);
        self.records.change(id, entry, |account| set_active(admin, account, false)).await
    }
}

/// Locks the caller's account until the transaction ends; whether the caller's session is still alive then.
pub async fn lock_session(tx: &mut db::Connection, caller: Caller) -> Result<bool, db::Error> {
    Ok(store::lock(tx, caller.account()).await? && sessions::is_alive(tx, caller.session()).await?)
}

fn set_active(admin: Admin, account: &mut Account, active: bool) -> Result<(), Error> {
    if account.role >= admin.caller().role() {
        return Err(Error::ActivationDenied(account.name.clone(), account.role));
    }
    account.active = active;
    Ok(())
}
