//! A rectangle of a picture.

use super::super::raster::{Pixels, Raster};
use crate::images::model::{Area, Size};

/// Whether a rectangle lies within an upright image of this size.
pub(super) fn is_within(area: Area, size: Size) -> bool {
    area.x + area.width <= size.width && area.y + area.height <= size.height
}

/// The rectangle's pixels; it lies within the picture.
pub(super) fn crop(pixels: &Pixels, area: Area) -> Pixels {
    let pixel = pixels.raster.pixel;
    let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(|n| n as usize);
    let mut data = Vec::with_capacity(width * height * pixel);
    for row in pixels.raster.rows().skip(y).take(height) {
        data.extend_from_slice(&row[x * pixel..(x + width) * pixel]);
    }
    Pixels { raster: Raster { width, height, pixel, data }, wide: pixels.wide }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_is_kept_to_the_pixel() {
        let data = (0..12).flat_map(|n| [n, n + 100]).collect();
        let pixels = Pixels { raster: Raster { width: 4, height: 3, pixel: 2, data }, wide: false };
        let area = Area { x: 1, y: 1, width: 2, height: 2 };
        assert_eq!(crop(&pixels, area).raster.data, [5, 105, 6, 106, 9, 109, 10, 110]);
        let size = Size { width: 4, height: 3 };
        assert!(is_within(area, size));
        assert!(!is_within(Area { x: 3, ..area }, size));
        assert!(!is_within(Area { y: 2, ..area }, size));
    }
}
