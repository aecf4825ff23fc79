//! rten: always there, in Rust.

use rten::{Model, NodeId, ValueOrView};
use rten_tensor::{NdTensorView, Tensor};

use super::super::{super::Failure, planes::Planes};

/// Larger pieces need more memory, and no less time for each pixel.
pub(super) const PIECE: usize = 128;

/// A network that is ready to run.
pub(super) struct Network {
    model: Model,
    input: NodeId,
    output: NodeId,
}

/// Starts the threads, each of which calls `first` before it does anything, and answers how many there are.
/// `RTEN_NUM_THREADS` in the environment says how many shall be.
pub(super) fn start(first: fn()) -> usize {
    rten::thread_pool().run(|| rayon::broadcast(|_| first())).len()
}

pub(super) fn load(file: &[u8]) -> Result<Network, Failure> {
    let model = Model::load(file.to_vec()).map_err(|_| Failure::BadModel)?;
    let (Some(&input), Some(&output)) = (model.input_ids().first(), model.output_ids().first()) else {
        return Err(Failure::BadModel);
    };
    Ok(Network { model, input, output })
}

impl Network {
    /// The shape of the first output, and its samples.
    pub(super) fn run(&self, planes: &Planes) -> Result<(Vec<usize>, Vec<f32>), Failure> {
        let shape = [1, planes.channels(), planes.height, planes.width];
        let view = NdTensorView::from_data(shape, planes.data.as_slice());
        let input = vec![(self.input, ValueOrView::from(view.as_dyn()))];
        let [output] = self.model.run_n(input, [self.output], None).map_err(|_| Failure::BadModel)?;
        let output: Tensor<f32> = output.try_into().map_err(|_| Failure::BadModel)?;
        Ok((rten_tensor::Layout::shape(&output).to_vec(), output.into_data()))
    }
}
