//! The same pixels in fewer bytes, before any compression.

use std::collections::HashMap;

use png::{BitDepth, ColorType};

use super::picture::Picture;

/// A gray picture gains from a palette only when several indices fit into a byte.
const GRAY_COLOURS: usize = 16;

/// Drops an alpha channel that hides nothing, colours that are all gray, low bytes that repeat the high ones;
/// makes a palette when there are few enough colours. Gray needs another kind of profile, so it is left alone
/// where there is one.
pub(super) fn without_loss(picture: &mut Picture, colours: usize, has_profile: bool) {
    if picture.colour == ColorType::Indexed || !picture.transparency.is_empty() {
        return;
    }
    if picture.is_wide() && picture.raster.data.as_chunks::<2>().0.iter().all(|[high, low]| high == low) {
        keep(picture, &[0]);
        picture.depth = BitDepth::Eight;
    }
    if picture.depth != BitDepth::Eight {
        return;
    }
    drop_alpha(picture);
    if !has_profile {
        drop_colour(picture);
    } else if picture.is_gray() {
        return;
    }
    let most = if picture.is_gray() { GRAY_COLOURS.min(colours) } else { colours };
    if let Some((indices, palette)) = palette(picture, most) {
        picture.index(indices, &palette);
    }
}

fn drop_alpha(picture: &mut Picture) {
    let opaque = match picture.colour {
        ColorType::Rgba => picture.raster.data.as_chunks::<4>().0.iter().all(|p| p[3] == 255),
        ColorType::GrayscaleAlpha => picture.raster.data.as_chunks::<2>().0.iter().all(|p| p[1] == 255),
        ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed => false,
    };
    if opaque && picture.colour == ColorType::Rgba {
        keep(picture, &[0, 1, 2]);
        picture.colour = ColorType::Rgb;
    } else if opaque {
        keep(picture, &[0]);
        picture.colour = ColorType::Grayscale;
    }
}

fn drop_colour(picture: &mut Picture) {
    let pixels = || picture.raster.data.chunks_exact(picture.raster.pixel);
    match picture.colour {
        ColorType::Rgb if pixels().all(|p| p[0] == p[1] && p[1] == p[2]) => {
            keep(picture, &[0]);
            picture.colour = ColorType::Grayscale;
        }
        ColorType::Rgba if pixels().all(|p| p[0] == p[1] && p[1] == p[2]) => {
            keep(picture, &[0, 3]);
            picture.colour = ColorType::GrayscaleAlpha;
        }
        ColorType::Rgb
        | ColorType::Rgba
        | ColorType::Grayscale
        | ColorType::GrayscaleAlpha
        | ColorType::Indexed => {}
    }
}

/// Keeps these bytes of each pixel; of each sample, when it is wide.
fn keep(picture: &mut Picture, bytes: &[usize]) {
    let unit = if picture.is_wide() { 2 } else { picture.raster.pixel };
    let units = picture.raster.data.chunks_exact(unit);
    let data: Vec<u8> = units.flat_map(|unit| bytes.iter().map(|&i| unit[i])).collect();
    picture.raster.pixel = picture.raster.pixel / unit * bytes.len();
    picture.raster.data = data;
}

/// Indices and RGBA colours, the translucent ones first, if there are no more than `most`.
fn palette(picture: &Picture, most: usize) -> Option<(Vec<u8>, Vec<[u8; 4]>)> {
    let colour = |p: &[u8]| match *p {
        [g] => [g, g, g, 255],
        [g, a] => [g, g, g, a],
        [r, g, b] => [r, g, b, 255],
        _ => [p[0], p[1], p[2], p[3]],
    };
    let mut seen: HashMap<[u8; 4], u8> = HashMap::new();
    let mut last = None;
    for pixel in picture.raster.data.chunks_exact(picture.raster.pixel) {
        if last != Some(pixel) && seen.insert(colour(pixel), 0).is_none() && seen.len() > most {
            return None;
        }
        last = Some(pixel);
    }
    let mut colours: Vec<[u8; 4]> = seen.keys().copied().collect();
    colours.sort_unstable_by_key(|&[r, g, b, a]| (a == 255, r, g, b, a));
    for (colour, index) in colours.iter().zip(0..=u8::MAX) {
        seen.insert(*colour, index);
    }
    let mut memory = ([0; 4], seen.get(&[0; 4]).copied().unwrap_or(0));
    let indices = picture.raster.data.chunks_exact(picture.raster.pixel).map(|pixel| {
        let colour = colour(pixel);
        if colour != memory.0 {
            memory = (colour, seen.get(&colour).copied().unwrap_or(0));
        }
        memory.1
    });
    Some((indices.collect(), colours))
}
