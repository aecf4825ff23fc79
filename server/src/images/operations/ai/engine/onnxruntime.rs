//! ONNX Runtime: faster, in a library of the operator's.

use std::{
    path::Path,
    thread::{self, JoinHandle},
};

use ort::{
    environment::{Environment, GlobalThreadPoolOptions, ThreadManager},
    ep,
    session::Session,
    value::TensorRef,
};

use super::super::{super::Failure, planes::Planes};

/// Larger than rten's: a tenth less work, in twice the memory.
pub(super) const PIECE: usize = 256;

/// The library, and the threads that all networks share: a process that is locked in can't start others.
#[derive(Debug)]
pub(super) struct Runtime {
    environment: Environment,
}

/// A network that is ready to run.
pub(super) struct Network(Session);

/// Starts threads that call a function before they do anything else.
struct Prepared(fn());

impl ThreadManager for Prepared {
    type Thread = JoinHandle<()>;

    fn create(&self, work: impl FnOnce() + Send + 'static) -> ort::Result<JoinHandle<()>> {
        let first = self.0;
        let started = thread::Builder::new().spawn(move || {
            first();
            work();
        });
        started.map_err(|error| ort::Error::new(error.to_string()))
    }

    fn join(thread: JoinHandle<()>) -> ort::Result<()> {
        thread.join().map_err(|_panicked| ort::Error::new("a thread panicked"))
    }
}

/// Loads the library, and starts so many threads less the one that runs networks.
pub(super) fn start(library: &Path, threads: usize, first: fn()) -> Result<Runtime, Failure> {
    let builder = ort::init_from(library).map_err(|_| Failure::NoRuntime)?;
    let pool = || {
        GlobalThreadPoolOptions::default()
            .with_intra_threads(threads)?
            .with_inter_threads(1)?
            .with_thread_manager(Prepared(first))
    };
    let pool = pool().map_err(|_| Failure::NoRuntime)?;
    // An arena takes memory in powers of two, beyond what a process may have.
    let processor = ep::CPU::default().with_arena_allocator(false).build();
    let builder = builder.with_telemetry(false).with_execution_providers([processor]);
    let environment = builder.with_global_thread_pool(pool).build().map_err(|_| Failure::NoRuntime)?;
    Ok(Runtime { environment })
}

impl Runtime {
    pub(super) fn load(&self, file: &[u8]) -> Result<Network, Failure> {
        let session =
            Session::builder(&self.environment).and_then(|mut builder| builder.commit_from_memory(file));
        session.map(Network).map_err(|_| Failure::BadModel)
    }
}

impl Network {
    /// The shape of the first output, and its samples.
    pub(super) fn run(&mut self, planes: &Planes) -> Result<(Vec<usize>, Vec<f32>), Failure> {
        let shape = [1, planes.channels(), planes.height, planes.width];
        let input =
            TensorRef::from_array_view((shape, planes.data.as_slice())).map_err(|_| Failure::BadModel)?;
        let outputs = self.0.run(ort::inputs![input]).map_err(|_| Failure::BadModel)?;
        let first = outputs.values().next().ok_or(Failure::BadModel)?;
        let (shape, samples) = first.try_extract_tensor::<f32>().map_err(|_| Failure::BadModel)?;
        let shape = shape.iter().map(|&side| usize::try_from(side).unwrap_or_default()).collect();
        Ok((shape, samples.to_vec()))
    }
}
