//! Secrets at rest: what the database must keep and nobody may read there, sealed by a key in a file.
//!
//! A sealed text names its key and is bound to its place: moved to another row it does not open. The file is a
//! ring: its first key seals, the others still open what they sealed before.

mod ring;
mod store;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

pub use self::ring::{Error as FileError, Ring};
use crate::{
    audit::{self, Action, Entry},
    auth::token::{NoRandomness, Secret},
    db::{self, Db},
};

/// Where a sealed text lies: table, column, and the row's key.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub row: &'a str,
}

/// A table's sealed column, and the column that names its rows.
pub(crate) struct Column {
    table: &'static str,
    key: &'static str,
    value: &'static str,
}

/// Everything that is sealed: what a rotation seals anew.
const SEALED: [Column; 4] = [
    Column { table: "server_keys", key: "name", value: "value" },
    Column { table: "signing_keys", key: "kid", value: "sealed_key" },
    Column { table: "scan_secrets", key: "key", value: "value" },
    Column { table: "webhook_secrets", key: "key", value: "value" },
];

/// Why a secret can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file can't be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A sealed text that no key of the ring opens.
    #[error(
        "a secret in {0} does not open: the key file is not the one that sealed it; servers on one database \
         share one (ATALAYA_KEY_FILE)"
    )]
    Unopened(&'static str),
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// What a rotation did.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The name of the key that seals from now on.
    pub key: String,
    /// How many texts were sealed anew.
    pub texts: u64,
}

/// A key of the ring and how much depends on it.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// Its name.
    pub key: String,
    /// Whether it seals.
    pub seals: bool,
    /// How many texts it has sealed.
    pub texts: u64,
}

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Secrets(Arc<Inner>);

struct Inner {
    file: PathBuf,
    ring: RwLock<Ring>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// With the ring in a file. A new file is made for a database that holds nothing sealed, and only then.
    pub async fn open(file: &Path, db: &Db) -> Result<Self, Error> {
        let ring = match Ring::read(file) {
            Err(FileError::Missing(_)) if !store::has_sealed(db.read()).await? => Ring::make(file)?,
            // Another process may have made the file and sealed with it since we looked.
            Err(FileError::Missing(_)) => Ring::read(file)?,
            other => other?,
        };
        let secrets = Self(Arc::new(Inner { file: file.to_owned(), ring: RwLock::new(ring) }));
        // Better no start than a failure at the first call.
        for column in &SEALED {
            for (row, text) in store::sealed(db.read(), column).await? {
                secrets.unseal(column.place(&row), &text)?;
            }
        }
        Ok(secrets)
    }

    /// Seals a text for its place.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<String, Error> {
        Ok(self.0.ring.read().unwrap_or_else(PoisonError::into_inner).seal(&place.bound(), plain)?)
    }

    /// Opens what was sealed for this place. For a key that is not known the file is read once more: another
    /// process may have added it.
    pub fn unseal(&self, place: Place<'_>, sealed: &str) -> Result<Vec<u8>, Error> {
        let opened = |ring: &Ring| ring.open(&place.bound(), sealed);
        let known = {
            let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
            ring.knows(sealed).then(|| opened(&ring))
        };
        let opened = if let Some(opened) = known {
            opened
        } else {
            let ring = Ring::read(&self.0.file)?;
            let opened = opened(&ring);
            *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
            opened
        };
        opened.ok_or(Error::Unopened(place.table))
    }

    /// The server's own key of a name, made by whoever asks first.
    pub async fn server_key(&self, db: &Db, name: &str, now: SystemTime) -> Result<String, Error> {
        let place = Place { table: "server_keys", column: "value", row: name };
        let fresh = self.seal(place, Secret::generate()?.expose().as_bytes())?;
        let mut tx = db.begin().await?;
        let sealed = store::key(&mut tx, name, &fresh, now).await?;
        tx.commit().await?;
        let key = self.unseal(place, &sealed)?;
        String::from_utf8(key).map_err(|_| Error::Unopened(place.table))
    }

    /// Adds a key to the ring and seals everything with it. The older keys stay in the file, for backups and
    /// for servers that run; they can be deleted from it once neither needs them.
    pub async fn rotate(&self, db: &Db, now: SystemTime) -> Result<Rotated, Error> {
        let mut tx = db.begin().await?;
        // Before the file is read: of two rotations at once, each would put its ring in the place of the
        // other's, and the key that sealed everything would be gone.
        store::lock(&mut tx).await?;
        let ring = Ring::read(&self.0.file)?.with_fresh_key()?;
        ring.write(&self.0.file)?;
        let key = ring.sealing_key().to_owned();
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        let mut texts = 0;
        for column in &SEALED {
            for (row, sealed) in store::sealed(&mut *tx, column).await? {
                let place = column.place(&row);
                let anew = self.seal(place, &self.unseal(place, &sealed)?)?;
                store::replace(&mut tx, column, &row, &anew).await?;
                texts += 1;
            }
        }
        let entry = Entry::by_operator(Action("secrets.rotate"), &key);
        audit::record(&mut tx, now, &entry.with(texts)).await?;
        tx.commit().await?;
        Ok(Rotated { key, texts })
    }

    /// The keys of the ring, the sealing one first.
    pub async fn list(&self, db: &Db) -> Result<Vec<KeyUse>, Error> {
        let ring = Ring::read(&self.0.file)?;
        let mut sealed = Vec::new();
        for column in &SEALED {
            sealed.extend(store::sealed(db.read(), column).await?.into_iter().map(|(_, text)| text));
        }
        let uses = |key: &str| sealed.iter().filter(|text| ring::key_of(text) == Some(key)).count() as u64;
        let keys = ring.keys().enumerate();
        Ok(keys.map(|(at, key)| KeyUse { key: key.to_owned(), seals: at == 0, texts: uses(key) }).collect())
    }
}

impl Column {
    fn place<'a>(&self, row: &'a str) -> Place<'a> {
        Place { table: self.table, column: self.value, row }
    }
}

impl Place<'_> {
    /// What a sealed text is bound to.
    fn bound(&self) -> String {
        format!("{}|{}|{}", self.table, self.column, self.row)
    }
}
