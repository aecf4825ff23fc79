//! The rules of grants, and what a caller may look at.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

use super::{
    error::Error,
    model::{Allowed, Clearance, Denied, Grant, MAX_GRANTS, Note},
    policy::TargetPolicy,
    store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{Admin, Caller},
    clock::SharedClock,
    db::{self, Db},
    edge::Cidr,
    page::Page,
};

const GRANT: Action = Action("target.grant");
const REVOKE: Action = Action("target.revoke");

/// Targets.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    policy: Arc<TargetPolicy>,
}

impl Service {
    /// Under a policy.
    pub fn new(db: Db, clock: SharedClock, policy: Arc<TargetPolicy>) -> Self {
        Self { db, clock, policy }
    }

    /// The policy.
    pub fn policy(&self) -> &Arc<TargetPolicy> {
        &self.policy
    }

    /// What a caller may look at, as of now.
    pub async fn clearance(&self, caller: Caller) -> Result<Clearance, db::Error> {
        // Admins need no grants.
        if caller.is_admin() {
            return Ok(Clearance::Account(caller.role(), Arc::new([])));
        }
        let grants = store::networks(self.db.read(), caller.account()).await?;
        Ok(Clearance::Account(caller.role(), grants.into()))
    }

    /// Whether the caller may look at an address, and why.
    pub async fn check(&self, caller: Caller, address: IpAddr) -> Result<Result<Allowed, Denied>, Error> {
        Ok(self.policy.judge(&self.clearance(caller).await?, address))
    }

    /// Lets an account look at a network.
    pub async fn grant(&self, admin: Admin, account: Uuid, cidr: Cidr, note: Note) -> Result<Grant, Error> {
        let by = admin.caller();
        self.insert(account, cidr, note, Some(by.account()), Entry::by(by, GRANT, account)).await
    }

    /// The same, for the operator.
    pub async fn grant_by_operator(&self, account: Uuid, cidr: Cidr, note: Note) -> Result<Grant, Error> {
        self.insert(account, cidr, note, None, Entry::by_operator(GRANT, account)).await
    }

    async fn insert(
        &self,
        account: Uuid,
        cidr: Cidr,
        note: Note,
        granted_by: Option<Uuid>,
        entry: Entry,
    ) -> Result<Grant, Error> {
        let create_time = self.clock.now();
        let grant = Grant { id: Uuid::now_v7(), account, cidr, note, granted_by, create_time };
        let mut tx = self.db.begin().await?;
        if !store::has_account(&mut tx, account).await? {
            return Err(Error::AccountNotFound(account));
        }
        if !store::insert(&mut tx, &grant).await? {
            return Ok(store::by_cidr(&mut tx, account, cidr).await?);
        }
        if store::count_of(&mut tx, account).await? > MAX_GRANTS {
            return Err(Error::TooManyGrants);
        }
        audit::record(&mut tx, create_time, &entry.with(cidr)).await?;
        tx.commit().await?;
        Ok(grant)
    }

    /// A page of grants, the newest first, and how many there are: a caller's own; an account's or all, for admins.
    pub async fn list(
        &self,
        caller: Caller,
        account: Option<Uuid>,
        page: Page,
    ) -> Result<(Vec<Grant>, i64), Error> {
        let account = match account {
            None if !caller.is_admin() => Some(caller.account()),
            Some(other) if other != caller.account() => caller.require_admin().map(|_| Some(other))?,
            whose => whose,
        };
        self.page(account, page).await
    }

    /// The same, for the operator.
    pub async fn list_by_operator(&self, account: Option<Uuid>) -> Result<Vec<Grant>, Error> {
        Ok(self.page(account, Page::LARGEST).await?.0)
    }

    async fn page(&self, account: Option<Uuid>, page: Page) -> Result<(Vec<Grant>, i64), Error> {
        let grants = store::list(self.db.read(), account, page).await?;
        Ok((grants, store::count(self.db.read(), account).await?))
    }

    /// Takes a grant back.
    pub async fn revoke(&self, admin: Admin, id: Uuid) -> Result<(), Error> {
        self.delete(id, |account| Entry::by(admin.caller(), REVOKE, account)).await
    }

    /// The same, for the operator.
    pub async fn revoke_by_operator(&self, id: Uuid) -> Result<(), Error> {
        self.delete(id, |account| Entry::by_operator(REVOKE, account)).await
    }

    async fn delete(&self, id: Uuid, entry: impl Fn(Uuid) -> Entry) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let grant = store::delete(&mut tx, id).await?.ok_or(Error::GrantNotFound(id))?;
        audit::record(&mut tx, self.clock.now(), &entry(grant.account).with(grant.cidr)).await?;
        tx.commit().await?;
        Ok(())
    }
}
