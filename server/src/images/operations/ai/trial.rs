//! Whether a network of the operator's own is what it should be, tried on a flat picture before anybody needs it.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{Tools, engine::Network, matte, planes::Planes};
use crate::images::{
    model::{Enlarger, Masker},
    operations::Failure,
};

/// Sides of the flat pictures, in pixels: two, for networks must take any.
const SIDES: [(usize, usize); 2] = [(24, 16), (40, 48)];
/// Their gray, and by how much its mean may change when it is enlarged.
const GRAY: f32 = 0.5;
const MAX_CHANGE: f32 = 0.2;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// Whether there is anything that runs networks.
    Engine,
    /// A network that enlarges.
    Enlarger,
    /// A network that knows foregrounds.
    Masker,
}

/// What a network is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Misfit {
    /// It can't be read.
    #[error("it is no ONNX file of operators and types that are supported")]
    Unreadable,
    /// It does not run.
    #[error("it does not take RGB of any height and width as 32-bit floats, [1, 3, height, width]")]
    Input,
    /// It does not run.
    #[error("it does not take RGB of the side that was told as 32-bit floats, [1, 3, side, side]")]
    Side,
    /// Its output has another shape.
    #[error("it does not answer [1, 3, height, width] enlarged by the scale that was told")]
    Enlarged,
    /// Its output is no mask.
    #[error("it does not answer numbers as [1, 1, height, width]")]
    Mask,
    /// Its output is nonsense.
    #[error("it does not leave a flat gray as it is: are its weights 8-bit integers?")]
    Nonsense,
}

impl Trial {
    const ALL: [(Self, &str); 3] =
        [(Self::Engine, "try_engine"), (Self::Enlarger, "try_enlarger"), (Self::Masker, "try_masker")];

    /// Tries the job's first network.
    pub(crate) fn run(self, tools: Tools<'_>) -> Result<(), Failure> {
        let contracts = tools.engine.contracts();
        let network = || match tools.network(0) {
            Err(Failure::BadModel) => Err(Failure::Misfit(Misfit::Unreadable)),
            network => network,
        };
        match self {
            Self::Engine => Ok(()),
            Self::Enlarger => enlarges(&mut network()?, contracts.enlarger),
            Self::Masker => masks(&mut network()?, &contracts.masker),
        }
    }
}

fn flat(width: usize, height: usize) -> Planes {
    Planes { width, height, data: vec![GRAY; 3 * width * height] }
}

fn enlarges(network: &mut Network<'_>, enlarger: Enlarger) -> Result<(), Failure> {
    let (scale, context) = (usize::from(enlarger.scale), usize::from(enlarger.context));
    for (width, height) in SIDES {
        let piece = flat(width + 2 * context, height + 2 * context);
        let made = network.run(&piece).map_err(|_| Failure::Misfit(Misfit::Input))?;
        // What is around a piece may be missing from its result, the same on every side.
        let whole = |made: usize, side: usize| {
            (side * scale..=(side + 2 * context) * scale).contains(&made)
                && (made - side * scale).is_multiple_of(2)
        };
        if made.channels() != 3 || !whole(made.width, width) || !whole(made.height, height) {
            return Err(Failure::Misfit(Misfit::Enlarged));
        }
        let mean = made.data.iter().sum::<f32>() / made.data.len() as f32;
        if !mean.is_finite() || (mean - GRAY).abs() > MAX_CHANGE {
            return Err(Failure::Misfit(Misfit::Nonsense));
        }
    }
    Ok(())
}

fn masks(network: &mut Network<'_>, masker: &Masker) -> Result<(), Failure> {
    let side = masker.side as usize;
    let seen = matte::normal(flat(side, side), masker);
    let mask = network.run(&seen).map_err(|_| Failure::Misfit(Misfit::Side))?;
    let numbers = mask.channels() == 1 && mask.data.iter().all(|sample| sample.is_finite());
    if numbers { Ok(()) } else { Err(Failure::Misfit(Misfit::Mask)) }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(trial, _)| trial == self).map(|(_, name)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for Trial {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(trial, _)| *trial).ok_or(())
    }
}
