//! Rectangles made unrecognisable: nothing of them stays but the means of a few fields.

use super::super::raster::{Pixels, Raster};
use crate::images::model::{Area, Size};

/// Fields of a rectangle, across and down. More would tell the letters of a number plate apart.
const FIELDS: usize = 8;

/// Whether a rectangle and an upright image of this size have a pixel in common.
pub(super) fn touches(area: Area, size: Size) -> bool {
    area.x < size.width && area.y < size.height
}

/// Blurs each rectangle; what of it lies outside of the picture doesn't count.
pub(super) fn blur(mut pixels: Pixels, areas: &[Area]) -> Pixels {
    let samples = pixels.samples();
    for area in areas {
        let Some(patch) = Patch::of(&pixels.raster, *area) else { continue };
        if pixels.wide {
            patch.blur::<2>(&mut pixels.raster, samples);
        } else {
            patch.blur::<1>(&mut pixels.raster, samples);
        }
    }
    pixels
}

/// A rectangle within a picture, divided into fields.
struct Patch {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    across: usize,
    down: usize,
}

impl Patch {
    fn of(raster: &Raster, area: Area) -> Option<Self> {
        let (x, y) = (area.x as usize, area.y as usize);
        let width = (area.width as usize).min(raster.width.checked_sub(x)?);
        let height = (area.height as usize).min(raster.height.checked_sub(y)?);
        if width == 0 || height == 0 {
            return None;
        }
        // Of a small rectangle fewer fields, so that a field is never a pixel.
        let fields = |side: usize| (side / FIELDS).clamp(1, FIELDS);
        Some(Self { x, y, width, height, across: fields(width), down: fields(height) })
    }

    /// `N` bytes a sample.
    fn blur<const N: usize>(&self, raster: &mut Raster, samples: usize) {
        let means = self.means::<N>(raster, samples);
        let columns: Vec<_> = (0..self.width).map(|x| place(x, self.width, self.across)).collect();
        let (line, pixel) = (raster.width * raster.pixel, raster.pixel);
        for y in 0..self.height {
            let (upper, lower, down) = place(y, self.height, self.down);
            let start = (self.y + y) * line + self.x * pixel;
            let row = &mut raster.data[start..start + self.width * pixel];
            for (target, &(left, right, across)) in row.chunks_exact_mut(pixel).zip(&columns) {
                for (sample, target) in target.as_chunks_mut::<N>().0.iter_mut().enumerate() {
                    let mean =
                        |row: usize, column: usize| means[(row * self.across + column) * samples + sample];
                    let mix = |a: f32, b: f32, share: f32| a + (b - a) * share;
                    let above = mix(mean(upper, left), mean(upper, right), across);
                    let below = mix(mean(lower, left), mean(lower, right), across);
                    *target = to_sample(mix(above, below, down));
                }
            }
        }
    }

    /// The mean of each sample of each field, row by row.
    fn means<const N: usize>(&self, raster: &Raster, samples: usize) -> Vec<f32> {
        let mut sums = vec![0_u64; self.across * self.down * samples];
        let mut counts = vec![0_u64; self.across * self.down];
        let pixel = raster.pixel;
        for (y, row) in raster.rows().skip(self.y).take(self.height).enumerate() {
            let down = y * self.down / self.height;
            let row = &row[self.x * pixel..(self.x + self.width) * pixel];
            for (x, source) in row.chunks_exact(pixel).enumerate() {
                let field = down * self.across + x * self.across / self.width;
                counts[field] += 1;
                for (sum, sample) in sums[field * samples..].iter_mut().zip(source.as_chunks::<N>().0) {
                    *sum += from_sample(*sample);
                }
            }
        }
        let mean = |(i, sum): (usize, u64)| sum as f32 / counts[i / samples].max(1) as f32;
        sums.into_iter().enumerate().map(mean).collect()
    }
}

/// The two fields whose middles are around a place, and how far it is from the first to the second.
fn place(at: usize, side: usize, fields: usize) -> (usize, usize, f32) {
    let position = (at as f32 + 0.5) * fields as f32 / side as f32 - 0.5;
    let first = position.floor().max(0.0);
    let second = (first as usize + 1).min(fields - 1);
    (first as usize, second, (position - first).clamp(0.0, 1.0))
}

fn from_sample<const N: usize>(sample: [u8; N]) -> u64 {
    sample.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn to_sample<const N: usize>(value: f32) -> [u8; N] {
    let value = value.round() as u32;
    std::array::from_fn(|i| (value >> (8 * (N - 1 - i))) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: usize, height: usize, pixel: usize, wide: bool) -> Pixels {
        let data = (0..width * height * pixel).map(|n| (n * n % 251) as u8).collect();
        Pixels { raster: Raster { width, height, pixel, data }, wide }
    }

    #[test]
    fn what_is_outside_stays_as_it_was() {
        let before = noise(40, 30, 3, false);
        let after = blur(before.clone(), &[Area { x: 5, y: 6, width: 20, height: 10 }]);
        for (i, (old, new)) in before.raster.data.chunks(3).zip(after.raster.data.chunks(3)).enumerate() {
            let (x, y) = (i % 40, i / 40);
            if !((5..25).contains(&x) && (6..16).contains(&y)) {
                assert_eq!(old, new);
            }
        }
        assert_ne!(before, after);
    }

    /// Two pictures whose fields have the same means are the same picture afterwards.
    #[test]
    fn nothing_but_the_means_stays() {
        let area = [Area { x: 0, y: 0, width: 16, height: 16 }];
        let stripes = |shift: usize| {
            let data = (0..256).map(|n| if (n + shift).is_multiple_of(2) { 40 } else { 200 }).collect();
            Pixels { raster: Raster { width: 16, height: 16, pixel: 1, data }, wide: false }
        };
        assert_ne!(stripes(0), stripes(1));
        assert_eq!(blur(stripes(0), &area), blur(stripes(1), &area));
    }

    #[test]
    fn a_rectangle_may_reach_out_and_samples_may_be_wide() {
        let flat =
            Pixels { raster: Raster { width: 9, height: 9, pixel: 8, data: vec![77; 648] }, wide: true };
        let areas = [Area { x: 4, y: 4, width: 100, height: 100 }, Area { x: 9, y: 0, width: 1, height: 1 }];
        assert_eq!(blur(flat.clone(), &areas), flat);
        let after = blur(noise(200, 200, 6, true), &[Area { x: 0, y: 0, width: 200, height: 200 }]);
        let first: Vec<_> = after.raster.rows().map(|row| row[..6].to_vec()).collect();
        let distinct: std::collections::BTreeSet<_> = first.iter().collect();
        assert!(distinct.len() < 200 && distinct.len() > 4);
    }
}
