//! Neural networks: where their files are, what runs them, and how much of the machine they take.

use std::{path::PathBuf, str::FromStr};

use clap::Args;

use crate::{
    images::model::{Enlarger, Masker},
    sandbox,
};

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
    /// Library of ONNX Runtime, 1.20 or later, that runs neural networks [default: rten, which is built in]
    #[arg(long, env = "ATALAYA_ONNXRUNTIME", value_name = "FILE")]
    pub onnxruntime: Option<PathBuf>,
    /// Another network for the style `detail`: an ONNX file, and behind commas what it is like, where it differs from
    /// `scale=4,tile=192,context=10`.
    #[arg(long, env = "ATALAYA_DETAIL_MODEL", value_name = "FILE[,NAME=VALUE..]")]
    pub detail_model: Option<Own<Enlarger>>,
    /// Another network for background removal: an ONNX file, and behind commas what it is like, where it differs from
    /// `side=320,mean=0.485/0.456/0.406,deviation=0.229/0.224/0.225,output=minmax`; or output=sigmoid, or output=none.
    #[arg(long, env = "ATALAYA_BACKGROUND_MODEL", value_name = "FILE[,NAME=VALUE..]")]
    pub background_model: Option<Own<Masker>>,
}

/// A network of the operator's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own<T> {
    /// Its file.
    pub file: PathBuf,
    /// What it is like.
    pub contract: T,
}

impl<T: FromStr<Err = String>> FromStr for Own<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (file, contract) = text.split_once(',').unwrap_or((text, ""));
        if file.is_empty() {
            return Err("no file is named".to_owned());
        }
        Ok(Self { file: file.into(), contract: contract.parse()? })
    }
}

impl Networks {
    /// How neural networks are run on a machine with so many cores.
    pub fn plan(&self, cores: usize) -> sandbox::Networks {
        let threads = self.ai_threads.map_or(cores.min(MAX_THREADS as usize), usize::from).max(1);
        // The process that loads it stands in another folder.
        let library = self.onnxruntime.clone().map(|file| std::path::absolute(&file).unwrap_or(file));
        sandbox::Networks {
            threads,
            library,
            enlarger: self.detail_model.as_ref().map(|own| own.contract).unwrap_or_default(),
            masker: self.background_model.as_ref().map(|own| own.contract).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_file_and_what_it_is_like() {
        let own: Own<Enlarger> = "/models/mine.onnx,scale=2".parse().unwrap();
        assert_eq!(own.file, PathBuf::from("/models/mine.onnx"));
        assert_eq!(own.contract, Enlarger { scale: 2, ..Enlarger::default() });
        assert_eq!("mine.onnx".parse::<Own<Masker>>().unwrap().contract, Masker::default());
        for text in ["", ",scale=2", "mine.onnx,scale=3", "mine.onnx,scale"] {
            assert!(text.parse::<Own<Enlarger>>().is_err(), "{text}");
        }
    }
}
