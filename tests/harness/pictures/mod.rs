//! Pictures that tests know pixel by pixel.

pub mod exif;
mod files;
mod foreign;
pub mod hostile;

pub use files::{decode, jpeg, jpeg_with_orientation, png, webp, webp_lossless};
pub use foreign::{bmp, gif, heif, tiff};

/// Samples of a picture: rows from the top, pixels from the left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Samples of a pixel: 1 grey, 3 RGB, 4 RGBA.
    pub channels: usize,
    /// The samples.
    pub samples: Vec<u8>,
}

/// A picture like a photo: soft gradients, an edge, a little texture. No two of its corners are alike.
pub fn scene(width: usize, height: usize) -> Pixels {
    Pixels::made(width, height, |x, y| {
        let texture = u8::try_from((x * 7 + y * 13 + x * y) % 11).expect("below 11");
        let (across, down) = (share(x, width), share(y, height));
        let bright = if x * 3 < width && y * 2 < height { 40 } else { 0 };
        [across / 2 + bright + texture, down / 2 + 60 + texture, (across / 4 + down / 4) + 30 + texture]
    })
}

/// A picture of flat colours, one for each quarter, that every codec keeps nearly as they are.
pub fn quarters(width: usize, height: usize) -> Pixels {
    Pixels::made(width, height, |x, y| match (x * 2 < width, y * 2 < height) {
        (true, true) => [200, 40, 40],
        (false, true) => [40, 180, 60],
        (true, false) => [50, 60, 210],
        (false, false) => [220, 210, 60],
    })
}

/// A picture of noise, which no codec makes small.
pub fn noise(width: usize, height: usize) -> Pixels {
    Pixels::made(width, height, |x, y| {
        // The finish of SplitMix64 (Steele, Lea, Flood 2014), seeded by the place.
        let seed = (((x as u64) << 32) | y as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [red, green, blue, ..] = (mixed ^ (mixed >> 31)).to_be_bytes();
        [red, green, blue]
    })
}

/// How far along, of 255.
fn share(at: usize, length: usize) -> u8 {
    u8::try_from(at * 255 / length).expect("no more than 255")
}

impl Pixels {
    /// A picture in RGB, made pixel by pixel.
    pub fn made(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let samples = places.flat_map(|(x, y)| pixel(x, y)).collect();
        Self { width, height, channels: 3, samples }
    }

    /// A picture of one grey in RGB, as large as one likes.
    pub fn flat(width: usize, height: usize) -> Self {
        Self { width, height, channels: 3, samples: vec![128; width * height * 3] }
    }

    /// The samples of one pixel.
    pub fn at(&self, x: usize, y: usize) -> &[u8] {
        let first = (y * self.width + x) * self.channels;
        &self.samples[first..first + self.channels]
    }

    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// A picture of this size, whose pixel at a place is this one's at another.
    #[must_use]
    pub fn placed(
        &self,
        (width, height): (usize, usize),
        from: impl Fn(usize, usize) -> (usize, usize),
    ) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let samples = places.map(|(x, y)| from(x, y)).flat_map(|(x, y)| self.at(x, y).to_vec()).collect();
        Self { width, height, channels: self.channels, samples }
    }

    /// Turned counter-clockwise by so many quarters.
    #[must_use]
    pub fn turned(&self, quarters: usize) -> Self {
        (0..quarters % 4).fold(self.clone(), |picture, _| {
            picture.placed((picture.height, picture.width), |x, y| (picture.width - 1 - y, x))
        })
    }

    /// Mirrored left to right.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        self.placed(self.size(), |x, y| (self.width - 1 - x, y))
    }

    /// As it is to be seen when its metadata says this orientation (EXIF 1 to 8).
    #[must_use]
    pub fn upright(&self, orientation: u8) -> Self {
        match orientation {
            2 => self.mirrored(),
            3 => self.turned(2),
            4 => self.turned(2).mirrored(),
            5 => self.mirrored().turned(1),
            6 => self.turned(3),
            7 => self.mirrored().turned(3),
            8 => self.turned(1),
            _ => self.clone(),
        }
    }

    /// Each pixel as a square of so many.
    #[must_use]
    pub fn enlarged(&self, scale: usize) -> Self {
        self.placed((self.width * scale, self.height * scale), |x, y| (x / scale, y / scale))
    }

    /// The largest difference of two samples; pictures of different sizes fail the test.
    pub fn distance(&self, other: &Self) -> u8 {
        assert_eq!((self.size(), self.channels), (other.size(), other.channels));
        let pairs = self.samples.iter().zip(&other.samples);
        pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default()
    }

    /// The average difference of two samples.
    pub fn mean_distance(&self, other: &Self) -> f64 {
        assert_eq!((self.size(), self.channels), (other.size(), other.channels));
        let pairs = self.samples.iter().zip(&other.samples);
        let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / self.samples.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_puts_the_right_edge_on_top() {
        let picture = quarters(4, 2);
        let turned = picture.turned(1);
        assert_eq!(turned.size(), (2, 4));
        assert_eq!(turned.at(0, 0), picture.at(3, 0));
        assert_eq!(turned.at(1, 0), picture.at(3, 1));
        assert_eq!(picture.turned(4), picture);
    }

    #[test]
    fn orientation_six_is_put_upright_by_a_clockwise_turn() {
        let picture = quarters(4, 2);
        assert_eq!(picture.upright(6).at(1, 0), picture.at(0, 0));
        assert_eq!(picture.upright(3).at(3, 1), picture.at(0, 0));
    }

    #[test]
    fn every_codec_gives_back_what_it_was_given() {
        let picture = scene(48, 32);
        assert_eq!(decode(&png(&picture)), picture);
        assert_eq!(decode(&webp_lossless(&picture)), picture);
        assert!(decode(&jpeg(&picture, 95)).mean_distance(&picture) < 4.0);
        assert!(decode(&webp(&picture, 95.0)).mean_distance(&picture) < 6.0);
    }
}
