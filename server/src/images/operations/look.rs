//! Pixels for those who only look at them.

use super::{
    Failure, foreign, jpeg, png,
    raster::{Pixels, Raster},
    redraw::resize,
    turn::Turn,
    webp,
};
use crate::images::{
    model::{Format, Size},
    preflight::Facts,
};

/// RGB of 8 bits without gaps. Transparent places are on white, inks are ideal, and of what moves it is the first
/// picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::images) struct Rgb {
    /// Pixels across.
    pub(in crate::images) width: usize,
    /// Pixels down.
    pub(in crate::images) height: usize,
    /// Three samples a pixel.
    pub(in crate::images) data: Vec<u8>,
}

/// A picture as stored: no orientation is applied.
pub(in crate::images) fn look(file: &[u8], facts: &Facts) -> Result<Rgb, Failure> {
    look_closely(file, facts).map(|(rgb, _)| rgb)
}

/// The same, and whether its samples are the very ones that were decoded: of 8 bits, and nowhere transparent.
pub(in crate::images) fn look_closely(file: &[u8], facts: &Facts) -> Result<(Rgb, bool), Failure> {
    let pixels = match facts.format {
        Format::Jpeg => jpeg::pixels(file)?,
        Format::Png => png::pixels(file)?,
        Format::WebP if facts.animated => webp::first_pixels(file)?,
        Format::WebP => webp::pixels(file)?,
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            foreign::pixels(file, facts)?
        }
    };
    let alpha = matches!(pixels.samples(), 2 | 4).then_some(pixels.raster.pixel - 1);
    let opaque = |at| pixels.raster.data.chunks_exact(pixels.raster.pixel).all(|pixel| pixel[at] == u8::MAX);
    let exact = !pixels.wide && alpha.is_none_or(opaque);
    let raster = pixels.opaque();
    let data = if raster.pixel == 1 {
        raster.data.iter().flat_map(|&gray| [gray; 3]).collect()
    } else {
        raster.data
    };
    Ok((Rgb { width: raster.width, height: raster.height, data }, exact))
}

impl Rgb {
    /// As it is to be seen with this orientation of EXIF, 1 to 8.
    pub(in crate::images) fn upright(self, orientation: u8) -> Self {
        Turn::upright(orientation).apply(self.into()).into()
    }

    /// In another size, by Lanczos' filter.
    pub(in crate::images) fn resized(self, width: usize, height: usize) -> Result<Self, Failure> {
        let size = Size { width: width as u32, height: height as u32 };
        let pixels = Pixels { raster: self.into(), wide: false };
        Ok(resize::resize(pixels, size)?.raster.into())
    }
}

impl From<Rgb> for Raster {
    fn from(rgb: Rgb) -> Self {
        Self { width: rgb.width, height: rgb.height, pixel: 3, data: rgb.data }
    }
}

impl From<Raster> for Rgb {
    fn from(raster: Raster) -> Self {
        Self { width: raster.width, height: raster.height, data: raster.data }
    }
}
