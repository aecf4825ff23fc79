//! Services and keys that take several settings.

use std::sync::Arc;

use super::Error;
use crate::{
    auth::jws::{Algorithm, Key},
    blobs::Blobs,
    clock::SharedClock,
    config::Settings,
    db::Db,
    images::{self, models::Models},
    network::{
        self, RealWorld,
        targets::{self, TargetPolicy},
    },
    tasks,
    users::{self, tokens::keys::Source},
};

/// Images, where the settings keep them, with the neural networks that there are.
pub(super) fn images(
    settings: &Settings,
    db: &Db,
    clock: &SharedClock,
    queue: &tasks::Queue,
) -> Result<images::Service, Error> {
    Ok(images::Service::new(
        db.clone(),
        Arc::clone(clock),
        Blobs::open(&settings.place()?)?,
        queue.clone(),
        settings.keeping.limits(),
        Models::new(&settings.networks.models_dir),
    ))
}

/// The rules of accounts.
pub(super) fn policy(settings: &Settings) -> users::service::Policy {
    users::service::Policy {
        limited: settings.rate_limits.is_on(),
        any_passwords: settings.any_passwords.is_on(),
    }
}

/// Who may look at which networks.
pub(super) fn targets(settings: &Settings, db: &Db, clock: &SharedClock) -> targets::Service {
    let set = &settings.targets;
    let policy = TargetPolicy::new(set.allow_targets.clone(), set.deny_targets.clone());
    targets::Service::new(db.clone(), Arc::clone(clock), Arc::new(policy))
}

/// Who may look at which networks, and what looks at them.
pub(super) fn network(
    settings: &Settings,
    db: &Db,
    clock: &SharedClock,
) -> (targets::Service, network::Service) {
    let targets = targets(settings, db, clock);
    let limits = settings.targets.limits(settings.rate_limits.is_on());
    let world = Arc::new(RealWorld);
    (targets.clone(), network::Service::new(db.clone(), Arc::clone(clock), targets, world, limits))
}

/// Where the keys that sign tokens come from.
pub(super) fn key_source(settings: &Settings) -> Result<Source, Error> {
    let algorithm = settings.token_algorithm;
    let Some(path) = &settings.token_key_file else {
        // RSA keys are not made here: it takes seconds, and ring does not.
        let made_here = !matches!(algorithm, Algorithm::Rs(_) | Algorithm::Ps(_));
        return if made_here { Ok(Source::Own(algorithm)) } else { Err(Error::NoKeyFile(algorithm.name())) };
    };
    let file = std::fs::read(path).map_err(|error| Error::KeyFile(error.to_string()))?;
    let key = Key::from_file(algorithm, &file).map_err(|error| Error::KeyFile(error.to_string()))?;
    Ok(Source::Fixed(Arc::new(key)))
}
