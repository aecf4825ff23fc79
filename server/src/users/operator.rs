//! What the operator does to accounts by commands, whose permission is to be on the server's machine.

use uuid::Uuid;

use super::{
    error::Error,
    login,
    model::{Account, Email, Password, Username},
    records::{NewAccount, Records, locked},
    sessions, store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{
        Role,
        password::{self, Hasher},
    },
    clock::{self, SharedClock},
    db::Db,
};

/// How often a password is brought to the hash threads before the operator is turned away.
const TRIES: u32 = 6;

/// What the operator calls an account by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Its id.
    Id(Uuid),
    /// Its e-mail.
    Email(Email),
    /// Its username.
    Username(Username),
}

/// Accounts, in the operator's hands. Only the database and the threads that hash are needed.
#[derive(Clone)]
pub struct Operator(Records);

impl Operator {
    /// On this database.
    pub fn new(db: Db, clock: SharedClock, hasher: Hasher) -> Self {
        Self(Records { db, clock, hasher })
    }

    pub(super) fn of(records: Records) -> Self {
        Self(records)
    }

    /// Makes any account.
    pub async fn make(&self, new: NewAccount) -> Result<Account, Error> {
        let role = new.role.name();
        let entry = |id| Entry::by_operator(Action("account.create"), id).with(role);
        self.0.make(new, None, entry).await
    }

    /// The account of this name.
    pub async fn find(&self, named: &Named) -> Result<Option<Account>, Error> {
        let db = self.0.db.read();
        Ok(match named {
            Named::Id(id) => store::by_id(db, *id).await?,
            Named::Email(email) => store::by_handle(db, &email.clone().into()).await?.map(|(found, _)| found),
            Named::Username(username) => store::by_username(db, username).await?,
        })
    }

    /// All who manage others.
    pub async fn managers(&self) -> Result<Vec<Account>, Error> {
        Ok(store::managers(self.0.db.read()).await?)
    }

    /// Gives an account a role, unless it has a higher one.
    pub async fn raise(&self, id: Uuid, role: Role) -> Result<Account, Error> {
        let entry = Entry::by_operator(Action("account.change_role"), id).with(role.name());
        let raise = |account: &mut Account| {
            account.role = account.role.max(role);
            Ok(())
        };
        self.0.change(id, entry, raise).await
    }

    /// Makes an account a user.
    pub async fn lower(&self, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by_operator(Action("account.change_role"), id).with(Role::User.name());
        self.step_down(id, entry, |account| account.role = Role::User).await
    }

    /// Lets an account log in again.
    pub async fn let_in(&self, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by_operator(Action("account.activate"), id);
        let let_in = |account: &mut Account| {
            account.active = true;
            Ok(())
        };
        self.0.change(id, entry, let_in).await
    }

    /// Shuts an account out and ends its sessions.
    pub async fn shut_out(&self, id: Uuid) -> Result<Account, Error> {
        let entry = Entry::by_operator(Action("account.deactivate"), id);
        self.step_down(id, entry, |account| account.active = false).await
    }

    /// A change after which the account may be no active super_admin any more.
    async fn step_down(
        &self,
        id: Uuid,
        entry: Entry,
        change: impl FnOnce(&mut Account) + Send,
    ) -> Result<Account, Error> {
        let mut tx = self.0.db.begin().await?;
        let mut account = self.0.locked_to_leave(&mut tx, id).await?;
        change(&mut account);
        account.update_time = self.0.clock.now();
        store::update(&mut tx, &account).await?;
        if !account.active {
            sessions::end_all(&mut tx, id).await?;
        }
        audit::record(&mut tx, account.update_time, &entry).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Gives an account another password, ends all that it is logged in with, and forgets its wrong passwords.
    pub async fn reset_password(&self, id: Uuid, password: &Password) -> Result<Account, Error> {
        let hash = self.hash_patiently(password).await?;
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let account = locked(&mut tx, id).await?;
        store::set_password(&mut tx, id, &hash, clock::to_millis(now)).await?;
        sessions::end_all(&mut tx, id).await?;
        store::forget_failures(&mut tx, &login::subject_of(id)).await?;
        let entry = Entry::by_operator(Action("account.reset_password"), id);
        audit::record(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// An operator is not turned away by a machine that is busy: it takes its time.
    async fn hash_patiently(&self, password: &Password) -> Result<String, Error> {
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match self.0.hasher.hash(password.clone().expose()).await {
                Err(password::Error::Busy) if tries > 0 => {}
                hashed => return Ok(hashed?),
            }
        }
    }
}
