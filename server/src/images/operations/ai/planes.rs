//! Pictures as networks and filters take them: one plane of 32-bit floats for each channel.

use super::super::raster::{Pixels, Raster};

/// Planes of one size, one after the other, each from the top without gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planes {
    /// Pixels across.
    pub(super) width: usize,
    /// Pixels down.
    pub(super) height: usize,
    /// `channels * width * height` samples.
    pub(super) data: Vec<f32>,
}

impl Planes {
    /// All 0.
    pub(super) fn new(channels: usize, width: usize, height: usize) -> Self {
        Self { width, height, data: vec![0.0; channels * width * height] }
    }

    /// Samples of a plane.
    pub(super) fn area(&self) -> usize {
        self.width * self.height
    }

    /// How many planes.
    pub(super) fn channels(&self) -> usize {
        self.data.len() / self.area().max(1)
    }

    /// The planes.
    pub(super) fn each(&self) -> std::slice::ChunksExact<'_, f32> {
        self.data.chunks_exact(self.area().max(1))
    }

    /// One of the planes.
    pub(super) fn plane(&self, channel: usize) -> &[f32] {
        &self.data[channel * self.area()..][..self.area()]
    }

    /// The colours of a picture, 0 to 1, as three planes, and its alpha, if it has one.
    pub(super) fn of(pixels: &Pixels) -> (Self, Option<Self>) {
        let (width, height) = (pixels.raster.width, pixels.raster.height);
        let sample = |channel| samples(pixels, channel);
        let colours = match pixels.samples() {
            1 | 2 => [0, 0, 0],
            _ => [0, 1, 2],
        };
        let data = colours.into_iter().flat_map(sample).collect();
        let alpha = matches!(pixels.samples(), 2 | 4).then(|| {
            let data = samples(pixels, pixels.samples() - 1).collect();
            Self { width, height, data }
        });
        (Self { width, height, data }, alpha)
    }

    /// Samples of 0 to 1 as a picture: of 1 to 4 planes, gray, gray and alpha, RGB or RGBA.
    pub(super) fn pixels(&self, wide: bool) -> Pixels {
        let (channels, area) = (self.channels(), self.area());
        let bytes = if wide { 2 } else { 1 };
        let mut data = vec![0; channels * area * bytes];
        for (channel, plane) in self.each().enumerate() {
            if wide {
                let targets = data.as_chunks_mut::<2>().0.iter_mut().skip(channel).step_by(channels);
                targets.zip(plane).for_each(|(to, from)| *to = scaled::<65_535>(*from).to_be_bytes());
            } else {
                let targets = data.iter_mut().skip(channel).step_by(channels);
                targets.zip(plane).for_each(|(to, from)| *to = scaled::<255>(*from) as u8);
            }
        }
        let raster = Raster { width: self.width, height: self.height, pixel: channels * bytes, data };
        Pixels { raster, wide }
    }

    /// The mean of all planes, as the only one.
    pub(super) fn mean(&self) -> Self {
        let mut mean = Self::new(1, self.width, self.height);
        for plane in self.each() {
            mean.data.iter_mut().zip(plane).for_each(|(sum, sample)| *sum += sample);
        }
        let channels = self.channels().max(1) as f32;
        mean.data.iter_mut().for_each(|sum| *sum /= channels);
        mean
    }

    /// With another's planes behind its own.
    pub(super) fn with(mut self, other: &Self) -> Self {
        self.data.extend_from_slice(&other.data);
        self
    }
}

fn scaled<const MOST: u16>(sample: f32) -> u16 {
    (sample * f32::from(MOST)).round().clamp(0.0, f32::from(MOST)) as u16
}

fn samples(pixels: &Pixels, channel: usize) -> impl Iterator<Item = f32> {
    let (step, wide) = (pixels.raster.pixel, pixels.wide);
    pixels.raster.data.chunks_exact(step).map(move |pixel| {
        if wide {
            f32::from(u16::from_be_bytes([pixel[channel * 2], pixel[channel * 2 + 1]])) / 65_535.0
        } else {
            f32::from(pixel[channel]) / 255.0
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_every_kind_come_back_as_they_were() {
        for (samples, wide) in (1..=4).flat_map(|samples| [(samples, false), (samples, true)]) {
            let pixel = if wide { samples * 2 } else { samples };
            let data: Vec<u8> = (0..pixel * 6).map(|n| (n * 37 % 256) as u8).collect();
            let pixels = Pixels { raster: Raster { width: 3, height: 2, pixel, data }, wide };
            let (colours, alpha) = Planes::of(&pixels);
            let colours = if samples < 3 { colours.mean() } else { colours };
            let planes = match &alpha {
                Some(alpha) => colours.with(alpha),
                None => colours,
            };
            assert_eq!(planes.pixels(wide), pixels);
        }
    }
}
