//! The rules of omikrons: admins and the operator let them in and shut them out.

use uuid::Uuid;

use super::{
    error::Error,
    model::{Name, Omikron, prefix},
    store,
};
use crate::{
    audit::{self, Action, Entry},
    auth::{Admin, KeyedHash, Purpose},
    clock::SharedClock,
    db::{self, Db},
    page::Page,
};

const PURPOSE: Purpose<'_> = Purpose("omikron", "");
const ADD: Action = Action("omikron.add");
const REMOVE: Action = Action("omikron.remove");

/// Omikrons.
#[derive(Clone)]
pub struct Service {
    db: Db,
    clock: SharedClock,
    hasher: KeyedHash,
}

impl Service {
    /// Whose ids are kept as hashes by this key.
    pub fn new(db: Db, clock: SharedClock, hasher: KeyedHash) -> Self {
        Self { db, clock, hasher }
    }

    /// Lets a relay ask.
    pub async fn add(&self, admin: Admin, id: Uuid, name: Name) -> Result<Omikron, Error> {
        self.insert(id, name, Entry::by(admin.caller(), ADD, prefix(id))).await
    }

    /// The same, for the operator, who needs no permission.
    pub async fn add_by_operator(&self, id: Uuid, name: Name) -> Result<Omikron, Error> {
        self.insert(id, name, Entry::by_operator(ADD, prefix(id))).await
    }

    async fn insert(&self, id: Uuid, name: Name, entry: Entry) -> Result<Omikron, Error> {
        let omikron = Omikron { id_prefix: prefix(id), name, create_time: self.clock.now() };
        let mut tx = self.db.begin().await?;
        if !store::insert(&mut tx, &self.hash(id), &omikron).await? {
            return Err(Error::Exists);
        }
        audit::record(&mut tx, omikron.create_time, &entry.with(omikron.name.as_str())).await?;
        tx.commit().await?;
        Ok(omikron)
    }

    /// A page of relays, the newest first, and how many there are in all.
    pub async fn list(&self, _admin: Admin, page: Page) -> Result<(Vec<Omikron>, i64), Error> {
        let omikrons = store::list(self.db.read(), page).await?;
        Ok((omikrons, store::count(self.db.read()).await?))
    }

    /// All relays, as many as a page can hold, for the operator.
    pub async fn list_by_operator(&self) -> Result<Vec<Omikron>, Error> {
        Ok(store::list(self.db.read(), Page::LARGEST).await?)
    }

    /// Shuts a relay out.
    pub async fn remove(&self, admin: Admin, id: Uuid) -> Result<(), Error> {
        self.delete(id, &Entry::by(admin.caller(), REMOVE, prefix(id))).await
    }

    /// The same, for the operator.
    pub async fn remove_by_operator(&self, id: Uuid) -> Result<(), Error> {
        self.delete(id, &Entry::by_operator(REMOVE, prefix(id))).await
    }

    async fn delete(&self, id: Uuid, entry: &Entry) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if !store::delete(&mut tx, &self.hash(id)).await? {
            return Err(Error::NotFound);
        }
        audit::record(&mut tx, self.clock.now(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a relay may ask. It is looked up by its keyed hash, whose bytes nobody outside can steer, so that
    /// the time of the search tells nothing of the id.
    pub async fn knows(&self, id: Uuid) -> Result<bool, db::Error> {
        store::exists(self.db.read(), &self.hash(id)).await
    }

    fn hash(&self, id: Uuid) -> String {
        self.hasher.of(PURPOSE, &id.to_string())
    }
}
