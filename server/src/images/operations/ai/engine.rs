//! What runs neural networks: rten, on threads that are started before the process gives up its rights.

use rten::{Model, NodeId, ValueOrView};
use rten_tensor::{Layout, NdTensor, NdTensorView, Tensor};

use super::{super::Failure, planes::Planes};

/// Runs networks on the threads of this process.
#[derive(Debug)]
pub struct Engine {
    threads: usize,
}

impl Engine {
    /// Starts the threads; `RTEN_NUM_THREADS` in the environment says how many.
    pub fn start() -> Self {
        Self { threads: rten::thread_pool().run(rayon::current_num_threads) }
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Does something on each of its threads, once, and answers when all are done.
    pub fn on_each_thread<T: Send>(&self, act: impl Fn() -> T + Sync + Send) -> Vec<T> {
        rten::thread_pool().run(|| rayon::broadcast(|_| act()))
    }

    /// Reads a network of one picture in, one or more pictures out.
    pub(super) fn load(&self, file: &[u8]) -> Result<Network<'_>, Failure> {
        let model = Model::load(file.to_vec()).map_err(|_| Failure::BadModel)?;
        let (Some(&input), Some(&output)) = (model.input_ids().first(), model.output_ids().first()) else {
            return Err(Failure::BadModel);
        };
        Ok(Network { _engine: self, model, input, output })
    }
}

/// A network that is ready to run.
pub(super) struct Network<'a> {
    /// Its threads are needed.
    _engine: &'a Engine,
    model: Model,
    input: NodeId,
    output: NodeId,
}

impl Network<'_> {
    /// The first output for these planes as `[1, channels, height, width]`.
    pub(super) fn run(&self, planes: &Planes) -> Result<Planes, Failure> {
        let shape = [1, planes.channels(), planes.height, planes.width];
        let view = NdTensorView::from_data(shape, planes.data.as_slice());
        let input = vec![(self.input, ValueOrView::from(view.as_dyn()))];
        let [output] = self.model.run_n(input, [self.output], None).map_err(|_| Failure::BadModel)?;
        let output: Tensor<f32> = output.try_into().map_err(|_| Failure::BadModel)?;
        let output: NdTensor<f32, 4> = output.try_into().map_err(|_| Failure::BadModel)?;
        let [images, channels, height, width] = output.shape();
        if images != 1 || channels == 0 || height == 0 || width == 0 {
            return Err(Failure::BadModel);
        }
        Ok(Planes { width, height, data: output.into_data() })
    }
}
