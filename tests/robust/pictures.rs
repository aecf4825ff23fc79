//! Pictures that nobody has seen before: noise, so that no two are alike and none is small.

use atalaya_tests::pictures::{self, Pixels};

use crate::chance::Chance;

/// A JPEG of noise.
pub(crate) fn jpeg(width: usize, height: usize, seed: u64) -> Vec<u8> {
    pictures::jpeg(&noise(width, height, seed), 80)
}

/// A PNG of noise: as many bytes as it has samples.
pub(crate) fn png(width: usize, height: usize, seed: u64) -> Vec<u8> {
    pictures::png(&noise(width, height, seed))
}

/// A lossy WebP of noise.
pub(crate) fn webp(width: usize, height: usize, seed: u64) -> Vec<u8> {
    pictures::webp(&noise(width, height, seed), 80.0)
}

fn noise(width: usize, height: usize, seed: u64) -> Pixels {
    let samples = Chance::new(seed).bytes(width * height * 3);
    Pixels { width, height, channels: 3, samples }
}
