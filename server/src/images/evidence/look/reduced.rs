//! Pictures that are made smaller while they grow, row by row, so that what is sent stays small.

use crate::images::operations::Failure;

/// Most pixels that are kept.
const MAX_PIXELS: usize = 4_000_000;

/// A map that is made smaller while it grows, each pixel the mean of a square.
pub(super) struct Reduced {
    pub(super) width: usize,
    pub(super) height: usize,
    channels: usize,
    /// Pixels of the picture across and down that become one of the map.
    by: usize,
    sums: Vec<u32>,
    counts: Vec<u32>,
}

impl Reduced {
    /// Of a picture of this size; so many samples a pixel.
    pub(super) fn new(width: usize, height: usize, channels: usize) -> Self {
        let sides = (1..).map(|by: usize| (width.div_ceil(by), height.div_ceil(by), by));
        let fits =
            sides.skip_while(|(w, h, _)| w * h > MAX_PIXELS).map(|(w, h, by)| (w.max(1), h.max(1), by));
        let (width, height, by) = fits.take(1).next().unwrap_or((1, 1, usize::MAX));
        let (sums, counts) = (vec![0; width * height * channels], vec![0; width * height]);
        Self { width, height, channels, by, sums, counts }
    }

    /// Adds a row of the picture.
    pub(super) fn add(&mut self, y: usize, samples: impl Iterator<Item = u32>) {
        let start = (y / self.by).min(self.height - 1) * self.width;
        for (index, sample) in samples.enumerate() {
            let cell = start + index / self.channels / self.by;
            let channel = index % self.channels;
            self.sums[cell * self.channels + channel] += sample;
            if channel == 0 {
                self.counts[cell] += 1;
            }
        }
    }

    /// The largest mean of any sample, rounded up.
    pub(super) fn largest(&self) -> u32 {
        let means = self.sums.iter().enumerate().map(|(index, sum)| sum.div_ceil(self.count(index)));
        means.max().unwrap_or_default()
    }

    /// The means of all samples.
    pub(super) fn means(&self) -> Vec<f32> {
        let mean = |(index, &sum): (usize, &u32)| sum as f32 / self.count(index) as f32;
        self.sums.iter().enumerate().map(mean).collect()
    }

    /// Over how many pixels a sum goes.
    fn count(&self, index: usize) -> u32 {
        self.counts[index / self.channels].max(1)
    }

    /// As a PNG, gray or RGB, so many times as bright.
    pub(super) fn png(self, amplification: u32) -> Result<Vec<u8>, Failure> {
        let mean = |(index, &sum): (usize, &u32)| (sum * amplification / self.count(index)).min(255) as u8;
        let data: Vec<u8> = self.sums.iter().enumerate().map(mean).collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(if self.channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&data));
        written.map_err(|_| Failure::Unencodable)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_never_larger_than_four_megapixels() {
        for (width, height) in [(30_000, 1), (1, 30_000), (10_000, 10_000), (2000, 2000), (2001, 2000)] {
            let map = Reduced::new(width, height, 1);
            assert!(map.width * map.height <= MAX_PIXELS);
            assert!(map.width * map.by >= width && map.height * map.by >= height);
        }
        assert_eq!(Reduced::new(2000, 2000, 1).by, 1);
        assert_eq!(Reduced::new(2001, 2000, 1).by, 2);
    }
}
