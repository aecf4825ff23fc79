//! Traces of an earlier compression: coefficients that were divided twice, by different divisors, leave gaps and
//! peaks that come back regularly (Popescu and Farid 2004; Lukáš and Fridrich 2003).

use atalaya_proto::images::v1 as pb;

use super::{pixels::Gray, tables::Table};

/// Side of a block.
const SIDE: usize = 8;
/// Most blocks that are looked at.
const MAX_BLOCKS: usize = 40_000;
/// Fewer tell nothing.
const MIN_BLOCKS: usize = 400;
/// The low frequencies that are looked at, across and down: the higher ones are mostly zero.
const FREQUENCIES: [(usize, usize); 7] = [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (1, 2)];
/// Largest multiple of a divisor that is counted.
const REACH: i32 = 60;
/// Fewer multiples, counted on both sides of 0, tell nothing.
const MIN_MULTIPLES: usize = 12;
/// How often a multiple must occur around its place to be believed.
const MIN_COUNT: f64 = 12.0;
/// The shortest and the longest repetition.
const PERIODS: std::ops::RangeInclusive<usize> = 2..=10;
/// From which repetition on a frequency counts as periodic.
pub(super) const CLEAR: f64 = 0.5;

/// What the coefficients of a JPEG's brightness say; nothing of a picture that is too small.
pub(super) fn traces(brightness: &Gray, table: &Table) -> Option<pb::DoubleCompression> {
    let (across, down) = (brightness.width / SIDE, brightness.height / SIDE);
    let step = (across * down).div_ceil(MAX_BLOCKS).max(1);
    if across * down < MIN_BLOCKS {
        return None;
    }
    let waves = waves();
    let mut counts = vec![[0_u32; 2 * REACH as usize + 1]; FREQUENCIES.len()];
    let mut blocks = 0;
    for index in (0..across * down).step_by(step) {
        let block = block(brightness, index % across, index / across);
        blocks += 1;
        for (counts, &(u, v)) in counts.iter_mut().zip(&FREQUENCIES) {
            let divisor = f64::from(table[v * SIDE + u].max(1));
            let multiple = (coefficient(&block, &waves, u, v) / divisor).round() as i32;
            if let Some(count) = usize::try_from(multiple + REACH).ok().and_then(|i| counts.get_mut(i)) {
                *count += 1;
            }
        }
    }
    let strengths: Vec<f64> = counts.iter().filter_map(|counts| periodicity(counts)).collect();
    if strengths.is_empty() {
        return None;
    }
    Some(pb::DoubleCompression {
        periodicity: strengths.iter().sum::<f64>() / strengths.len() as f64,
        periodic_coefficients: strengths.iter().filter(|&&strength| strength >= CLEAR).count() as i32,
        coefficients: strengths.len() as i32,
        blocks,
    })
}

fn block(picture: &Gray, x: usize, y: usize) -> [f64; SIDE * SIDE] {
    let mut block = [0.0; SIDE * SIDE];
    let rows = picture.data.chunks_exact(picture.width).skip(y * SIDE);
    for (to, row) in block.chunks_exact_mut(SIDE).zip(rows) {
        for (sample, &value) in to.iter_mut().zip(&row[x * SIDE..]) {
            *sample = f64::from(value) - 128.0;
        }
    }
    block
}

/// One wave for each low frequency.
fn waves() -> [[f64; SIDE]; 3] {
    let wave = |times: usize, at: usize| {
        let scale = if times == 0 { 0.125_f64.sqrt() } else { 0.5 };
        scale * (std::f64::consts::PI * times as f64 * (2 * at + 1) as f64 / 16.0).cos()
    };
    std::array::from_fn(|times| std::array::from_fn(|at| wave(times, at)))
}

fn coefficient(block: &[f64; SIDE * SIDE], waves: &[[f64; SIDE]; 3], u: usize, v: usize) -> f64 {
    let rows = block.chunks_exact(SIDE).zip(&waves[v]);
    rows.map(|(row, down)| {
        row.iter().zip(&waves[u]).map(|(value, across)| value * across).sum::<f64>() * down
    })
    .sum()
}

/// How much of the way in which counts differ from their neighbours comes back after the best of the periods,
/// 0 to 1. What is near 0 is left out: it is a peak in any picture.
fn periodicity(counts: &[u32]) -> Option<f64> {
    let middle = counts.len() / 2;
    // Both signs together: they are alike.
    let folded: Vec<f64> =
        (2..=middle).map(|n| f64::from(counts[middle - n]) + f64::from(counts[middle + n])).collect();
    let around = |at: usize| {
        let start = at.saturating_sub(5);
        let window = folded.get(start..(at + 6).min(folded.len())).unwrap_or_default();
        window.iter().sum::<f64>() / window.len().max(1) as f64
    };
    let trend: Vec<f64> = (0..folded.len()).map(around).collect();
    let length = trend.iter().position(|&mean| mean < MIN_COUNT).unwrap_or(trend.len());
    if length < MIN_MULTIPLES {
        return None;
    }
    let differences: Vec<f64> =
        folded.iter().zip(&trend).take(length).map(|(count, mean)| count / mean - 1.0).collect();
    let mean = differences.iter().sum::<f64>() / length as f64;
    let energy: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / length as f64;
    // Chance alone makes counts differ: below that there is nothing to repeat.
    let chance = trend.iter().take(length).map(|mean| 1.0 / mean).sum::<f64>() / length as f64;
    if energy < chance * 4.0 {
        return Some(0.0);
    }
    let repeated = |lag: usize| {
        let pairs = differences.iter().zip(&differences[lag..]);
        let sum: f64 = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum();
        sum / (length - lag) as f64 / energy
    };
    let best = PERIODS.filter(|lag| lag * 2 <= length).map(repeated).fold(0.0, f64::max);
    Some(best.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use turbojpeg::{PixelFormat, Subsamp};

    use super::*;
    use crate::images::{
        evidence::look::{pixels, structure},
        preflight::{self, fixtures},
    };

    /// A picture with detail of every size.
    fn scene(side: usize) -> Vec<u8> {
        let mut dice = fixtures::Dice(9);
        let pixels = (0..side * side).map(|i| {
            let (x, y) = ((i % side) as f64, (i / side) as f64);
            let soft = 60.0 * (x / 31.0).sin() * (y / 17.0).cos() + 40.0 * (x * y / 900.0).sin();
            let grain = (dice.below(31) + dice.below(31)) as f64 - 30.0;
            (128.0 + soft + grain).clamp(0.0, 255.0) as u8
        });
        pixels.collect()
    }

    fn saved(pixels: &[u8], side: usize, quality: i32) -> Vec<u8> {
        let mut encoder = turbojpeg::Compressor::new().unwrap();
        encoder.set_quality(quality).unwrap();
        encoder.set_subsamp(Subsamp::Gray).unwrap();
        let format = PixelFormat::GRAY;
        encoder
            .compress_to_vec(turbojpeg::Image { pixels, width: side, pitch: side, height: side, format })
            .unwrap()
    }

    fn seen(file: &[u8]) -> pb::DoubleCompression {
        let facts = preflight::inspect(file).unwrap();
        let gray = pixels::luma(file, &facts, 1).unwrap();
        traces(&gray, &structure::of(file).brightness.unwrap()).unwrap()
    }

    #[test]
    fn a_picture_that_was_saved_twice_is_told_from_one_that_was_saved_once() {
        let side = 512;
        let pixels = scene(side);
        for (first, second) in [(60, 90), (70, 95), (75, 92)] {
            let once = saved(&pixels, side, second);
            let before = saved(&pixels, side, first);
            let facts = preflight::inspect(&before).unwrap();
            let decoded = pixels::luma(&before, &facts, 1).unwrap();
            let twice = saved(&decoded.data, side, second);
            let (once, twice) = (seen(&once), seen(&twice));
            assert!(once.periodic_coefficients <= 1, "{once:?}");
            assert!(twice.periodic_coefficients >= 4, "{twice:?}");
        }
    }

    #[test]
    fn small_pictures_say_nothing() {
        let gray = Gray { width: 80, height: 80, data: vec![7; 6400] };
        assert_eq!(traces(&gray, &[1; 64]), None);
        let flat = Gray { width: 400, height: 400, data: vec![7; 160_000] };
        assert_eq!(traces(&flat, &[0; 64]), None);
    }
}
