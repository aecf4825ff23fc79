//! Edits that need nothing but pixels: decoded upright, drawn anew, and encoded in the image's own format or
//! another.

mod blur;
mod crop;
mod resize;

use super::{Failure, Job, jpeg, metadata::Metadata, png, raster::Pixels, webp};
use crate::images::model::{Drawing, Format, Quality, Size};

/// The quality of a JPEG that is converted without one being asked for.
const JPEG_QUALITY: u8 = 90;

/// The size of a drawing of an upright image of this size.
pub(super) fn size(drawing: &Drawing, of: Size) -> Result<(u64, u64), Failure> {
    match drawing {
        Drawing::Crop(area) if crop::is_within(*area, of) => Ok((area.width.into(), area.height.into())),
        Drawing::Crop(_) => Err(Failure::Outside),
        Drawing::Resize(sides) => Ok(sides.of(of.width, of.height)),
        Drawing::Blur(areas) if areas.as_slice().iter().any(|area| !blur::touches(*area, of)) => {
            Err(Failure::Outside)
        }
        Drawing::Blur(_) | Drawing::Convert(_) => Ok((of.width.into(), of.height.into())),
    }
}

/// Draws an image that passed the preflight anew.
pub(super) fn edit(
    job: &Job<'_>,
    drawing: &Drawing,
    input: &[u8],
    progress: &mut dyn FnMut(u16),
) -> Result<Vec<u8>, Failure> {
    let from = job.facts.format;
    let to = job.edit.result_format(from);
    if from == to && matches!(drawing, Drawing::Convert(_)) {
        return Ok(input.to_vec());
    }
    let pixels = decode(job, input)?;
    progress(300);
    let (pixels, quality) = match drawing {
        Drawing::Crop(area) => (crop::crop(&pixels, *area), None),
        Drawing::Resize(_) => (resize::resize(pixels, job.size)?, None),
        Drawing::Blur(areas) => (blur::blur(pixels, areas.as_slice()), None),
        Drawing::Convert(target) => (pixels, target.quality),
    };
    progress(600);
    if from == to {
        return match to {
            Format::Jpeg => jpeg::redrawn(job, input, pixels),
            Format::Png => png::redrawn(job, input, pixels),
            Format::WebP => webp::redrawn(job, input, pixels),
            Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
                Err(Failure::Unencodable)
            }
        };
    }
    let metadata = metadata(from, input);
    match to {
        Format::Jpeg => jpeg::made(job, pixels, quality.map_or(JPEG_QUALITY, Quality::get), &metadata),
        Format::Png => png::made(job, pixels, &metadata),
        Format::WebP => webp::made(job, pixels, quality, &metadata),
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => Err(Failure::Unencodable),
    }
}

fn decode(job: &Job<'_>, input: &[u8]) -> Result<Pixels, Failure> {
    let Pixels { raster, wide } = match job.facts.format {
        Format::Jpeg => jpeg::pixels(input)?,
        Format::Png => png::pixels(input)?,
        Format::WebP => webp::pixels(input)?,
        // They have become PNGs before they come here.
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            return Err(Failure::Damaged);
        }
    };
    Ok(Pixels { raster: job.turn.apply(raster), wide })
}

pub(super) fn metadata(format: Format, input: &[u8]) -> Metadata {
    match format {
        Format::Jpeg => jpeg::metadata(input),
        Format::Png => png::metadata(input),
        Format::WebP => webp::metadata(input),
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => Metadata::default(),
    }
}
