//! Pixels to look at: gray or RGB of 8 bits.

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use crate::images::{
    model::Format,
    operations::{self, Failure, Rgb},
    preflight::{Facts, MAX_SCANS},
};

/// Least side of a JPEG that is decoded smaller than it is.
const LEAST_SIDE: u32 = 128;
/// By what a JPEG can be decoded smaller.
const REDUCTIONS: [u32; 3] = [8, 4, 2];

/// Brightness (ITU-R BT.601), rows without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gray {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: Vec<u8>,
}

impl Gray {
    /// The picture in so many cells across and down, each the mean of what it covers.
    pub(super) fn averaged(&self, across: usize, down: usize) -> Vec<f64> {
        let cell = |index: usize, cells: usize, side: usize| {
            let start = index * side / cells;
            start..((index + 1) * side / cells).max(start + 1)
        };
        let mut cells = Vec::with_capacity(across * down);
        for y in 0..down {
            let rows = cell(y, down, self.height);
            for x in 0..across {
                let columns = cell(x, across, self.width);
                let rows = self.data.chunks_exact(self.width).skip(rows.start).take(rows.len());
                let sum: u64 = rows.flat_map(|row| &row[columns.clone()]).map(|&v| u64::from(v)).sum();
                cells.push(sum as f64 / (columns.len() * cell(y, down, self.height).len()) as f64);
            }
        }
        cells
    }

    /// As it is to be seen with this orientation of EXIF, 1 to 8.
    pub(super) fn upright(self, orientation: u8) -> Self {
        if orientation <= 1 {
            return self;
        }
        let (w, h) = (self.width, self.height);
        let swap = orientation >= 5;
        let (width, height) = if swap { (h, w) } else { (w, h) };
        let from = |x: usize, y: usize| match orientation {
            2 => (w - 1 - x, y),
            3 => (w - 1 - x, h - 1 - y),
            4 => (x, h - 1 - y),
            5 => (y, x),
            6 => (y, h - 1 - x),
            7 => (w - 1 - y, h - 1 - x),
            8 => (w - 1 - y, x),
            _ => (x, y),
        };
        let places = (0..height).flat_map(|y| (0..width).map(move |x| from(x, y)));
        let data = places.map(|(x, y)| self.data[y * w + x]).collect();
        Self { width, height, data }
    }
}

/// Its brightness.
pub(super) fn gray_of(rgb: &Rgb) -> Gray {
    let data = rgb.data.as_chunks().0.iter().copied().map(brightness).collect();
    Gray { width: rgb.width, height: rgb.height, data }
}

/// The brightness of a pixel (ITU-R BT.601, 7), with weights of 16 bits.
pub(super) fn brightness([r, g, b]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b);
    ((sum + 32_768) >> 16) as u8
}

/// Brightness of any image in full.
pub(super) fn gray(file: &[u8], facts: &Facts) -> Result<Gray, Failure> {
    match luma(file, facts, 1) {
        Some(gray) => Ok(gray),
        None => operations::look(file, facts).map(|rgb| gray_of(&rgb)),
    }
}

/// Brightness of any image, smaller than it is where that is cheaper.
pub(super) fn small(file: &[u8], facts: &Facts) -> Result<Gray, Failure> {
    let side = facts.size.width.min(facts.size.height);
    let by = REDUCTIONS.into_iter().find(|by| side / by >= LEAST_SIDE).unwrap_or(1);
    match luma(file, facts, by) {
        Some(gray) => Ok(gray),
        None => operations::look(file, facts).map(|rgb| gray_of(&rgb)),
    }
}

/// A JPEG's own plane of brightness, `by` times smaller; nothing for what has none.
pub(super) fn luma(file: &[u8], facts: &Facts, by: u32) -> Option<Gray> {
    if facts.format != Format::Jpeg {
        return None;
    }
    let mut decoder = Decompressor::new().ok()?;
    decoder.set_scan_limit(MAX_SCANS).ok()?;
    let header = decoder.read_header(file).ok()?;
    if !matches!(header.colorspace, Colorspace::YCbCr | Colorspace::Gray | Colorspace::RGB) {
        return None;
    }
    let scale = ScalingFactor::new(1, by as usize);
    decoder.set_scaling_factor(scale).ok()?;
    let header = header.scaled(scale);
    let (width, height) = (header.width, header.height);
    let mut data = vec![0; width * height];
    let target =
        Image { pixels: data.as_mut_slice(), width, pitch: width, height, format: PixelFormat::GRAY };
    operations::tolerate(decoder.decompress(file, target)).ok()?;
    Some(Gray { width, height, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_means_of_what_they_cover() {
        let gray = Gray { width: 4, height: 2, data: vec![0, 10, 20, 30, 2, 12, 22, 32] };
        assert_eq!(gray.averaged(2, 1), [6.0, 26.0]);
        assert_eq!(gray.averaged(8, 1).len(), 8);
    }

    #[test]
    fn orientations_put_pictures_upright() {
        // 1 2 3
        // 4 5 6
        let gray = Gray { width: 3, height: 2, data: vec![1, 2, 3, 4, 5, 6] };
        let upright = |orientation| gray.clone().upright(orientation);
        assert_eq!((upright(6).width, upright(6).data), (2, vec![4, 1, 5, 2, 6, 3]));
        assert_eq!(upright(8).data, [3, 6, 2, 5, 1, 4]);
        assert_eq!(upright(3).data, [6, 5, 4, 3, 2, 1]);
        assert_eq!(upright(5).data, [1, 4, 2, 5, 3, 6]);
        assert_eq!(upright(7).data, [6, 3, 5, 2, 4, 1]);
        assert_eq!(upright(2).data, [3, 2, 1, 6, 5, 4]);
        assert_eq!(upright(4).data, [4, 5, 6, 1, 2, 3]);
    }
}
