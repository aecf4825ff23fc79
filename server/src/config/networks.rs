//! Neural networks: where their files are, and how much of the machine they take.

use std::path::PathBuf;

use clap::Args;

/// Most threads: more make no edit faster, and each takes memory.
const MAX_THREADS: i64 = 16;

/// What neural networks need.
#[derive(Debug, Clone, Args)]
pub struct Networks {
    /// Folder with the model files of AI upscaling and background removal, which `make data` builds.
    #[arg(long, env = "ATALAYA_MODELS_DIR", value_name = "FOLDER", default_value = "./models")]
    pub models_dir: PathBuf,
    /// How many threads work at the one edit by a neural network that runs at a time [default: one per core, at most 16]
    #[arg(long, env = "ATALAYA_AI_THREADS", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    pub ai_threads: Option<u16>,
}

impl Networks {
    /// How many threads, on a machine with so many cores.
    pub fn threads(&self, cores: usize) -> usize {
        self.ai_threads.map_or(cores.min(MAX_THREADS as usize), usize::from).max(1)
    }
}
