//! Another size, by Lanczos' filter of radius 3; transparent pixels count for nothing.

use fast_image_resize::{
    PixelType, Resizer,
    images::{Image, ImageRef},
};

use super::super::{
    Failure,
    raster::{Pixels, Raster},
};
use crate::images::model::Size;

/// The picture in another size.
pub(in super::super) fn resize(pixels: Pixels, size: Size) -> Result<Pixels, Failure> {
    let (width, height) = (size.width as usize, size.height as usize);
    if (pixels.raster.width, pixels.raster.height) == (width, height) {
        return Ok(pixels);
    }
    let (wide, kind) = (pixels.wide, kind(&pixels));
    let Raster { width: across, height: down, pixel, mut data } = pixels.raster;
    if wide {
        data.as_chunks_mut::<2>().0.iter_mut().for_each(swap);
    }
    let from = ImageRef::new(across as u32, down as u32, &data, kind).map_err(|_| Failure::Unencodable)?;
    let mut to = Image::new(size.width, size.height, kind);
    Resizer::new().resize(&from, &mut to, None).map_err(|_| Failure::Unencodable)?;
    let mut data = to.into_vec();
    if wide {
        data.as_chunks_mut::<2>().0.iter_mut().for_each(swap);
    }
    Ok(Pixels { raster: Raster { width, height, pixel, data }, wide })
}

fn kind(pixels: &Pixels) -> PixelType {
    match (pixels.samples(), pixels.wide) {
        (1, false) => PixelType::U8,
        (2, false) => PixelType::U8x2,
        (3, false) => PixelType::U8x3,
        (_, false) => PixelType::U8x4,
        (1, true) => PixelType::U16,
        (2, true) => PixelType::U16x2,
        (3, true) => PixelType::U16x3,
        (_, true) => PixelType::U16x4,
    }
}

/// Between the byte order of PNG and the machine's.
fn swap(sample: &mut [u8; 2]) {
    *sample = u16::from_be_bytes(*sample).to_ne_bytes();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resized(samples: usize, wide: bool, data: Vec<u8>) -> Vec<u8> {
        let pixel = if wide { samples * 2 } else { samples };
        let raster = Raster { width: 8, height: 8, pixel, data };
        let size = Size { width: 4, height: 2 };
        let resized = resize(Pixels { raster, wide }, size).unwrap();
        assert_eq!((resized.raster.width, resized.raster.height, resized.raster.pixel), (4, 2, pixel));
        resized.raster.data
    }

    #[test]
    fn one_colour_stays_that_colour_in_every_kind_of_sample() {
        for (samples, wide) in (1..=4).flat_map(|samples| [(samples, false), (samples, true)]) {
            let pixel: Vec<u8> = (0..samples).flat_map(|n| [90 + n as u8, 200]).collect();
            let pixel = if wide { pixel } else { pixel.into_iter().step_by(2).collect() };
            let mut pixel = pixel;
            if matches!(samples, 2 | 4) {
                // An opaque one: premultiplication is exact for it.
                let alpha = pixel.len() - if wide { 2 } else { 1 };
                pixel[alpha..].fill(255);
            }
            assert_eq!(resized(samples, wide, pixel.repeat(64)), pixel.repeat(8), "{samples} {wide}");
        }
    }

    #[test]
    fn what_is_hidden_does_not_bleed() {
        let row = [[255, 0, 0, 255], [0, 255, 0, 0]].concat().repeat(4);
        for pixel in resized(4, false, row.repeat(8)).as_chunks::<4>().0 {
            assert!(pixel[0] > 250 && pixel[1] < 5, "{pixel:?}");
        }
    }
}
