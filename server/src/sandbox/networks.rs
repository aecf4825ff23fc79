//! How a process runs neural networks: what its parent says on its command line.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;

use crate::images::model::{Contracts, Enlarger, Masker};

/// How a process runs neural networks.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct Networks {
    /// On how many threads.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// By which library of ONNX Runtime's; else by rten.
    #[arg(long)]
    pub library: Option<PathBuf>,
    /// What the network of the style `detail` is like.
    #[arg(long, default_value_t)]
    pub enlarger: Enlarger,
    /// What the network of background removal is like.
    #[arg(long, default_value_t)]
    pub masker: Masker,
}

impl Networks {
    /// The arguments that say so.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            super::NETWORKS.into(),
            format!("--threads={}", self.threads).into(),
            format!("--enlarger={}", self.enlarger).into(),
            format!("--masker={}", self.masker).into(),
        ];
        if let Some(library) = &self.library {
            arguments.extend(["--library".into(), library.into()]);
        }
        arguments
    }

    /// What the operator's own networks are like.
    pub(super) fn contracts(&self) -> Contracts {
        Contracts { enlarger: self.enlarger, masker: self.masker }
    }
}

/// On one thread by rten, with our own networks.
impl Default for Networks {
    fn default() -> Self {
        Self { threads: 1, library: None, enlarger: Enlarger::default(), masker: Masker::default() }
    }
}
