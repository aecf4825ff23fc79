//! The edits that neural networks make: enlarging, and taking the background away.

mod bleed;
mod decontaminate;
mod engine;
mod guided;
mod matte;
mod planes;
mod tiling;
mod trial;
mod upscale;

pub use self::{
    engine::Engine,
    trial::{Misfit, Trial},
};
pub(super) use self::{matte::cut_out, upscale::enlarge};
use super::Failure;

/// What runs networks, and the networks of a job, as ONNX files.
#[derive(Debug, Clone, Copy)]
pub struct Tools<'a> {
    /// What runs them.
    pub engine: &'a Engine,
    /// In the order of `images::models`.
    pub models: &'a [Vec<u8>],
}

impl Tools<'_> {
    fn network(&self, number: usize) -> Result<engine::Network<'_>, Failure> {
        self.engine.load(self.models.get(number).ok_or(Failure::NoModel)?)
    }
}
