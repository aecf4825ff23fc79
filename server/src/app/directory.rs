//! The directory of identities, which commands of the operator open alone.

use std::{path::PathBuf, sync::Arc};

use super::{Error, make_folder};
use crate::{
    auth::KeyedHash,
    clock::SharedClock,
    config::Settings,
    db::Db,
    secrets::Secrets,
    users::{
        identities::{self, Avatars},
        omikrons,
    },
};

/// The directory of identities and its relays.
pub struct Directory {
    /// The database.
    pub db: Db,
    /// Identities.
    pub identities: identities::Service,
    /// The relays that ask for them.
    pub omikrons: omikrons::Service,
}

/// The directory alone, for commands of the operator.
pub async fn directory(
    settings: &Settings,
    clock: SharedClock,
    program: PathBuf,
) -> Result<Directory, Error> {
    make_folder(settings)?;
    let db = Db::open(&settings.database()).await?;
    let secrets = Secrets::open(&settings.key_file(), &db).await?;
    let key = secrets.server_key(&db, "identity", clock.now()).await?;
    Ok(Directory::new(settings, db, &clock, &key, program))
}

impl Directory {
    /// Whose secrets are hashed with one key of the server's.
    pub(super) fn new(settings: &Settings, db: Db, clock: &SharedClock, key: &str, program: PathBuf) -> Self {
        let hasher = KeyedHash::new(key.as_bytes());
        let omikrons = omikrons::Service::new(db.clone(), Arc::clone(clock), hasher.clone());
        let policy = identities::Policy {
            limited: settings.rate_limits.is_on(),
            registration_ttl: settings.registration_ttl,
        };
        let avatars = Avatars::new(program);
        let identities = identities::Service::new(
            db.clone(),
            Arc::clone(clock),
            hasher,
            omikrons.clone(),
            avatars,
            policy,
        );
        Self { db, identities, omikrons }
    }
}
