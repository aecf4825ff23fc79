//! Pixels for those who only look at them.

use super::{Failure, foreign, jpeg, png, webp};
use crate::images::{model::Format, preflight::Facts};

/// Across, down, and RGB of 8 bits without gaps, as stored: no orientation is applied. Transparent places are on
/// white, inks are ideal, and of what moves it is the first picture.
pub(in crate::images) fn look(file: &[u8], facts: &Facts) -> Result<(usize, usize, Vec<u8>), Failure> {
    let pixels = match facts.format {
        Format::Jpeg => jpeg::pixels(file)?,
        Format::Png => png::pixels(file)?,
        Format::WebP if facts.animated => webp::first_pixels(file)?,
        Format::WebP => webp::pixels(file)?,
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            foreign::pixels(file, facts)?
        }
    };
    let raster = pixels.opaque();
    let data = if raster.pixel == 1 {
        raster.data.iter().flat_map(|&gray| [gray; 3]).collect()
    } else {
        raster.data
    };
    Ok((raster.width, raster.height, data))
}
