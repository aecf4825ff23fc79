//! What runs neural networks, on threads that are started before the process gives up its rights: rten, or ONNX Runtime
//! where the settings name its library.

mod onnxruntime;
mod rten;

use std::path::Path;

use super::{super::Failure, planes::Planes};
use crate::images::model::Contracts;

/// Runs networks on the threads of this process.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    threads: usize,
    contracts: Contracts,
}

#[derive(Debug)]
enum Runtime {
    Rten,
    OnnxRuntime(onnxruntime::Runtime),
}

impl Engine {
    /// Starts the threads, each of which calls `first` before anything else. With a library of ONNX Runtime's it is
    /// that which runs networks, on so many threads, and it may start others for itself; else rten, on as many as
    /// `RTEN_NUM_THREADS` in the environment says.
    pub fn start(
        threads: usize,
        library: Option<&Path>,
        contracts: Contracts,
        first: fn(),
    ) -> Result<Self, Failure> {
        Ok(match library {
            None => Self { threads: rten::start(first), runtime: Runtime::Rten, contracts },
            Some(library) => {
                let runtime = Runtime::OnnxRuntime(onnxruntime::start(library, threads, first)?);
                Self { runtime, threads, contracts }
            }
        })
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// What the operator's own networks are like.
    pub(super) fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// Reads a network of one picture in, one or more pictures out.
    pub(super) fn load(&self, file: &[u8]) -> Result<Network<'_>, Failure> {
        let network = match &self.runtime {
            Runtime::Rten => Loaded::Rten(Box::new(rten::load(file)?)),
            Runtime::OnnxRuntime(runtime) => Loaded::OnnxRuntime(runtime.load(file)?),
        };
        Ok(Network { _engine: self, network })
    }
}

/// A network that is ready to run.
pub(super) struct Network<'a> {
    /// Its threads are needed.
    _engine: &'a Engine,
    network: Loaded,
}

enum Loaded {
    Rten(Box<rten::Network>),
    OnnxRuntime(onnxruntime::Network),
}

impl Network<'_> {
    /// The first output for these planes as `[1, channels, height, width]`.
    pub(super) fn run(&mut self, planes: &Planes) -> Result<Planes, Failure> {
        let (shape, data) = match &mut self.network {
            Loaded::Rten(network) => network.run(planes)?,
            Loaded::OnnxRuntime(network) => network.run(planes)?,
        };
        let [1, channels, height, width] = shape[..] else { return Err(Failure::BadModel) };
        if data.is_empty() || data.len() != channels * height * width {
            return Err(Failure::BadModel);
        }
        Ok(Planes { width, height, data })
    }
}
