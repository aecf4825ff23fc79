//! HEIC: one HEVC picture or a grid of them, with or without alpha, of 8 to 16 bits, as RGB.

use std::cell::OnceCell;

use heic_decoder::{HeifError, RgbaImage};
use png::{BitDepth, ColorType};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Failure, Picture};
use crate::images::{
    model::Size,
    operations::{raster::Raster, turn::Turn},
    preflight::Facts,
};

thread_local! {
    /// This thread and no other: the decoder would start one for each processor, and there may be none.
    static ALONE: OnceCell<Option<ThreadPool>> = const { OnceCell::new() };
}

/// Decodes a HEIC that passed the preflight, and lays it as it is stored: the decoder turns it upright.
pub(super) fn decode(input: &[u8], facts: &Facts) -> Result<Picture, Failure> {
    ALONE.with(|pool| {
        let pool =
            pool.get_or_init(|| ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok());
        pool.as_ref().ok_or(Failure::Damaged)?.install(|| read(input, facts))
    })
}

fn read(input: &[u8], facts: &Facts) -> Result<Picture, Failure> {
    let turn = Turn::upright(facts.orientation);
    let told = heic_decoder::probe(input).map_err(failure)?;
    // Before anything is allocated.
    if (told.width, told.height) != sides(turn.size(facts.size)) {
        return Err(Failure::Damaged);
    }
    let mut image = heic_decoder::decode(input).map_err(failure)?;
    let profile = image.metadata.icc_profile.take();
    let wide = image.bit_depth_luma.max(image.bit_depth_chroma) > 8;
    let colour = if image.alpha.is_some() { ColorType::Rgba } else { ColorType::Rgb };
    let samples = match (image.alpha.is_some(), wide) {
        (false, false) => image.to_rgb8().map_err(failure)?.data,
        (false, true) => bytes(&image.to_rgb16().map_err(failure)?.data),
        (true, false) => divided(image.to_rgba8().map_err(failure)?),
        (true, true) => bytes(&divided(image.to_rgba16().map_err(failure)?)),
    };
    let (width, height) = (image.width, image.height);
    drop(image);
    let pixel = colour.samples() * if wide { 2 } else { 1 };
    if samples.len() != width * height * pixel {
        return Err(Failure::Damaged);
    }
    let stored = stored(turn).apply(Raster { width, height, pixel, data: samples });
    Ok(Picture {
        width: facts.size.width,
        height: facts.size.height,
        colour,
        depth: if wide { BitDepth::Sixteen } else { BitDepth::Eight },
        samples: stored.data,
        palette: Vec::new(),
        transparency: Vec::new(),
        profile,
    })
}

fn sides(size: Size) -> (usize, usize) {
    (size.width as usize, size.height as usize)
}

/// What undoes a turn.
fn stored(turn: Turn) -> Turn {
    (1..=8).map(Turn::upright).find(|back| turn.then(*back) == Turn::NONE).unwrap_or(Turn::NONE)
}

fn failure(error: HeifError) -> Failure {
    match error {
        HeifError::Unsupported(_) | HeifError::LimitExceeded(_) => Failure::NotReadable("such HEIC"),
        _ => Failure::Damaged,
    }
}

fn bytes(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_be_bytes()).collect()
}

/// Colours that were multiplied by their alpha, without it.
fn divided<S: Copy + Into<u64> + TryFrom<u64>>(mut image: RgbaImage<S>) -> Vec<S> {
    if image.premultiplied {
        let most = (1_u64 << (8 * size_of::<S>())) - 1;
        for [red, green, blue, alpha] in image.data.as_chunks_mut().0 {
            let alpha = (*alpha).into();
            for colour in [red, green, blue] {
                let whole = ((*colour).into() * most + alpha / 2).checked_div(alpha).unwrap_or_default();
                *colour = S::try_from(whole.min(most)).unwrap_or(*colour);
            }
        }
    }
    image.data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turn_is_undone() {
        for orientation in 1..=8 {
            let turn = Turn::upright(orientation);
            assert_eq!(turn.then(stored(turn)), Turn::NONE);
        }
    }

    #[test]
    fn multiplied_colours_are_divided() {
        let image = |premultiplied| RgbaImage {
            width: 2,
            height: 1,
            data: vec![50_u8, 100, 0, 100, 9, 9, 9, 0],
            premultiplied,
        };
        assert_eq!(divided(image(true)), [128, 255, 0, 100, 0, 0, 0, 0]);
        assert_eq!(divided(image(false)), [50, 100, 0, 100, 9, 9, 9, 0]);
    }
}
