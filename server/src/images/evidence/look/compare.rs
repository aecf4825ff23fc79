//! How far two pictures are from each other.

use atalaya_proto::images::v1 as pb;
use prost::Message;

use super::{pixels::brightness, reduced::Reduced};
use crate::images::{
    operations::{self, Failure, Rgb},
    preflight,
};

/// How many times as large differences are shown as they are, at most.
pub(in super::super) const MAX_AMPLIFICATION: u32 = 64;

/// The side of the window of structural similarity, and the deviation of its weights, in pixels; what keeps quotients
/// of small numbers apart (Wang et al. 2004, section III.B and C, for samples of 8 bits).
const WINDOW: usize = 11;
const DEVIATION: f64 = 1.5;
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);

/// What is told of the first two files, without the picture; and the picture.
pub(super) fn run(files: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
    let [first, second] = files else { return Err(Failure::Damaged) };
    let first = upright(first)?;
    let second = upright(second)?;
    let (other_width, other_height) = (second.width, second.height);
    let resized = (other_width, other_height) != (first.width, first.height);
    let second = second.resized(first.width, first.height)?;
    let mut told = pb::CompareImagesResponse {
        width: first.width as i32,
        height: first.height as i32,
        resized,
        other_width: other_width as i32,
        other_height: other_height as i32,
        ssim: similarity(&Plane::of(&first), &Plane::of(&second)),
        ..samples(&first, &second)
    };
    let difference = difference(&first, &second);
    let amplification = (255 / difference.largest().max(1)).clamp(1, MAX_AMPLIFICATION);
    told.amplification = amplification as i32;
    Ok(vec![told.encode_to_vec(), difference.png(amplification)?])
}

fn upright(file: &[u8]) -> Result<Rgb, Failure> {
    let facts = preflight::inspect_result(file)?;
    Ok(operations::look(file, &facts)?.upright(facts.orientation))
}

/// What all samples tell.
fn samples(first: &Rgb, second: &Rgb) -> pb::CompareImagesResponse {
    let (mut squares, mut differing, mut largest) = (0_u64, 0, 0);
    for (one, other) in first.data.as_chunks::<3>().0.iter().zip(second.data.as_chunks::<3>().0) {
        if one != other {
            differing += 1;
            for difference in one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)) {
                squares += u64::from(difference).pow(2);
                largest = largest.max(difference);
            }
        }
    }
    let mean = squares as f64 / first.data.len() as f64;
    pb::CompareImagesResponse {
        equal: differing == 0,
        differing_pixels: differing,
        largest_difference: largest.into(),
        psnr: (differing > 0).then(|| 10.0 * (255.0_f64.powi(2) / mean).log10()),
        ..Default::default()
    }
}

fn difference(first: &Rgb, second: &Rgb) -> Reduced {
    let mut map = Reduced::new(first.width, first.height, 3);
    let line = first.width * 3;
    for (y, (one, other)) in first.data.chunks_exact(line).zip(second.data.chunks_exact(line)).enumerate() {
        map.add(y, one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))));
    }
    map
}

/// Brightness of at most as many pixels as are kept of a picture.
struct Plane {
    width: usize,
    data: Vec<f32>,
}

impl Plane {
    fn of(picture: &Rgb) -> Self {
        let mut reduced = Reduced::new(picture.width, picture.height, 1);
        for (y, row) in picture.data.chunks_exact(picture.width * 3).enumerate() {
            reduced.add(y, row.as_chunks().0.iter().map(|&pixel| brightness(pixel).into()));
        }
        Self { width: reduced.width, data: reduced.means() }
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact(self.width)
    }
}

/// The mean of the structural similarity of every place at which the window fits; nothing where it fits nowhere.
fn similarity(first: &Plane, second: &Plane) -> Option<f64> {
    let window = window();
    let mut lines: Vec<[Vec<f64>; 5]> = Vec::with_capacity(WINDOW);
    let (mut sum, mut places) = (0.0, 0);
    for (one, other) in first.rows().zip(second.rows()) {
        if lines.len() == WINDOW {
            lines.remove(0);
        }
        lines.push(weighted(one, other, &window));
        if lines.len() == WINDOW {
            let across = lines[0][0].len();
            sum += (0..across).map(|x| at(&lines, x, &window)).sum::<f64>();
            places += across;
        }
    }
    // Sums of so many fractions may be a hair beyond what there can be.
    (places > 0).then(|| (sum / places as f64).clamp(-1.0, 1.0))
}

/// Weights that add up to 1.
fn window() -> [f64; WINDOW] {
    let middle = (WINDOW / 2) as f64;
    let weights: [f64; WINDOW] =
        std::array::from_fn(|n| (-(n as f64 - middle).powi(2) / (2.0 * DEVIATION.powi(2))).exp());
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

/// Weighted means along a line: of both, of their squares, of their product.
fn weighted(one: &[f32], other: &[f32], window: &[f64; WINDOW]) -> [Vec<f64>; 5] {
    let mut means = [const { Vec::new() }; 5];
    for (a, b) in one.windows(WINDOW).zip(other.windows(WINDOW)) {
        let mut sums = [0.0; 5];
        for ((&a, &b), weight) in a.iter().zip(b).zip(window) {
            let (a, b) = (f64::from(a), f64::from(b));
            for (sum, value) in sums.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                *sum += weight * value;
            }
        }
        means.iter_mut().zip(sums).for_each(|(line, sum)| line.push(sum));
    }
    means
}

/// The similarity at one place (Wang et al. 2004, equation 13).
fn at(lines: &[[Vec<f64>; 5]], x: usize, window: &[f64; WINDOW]) -> f64 {
    let mut means = [0.0; 5];
    for (line, weight) in lines.iter().zip(window) {
        means.iter_mut().zip(line).for_each(|(mean, values)| *mean += weight * values[x]);
    }
    let [a, b, aa, bb, ab] = means;
    let (variances, covariance) = (aa - a * a + bb - b * b, ab - a * b);
    (2.0 * a * b + C1) * (2.0 * covariance + C2) / ((a * a + b * b + C1) * (variances + C2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures;

    fn gray(width: usize, height: usize, shade: impl Fn(usize, usize) -> u8) -> Rgb {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Rgb { width, height, data: places.flat_map(|(x, y)| [shade(x, y); 3]).collect() }
    }

    fn ssim(one: &Rgb, other: &Rgb) -> Option<f64> {
        similarity(&Plane::of(one), &Plane::of(other))
    }

    #[test]
    fn equal_pictures_are_alike_in_every_way() {
        let file = fixtures::png(40, 30);
        let files = run(&[file.clone(), file]).unwrap();
        let told = pb::CompareImagesResponse::decode(files[0].as_slice()).unwrap();
        assert!(told.equal && !told.resized);
        assert_eq!((told.psnr, told.ssim), (None, Some(1.0)));
        assert_eq!((told.differing_pixels, told.largest_difference), (0, 0));
        assert_eq!((told.width, told.height), (40, 30));
    }

    #[test]
    fn a_shade_more_everywhere_is_a_known_distance() {
        let (one, other) = (gray(32, 16, |_, _| 100), gray(32, 16, |_, _| 110));
        let told = samples(&one, &other);
        assert_eq!((told.differing_pixels, told.largest_difference), (512, 10));
        // 20 log10(255 / 10)
        assert!((told.psnr.unwrap() - 28.130_803_6).abs() < 1e-6);
        // Without variance only the brightness counts (equation 6).
        let expected = (2.0 * 100.0 * 110.0 + C1) / (100.0_f64.powi(2) + 110.0_f64.powi(2) + C1);
        assert!((ssim(&one, &other).unwrap() - expected).abs() < 1e-6);
    }

    #[test]
    fn a_negative_is_less_like_a_picture_than_noise_is() {
        let mut dice = fixtures::Dice(3);
        let noise: Vec<u8> = (0..64 * 64).map(|_| dice.below(255) as u8).collect();
        let picture = gray(64, 64, |x, y| if (x / 8 + y / 8) % 2 == 0 { 40 } else { 215 });
        let negative = gray(64, 64, |x, y| if (x / 8 + y / 8) % 2 == 0 { 215 } else { 40 });
        let noise = gray(64, 64, |x, y| noise[y * 64 + x]);
        let (of_noise, of_negative) = (ssim(&picture, &noise).unwrap(), ssim(&picture, &negative).unwrap());
        assert!(of_noise.abs() < 0.1 && of_negative < -0.5, "{of_noise} {of_negative}");
    }

    #[test]
    fn small_pictures_are_no_more_alike_than_can_be() {
        let mut dice = fixtures::Dice(11);
        for size in 0..400 {
            let (width, height) = (11 + size % 20, 11 + size / 20);
            let shades: Vec<u8> = (0..width * height).map(|_| dice.below(256) as u8).collect();
            let picture = gray(width, height, |x, y| shades[y * width + x]);
            let alike = ssim(&picture, &picture).unwrap();
            assert!((1.0 - 1e-9..=1.0).contains(&alike), "{width} x {height}: {alike:?}");
        }
    }

    #[test]
    fn a_window_that_does_not_fit_tells_nothing() {
        let (low, high) = (gray(64, 10, |_, _| 5), gray(11, 11, |_, _| 5));
        assert_eq!((ssim(&low, &low), ssim(&high, &high)), (None, Some(1.0)));
    }

    #[test]
    fn differences_are_shown_where_they_are_as_bright_as_fits() {
        let one = gray(20, 10, |_, _| 50);
        let other = gray(20, 10, |x, y| if (x, y) == (3, 2) { 60 } else { 50 });
        let map = difference(&one, &other);
        assert_eq!(map.largest(), 10);
        let shown = map.png(25).unwrap();
        let shown = operations::look(&shown, &preflight::inspect(&shown).unwrap()).unwrap();
        let at = (2 * 20 + 3) * 3;
        assert_eq!((shown.data[at], shown.data.iter().filter(|&&v| v > 0).count()), (250, 3));
    }
}
