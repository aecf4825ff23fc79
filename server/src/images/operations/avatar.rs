//! A small picture of somebody: made to fit into a square, upright, with its alpha and without metadata.

use super::{
    Failure,
    raster::{Pixels, Raster},
    redraw,
    turn::Turn,
    webp,
};
use crate::images::model::{AVATAR_SIDE, Quality, Size};

/// The size of an avatar made of a picture of this size: its shape is kept, and it is never enlarged.
pub(super) fn fitted(size: Size) -> (u64, u64) {
    let (longest, most) = (u64::from(size.width.max(size.height)), u64::from(AVATAR_SIDE));
    let fit = |pixels: u32| {
        let pixels = u64::from(pixels);
        if longest <= most { pixels } else { ((pixels * most * 2 + longest) / (longest * 2)).max(1) }
    };
    (fit(size.width), fit(size.height))
}

/// Makes the avatar: RGB or RGBA of 8 bits, resized, then turned upright, which is cheap by then.
pub(super) fn make(source: Raster, turn: Turn, size: Size, quality: Quality) -> Result<Vec<u8>, Failure> {
    // Turning twice about the diagonal is not turning: the size before is the size after, turned.
    let resized = redraw::resize::resize(Pixels { raster: source, wide: false }, turn.size(size))?;
    let upright = turn.apply(resized.raster);
    webp::encode(&upright, Some(f32::from(quality.get())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_kept_and_nothing_is_enlarged() {
        let fit = |width, height| fitted(Size { width, height });
        assert_eq!(fit(450, 450), (450, 450));
        assert_eq!(fit(900, 600), (450, 300));
        assert_eq!(fit(600, 900), (300, 450));
        assert_eq!(fit(451, 300), (450, 299));
        assert_eq!(fit(20, 10), (20, 10));
        assert_eq!(fit(30_000, 1), (450, 1));
    }
}
