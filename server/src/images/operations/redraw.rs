//! Edits that need nothing but pixels: decoded upright, drawn anew, and encoded in the image's own format or
//! another.

mod blur;
mod crop;
pub(super) mod resize;

use super::{Failure, Job, ai, jpeg, metadata::Metadata, png, raster::Pixels, webp};
use crate::images::{
    model::{Drawing, Format, Quality, Size},
    preflight::Variant,
};

/// The quality of a JPEG that is converted without one being asked for.
const JPEG_QUALITY: u8 = 90;

/// How far an edit is, in thousandths, before and after a neural network did its part.
const NETWORK_PROGRESS: (u16, u16) = (20, 950);

/// The size of a drawing of an upright image of this size.
pub(super) fn size(drawing: &Drawing, of: Size) -> Result<(u64, u64), Failure> {
    match drawing {
        Drawing::Crop(area) if crop::is_within(*area, of) => Ok((area.width.into(), area.height.into())),
        Drawing::Crop(_) => Err(Failure::Outside),
        Drawing::Resize(sides) => Ok(sides.of(of.width, of.height)),
        Drawing::Blur(areas) if areas.as_slice().iter().any(|area| !blur::touches(*area, of)) => {
            Err(Failure::Outside)
        }
        Drawing::Enlarge(enlargement) => {
            let factor = u64::from(enlargement.scale.factor());
            Ok((u64::from(of.width) * factor, u64::from(of.height) * factor))
        }
        Drawing::Blur(_) | Drawing::Convert(_) | Drawing::CutOut => Ok((of.width.into(), of.height.into())),
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
        return Ok(unchanged(job, input));
    }
    let pixels = drawn(job, drawing, decode(job, input)?, progress)?;
    let quality = if let Drawing::Convert(target) = drawing { target.quality } else { None };
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

/// The same picture, and of its metadata what an edit leaves.
fn unchanged(job: &Job<'_>, input: &[u8]) -> Vec<u8> {
    match job.facts.format {
        Format::Jpeg => jpeg::unchanged(job, input),
        Format::Png => png::unchanged(job, input),
        Format::WebP => webp::unchanged(job, input),
        // They have become PNGs before they come here.
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => input.to_vec(),
    }
}

fn drawn(
    job: &Job<'_>,
    drawing: &Drawing,
    pixels: Pixels,
    progress: &mut dyn FnMut(u16),
) -> Result<Pixels, Failure> {
    let tools = || job.tools.ok_or(Failure::NoModel);
    match drawing {
        Drawing::Enlarge(enlargement) => {
            let mut progress = within(NETWORK_PROGRESS, progress);
            ai::enlarge(&pixels, *enlargement, is_lossy(job), tools()?, &mut progress)
        }
        Drawing::CutOut => ai::cut_out(pixels, tools()?, &mut within(NETWORK_PROGRESS, progress)),
        Drawing::Crop(_) | Drawing::Resize(_) | Drawing::Blur(_) | Drawing::Convert(_) => {
            progress(300);
            let pixels = match drawing {
                Drawing::Crop(area) => crop::crop(&pixels, *area),
                Drawing::Resize(_) => resize::resize(pixels, job.size)?,
                Drawing::Blur(areas) => blur::blur(pixels, areas.as_slice()),
                Drawing::Convert(_) | Drawing::Enlarge(_) | Drawing::CutOut => pixels,
            };
            progress(600);
            Ok(pixels)
        }
    }
}

/// Tells thousandths of a part as thousandths of the whole.
fn within((first, last): (u16, u16), progress: &mut dyn FnMut(u16)) -> impl FnMut(u16) {
    progress(first);
    move |permille| {
        let part = u32::from(permille.min(1000)) * u32::from(last - first) / 1000;
        progress(first + part as u16);
    }
}

/// Whether the picture was stored with losses, which leave their traces in it.
fn is_lossy(job: &Job<'_>) -> bool {
    match job.facts.format {
        Format::Jpeg | Format::Avif | Format::Heic => true,
        Format::Png | Format::Gif | Format::Tiff | Format::Bmp => false,
        Format::WebP => job.facts.variant != Variant::Lossless,
    }
}

pub(super) fn decode(job: &Job<'_>, input: &[u8]) -> Result<Pixels, Failure> {
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
