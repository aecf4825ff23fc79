//! The keys that sign tokens: one file of the operator's, or keys of our own that take turns.
//!
//! A key of our own is published, signs a day later, and is kept for verifying until the last token that it
//! signed has ended. Which one signs follows from the times in the database alone, so that all servers on one
//! database agree without a word.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;

use super::{
    error::Error,
    model::{KeyState, MAX_KEYS, PENDING, SKEW, Terms},
    store::{self, Sealed},
};
use crate::{
    audit::{self, Action, Actor, Entry},
    auth::jws::{self, Algorithm, Key, Unverified},
    clock::SharedClock,
    db::Db,
    secrets::{Place, Secrets},
};

/// How old what is remembered of the keys may be: for so long a key that was forgotten after a leak still opens doors
/// on another server, or beside the command that forgot it. Much shorter, and each call with a token would be a look.
const MAX_AGE: Duration = Duration::from_secs(1);

/// A key and its times.
#[derive(Debug, Clone)]
pub struct Timed {
    /// The key.
    pub key: Arc<Key>,
    /// When it was made.
    pub create_time: SystemTime,
    /// When it begins to sign.
    pub activate_time: SystemTime,
}

/// Where keys come from.
#[derive(Debug)]
pub enum Source {
    /// The operator's file.
    Fixed(Arc<Key>),
    /// Our own, of this algorithm.
    Own(Algorithm),
}

/// The keys.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    db: Db,
    clock: SharedClock,
    secrets: Secrets,
    source: Source,
    kept: Duration,
    opened: SystemTime,
    seen: RwLock<Seen>,
}

/// What becomes of the keys before a new one.
#[derive(Clone, Copy)]
enum Former {
    Kept,
    Forgotten,
}

#[derive(Default)]
struct Seen {
    at: Option<SystemTime>,
    /// Shared, because every call with a token takes them.
    keys: Arc<[Timed]>,
}

impl Keys {
    /// With keys from there; the first of our own is made here.
    pub async fn open(
        db: Db,
        clock: SharedClock,
        secrets: Secrets,
        source: Source,
        terms: &Terms,
    ) -> Result<Self, Error> {
        let kept = terms.refresh.max(terms.access) + SKEW;
        let opened = clock.now();
        let keys =
            Self(Arc::new(Inner { db, clock, secrets, source, kept, opened, seen: RwLock::default() }));
        if let Source::Own(algorithm) = keys.0.source
            && keys.load().await?.is_empty()
        {
            let entry = |kid: &str| Entry::new(Actor::Operator, None, Action("key.make"), kid);
            keys.make(algorithm, Duration::ZERO, Former::Kept, entry).await?;
        }
        Ok(keys)
    }

    /// Signs with the active key.
    pub async fn sign(&self, claims: &impl serde::Serialize) -> Result<String, Error> {
        let keys = self.current().await?;
        let (active, _) =
            states(&keys, self.0.clock.now(), self.0.kept).into_iter().next().ok_or(Error::Invalid)?;
        Ok(jws::sign(claims, &active.key)?)
    }

    /// The claims of a token that one of the keys has signed.
    pub async fn verify<T: DeserializeOwned>(&self, token: &Unverified<'_>) -> Result<T, Error> {
        let keys = self.current().await?;
        let known = keys.iter().find(|timed| timed.key.kid() == token.kid());
        token.verify(&known.ok_or(Error::Invalid)?.key).ok_or(Error::Invalid)
    }

    /// All that verify, the active one first.
    pub async fn list(&self) -> Result<Vec<(Timed, KeyState)>, Error> {
        Ok(states(&self.current().await?, self.0.clock.now(), self.0.kept))
    }

    /// Makes the next key. Those that no token needs any more are deleted; immediately: all others.
    pub async fn rotate(
        &self,
        immediately: bool,
        entry: impl FnOnce(&str) -> Entry + Send,
    ) -> Result<(Timed, KeyState), Error> {
        let Source::Own(algorithm) = self.0.source else { return Err(Error::KeyFixed) };
        if immediately {
            let made = self.make(algorithm, Duration::ZERO, Former::Forgotten, entry).await?;
            return Ok((made, KeyState::Active));
        }
        Ok((self.make(algorithm, PENDING, Former::Kept, entry).await?, KeyState::Pending))
    }

    async fn make(
        &self,
        algorithm: Algorithm,
        wait: Duration,
        former: Former,
        entry: impl FnOnce(&str) -> Entry + Send,
    ) -> Result<Timed, Error> {
        let secret = Key::generate(algorithm)?;
        let create_time = self.0.clock.now();
        let key = Arc::new(Key::from_bytes(algorithm, &secret)?);
        let made = Timed { key, create_time, activate_time: create_time + wait };
        let mut tx = self.0.db.begin().await?;
        let sealed = Sealed {
            kid: made.key.kid().to_owned(),
            key: self.0.secrets.seal(place(made.key.kid()), &secret)?,
            create_time,
            activate_time: made.activate_time,
        };
        store::insert_key(&mut tx, algorithm, &sealed).await?;
        let keys = self.unsealed(algorithm, store::keys(&mut *tx, algorithm).await?)?;
        let kept: Vec<_> = match former {
            Former::Kept => {
                states(&keys, create_time, self.0.kept).into_iter().map(|(timed, _)| timed).collect()
            }
            Former::Forgotten => vec![made.clone()],
        };
        for key in keys.iter().map(|timed| &timed.key) {
            if !kept.iter().any(|timed| timed.key.kid() == key.kid()) {
                store::delete_key(&mut tx, key.kid()).await?;
            }
        }
        audit::record(&mut tx, create_time, &entry(made.key.kid())).await?;
        tx.commit().await?;
        self.load().await?;
        Ok(made)
    }

    /// The keys that lie there sealed; those that are remembered are not opened again.
    fn unsealed(&self, algorithm: Algorithm, sealed: Vec<Sealed>) -> Result<Vec<Timed>, Error> {
        let remembered = Arc::clone(&self.0.seen.read().unwrap_or_else(PoisonError::into_inner).keys);
        let unsealed = |sealed: Sealed| {
            let remembered = remembered.iter().find(|timed| timed.key.kid() == sealed.kid);
            let key = if let Some(timed) = remembered {
                Arc::clone(&timed.key)
            } else {
                let secret = self.0.secrets.unseal(place(&sealed.kid), &sealed.key)?;
                Arc::new(Key::from_bytes(algorithm, &secret)?)
            };
            Ok(Timed { key, create_time: sealed.create_time, activate_time: sealed.activate_time })
        };
        sealed.into_iter().map(unsealed).collect()
    }

    /// The keys as they were at most [`MAX_AGE`] ago.
    async fn current(&self) -> Result<Arc<[Timed]>, Error> {
        let now = self.0.clock.now();
        {
            let seen = self.0.seen.read().unwrap_or_else(PoisonError::into_inner);
            let fresh = seen.at.is_some_and(|at| now.duration_since(at).is_ok_and(|passed| passed < MAX_AGE));
            if fresh {
                return Ok(Arc::clone(&seen.keys));
            }
        }
        self.load().await
    }

    async fn load(&self) -> Result<Arc<[Timed]>, Error> {
        // Before the look, so that what changes during it is not taken for seen.
        let at = Some(self.0.clock.now());
        let keys = match &self.0.source {
            Source::Own(algorithm) => {
                self.unsealed(*algorithm, store::keys(self.0.db.read(), *algorithm).await?)?
            }
            Source::Fixed(key) => {
                vec![Timed { key: Arc::clone(key), create_time: self.0.opened, activate_time: self.0.opened }]
            }
        };
        let mut seen = self.0.seen.write().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen { at, keys: keys.into() };
        Ok(Arc::clone(&seen.keys))
    }
}

/// Where a key lies.
fn place(kid: &str) -> Place<'_> {
    Place { table: "signing_keys", column: "sealed_key", row: kid }
}

/// The keys that verify now: the active one, those to come, and those whose tokens may still live.
fn states(keys: &[Timed], now: SystemTime, kept: Duration) -> Vec<(Timed, KeyState)> {
    let mut keys = keys.to_vec();
    keys.sort_by(|a, b| (b.activate_time, b.key.kid()).cmp(&(a.activate_time, a.key.kid())));
    let (pending, begun): (Vec<_>, Vec<_>) = keys.into_iter().partition(|timed| timed.activate_time > now);
    let mut found = Vec::new();
    let mut successor: Option<SystemTime> = None;
    for timed in begun {
        let state = if successor.is_none() { KeyState::Active } else { KeyState::Retired };
        let needed = successor.is_none_or(|since| now < since + kept);
        successor = Some(timed.activate_time);
        if needed {
            found.push((timed, state));
        }
    }
    let at = found.len().min(1);
    found.splice(at..at, pending.into_iter().rev().map(|timed| (timed, KeyState::Pending)));
    found.truncate(MAX_KEYS);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        clock::ManualClock,
        db::testing::{self, Scratch},
    };

    async fn open(scratch: &Scratch, secrets: &Secrets, clock: &Arc<ManualClock>) -> Keys {
        let hour = Duration::from_hours(1);
        let terms = Terms { access: hour, refresh: hour, issuer: "atalaya".into() };
        let (db, clock) = (scratch.db.clone(), Arc::clone(clock) as SharedClock);
        Keys::open(db, clock, secrets.clone(), Source::Own(Algorithm::EdDsa), &terms).await.unwrap()
    }

    async fn verifies(keys: &Keys, token: &str) -> bool {
        keys.verify::<Value>(&Unverified::parse(token).unwrap()).await.is_ok()
    }

    #[tokio::test]
    async fn a_key_that_is_forgotten_elsewhere_is_forgotten_here_within_a_second() {
        for scratch in testing::each().await {
            let folder = tempfile::tempdir().unwrap();
            let secrets = Secrets::open(&folder.path().join("key"), &scratch.db).await.unwrap();
            let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_hours(9)));
            let server = open(&scratch, &secrets, &clock).await;
            let command = open(&scratch, &secrets, &clock).await;
            let before = server.sign(&json!({})).await.unwrap();
            assert!(verifies(&server, &before).await);

            let entry = |kid: &str| Entry::by_operator(Action("key.rotate"), kid);
            let (made, _) = command.rotate(true, entry).await.unwrap();
            let after = command.sign(&json!({})).await.unwrap();
            clock.advance(MAX_AGE / 2);
            assert!(verifies(&server, &before).await, "not every call looks into the database");
            clock.advance(MAX_AGE / 2);
            assert!(!verifies(&server, &before).await && verifies(&server, &after).await);
            let next = server.sign(&json!({})).await.unwrap();
            assert_eq!(Unverified::parse(&next).unwrap().kid(), made.key.kid());
        }
    }
}
