//! BMP: any depth as RGB, or RGBA where the file has alpha.

use std::io::Cursor;

use image::{ColorType as Colours, ImageDecoder, codecs::bmp::BmpDecoder};
use png::{BitDepth, ColorType};

use super::{Failure, Picture};

/// Decodes a BMP that passed the preflight.
pub(super) fn decode(input: &[u8]) -> Result<Picture, Failure> {
    let mut decoder = BmpDecoder::new(Cursor::new(input)).map_err(|_| Failure::Damaged)?;
    let (width, height) = decoder.dimensions();
    let profile = decoder.icc_profile().ok().flatten();
    let colour = if decoder.color_type() == Colours::Rgba8 { ColorType::Rgba } else { ColorType::Rgb };
    let mut samples = vec![0; width as usize * height as usize * colour.samples()];
    if decoder.total_bytes() != samples.len() as u64 {
        return Err(Failure::Damaged);
    }
    decoder.read_image(&mut samples).map_err(|_| Failure::Damaged)?;
    Ok(Picture {
        width,
        height,
        colour,
        depth: BitDepth::Eight,
        samples,
        palette: Vec::new(),
        transparency: Vec::new(),
        profile,
    })
}
