//! Perceptual hashes: 64 bits each, near to each other for pictures that look alike.

use super::pixels::Gray;
use crate::images::evidence::model::Fingerprint;

/// Side of what the cosine transform is made of.
const SIDE: usize = 32;
/// Low frequencies across and down that count.
const LOW: usize = 8;

/// Both hashes of a picture that stands upright.
pub(super) fn of(picture: &Gray) -> Fingerprint {
    Fingerprint { phash: phash(picture), dhash: dhash(picture) }
}

/// Which low frequencies of the cosine transform are above their median (Zauner 2010, 3.2.1).
pub(super) fn phash(picture: &Gray) -> u64 {
    let small = picture.averaged(SIDE, SIDE);
    let frequencies: Vec<f64> = (0..LOW * LOW).map(|i| frequency(&small, i % LOW, i / LOW)).collect();
    let mut sorted = frequencies.clone();
    sorted.sort_by(f64::total_cmp);
    let median = f64::midpoint(sorted[LOW * LOW / 2 - 1], sorted[LOW * LOW / 2]);
    bits(frequencies.iter().map(|&frequency| frequency > median))
}

/// How much of a wave so often across and down is in the picture.
fn frequency(small: &[f64], across: usize, down: usize) -> f64 {
    let wave = |at: usize, times: usize| {
        ((2 * at + 1) as f64 * times as f64 * std::f64::consts::PI / (2 * SIDE) as f64).cos()
    };
    let rows = small.chunks_exact(SIDE).enumerate();
    rows.map(|(y, row)| {
        let along: f64 = row.iter().enumerate().map(|(x, value)| value * wave(x, across)).sum();
        along * wave(y, down)
    })
    .sum()
}

/// Where brightness rises from left to right.
fn dhash(picture: &Gray) -> u64 {
    let small = picture.averaged(LOW + 1, LOW);
    bits(small.chunks_exact(LOW + 1).flat_map(|row| row.windows(2).map(|pair| pair[1] > pair[0])))
}

fn bits(bits: impl Iterator<Item = bool>) -> u64 {
    bits.fold(0, |hash, bit| hash << 1 | u64::from(bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, pixel: impl Fn(f64, f64) -> f64) -> Gray {
        let places = (0..width * height).map(|i| (i % width, i / width));
        let data =
            places.map(|(x, y)| pixel(x as f64 / width as f64, y as f64 / height as f64) as u8).collect();
        Gray { width, height, data }
    }

    fn scene(x: f64, y: f64) -> f64 {
        128.0 + 60.0 * (x * 9.0).sin() * (y * 5.0).cos() + 50.0 * (x * y * 7.0).sin()
    }

    #[test]
    fn the_same_picture_in_another_size_and_brightness_is_near_and_another_is_far() {
        let large = of(&picture(400, 300, scene));
        let small = of(&picture(101, 77, |x, y| scene(x, y) * 0.8 + 20.0));
        let other = of(&picture(400, 300, |x, y| scene(y, 1.0 - x)));
        assert!(large.distance(small) <= 4, "{}", large.distance(small));
        assert!((large.dhash ^ small.dhash).count_ones() <= 4);
        assert!(large.distance(other) > 14, "{}", large.distance(other));
    }

    #[test]
    fn a_picture_of_one_colour_and_one_of_one_pixel_have_hashes() {
        assert_eq!(of(&picture(50, 50, |_, _| 7.0)).dhash, 0);
        of(&picture(1, 1, |_, _| 7.0));
    }
}
