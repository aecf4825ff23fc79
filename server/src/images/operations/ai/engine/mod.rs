//! What runs neural networks, on threads that are started before the process gives up its rights: rten, or ONNX Runtime
//! where the settings name its library.

mod kept;
mod onnxruntime;
mod rten;

use std::path::Path;

use self::kept::Kept;

use super::{super::Failure, planes::Planes};
use crate::images::model::Contracts;

/// Runs networks on the threads of this process.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    threads: usize,
    contracts: Contracts,
    kept: Kept<Loaded>,
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
        let (runtime, threads) = match library {
            None => (Runtime::Rten, rten::start(first)),
            Some(library) => (Runtime::OnnxRuntime(onnxruntime::start(library, threads, first)?), threads),
        };
        Ok(Self { runtime, threads, contracts, kept: Kept::default() })
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The longest side of a piece in which a network of ours takes a large picture: what is around each is worked on
    /// more than once.
    pub(super) fn piece(&self) -> usize {
        match self.runtime {
            Runtime::Rten => rten::PIECE,
            Runtime::OnnxRuntime(_) => onnxruntime::PIECE,
        }
    }

    /// What the operator's own networks are like.
    pub(super) fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// A network of one picture in, one or more pictures out: read, or kept from an edit before.
    pub(super) fn load(&self, file: &[u8]) -> Result<Network<'_>, Failure> {
        let name = kept::Name::of(file);
        let network = match self.kept.take(&name) {
            Some(network) => network,
            None => self.read(file)?,
        };
        Ok(Network { engine: self, name, loaded: Some(network) })
    }

    fn read(&self, file: &[u8]) -> Result<Loaded, Failure> {
        Ok(match &self.runtime {
            Runtime::Rten => Loaded::Rten(Box::new(rten::load(file)?)),
            Runtime::OnnxRuntime(runtime) => Loaded::OnnxRuntime(runtime.load(file)?),
        })
    }
}

/// A network that is ready to run. The engine keeps it for the next edit when it is dropped.
pub(super) struct Network<'a> {
    engine: &'a Engine,
    name: kept::Name,
    /// There until it is dropped.
    loaded: Option<Loaded>,
}

enum Loaded {
    Rten(Box<rten::Network>),
    OnnxRuntime(onnxruntime::Network),
}

impl Network<'_> {
    /// The first output for these planes as `[1, channels, height, width]`.
    pub(super) fn run(&mut self, planes: &Planes) -> Result<Planes, Failure> {
        let (shape, data) = match self.loaded.as_mut().ok_or(Failure::BadModel)? {
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

impl Drop for Network<'_> {
    fn drop(&mut self) {
        if let Some(network) = self.loaded.take() {
            self.engine.kept.keep(self.name, network);
        }
    }
}
