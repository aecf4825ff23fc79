//! What a worker process is asked to do, in a text that both sides of the pipes read.

use std::{fmt, str::FromStr, time::Duration};

use crate::images::{
    evidence::{self, Look},
    model::{Drawing, Edit, Enlargement, Invalid, Size},
    operations::{
        self, Failure,
        ai::{Engine, Tools, Trial},
    },
    preflight,
};

/// The shortest deadline of a job.
const DEADLINE_FLOOR: Duration = Duration::from_secs(5);
/// The longest deadline of a job.
const DEADLINE_CAP: Duration = Duration::from_mins(2);
/// What looking for a quality adds: seven tries on a sample of at most 768 x 768 pixels.
const JUDGING: Duration = Duration::from_secs(15);
/// What a million pixels add to a deadline.
const DEADLINE_PER_MEGAPIXEL: Duration = Duration::from_secs(1);

/// What a neural network adds to a deadline, besides its time for each pixel.
const NETWORK_TIME: Duration = Duration::from_mins(1);
/// How much longer a neural network may take than on one processor of 2026: for slower ones, and busy ones.
const NETWORK_PATIENCE: f64 = 4.0;

/// Memory that a process needs besides pixels, in bytes.
const BASE_MEMORY: u64 = 256 << 20;
/// Memory for each pixel of input and result, in bytes.
const MEMORY_PER_PIXEL: u64 = 12;
/// Most memory of any job without a neural network, in bytes: for a largest result made of another.
pub(super) const MAX_MEMORY: u64 =
    BASE_MEMORY + MEMORY_PER_PIXEL * 2 * crate::images::model::MAX_RESULT_PIXELS;
/// Most memory of a job with one, in bytes, that of its threads left out.
pub(super) const MAX_NETWORK_MEMORY: u64 = 4 << 30;

/// What a job may take.
pub(super) struct Cost {
    /// Bytes.
    pub(super) memory: u64,
    /// From its start to its end.
    pub(super) time: Duration,
}

/// A job's work. Its files come beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Makes another image of the first file, with the neural networks in the others.
    Edit(Edit),
    /// Looks closely at the first file, or at two of them.
    Look(Look),
    /// Tries the first file as a neural network, or what runs them.
    Try(Trial),
}

impl Work {
    /// How long it may take on an image of this size: 5 seconds and one for each megapixel of the image or of
    /// the result, whichever is larger; 120 at most. Neural networks may take longer.
    pub fn deadline(&self, size: Size) -> Duration {
        let larger = match self {
            Self::Edit(Edit::UpscaleNearest(scale)) => u64::from(scale.factor()).pow(2),
            // A square on its corner needs twice its area; two pictures are two.
            Self::Edit(Edit::Rotate(_)) | Self::Look(Look::Comparison) => 2,
            // The most that any may be enlarged to; what is asked for is known with the image's orientation.
            Self::Edit(Edit::Draw(Drawing::Resize(sides))) => {
                let (width, height) = sides.of(size.width, size.height);
                (width * height).div_ceil(size.pixels().max(1)).max(1)
            }
            Self::Edit(Edit::Draw(Drawing::Enlarge(Enlargement { scale, .. }))) => {
                u64::from(scale.factor()).pow(2)
            }
            Self::Edit(
                Edit::Grayscale
                | Edit::Compress(_)
                | Edit::CompressTo(_)
                | Edit::Draw(_)
                | Edit::StripMetadata { .. }
                | Edit::Avatar(_),
            )
            | Self::Look(Look::Fingerprint)
            | Self::Try(_) => 1,
            // It is decoded once for the report and once for each map.
            Self::Look(Look::Report(maps)) => 1 + maps.len() as u64,
        };
        let megapixels = (size.pixels() * larger) as f64 / 1e6;
        let floor = match self {
            Self::Edit(Edit::CompressTo(_)) => DEADLINE_FLOOR + JUDGING,
            Self::Edit(_) | Self::Look(_) | Self::Try(_) => DEADLINE_FLOOR,
        };
        let usual = (floor + DEADLINE_PER_MEGAPIXEL.mul_f64(megapixels)).min(DEADLINE_CAP);
        usual + self.network_time(size)
    }

    fn network_time(&self, size: Size) -> Duration {
        match self {
            Self::Edit(Edit::Draw(Drawing::Enlarge(enlargement))) => {
                let seconds = enlargement.seconds_per_megapixel() * size.pixels() as f64 / 1e6;
                NETWORK_TIME + Duration::from_secs_f64(seconds * NETWORK_PATIENCE)
            }
            Self::Edit(edit) if edit.needs_network() => NETWORK_TIME,
            Self::Try(_) => NETWORK_TIME,
            Self::Edit(_) | Self::Look(_) => Duration::ZERO,
        }
    }

    /// The most memory and time.
    pub(super) fn cost(&self, files: &[Vec<u8>]) -> Result<Cost, Failure> {
        match self {
            Self::Edit(edit) => {
                let facts = preflight::inspect_result(first(files)?)?;
                let pixels = facts.size.pixels() + operations::result_size(edit, &facts)?.pixels();
                let memory = if edit.needs_network() {
                    MAX_NETWORK_MEMORY
                } else {
                    BASE_MEMORY + MEMORY_PER_PIXEL * pixels
                };
                Ok(Cost { memory, time: self.deadline(facts.size) })
            }
            Self::Try(_) => {
                Ok(Cost { memory: MAX_NETWORK_MEMORY, time: self.deadline(Size { width: 1, height: 1 }) })
            }
            // Samples of up to 16 bits beside RGB beside brightness.
            Self::Look(_) => {
                let sizes = files.iter().map(|file| Ok(preflight::inspect_result(file)?.size));
                let sizes = sizes.collect::<Result<Vec<_>, Failure>>()?;
                let largest =
                    sizes.iter().copied().max_by_key(|size| size.pixels()).ok_or(Failure::Damaged)?;
                let pixels: u64 = sizes.iter().map(|size| size.pixels()).sum();
                let memory = BASE_MEMORY + MEMORY_PER_PIXEL * pixels * 2;
                Ok(Cost { memory, time: self.deadline(largest) })
            }
        }
    }

    /// Does it; `progress` hears thousandths, rising. Answers files.
    pub(super) fn run(
        &self,
        files: &[Vec<u8>],
        engine: Option<&Engine>,
        progress: &mut dyn FnMut(u16),
    ) -> Result<Vec<Vec<u8>>, Failure> {
        match self {
            Self::Edit(edit) => {
                let models = files.get(1..).unwrap_or_default();
                let tools = engine.map(|engine| Tools { engine, models });
                Ok(vec![operations::apply_with(edit, first(files)?, tools, progress)?])
            }
            Self::Look(look) => evidence::run(look, files, progress),
            Self::Try(trial) => {
                let engine = engine.ok_or(Failure::NoModel)?;
                trial.run(Tools { engine, models: files })?;
                Ok(Vec::new())
            }
        }
    }
}

fn first(files: &[Vec<u8>]) -> Result<&[u8], Failure> {
    files.first().map(Vec::as_slice).ok_or(Failure::Damaged)
}

impl From<Edit> for Work {
    fn from(edit: Edit) -> Self {
        Self::Edit(edit)
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit(edit) => edit.fmt(f),
            Self::Look(look) => look.fmt(f),
            Self::Try(trial) => trial.fmt(f),
        }
    }
}

impl FromStr for Work {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let trial = text.parse().map(Self::Try);
        trial.or_else(|()| text.parse().map(Self::Look)).or_else(|_| text.parse().map(Self::Edit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_grow_with_the_picture_up_to_two_minutes() {
        let seconds =
            |width, height| Work::Edit(Edit::Grayscale).deadline(Size { width, height }).as_secs_f64();
        assert!((seconds(1000, 1000) - 6.0).abs() < 1e-6);
        assert!((seconds(4000, 3000) - 17.0).abs() < 1e-6);
        assert!((seconds(30_000, 30_000) - 120.0).abs() < 1e-6);
        let larger: Work = "upscale_image 3".parse().unwrap();
        assert_eq!(larger.deadline(Size { width: 1000, height: 1000 }), Duration::from_secs(14));
    }
}
