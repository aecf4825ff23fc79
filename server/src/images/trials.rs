//! What an operator sets for neural networks, tried before the first edit needs it.

use std::{io, path::Path};

use super::{
    models::{self, Models},
    operations::ai::Trial,
};
use crate::sandbox::{self, Pool};

/// Why what is set can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{setting} can't be used: {cause}")]
pub struct Unfit {
    setting: &'static str,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Trial(#[from] sandbox::Error),
}

/// Tries the library of ONNX Runtime, if one is set, and the operator's own networks.
pub async fn all(pool: &Pool, library: Option<&Path>, models: &Models) -> Result<(), Unfit> {
    const LIBRARY: &str = "--onnxruntime (ATALAYA_ONNXRUNTIME)";
    if let Some(library) = library {
        let unfit = |cause| Unfit { setting: LIBRARY, cause };
        tokio::fs::metadata(library).await.map_err(|error| unfit(error.into()))?;
        pool.attempt(Trial::Engine, None).await.map_err(|error| unfit(error.into()))?;
    }
    for (setting, trial, file) in [
        ("--detail-model (ATALAYA_DETAIL_MODEL)", Trial::Enlarger, &models.detail),
        ("--background-model (ATALAYA_BACKGROUND_MODEL)", Trial::Masker, &models.matte),
    ] {
        if let Some(file) = file {
            one(pool, trial, file).await.map_err(|cause| Unfit { setting, cause })?;
        }
    }
    Ok(())
}

async fn one(pool: &Pool, trial: Trial, file: &Path) -> Result<(), Cause> {
    let network = models::read(file).await?;
    Ok(pool.attempt(trial, Some(network)).await?)
}
