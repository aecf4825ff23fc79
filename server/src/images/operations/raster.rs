//! Pixels in memory.

/// Rows without gaps, from the top. Samples of 16 bits are big-endian, as in PNG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raster {
    /// Pixels across.
    pub(super) width: usize,
    /// Pixels down.
    pub(super) height: usize,
    /// Bytes of one pixel: 1 to 4, 6 or 8.
    pub(super) pixel: usize,
    /// `width * height * pixel` bytes.
    pub(super) data: Vec<u8>,
}

impl Raster {
    /// The rows, from the top.
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.data.chunks_exact(self.width * self.pixel)
    }
}

/// Pixels of 1 gray, 2 gray and alpha, 3 RGB or 4 RGBA samples, upright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pixels {
    /// The samples.
    pub(super) raster: Raster,
    /// Whether a sample has 16 bits; else it has 8.
    pub(super) wide: bool,
}

impl Pixels {
    /// Samples of a pixel, 1 to 4.
    pub(super) fn samples(&self) -> usize {
        if self.wide { self.raster.pixel / 2 } else { self.raster.pixel }
    }

    /// The same in 8 bits a sample.
    pub(super) fn narrow(self) -> Self {
        if !self.wide {
            return self;
        }
        // As the PNG specification rounds: v * 255 / 65535.
        let narrowed =
            |&wide: &[u8; 2]| ((u32::from(u16::from_be_bytes(wide)) * 255 + 32_767) / 65_535) as u8;
        let data = self.raster.data.as_chunks::<2>().0.iter().map(narrowed).collect();
        Self { raster: Raster { pixel: self.raster.pixel / 2, data, ..self.raster }, wide: false }
    }

    /// Of 8 bits a sample: gray made RGB, gray and alpha made RGBA.
    pub(super) fn coloured(self) -> Raster {
        let raster = self.narrow().raster;
        let data = match raster.pixel {
            1 => raster.data.iter().flat_map(|&gray| [gray; 3]).collect(),
            2 => raster.data.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [g, g, g, a]).collect(),
            _ => return raster,
        };
        Raster { pixel: raster.pixel.max(1) + 2, data, ..raster }
    }

    /// Of 8 bits a sample, on white: gray or RGB.
    pub(super) fn opaque(self) -> Raster {
        let raster = self.narrow().raster;
        let over = |sample: u8, alpha: u8| {
            let (sample, alpha) = (u32::from(sample), u32::from(alpha));
            ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        let data = match raster.pixel {
            2 => raster.data.as_chunks::<2>().0.iter().map(|&[gray, a]| over(gray, a)).collect(),
            4 => {
                let pixels = raster.data.as_chunks::<4>().0.iter();
                pixels.flat_map(|&[r, g, b, a]| [over(r, a), over(g, a), over(b, a)]).collect()
            }
            _ => return raster,
        };
        Raster { pixel: raster.pixel - 1, data, ..raster }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(samples: usize, wide: bool, data: &[u8]) -> Pixels {
        let pixel = if wide { samples * 2 } else { samples };
        let raster = Raster { width: data.len() / pixel, height: 1, pixel, data: data.to_vec() };
        Pixels { raster, wide }
    }

    #[test]
    fn wide_samples_are_rounded() {
        let narrow = pixels(1, true, &[0, 0, 0x80, 0x80, 0xff, 0xff, 0x01, 0x80]).narrow();
        assert_eq!(narrow, pixels(1, false, &[0, 128, 255, 1]));
    }

    #[test]
    fn gray_becomes_colours_of_one_shade() {
        assert_eq!(pixels(1, false, &[7, 9]).coloured().data, [7, 7, 7, 9, 9, 9]);
        let with_alpha = pixels(2, false, &[7, 200]).coloured();
        assert_eq!((with_alpha.pixel, with_alpha.data), (4, vec![7, 7, 7, 200]));
    }

    #[test]
    fn what_is_transparent_becomes_white() {
        assert_eq!(
            pixels(4, false, &[10, 20, 30, 0, 10, 20, 30, 255]).opaque().data,
            [255, 255, 255, 10, 20, 30]
        );
        assert_eq!(pixels(2, false, &[0, 51]).opaque().data, [204]);
        assert_eq!(pixels(3, false, &[1, 2, 3]).opaque().pixel, 3);
    }
}
