//! Maps: pictures of how much each place changes when it is saved again, and of its noise.

use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, Subsamp};

use super::{pixels::Gray, reduced::Reduced};
use crate::images::operations::{Failure, Rgb};

/// The quality at which the picture is saved again.
const QUALITY: i32 = 90;
/// How much brighter differences are shown.
const AMPLIFICATION: u32 = 15;
/// How much brighter noise is shown.
const NOISE_AMPLIFICATION: u32 = 12;
/// Rows that are saved again at once: whole blocks, whatever the colours' sampling.
const ROWS: usize = 256;

/// Error levels as an RGB PNG: the difference to the same picture saved once more.
pub(super) fn error_levels(picture: &Rgb, progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    let mut map = Reduced::new(picture.width, picture.height, 3);
    let strip = picture.width * 3 * ROWS;
    let strips = picture.data.len().div_ceil(strip.max(1)).max(1);
    for (index, rows) in picture.data.chunks(strip).enumerate() {
        let again = saved_again(rows, picture.width).map_err(|_| Failure::Unencodable)?;
        for (row, (before, after)) in
            rows.chunks_exact(picture.width * 3).zip(again.chunks_exact(picture.width * 3)).enumerate()
        {
            map.add(index * ROWS + row, before.iter().zip(after).map(|(a, b)| u32::from(a.abs_diff(*b))));
        }
        progress(((index + 1) * 1000 / strips) as u16);
    }
    map.png(AMPLIFICATION)
}

fn saved_again(rows: &[u8], width: usize) -> turbojpeg::Result<Vec<u8>> {
    let (height, pitch, format) = (rows.len() / (width * 3), width * 3, PixelFormat::RGB);
    let mut encoder = Compressor::new()?;
    encoder.set_quality(QUALITY)?;
    encoder.set_subsamp(Subsamp::None)?;
    let file = encoder.compress_to_vec(Image { pixels: rows, width, pitch, height, format })?;
    let mut again = vec![0; rows.len()];
    let target = Image { pixels: again.as_mut_slice(), width, pitch, height, format };
    Decompressor::new()?.decompress(&file, target)?;
    Ok(again)
}

/// Noise as a gray PNG: what a median of 3 x 3 takes away.
pub(super) fn noise(picture: &Gray, progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    let (width, height) = (picture.width, picture.height);
    let mut map = Reduced::new(width, height, 1);
    let row = |y: usize| &picture.data[y * width..][..width];
    for y in 0..height {
        let rows = [row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1))];
        let taken = (0..width).map(|x| {
            let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
            let mut around = [0; 9];
            for (value, (row, column)) in
                around.iter_mut().zip(rows.iter().flat_map(|r| columns.map(|c| (r, c))))
            {
                *value = row[column];
            }
            around.sort_unstable();
            u32::from(around[4].abs_diff(rows[1][x]))
        });
        map.add(y, taken);
        if y % ROWS == 0 {
            progress((y * 1000 / height) as u16);
        }
    }
    map.png(NOISE_AMPLIFICATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_where_single_pixels_stand_out() {
        let mut picture = Gray { width: 9, height: 9, data: vec![100; 81] };
        picture.data[40] = 110;
        let file = noise(&picture, &mut |_| {}).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut data = vec![0; 81];
        reader.next_frame(&mut data).unwrap();
        assert_eq!((data[40], data.iter().filter(|&&v| v > 0).count()), (120, 1));
    }

    #[test]
    fn what_was_pasted_in_stands_out_in_the_error_levels() {
        // Saved once at the map's own quality, the rest changes little; noise that was never saved changes much.
        let side = 64;
        let mut dice = crate::images::preflight::fixtures::Dice(5);
        let noise: Vec<u8> = (0..side * side * 3).map(|_| dice.below(120) as u8).collect();
        let mut data = saved_again(&noise, side).unwrap();
        for y in 16..32 {
            data[(y * side + 16) * 3..][..48].copy_from_slice(&noise[(y * side + 16) * 3..][..48]);
        }
        let file = error_levels(&Rgb { width: side, height: side, data }, &mut |_| {}).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut map = vec![0; side * side * 3];
        reader.next_frame(&mut map).unwrap();
        let mean = |from: usize, to: usize| {
            let inside = (from..to).flat_map(|y| map[(y * side + from) * 3..][..(to - from) * 3].iter());
            inside.map(|&v| u32::from(v)).sum::<u32>() / ((to - from) * (to - from) * 3) as u32
        };
        assert!(mean(16, 32) > 2 * mean(40, 56), "{} {}", mean(16, 32), mean(40, 56));
    }
}
