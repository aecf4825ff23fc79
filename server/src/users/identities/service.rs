//! The rules of identities: who proves what by which secret, and what may be tried how often.
//!
//! A wrong secret is audited and taken from the address's bucket; an empty bucket refuses before any secret is
//! looked at. What is right costs nothing, however often relays ask.

use std::{sync::Arc, time::Duration, time::SystemTime};

use uuid::{NoContext, Timestamp, Uuid};

use super::{
    avatars::Avatars,
    change::{Changes, Registration, Rotation},
    error::Error,
    model::{
        Identity, Iota, MAX_PENDING, MAX_PENDING_OF_ADDRESS, MAX_USERNAME, PublicKey, Secret, Subscription,
        Text,
    },
    store::{self, Stored},
};
use crate::{
    audit::{self, Action, Actor, Entry},
    auth::{
        KeyedHash, Origin, Purpose,
        rate::{Limiter, WRONG_SECRET, network},
    },
    clock::{self, SharedClock},
    db::{Db, Tx},
    users::omikrons,
};

/// What reset tokens are hashed for: unlike anybody's, so that two are the same for all.
const RESET: Purpose<'_> = Purpose("reset", "");

/// What the operator has decided.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether wrong secrets are limited per address.
    pub limited: bool,
    /// How long a registration is pending.
    pub registration_ttl: Duration,
}

/// Identities.
#[derive(Clone)]
pub struct Service {
    pub(super) clock: SharedClock,
    pub(super) db: Db,
    hasher: KeyedHash,
    omikrons: omikrons::Service,
    avatars: Arc<Avatars>,
    policy: Policy,
    wrong: Arc<Limiter>,
}

/// Who tries what with which identity.
#[derive(Clone, Copy)]
struct Attempt {
    origin: Origin,
    action: Action,
    id: Uuid,
}

impl Attempt {
    fn done(self) -> Entry {
        Entry::new(Actor::Identity(self.id), Some(self.origin), self.action, self.id)
    }

    fn refused(self, actor: Actor, why: &str) -> Entry {
        Entry::new(actor, Some(self.origin), self.action, self.id).refused(why)
    }
}

impl Service {
    /// Whose secrets are kept as hashes by this key.
    pub fn new(
        db: Db,
        clock: SharedClock,
        hasher: KeyedHash,
        omikrons: omikrons::Service,
        avatars: Avatars,
        policy: Policy,
    ) -> Self {
        let wrong = Arc::new(Limiter::new(policy.limited.then_some(WRONG_SECRET)));
        Self { clock, db, hasher, omikrons, avatars: Arc::new(avatars), policy, wrong }
    }

    /// Begins a registration; its id and when it lapses.
    pub async fn start(&self, origin: Origin) -> Result<(Uuid, SystemTime), Error> {
        let now = self.clock.now();
        let (id, expires) = (new_id(now), now + self.policy.registration_ttl);
        let network = network(origin.address).to_string();
        // Once more below: this one keeps a crowd that is refused from those who write.
        require_room(store::count_registrations(self.db.read(), &network, now).await?)?;
        let mut tx = self.db.begin().await?;
        store::lock_registrations(&mut tx).await?;
        store::delete_lapsed(&mut tx, now).await?;
        require_room(store::count_registrations(&mut *tx, &network, now).await?)?;
        store::insert_registration(&mut tx, id, &network, expires).await?;
        tx.commit().await?;
        Ok((id, expires))
    }

    /// Completes a registration. When it fails, the registration is still there.
    pub async fn complete(&self, origin: Origin, registration: Registration) -> Result<Identity, Error> {
        self.admit(origin)?;
        let now = self.clock.now();
        let id = registration.id;
        let attempt = Attempt { origin, action: Action("identity.register"), id };
        let stored = Stored {
            key_hash: self.hasher.of(key(&id.to_string()), registration.key_hash.expose()),
            identity: Identity {
                id,
                username: registration.username,
                display: Some(Text::default()),
                status: Some(Text::default()),
                about: Text::default(),
                avatar: bytes::Bytes::new(),
                public_key: registration.public_key,
                iota: registration.iota,
                subscription: Subscription::NONE,
                create_time: now,
                update_time: now,
            },
        };
        if !store::is_pending(self.db.read(), id, now).await? {
            return Err(Error::RegistrationNotFound(id));
        }
        let mut tx = self.db.begin().await?;
        if !store::take_registration(&mut tx, id, now).await? {
            return Err(Error::RegistrationNotFound(id));
        }
        let reset_hash = self.reset_hash(&registration.reset_token);
        if let Err(error) = store::insert(&mut tx, &stored, &reset_hash).await {
            return Err(self.not_new(tx, attempt, error).await);
        }
        audit::record(&mut tx, now, &attempt.done()).await?;
        tx.commit().await?;
        Ok(stored.identity)
    }

    /// The identity of a username, whatever its case.
    pub async fn find(&self, username: &str) -> Result<Identity, Error> {
        let name = username.to_lowercase();
        let shown = || name.chars().take(MAX_USERNAME).collect();
        // No name is longer, and none holds what PostgreSQL's texts can't.
        if name.chars().count() > MAX_USERNAME || name.chars().any(char::is_control) {
            return Err(Error::NobodyNamed(shown()));
        }
        let found = store::by_username(self.db.read(), &name).await?;
        Ok(found.ok_or_else(|| Error::NobodyNamed(shown()))?.identity)
    }

    /// What everyone may know of an identity.
    pub async fn get(&self, id: Uuid) -> Result<Identity, Error> {
        Ok(self.stored(id).await?.identity)
    }

    /// Changes what everyone may know of an identity: all of it, or nothing.
    pub async fn change(
        &self,
        origin: Origin,
        id: Uuid,
        key_hash: &Secret,
        mut changes: Changes,
    ) -> Result<Identity, Error> {
        let attempt = Attempt { origin, action: Action("identity.change"), id };
        self.admit(origin)?;
        let stored = self.stored(id).await?;
        if !self.is_key(&stored, key_hash) {
            let tx = self.db.begin().await?;
            return Err(self.refuse(tx, attempt, "wrong key hash").await);
        }
        let names = changes.names();
        if let Some(picture) = changes.avatar.take_if(|picture| !picture.is_empty()) {
            let (level, _) = stored.identity.subscription.left(self.clock.now());
            changes.avatar = Some(self.avatars.make(picture, level).await?);
        }
        let mut tx = self.db.begin().await?;
        let stored = locked(&mut tx, id).await?;
        // An avatar takes its time: the keys may have changed meanwhile.
        if !self.is_key(&stored, key_hash) {
            return Err(self.refuse(tx, attempt, "wrong key hash").await);
        }
        let mut identity = stored.identity;
        changes.apply(&mut identity);
        identity.update_time = self.clock.now();
        store::update(&mut tx, &identity).await?;
        audit::record(&mut tx, identity.update_time, &attempt.done().with(names)).await?;
        tx.commit().await?;
        Ok(identity)
    }

    /// Changes where an identity is at home, and uses the reset token up.
    pub async fn change_iota(
        &self,
        origin: Origin,
        id: Uuid,
        iota: &Iota,
        rotation: &Rotation,
    ) -> Result<(), Error> {
        let attempt = Attempt { origin, action: Action("identity.change_iota"), id };
        let mut tx = self.rotated(attempt, rotation).await?;
        store::set_iota(&mut tx, id, iota).await?;
        self.finish(tx, attempt).await
    }

    /// Changes an identity's keys, and uses the reset token up.
    pub async fn change_keys(
        &self,
        origin: Origin,
        id: Uuid,
        (public_key, key_hash): (&PublicKey, &Secret),
        rotation: &Rotation,
    ) -> Result<(), Error> {
        let attempt = Attempt { origin, action: Action("identity.change_keys"), id };
        let mut tx = self.rotated(attempt, rotation).await?;
        let hash = self.hasher.of(key(&id.to_string()), key_hash.expose());
        store::set_keys(&mut tx, id, public_key, &hash).await?;
        self.finish(tx, attempt).await
    }

    /// Deletes an identity. Its username is free again.
    pub async fn delete(&self, origin: Origin, id: Uuid, token: &Secret) -> Result<(), Error> {
        let attempt = Attempt { origin, action: Action("identity.delete"), id };
        self.admit(origin)?;
        self.stored(id).await?;
        let mut tx = self.db.begin().await?;
        if !store::delete(&mut tx, id, &self.reset_hash(token)).await? {
            return Err(self.not_the_token(tx, attempt).await);
        }
        self.finish(tx, attempt).await
    }

    /// Whether a key hash is an identity's; for relays.
    pub async fn check_key_hash(
        &self,
        origin: Origin,
        id: Uuid,
        omikron: Option<Uuid>,
        key_hash: &Secret,
    ) -> Result<bool, Error> {
        let attempt = Attempt { origin, action: Action("identity.check_key_hash"), id };
        self.require_omikron(attempt, omikron).await?;
        let matches = self.is_key(&self.stored(id).await?, key_hash);
        if !matches {
            // A relay asks for many people: it is told of, not made to wait.
            let mut tx = self.db.begin().await?;
            let entry = attempt.refused(Actor::Omikron, "wrong key hash");
            audit::record(&mut tx, self.clock.now(), &entry).await?;
            tx.commit().await?;
        }
        Ok(matches)
    }

    /// Where an identity is at home; for relays.
    pub async fn iota(&self, origin: Origin, id: Uuid, omikron: Option<Uuid>) -> Result<Iota, Error> {
        let attempt = Attempt { origin, action: Action("identity.get_iota"), id };
        self.require_omikron(attempt, omikron).await?;
        Ok(self.get(id).await?.iota)
    }

    /// Turns away who has brought too many wrong secrets.
    fn admit(&self, origin: Origin) -> Result<(), Error> {
        self.wrong.check(origin.address, self.clock.now()).map_err(Error::RateLimited)
    }

    async fn require_omikron(&self, attempt: Attempt, omikron: Option<Uuid>) -> Result<(), Error> {
        self.admit(attempt.origin)?;
        let known = match omikron {
            Some(id) => self.omikrons.knows(id).await?,
            None => false,
        };
        if known {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        self.count_wrong(tx, attempt, "unknown omikron").await?;
        Err(Error::OmikronUnknown)
    }

    /// A transaction in which the reset token is used up.
    async fn rotated(&self, attempt: Attempt, rotation: &Rotation) -> Result<Tx, Error> {
        self.admit(attempt.origin)?;
        let (from, to) = (self.reset_hash(&rotation.reset_token), self.reset_hash(&rotation.new_token));
        self.stored(attempt.id).await?;
        let mut tx = self.db.begin().await?;
        match store::rotate(&mut tx, attempt.id, (&from, &to), self.clock.now()).await {
            Ok(true) => Ok(tx),
            Ok(false) => Err(self.not_the_token(tx, attempt).await),
            Err(error) => Err(self.not_new(tx, attempt, error).await),
        }
    }

    /// What a value has come to that had to be unlike anybody's. That a token is somebody else's is worth as much
    /// to whoever guesses as that it is right: it counts as a wrong one.
    async fn not_new(&self, tx: Tx, attempt: Attempt, error: Error) -> Error {
        if !matches!(&error, Error::Invalid(invalid) if invalid.is_of_uniqueness()) {
            return error;
        }
        // A database that has refused a row may take no other in the same transaction.
        drop(tx);
        let counted = match self.db.begin().await {
            Ok(tx) => self.count_wrong(tx, attempt, "another's reset token").await,
            Err(failed) => Err(failed.into()),
        };
        counted.err().unwrap_or(error)
    }

    async fn finish(&self, mut tx: Tx, attempt: Attempt) -> Result<(), Error> {
        audit::record(&mut tx, self.clock.now(), &attempt.done()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Why a reset token changed nothing: there is no such identity, or it is another's.
    async fn not_the_token(&self, mut tx: Tx, attempt: Attempt) -> Error {
        match store::by_id(&mut *tx, attempt.id).await {
            Ok(Some(_)) => self.refuse(tx, attempt, "wrong reset token").await,
            Ok(None) => Error::NotFound(attempt.id),
            Err(error) => error.into(),
        }
    }

    async fn refuse(&self, tx: Tx, attempt: Attempt, why: &str) -> Error {
        self.count_wrong(tx, attempt, why).await.err().unwrap_or(Error::SecretWrong)
    }

    /// Keeps in mind that a secret was wrong.
    async fn count_wrong(&self, mut tx: Tx, attempt: Attempt, why: &str) -> Result<(), Error> {
        let now = self.clock.now();
        // Who has emptied the bucket meanwhile is refused as before, and waits the next time.
        let _emptied = self.wrong.take(attempt.origin.address, now);
        audit::record(&mut tx, now, &attempt.refused(Actor::Nobody, why)).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn stored(&self, id: Uuid) -> Result<Stored, Error> {
        store::by_id(self.db.read(), id).await?.ok_or(Error::NotFound(id))
    }

    fn is_key(&self, stored: &Stored, key_hash: &Secret) -> bool {
        let id = stored.identity.id.to_string();
        self.hasher.is_of(key(&id), key_hash.expose(), &stored.key_hash)
    }

    fn reset_hash(&self, token: &Secret) -> String {
        self.hasher.of(RESET, token.expose())
    }
}

/// Whether another registration may be pending beside those of its address, and all.
fn require_room((own, all): (i64, i64)) -> Result<(), Error> {
    for (count, max) in [(own, MAX_PENDING_OF_ADDRESS), (all, MAX_PENDING)] {
        if count >= max {
            return Err(Error::TooManyRegistrations(max));
        }
    }
    Ok(())
}

/// A UUIDv7 of our own clock's time.
fn new_id(now: SystemTime) -> Uuid {
    let millis = clock::to_millis(now).unsigned_abs();
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1000, (millis % 1000) as u32 * 1_000_000))
}

/// What key hashes are hashed for: each identity's on its own.
fn key(id: &str) -> Purpose<'_> {
    Purpose("key", id)
}

/// An identity that nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &mut Tx, id: Uuid) -> Result<Stored, Error> {
    if !store::lock(tx, id).await? {
        return Err(Error::NotFound(id));
    }
    store::by_id(&mut **tx, id).await?.ok_or(Error::NotFound(id))
}
