//! The eight ways to lay a rectangle onto itself: right angles and mirrors, composed before any pixel moves.

use super::raster::Raster;
use crate::images::model::{Angle, Size};

/// Pixels on a side of the tiles in which a transposition walks, so that both images stay in the cache.
const TILE: usize = 32;

/// Where a pixel of the result comes from: its coordinates, swapped first if so, then each counted from the
/// other end if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) swap: bool,
    pub(super) flip_x: bool,
    pub(super) flip_y: bool,
}

impl Turn {
    pub(super) const NONE: Self = Self::new(false, false, false);

    const fn new(swap: bool, flip_x: bool, flip_y: bool) -> Self {
        Self { swap, flip_x, flip_y }
    }

    /// What makes an image of this EXIF orientation upright (EXIF 2.32, 4.6.4, tag 274).
    pub(super) fn upright(orientation: u8) -> Self {
        match orientation {
            2 => Self::new(false, true, false),
            3 => Self::new(false, true, true),
            4 => Self::new(false, false, true),
            5 => Self::new(true, false, false),
            6 => Self::new(true, false, true),
            7 => Self::new(true, true, true),
            8 => Self::new(true, true, false),
            _ => Self::NONE,
        }
    }

    /// A right angle, if it is one.
    pub(super) fn counter_clockwise(angle: Angle) -> Option<Self> {
        match angle.degrees() {
            0 => Some(Self::NONE),
            90 => Some(Self::upright(8)),
            180 => Some(Self::upright(3)),
            270 => Some(Self::upright(6)),
            _ => None,
        }
    }

    /// This turn and then another, as one.
    pub(super) fn then(self, next: Self) -> Self {
        let (x, y) = if self.swap { (next.flip_y, next.flip_x) } else { (next.flip_x, next.flip_y) };
        Self::new(self.swap ^ next.swap, self.flip_x ^ x, self.flip_y ^ y)
    }

    /// The size of the result.
    pub(super) fn size(self, size: Size) -> Size {
        if self.swap { Size { width: size.height, height: size.width } } else { size }
    }

    /// Turns the pixels.
    pub(super) fn apply(self, source: Raster) -> Raster {
        if self == Self::NONE {
            return source;
        }
        let (width, height) = (source.width, source.height);
        let data = match source.pixel {
            1 => self.pixels::<1>(&source.data, width, height),
            2 => self.pixels::<2>(&source.data, width, height),
            3 => self.pixels::<3>(&source.data, width, height),
            4 => self.pixels::<4>(&source.data, width, height),
            6 => self.pixels::<6>(&source.data, width, height),
            _ => self.pixels::<8>(&source.data, width, height),
        };
        let (width, height) = if self.swap { (height, width) } else { (width, height) };
        Raster { width, height, pixel: source.pixel, data }
    }

    /// Turns a plane of `N` bytes a pixel.
    pub(super) fn pixels<const N: usize>(self, source: &[u8], width: usize, height: usize) -> Vec<u8> {
        let pixels = source.as_chunks::<N>().0;
        let mut out = vec![[0; N]; width * height];
        if self.swap {
            self.transpose(pixels, &mut out, width, height);
        } else {
            self.mirror(pixels, &mut out, width);
        }
        out.into_flattened()
    }

    fn mirror<const N: usize>(self, pixels: &[[u8; N]], out: &mut [[u8; N]], width: usize) {
        let rows = pixels.chunks_exact(width);
        let copy = |(to, from): (&mut [[u8; N]], &[[u8; N]])| {
            to.copy_from_slice(from);
            if self.flip_x {
                to.reverse();
            }
        };
        if self.flip_y {
            out.chunks_exact_mut(width).zip(rows.rev()).for_each(copy);
        } else {
            out.chunks_exact_mut(width).zip(rows).for_each(copy);
        }
    }

    fn transpose<const N: usize>(self, pixels: &[[u8; N]], out: &mut [[u8; N]], width: usize, height: usize) {
        for (band, rows) in out.chunks_mut(height * TILE).enumerate() {
            for left in (0..height).step_by(TILE) {
                for (i, row) in rows.chunks_exact_mut(height).enumerate() {
                    let y = band * TILE + i;
                    let column = if self.flip_x { width - 1 - y } else { y };
                    let tile = row.iter_mut().skip(left).take(TILE).enumerate();
                    for (x, to) in tile.map(|(x, to)| (left + x, to)) {
                        let line = if self.flip_y { height - 1 - x } else { x };
                        *to = pixels[line * width + column];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Raster {
        Raster { width: 3, height: 2, pixel: 1, data: b"abcdef".to_vec() }
    }

    #[test]
    fn each_orientation_is_made_upright() {
        let expected = [
            (1, "abcdef"),
            (2, "cbafed"),
            (3, "fedcba"),
            (4, "defabc"),
            (5, "adbecf"),
            (6, "daebfc"),
            (7, "fcebda"),
            (8, "cfbead"),
        ];
        for (orientation, text) in expected {
            let turned = Turn::upright(orientation).apply(letter());
            assert_eq!(turned.data, text.as_bytes(), "orientation {orientation}");
            assert_eq!(turned.width, if orientation > 4 { 2 } else { 3 });
        }
    }

    #[test]
    fn two_turns_composed_equal_two_turns_applied() {
        for first in (1..=8).map(Turn::upright) {
            for second in (1..=8).map(Turn::upright) {
                let twice = second.apply(first.apply(letter()));
                let once = first.then(second).apply(letter());
                assert_eq!((once.width, &once.data), (twice.width, &twice.data), "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn tiles_at_the_edges_are_complete() {
        let (width, height) = (TILE * 2 + 3, TILE + 5);
        let data: Vec<u8> = (0..width * height).map(|i| (i % 251) as u8).collect();
        let turn = Turn::upright(6);
        let turned = turn.pixels::<1>(&data, width, height);
        for y in 0..width {
            for x in 0..height {
                assert_eq!(turned[y * height + x], data[(height - 1 - x) * width + y]);
            }
        }
    }
}
