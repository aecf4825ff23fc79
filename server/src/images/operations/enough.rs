//! The smallest file that still looks as asked: tries qualities on a sample of the picture, and compresses the
//! whole at the least that is good enough.

use super::{
    Failure, Job, jpeg, png,
    raster::{Pixels, Raster},
    redraw,
    score::score,
    webp,
};
use crate::images::model::{Edit, Format, Quality, Score};

/// Sides of the sample's tiles: whole blocks of any JPEG.
const TILE: usize = 256;
/// Tiles of a sample, across and down. A picture that is not larger is its own sample.
const TILES: usize = 3;
/// Tiles begin at whole blocks of any JPEG.
const BLOCK: usize = 16;
/// The quality of a picture that is too small to be judged.
const UNJUDGED: u8 = 90;

/// Compresses an image that passed the preflight.
pub(super) fn edit(
    job: &Job<'_>,
    wanted: Score,
    input: &[u8],
    progress: &mut dyn FnMut(u16),
) -> Result<Vec<u8>, Failure> {
    let pixels = redraw::decode(job, input)?;
    let sample = sample(&Pixels { raster: rgb(pixels), wide: false }.raster);
    progress(100);
    let quality = least(wanted, progress, |quality| {
        let copy = match job.facts.format {
            Format::Jpeg => jpeg::attempt(job, input, &sample, quality)?,
            Format::WebP => webp::attempt(&sample, quality)?,
            Format::Png | Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
                png::attempt(&sample, quality)
            }
        };
        Ok(score(&sample, &copy))
    })?;
    let edit = Edit::Compress(quality);
    let job = Job { edit: &edit, ..*job };
    let hear = &mut |permille: u16| progress(700 + permille * 3 / 10);
    match job.facts.format {
        Format::Jpeg => jpeg::edit(&job, input, hear),
        Format::WebP => webp::edit(&job, input, hear),
        Format::Png | Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            png::edit(&job, input, hear)
        }
    }
}

/// On white, which is what a difference in transparent places is seen on.
fn rgb(pixels: Pixels) -> Raster {
    Pixels { raster: pixels.opaque(), wide: false }.coloured()
}

/// The least quality whose score is as wanted, by halving what is left; the best if none is.
fn least(
    wanted: Score,
    progress: &mut dyn FnMut(u16),
    mut judge: impl FnMut(u8) -> Result<Option<f64>, Failure>,
) -> Result<Quality, Failure> {
    let (mut low, mut high) = (0, Quality::BEST.get());
    let mut tries = 0;
    while low < high {
        let middle = low.midpoint(high);
        let Some(score) = judge(middle)? else { return Ok(Quality::of(UNJUDGED)) };
        if score >= f64::from(wanted.get()) {
            high = middle;
        } else {
            low = middle + 1;
        }
        tries += 1;
        progress(100 + tries * 80);
    }
    Ok(Quality::of(low))
}

/// Tiles from all over the picture, or the whole of a small one.
fn sample(picture: &Raster) -> Raster {
    let (columns, rows) = (starts(picture.width), starts(picture.height));
    let (across, down) = (side(picture.width), side(picture.height));
    let pixel = picture.pixel;
    let mut data = Vec::with_capacity(columns.len() * across * rows.len() * down * pixel);
    for top in rows.iter().flat_map(|&row| row..row + down) {
        for &left in &columns {
            let start = (top * picture.width + left) * pixel;
            data.extend_from_slice(&picture.data[start..start + across * pixel]);
        }
    }
    Raster { width: columns.len() * across, height: rows.len() * down, pixel, data }
}

/// A tile's side along a picture's.
fn side(whole: usize) -> usize {
    if whole <= TILE * TILES { whole } else { TILE }
}

/// Where the tiles begin along a picture's side.
fn starts(whole: usize) -> Vec<usize> {
    if whole <= TILE * TILES {
        return vec![0];
    }
    (0..TILES).map(|i| (whole - TILE) * i / (TILES - 1) / BLOCK * BLOCK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_comes_from_all_over_the_picture() {
        assert_eq!(starts(768), [0]);
        assert_eq!(starts(4000), [0, 1872, 3744]);
        let data = (0..900 * 10_u32).map(|n| (n % 900 / 4) as u8).collect();
        let picture = Raster { width: 900, height: 10, pixel: 1, data };
        let sample = sample(&picture);
        assert_eq!((sample.width, sample.height), (768, 10));
        assert_eq!((sample.data[0], sample.data[256], sample.data[512]), (0, 80, 160));
    }

    #[test]
    fn the_least_that_is_enough_is_found_in_seven_tries() {
        let mut tries = 0;
        let mut find = |enough: u8| {
            least(Score::try_from(70).unwrap(), &mut |_| {}, |quality| {
                tries += 1;
                Ok(Some(if quality >= enough { 71.0 } else { 69.0 }))
            })
            .unwrap()
            .get()
        };
        for enough in 0..=100 {
            assert_eq!(find(enough), enough);
        }
        assert!(tries <= 101 * 7);
        let unjudged = least(Score::try_from(70).unwrap(), &mut |_| {}, |_| Ok(None)).unwrap();
        assert_eq!(unjudged.get(), UNJUDGED);
    }
}
