//! Services and keys that take several settings.

use std::{path::PathBuf, sync::Arc};

use super::Error;
use crate::{
    auth::jws::{Algorithm, Key},
    blobs::Blobs,
    clock::SharedClock,
    config::Settings,
    db::Db,
    images::{self, models::Models, trials, worker::Pools},
    tasks,
    users::tokens::keys::Source,
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
        models(settings),
    ))
}

fn models(settings: &Settings) -> Models {
    Models {
        folder: settings.networks.models_dir.clone(),
        detail: settings.networks.detail_model.as_ref().map(|own| own.file.clone()),
        matte: settings.networks.background_model.as_ref().map(|own| own.file.clone()),
    }
}

/// So many processes of `program sandbox` for edits, and one for neural networks on a machine with so many cores. What
/// the settings say of networks is tried before anything else is touched.
pub async fn pools(
    settings: &Settings,
    program: PathBuf,
    count: usize,
    cores: usize,
) -> Result<Pools, Error> {
    let networks = settings.networks.plan(cores);
    let library = networks.library.clone();
    let pools = Pools::new(program, count, networks);
    trials::all(&pools.networks, library.as_deref(), &models(settings)).await?;
    Ok(pools)
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
