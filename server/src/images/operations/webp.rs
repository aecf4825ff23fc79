//! WebP: decoded, edited, encoded the way it was, with its metadata put around it.

use std::io::Cursor;

use image::{
    ExtendedColorType, ImageDecoder,
    codecs::webp::{WebPDecoder, WebPEncoder},
};
use webp::{Decoder, Encoder, PixelLayout, WebPConfig};

use super::{
    Failure, Job, avatar, enough, exif, grayscale,
    metadata::Metadata,
    nearest,
    raster::{Pixels, Raster},
    redraw, rotate, strip,
    turn::Turn,
};
use crate::images::{
    model::{Edit, Quality},
    preflight::Variant,
};

/// The quality at which a lossy picture is encoded anew.
const LOSSY_QUALITY: f32 = 90.0;
/// Most pixels that libwebp encodes without loss, be they colours or only alpha. It takes 37 bytes and 200 ns for
/// each; the encoder for larger pictures takes 5 and 10, and its files are a third larger.
const THOROUGH_PIXELS: usize = 8_000_000;
/// How thorough libwebp is: the step beyond takes twice as long and gains one percent.
const LOSSLESS_METHOD: i32 = 3;
/// For lossless pictures this is effort, not quality.
const LOSSLESS_EFFORT: f32 = 30.0;
/// A lossless stream's signature, size and version, in bytes.
const LOSSLESS_HEADER: usize = 5;
/// An alpha chunk's first byte when a lossless stream follows.
const COMPRESSED_ALPHA: u8 = 1;
/// A file without chunks, and without its length.
const EMPTY: &[u8] = b"RIFF\0\0\0\0WEBP";
/// Alpha in VP8X's flags; the others are in [`METADATA`].
const ALPHA: u8 = 0x10;
/// Which chunks are carried over, their flags, and whether they stand before the picture.
const METADATA: [(&[u8; 4], u8, bool); 2] = [(b"ICCP", 0x20, true), (b"EXIF", 0x08, false)];

/// Applies an edit to a WebP that passed the preflight.
pub(super) fn edit(job: &Job<'_>, input: &[u8], progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    let (turn, angle) = job.turns();
    if matches!(job.edit, Edit::Rotate(_)) && turn == Turn::NONE && angle.is_none() {
        return Ok(around(input, input, job));
    }
    if let Edit::CompressTo(score) = job.edit {
        return enough::edit(job, *score, input, progress);
    }
    if let Edit::StripMetadata { .. } = job.edit {
        return Ok(strip::webp(job, input));
    }
    if let Edit::Draw(drawing) = job.edit {
        return redraw::edit(job, drawing, input, progress);
    }
    if let Edit::Avatar(quality) = job.edit {
        let raster = if job.facts.animated { first(input)? } else { decode(input)? };
        return avatar::make(raster, turn, job.size, *quality);
    }
    let mut raster = decode(input)?;
    progress(300);
    match (job.edit, angle) {
        (Edit::Rotate(_), Some(angle)) => {
            raster = rotate::transparent(&with_alpha(raster), turn, angle, job.size, false);
        }
        (
            Edit::Rotate(_)
            | Edit::Compress(_)
            | Edit::CompressTo(_)
            | Edit::Draw(_)
            | Edit::StripMetadata { .. }
            | Edit::Avatar(_),
            _,
        ) => {
            raster = turn.apply(raster);
        }
        (Edit::Grayscale, _) => {
            raster = turn.apply(raster);
            grayscale::in_place(&mut raster.data, raster.pixel);
        }
        (Edit::UpscaleNearest(scale), _) => {
            raster = nearest::scale(&turn.apply(raster), scale.factor() as usize);
        }
    }
    progress(500);
    if let Edit::Compress(quality) = job.edit {
        let output = around(&encode(&raster, Some(f32::from(quality.get())))?, input, job);
        return Ok(if output.len() < input.len() { output } else { unchanged(job, input) });
    }
    let quality = (job.facts.variant != Variant::Lossless).then_some(LOSSY_QUALITY);
    Ok(around(&encode(&raster, quality)?, input, job))
}

/// The same picture, and of its metadata what an edit leaves.
pub(super) fn unchanged(job: &Job<'_>, input: &[u8]) -> Vec<u8> {
    around(input, input, &job.unturned())
}

/// The pixels as they are stored: RGB or RGBA.
pub(super) fn pixels(input: &[u8]) -> Result<Pixels, Failure> {
    Ok(Pixels { raster: decode(input)?, wide: false })
}

/// Of the first picture of what moves.
pub(super) fn first_pixels(input: &[u8]) -> Result<Pixels, Failure> {
    Ok(Pixels { raster: first(input)?, wide: false })
}

/// Pixels drawn anew, encoded as the file that they came from and with its metadata.
pub(super) fn redrawn(job: &Job<'_>, input: &[u8], pixels: Pixels) -> Result<Vec<u8>, Failure> {
    let quality = (job.facts.variant != Variant::Lossless).then_some(LOSSY_QUALITY);
    Ok(around(&encode(&pixels.coloured(), quality)?, input, job))
}

/// A new file; lossless without a quality.
pub(super) fn made(
    job: &Job<'_>,
    pixels: Pixels,
    quality: Option<Quality>,
    metadata: &Metadata,
) -> Result<Vec<u8>, Failure> {
    let body = encode(&pixels.coloured(), quality.map(|quality| f32::from(quality.get())))?;
    Ok(around(&body, &carrier(&metadata.fitting(false)), job))
}

/// How RGB pixels look when they are compressed.
pub(super) fn attempt(sample: &Raster, quality: u8) -> Result<Raster, Failure> {
    decode(&encode_thorough(sample, Some(f32::from(quality)))?)
}

/// What another format can carry of this file's metadata.
pub(super) fn metadata(input: &[u8]) -> Metadata {
    let find =
        |kind: &[u8; 4]| Chunks::of(input).find(|(name, _)| *name == kind).map(|(_, data)| data.to_vec());
    let exif = find(b"EXIF").map(|exif| exif.strip_prefix(b"Exif\0\0").map_or(exif.clone(), <[u8]>::to_vec));
    Metadata { profile: find(b"ICCP"), exif }
}

/// A file of nothing but metadata, for [`around`].
fn carrier(metadata: &Metadata) -> Vec<u8> {
    let mut file = EMPTY.to_vec();
    let chunks = [(b"ICCP", &metadata.profile), (b"EXIF", &metadata.exif)];
    for (name, data) in chunks {
        if let Some(data) = data {
            write(&mut file, *name, data);
        }
    }
    sealed(file)
}

fn decode(input: &[u8]) -> Result<Raster, Failure> {
    let image = Decoder::new(input).decode().ok_or(Failure::Damaged)?;
    let pixel = if image.is_alpha() { 4 } else { 3 };
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Raster { width, height, pixel, data: image.to_vec() })
}

/// The first picture of what moves, which libwebp's simple decoder does not read.
fn first(input: &[u8]) -> Result<Raster, Failure> {
    let decoder = WebPDecoder::new(Cursor::new(input)).map_err(|_| Failure::Damaged)?;
    let (width, height) = decoder.dimensions();
    let pixel = usize::from(decoder.color_type().bytes_per_pixel());
    let mut data = vec![0; width as usize * height as usize * pixel];
    decoder.read_image(&mut data).map_err(|_| Failure::Damaged)?;
    Ok(Raster { width: width as usize, height: height as usize, pixel, data })
}

fn with_alpha(raster: Raster) -> Raster {
    if raster.pixel == 4 {
        return raster;
    }
    let data = raster.data.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    Raster { pixel: 4, data, ..raster }
}

/// Lossy at a quality of 0 to 100, or lossless.
pub(super) fn encode(raster: &Raster, quality: Option<f32>) -> Result<Vec<u8>, Failure> {
    let large = raster.width * raster.height > THOROUGH_PIXELS;
    match (quality, raster.pixel) {
        (None, 3) if large => encode_light(raster, ExtendedColorType::Rgb8),
        (None, _) if large => encode_light(raster, ExtendedColorType::Rgba8),
        (Some(quality), 4) if large => encode_apart(raster, quality),
        _ => encode_thorough(raster, quality),
    }
}

fn encode_thorough(raster: &Raster, quality: Option<f32>) -> Result<Vec<u8>, Failure> {
    let layout = if raster.pixel == 4 { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let encoder = Encoder::new(&raster.data, layout, raster.width as u32, raster.height as u32);
    let mut config = WebPConfig::new().map_err(|()| Failure::Unencodable)?;
    if let Some(quality) = quality {
        config.quality = quality;
    } else {
        config.lossless = 1;
        // The colours that transparent places hide are kept.
        config.exact = 1;
        config.method = LOSSLESS_METHOD;
        config.quality = LOSSLESS_EFFORT;
    }
    encoder.encode_advanced(&config).map(|bytes| bytes.to_vec()).map_err(|_| Failure::Unencodable)
}

fn encode_light(raster: &Raster, colours: ExtendedColorType) -> Result<Vec<u8>, Failure> {
    let mut output = Vec::new();
    WebPEncoder::new_lossless(&mut output)
        .encode(&raster.data, raster.width as u32, raster.height as u32, colours)
        .map_err(|_| Failure::Unencodable)?;
    Ok(output)
}

/// Lossy colours and lossless alpha, one after the other: a lossless stream without its header, whose green is
/// the alpha (RFC 9649, 2.7.1.2).
fn encode_apart(raster: &Raster, quality: f32) -> Result<Vec<u8>, Failure> {
    let pixels = raster.data.as_chunks::<4>().0;
    let alpha = Raster { pixel: 1, data: pixels.iter().map(|p| p[3]).collect(), ..*raster };
    let alpha = encode_light(&alpha, ExtendedColorType::L8)?;
    let colours: Vec<[u8; 3]> = pixels.iter().map(|&[r, g, b, _]| [r, g, b]).collect();
    let colours = Raster { pixel: 3, data: colours.into_flattened(), ..*raster };
    let colours = encode_thorough(&colours, Some(quality))?;
    let alpha = picture(&alpha, *b"VP8L")?.get(LOSSLESS_HEADER..).ok_or(Failure::Unencodable)?;
    let mut output = EMPTY.to_vec();
    write(&mut output, *b"VP8X", &canvas(ALPHA, raster.width as u32, raster.height as u32));
    write(&mut output, *b"ALPH", &[&[COMPRESSED_ALPHA], alpha].concat());
    write(&mut output, *b"VP8 ", picture(&colours, *b"VP8 ")?);
    Ok(sealed(output))
}

fn picture(file: &[u8], kind: [u8; 4]) -> Result<&[u8], Failure> {
    Chunks::of(file).find(|(name, _)| **name == kind).map(|(_, data)| data).ok_or(Failure::Unencodable)
}

/// The picture of one file with the profile and what is harmless of the EXIF of another.
fn around(body: &[u8], metadata: &[u8], job: &Job<'_>) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut flags = 0;
    for front in [true, false] {
        for (name, data) in Chunks::of(metadata) {
            let Some(&(_, flag, _)) = METADATA.iter().find(|m| m.0 == name && m.2 == front) else { continue };
            // The first of its kind is the one that counts.
            if flags & flag != 0 {
                continue;
            }
            if let Some(data) = harmless(*name, data, job) {
                flags |= flag;
                write(&mut chunks, *name, &data);
            }
        }
        if front {
            for (name, data) in Chunks::of(body) {
                if matches!(name, b"ALPH" | b"VP8 " | b"VP8L") {
                    flags |= if has_alpha(*name, data) { ALPHA } else { 0 };
                    write(&mut chunks, *name, data);
                }
            }
        }
    }
    let mut output = EMPTY.to_vec();
    if flags & !ALPHA != 0 || Chunks::of(body).any(|(name, _)| name == b"ALPH") {
        write(&mut output, *b"VP8X", &canvas(flags, job.size.width, job.size.height));
    }
    output.extend(chunks);
    sealed(output)
}

/// The contents of VP8X.
fn canvas(flags: u8, width: u32, height: u32) -> [u8; 10] {
    let [w0, w1, w2, _] = (width - 1).to_le_bytes();
    let [h0, h1, h2, _] = (height - 1).to_le_bytes();
    [flags, 0, 0, 0, w0, w1, w2, h0, h1, h2]
}

/// A file that knows its length.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let length = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&length);
    file
}

fn harmless(name: [u8; 4], data: &[u8], job: &Job<'_>) -> Option<Vec<u8>> {
    if name == *b"EXIF" { exif::harmless(data, job.size, job.lies) } else { Some(data.to_vec()) }
}

/// An alpha chunk, or the bit that a lossless stream has for it.
fn has_alpha(name: [u8; 4], data: &[u8]) -> bool {
    name == *b"ALPH" || (name == *b"VP8L" && data.get(4).is_some_and(|byte| byte & 0x10 != 0))
}

fn write(output: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    output.extend(name);
    output.extend((data.len() as u32).to_le_bytes());
    output.extend_from_slice(data);
    if data.len() % 2 == 1 {
        output.push(0);
    }
}

struct Chunks<'a>(&'a [u8]);

impl<'a> Chunks<'a> {
    fn of(file: &'a [u8]) -> Self {
        let length = file.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
        let end = file.len().min(length as usize + 8);
        Self(file.get(12..end).unwrap_or_default())
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, tail) = self.0.split_first_chunk::<4>()?;
        let (length, tail) = tail.split_first_chunk::<4>()?;
        let (data, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.0 = tail.get(data.len() % 2..).unwrap_or_default();
        Some((name, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures;

    fn raster(pixel: usize) -> Raster {
        let colours = fixtures::pixels(40, 31);
        let pixels = colours.as_chunks::<3>().0.iter().zip(0_u32..);
        let data = pixels.flat_map(|(&[r, g, b], i)| [r, g, b, (i * i / 97) as u8].into_iter().take(pixel));
        Raster { width: 40, height: 31, pixel, data: data.collect() }
    }

    #[test]
    fn what_is_encoded_lightly_is_exact() {
        for (pixel, colours) in [(3, ExtendedColorType::Rgb8), (4, ExtendedColorType::Rgba8)] {
            let source = raster(pixel);
            assert_eq!(decode(&encode_light(&source, colours).unwrap()).unwrap(), source);
        }
    }

    #[test]
    fn colours_and_alpha_come_together_again() {
        let source = raster(4);
        let result = decode(&encode_apart(&source, 90.0).unwrap()).unwrap();
        assert_eq!((result.width, result.height, result.pixel), (40, 31, 4));
        for (found, wanted) in result.data.chunks(4).zip(source.data.chunks(4)) {
            assert_eq!(found[3], wanted[3]);
        }
        let off = |(a, b): (&u8, &u8)| usize::from(a.abs_diff(*b));
        let sum: usize = result.data.iter().zip(&source.data).map(off).sum();
        assert!(sum < source.data.len() * 3, "{sum}");
    }
}
