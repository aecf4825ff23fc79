//! Turning by any angle: bilinear, on a canvas that grows so that nothing is cut off.

use super::{raster::Raster, turn::Turn};
use crate::images::model::{Angle, Size};

/// Bits after the point of a place in the source.
const FRACTION: u32 = 32;
/// Bits of a weight.
const WEIGHT: u32 = 8;
/// How much of a pixel a canvas may be too small by: what rounding errors make of a whole number.
const SLACK: f64 = 1e-6;

/// The canvas that holds an image of this size, turned.
pub(super) fn canvas(size: Size, angle: Angle) -> (u64, u64) {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let (sin, cos) = sin_cos(angle);
    let across = width * cos.abs() + height * sin.abs();
    let down = width * sin.abs() + height * cos.abs();
    ((across - SLACK).ceil() as u64, (down - SLACK).ceil() as u64)
}

/// Turns pixels without alpha of 8-bit samples; corners get the ground's colour, edges blend with it.
pub(super) fn opaque(source: &Raster, turn: Turn, angle: Angle, size: Size, ground: [u8; 4]) -> Raster {
    let plan = Plan::new(source, turn, angle, size);
    match source.pixel {
        1 => plan.run(source, |taps| blend::<1>(taps, ground)),
        3 => plan.run(source, |taps| blend::<3>(taps, ground)),
        _ => plan.run(source, |taps| blend::<4>(taps, ground)),
    }
}

/// Turns pixels whose last sample is alpha; corners are transparent, edges fade.
pub(super) fn transparent(source: &Raster, turn: Turn, angle: Angle, size: Size, wide: bool) -> Raster {
    let plan = Plan::new(source, turn, angle, size);
    match (source.pixel, wide) {
        (2, _) => plan.run(source, fade::<2, 2, u8>),
        (4, false) => plan.run(source, fade::<4, 4, u8>),
        (4, true) => plan.run(source, fade::<4, 2, u16>),
        _ => plan.run(source, fade::<8, 4, u16>),
    }
}

fn sin_cos(angle: Angle) -> (f64, f64) {
    // Exact where it matters, so that a right angle's canvas is no pixel too large.
    match angle.degrees() {
        0 => (0.0, 1.0),
        90 => (1.0, 0.0),
        180 => (0.0, -1.0),
        270 => (-1.0, 0.0),
        degrees => f64::from(degrees).to_radians().sin_cos(),
    }
}

/// Which place of the source, in fixed point, each pixel of the result shows: an affine map.
struct Plan {
    size: Size,
    start: [f64; 2],
    across: [f64; 2],
    down: [f64; 2],
}

impl Plan {
    fn new(source: &Raster, turn: Turn, angle: Angle, size: Size) -> Self {
        let (sin, cos) = sin_cos(angle);
        let [mut across, mut down] = [[cos, sin], [-sin, cos]];
        if turn.swap {
            across.reverse();
            down.reverse();
        }
        for (axis, flip) in [turn.flip_x, turn.flip_y].into_iter().enumerate() {
            if flip {
                across[axis] = -across[axis];
                down[axis] = -down[axis];
            }
        }
        let middle = [size.width, size.height].map(|side| (f64::from(side) - 1.0) / 2.0);
        let sides = [source.width, source.height];
        let start = std::array::from_fn(|axis| {
            let centre = (sides[axis] as f64 - 1.0) / 2.0;
            centre - across[axis] * middle[0] - down[axis] * middle[1]
        });
        Self { size, start, across, down }
    }

    fn run<const N: usize>(&self, source: &Raster, mix: impl Fn(&[Tap<'_, N>; 4]) -> [u8; N]) -> Raster {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut data = vec![[0; N]; width * height];
        let view =
            View { pixels: source.data.as_chunks::<N>().0, width: source.width, height: source.height };
        let fixed = |value: f64| (value * (1_u64 << FRACTION) as f64).round() as i64;
        let step = self.across.map(fixed);
        for (y, row) in data.chunks_exact_mut(width).enumerate() {
            let place = |axis: usize| fixed(self.start[axis] + self.down[axis] * y as f64);
            let (mut u, mut v) = (place(0), place(1));
            for to in row {
                *to = mix(&view.taps(u, v));
                u += step[0];
                v += step[1];
            }
        }
        Raster { width, height, pixel: N, data: data.into_flattened() }
    }
}

/// One of the four pixels around a place, if there is one, and its part of 65536.
type Tap<'a, const N: usize> = (Option<&'a [u8; N]>, u32);

struct View<'a, const N: usize> {
    pixels: &'a [[u8; N]],
    width: usize,
    height: usize,
}

impl<'a, const N: usize> View<'a, N> {
    #[inline]
    fn taps(&self, u: i64, v: i64) -> [Tap<'a, N>; 4] {
        let (x, y) = (u >> FRACTION, v >> FRACTION);
        let part = |place: i64| (place >> (FRACTION - WEIGHT)) as u32 & ((1 << WEIGHT) - 1);
        let (right, low) = (part(u), part(v));
        let (left, high) = ((1 << WEIGHT) - right, (1 << WEIGHT) - low);
        [
            (self.pixel(x, y), left * high),
            (self.pixel(x + 1, y), right * high),
            (self.pixel(x, y + 1), left * low),
            (self.pixel(x + 1, y + 1), right * low),
        ]
    }

    #[inline]
    fn pixel(&self, x: i64, y: i64) -> Option<&'a [u8; N]> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if x < self.width && y < self.height { self.pixels.get(y * self.width + x) } else { None }
    }
}

#[inline]
fn blend<const N: usize>(taps: &[Tap<'_, N>; 4], ground: [u8; 4]) -> [u8; N] {
    std::array::from_fn(|i| {
        let sample = |pixel: Option<&[u8; N]>| u32::from(pixel.map_or(ground[i], |p| p[i]));
        let sum: u32 = taps.iter().map(|&(pixel, weight)| sample(pixel) * weight).sum();
        ((sum + (1 << (2 * WEIGHT - 1))) >> (2 * WEIGHT)) as u8
    })
}

/// Colours count as much as they are opaque.
#[inline]
fn fade<const N: usize, const SAMPLES: usize, S: Sample>(taps: &[Tap<'_, N>; 4]) -> [u8; N] {
    let mut sums = [0_u64; SAMPLES];
    for (pixel, weight) in taps.iter().filter_map(|&(pixel, weight)| Some((pixel?, weight))) {
        let alpha = S::read(pixel, SAMPLES - 1) * u64::from(weight);
        for (i, sum) in sums.iter_mut().enumerate().take(SAMPLES - 1) {
            *sum += S::read(pixel, i) * alpha;
        }
        sums[SAMPLES - 1] += alpha;
    }
    let mut mixed = [0; N];
    let alpha = sums[SAMPLES - 1];
    for (i, sum) in sums.iter().enumerate().take(SAMPLES - 1) {
        S::write(&mut mixed, i, (sum + alpha / 2).checked_div(alpha).unwrap_or(0));
    }
    S::write(&mut mixed, SAMPLES - 1, (alpha + (1 << (2 * WEIGHT - 1))) >> (2 * WEIGHT));
    mixed
}

/// A sample of 8 or 16 bits in a pixel's bytes.
trait Sample {
    fn read(pixel: &[u8], index: usize) -> u64;
    fn write(pixel: &mut [u8], index: usize, value: u64);
}

impl Sample for u8 {
    #[inline]
    fn read(pixel: &[u8], index: usize) -> u64 {
        u64::from(pixel[index])
    }

    #[inline]
    fn write(pixel: &mut [u8], index: usize, value: u64) {
        pixel[index] = value as u8;
    }
}

impl Sample for u16 {
    #[inline]
    fn read(pixel: &[u8], index: usize) -> u64 {
        u64::from(u16::from_be_bytes([pixel[index * 2], pixel[index * 2 + 1]]))
    }

    #[inline]
    fn write(pixel: &mut [u8], index: usize, value: u64) {
        pixel[index * 2..index * 2 + 2].copy_from_slice(&(value as u16).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixel: usize) -> Raster {
        let data = (0..7 * 4 * pixel).map(|i| (i * 31 % 255) as u8 | 1).collect();
        Raster { width: 7, height: 4, pixel, data }
    }

    #[test]
    fn right_angles_agree_with_the_exact_way() {
        for orientation in 1..=8 {
            for degrees in [0, 90, 180, 270] {
                let (first, angle) = (Turn::upright(orientation), Angle::new(degrees));
                let turn = first.then(Turn::counter_clockwise(angle).unwrap());
                for pixel in [1, 3, 4] {
                    let source = picture(pixel);
                    let upright = first.size(Size { width: 7, height: 4 });
                    let (width, height) = canvas(upright, angle);
                    let size = Size { width: width as u32, height: height as u32 };
                    let turned = opaque(&source, first, angle, size, [0; 4]);
                    assert_eq!(turned, turn.apply(source), "{orientation} {degrees}");
                }
            }
        }
    }

    #[test]
    fn colours_that_are_hidden_do_not_bleed() {
        // Opaque white beside transparent red.
        let source = Raster { width: 2, height: 1, pixel: 4, data: vec![255, 255, 255, 255, 255, 0, 0, 0] };
        let size = Size { width: 3, height: 3 };
        let turned = transparent(&source, Turn::NONE, Angle::new(45), size, false);
        for pixel in turned.data.chunks(4).filter(|pixel| pixel[3] > 0) {
            assert_eq!(pixel[..3], [255; 3]);
        }
        assert!(turned.data.chunks(4).any(|pixel| pixel[3] > 100));
    }

    #[test]
    fn wide_samples_are_blended_in_full() {
        let wide = |a: u16, b: u16| [a.to_be_bytes(), b.to_be_bytes()].concat();
        let data = wide(0x1234, 0xffff).repeat(25);
        let source = Raster { width: 5, height: 5, pixel: 4, data };
        let size = Size { width: 8, height: 8 };
        let turned = transparent(&source, Turn::NONE, Angle::new(30), size, true);
        let centre = (4 * 8 + 4) * 4;
        assert_eq!(turned.data[centre..centre + 4], wide(0x1234, 0xffff));
        assert_eq!(turned.data[..4], [0; 4]);
    }

    #[test]
    fn a_canvas_holds_the_picture_and_no_more() {
        let size = Size { width: 100, height: 100 };
        assert_eq!(canvas(size, Angle::new(45)), (142, 142));
        assert_eq!(canvas(Size { width: 30_000, height: 1 }, Angle::new(180)), (30_000, 1));
        assert_eq!(canvas(Size { width: 400, height: 300 }, Angle::new(-90)), (300, 400));
    }
}
