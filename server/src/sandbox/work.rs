//! What a worker process is asked to do, in a text that both sides of the pipes read.

use std::{fmt, str::FromStr, time::Duration};

use crate::images::{
    evidence::{self, Look},
    model::{Drawing, Edit, Invalid, Size},
    operations::{self, Failure},
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

/// A job's work. Its files come beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Makes another image of the first file.
    Edit(Edit),
    /// Looks at the first file closely.
    Look(Look),
}

impl Work {
    /// How long it may take on an image of this size: 5 seconds and one for each megapixel of the image or of
    /// the result, whichever is larger; 120 at most.
    pub fn deadline(&self, size: Size) -> Duration {
        let larger = match self {
            Self::Edit(Edit::UpscaleNearest(scale)) => u64::from(scale.factor()).pow(2),
            // A square on its corner needs twice its area.
            Self::Edit(Edit::Rotate(_)) => 2,
            // The most that any may be enlarged to; what is asked for is known with the image's orientation.
            Self::Edit(Edit::Draw(Drawing::Resize(sides))) => {
                let (width, height) = sides.of(size.width, size.height);
                (width * height).div_ceil(size.pixels().max(1)).max(1)
            }
            Self::Edit(
                Edit::Grayscale
                | Edit::Compress(_)
                | Edit::CompressTo(_)
                | Edit::Draw(_)
                | Edit::StripMetadata { .. }
                | Edit::Avatar(_),
            )
            | Self::Look(Look::Fingerprint) => 1,
            // It is decoded once for the report and once for each map.
            Self::Look(Look::Report(maps)) => 1 + maps.len() as u64,
        };
        let megapixels = (size.pixels() * larger) as f64 / 1e6;
        let floor = match self {
            Self::Edit(Edit::CompressTo(_)) => DEADLINE_FLOOR + JUDGING,
            Self::Edit(_) | Self::Look(_) => DEADLINE_FLOOR,
        };
        (floor + DEADLINE_PER_MEGAPIXEL.mul_f64(megapixels)).min(DEADLINE_CAP)
    }

    /// The pixels that are in memory at once, and the longest time.
    pub(super) fn cost(&self, files: &[Vec<u8>]) -> Result<(u64, Duration), Failure> {
        match self {
            Self::Edit(edit) => {
                let facts = preflight::inspect_result(first(files)?)?;
                let result = operations::result_size(edit, &facts)?;
                Ok((facts.size.pixels() + result.pixels(), self.deadline(facts.size)))
            }
            // Samples of up to 16 bits beside RGB beside brightness.
            Self::Look(_) => {
                let facts = preflight::inspect_result(first(files)?)?;
                Ok((facts.size.pixels() * 2, self.deadline(facts.size)))
            }
        }
    }

    /// Does it; `progress` hears thousandths, rising. Answers files.
    pub(super) fn run(
        &self,
        files: &[Vec<u8>],
        progress: &mut dyn FnMut(u16),
    ) -> Result<Vec<Vec<u8>>, Failure> {
        match self {
            Self::Edit(edit) => Ok(vec![operations::apply(edit, first(files)?, progress)?]),
            Self::Look(look) => evidence::run(look, first(files)?, progress),
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
        }
    }
}

impl FromStr for Work {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let look = text.parse().map(Self::Look);
        look.or_else(|_| text.parse().map(Self::Edit))
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
