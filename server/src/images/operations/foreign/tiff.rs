//! TIFF: gray and palettes as they are, wide samples as wide ones, inks and YCbCr as RGB.

use std::io::Cursor;

use png::{BitDepth, ColorType};
use tiff::{
    TiffResult,
    decoder::{Decoder, Limits},
    tags::{ExtraSamples, PhotometricInterpretation as Meaning, Tag},
};

use super::{Failure, Picture};
use crate::images::model::{MAX_RESULT_PIXELS, Size};

/// Most bytes of a decoded picture: four wide samples and an alpha for each pixel.
const MAX_DECODED: usize = MAX_RESULT_PIXELS as usize * 10;
/// Most bytes of a value, such as the places of all strips.
const MAX_VALUE: usize = 16 << 20;
const PHOTOMETRIC: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;

/// Decodes the first page of a TIFF that passed the preflight.
pub(super) fn decode(input: &[u8], size: Size) -> Result<Picture, Failure> {
    let mut input = input.to_vec();
    let indexed = unmask_indices(&mut input);
    read(&input, size, indexed).map_err(|_| Failure::Damaged)
}

/// Says that indices are gray, for the decoder knows no palettes. Whether they are indices.
fn unmask_indices(file: &mut [u8]) -> bool {
    fn unmask(file: &mut [u8]) -> Option<bool> {
        let big = file.starts_with(b"MM");
        let short = |at: usize| {
            let bytes = file.get(at..at.checked_add(2)?)?.try_into().ok()?;
            Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
        };
        let at = file.get(4..8)?.try_into().ok()?;
        let at = if big { u32::from_be_bytes(at) } else { u32::from_le_bytes(at) } as usize;
        let mut entries = (at + 2..).step_by(12).take(short(at)?.into());
        let value = entries.find(|&entry| short(entry) == Some(PHOTOMETRIC))? + 8;
        let indexed = short(value)? == PALETTE;
        if indexed {
            let gray = if big { BLACK_IS_ZERO.to_be_bytes() } else { BLACK_IS_ZERO.to_le_bytes() };
            file.get_mut(value..value + 2)?.copy_from_slice(&gray);
        }
        Some(indexed)
    }
    unmask(file).unwrap_or_default()
}

fn read(input: &[u8], size: Size, indexed: bool) -> TiffResult<Picture> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_DECODED;
    limits.intermediate_buffer_size = MAX_DECODED;
    limits.ifd_value_size = MAX_VALUE;
    let mut decoder = Decoder::new(Cursor::new(input))?.with_limits(limits);
    let layout = decoder.image_buffer_layout()?;
    let bits = decoder.find_tag_unsigned_vec::<u16>(Tag::BitsPerSample)?.unwrap_or_default();
    let wide = bits.first() == Some(&16);
    let mut samples = vec![0; layout.complete_len];
    decoder.read_image_bytes(&mut samples)?;
    if wide {
        samples.as_chunks_mut::<2>().0.iter_mut().for_each(|s| *s = u16::from_ne_bytes(*s).to_be_bytes());
    }
    if layout.planes > 1 {
        samples = interleaved(&samples, layout.planes, if wide { 2 } else { 1 });
    }
    let colours = if indexed { decoder.find_tag_unsigned_vec::<u16>(Tag::ColorMap)? } else { None };
    let meaning = decoder.get_tag_unsigned::<u16>(Tag::PhotometricInterpretation)?;
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?.unwrap_or_default();
    let profile =
        decoder.find_tag(Tag::IccProfile)?.map(tiff::decoder::ifd::Value::into_u8_vec).transpose()?;
    let channels = decoder.colortype()?.num_samples();
    let source = Source { samples, wide, channels: channels.into(), premultiplied: is_premultiplied(&extra) };
    let (colour, samples) = source.shown(Meaning::from_u16(meaning));
    Ok(Picture {
        width: size.width,
        height: size.height,
        colour: if indexed { ColorType::Indexed } else { colour },
        depth: depth(bits.first().copied().unwrap_or(1)),
        samples,
        palette: colours.map(|map| palette(&map)).unwrap_or_default(),
        transparency: Vec::new(),
        profile,
    })
}

fn depth(bits: u16) -> BitDepth {
    match bits {
        1 => BitDepth::One,
        2 => BitDepth::Two,
        4 => BitDepth::Four,
        16 => BitDepth::Sixteen,
        _ => BitDepth::Eight,
    }
}

/// All reds, all greens, all blues, of 16 bits. Some writers only ever filled 8 of them.
fn palette(map: &[u16]) -> Vec<u8> {
    let narrow = map.iter().all(|&sample| sample < 256);
    let byte = |sample: u16| if narrow { sample as u8 } else { (sample >> 8) as u8 };
    let colours = map.len() / 3;
    (0..colours).flat_map(|i| [i, i + colours, i + 2 * colours].map(|at| byte(map[at]))).collect()
}

/// Planes, one after the other, become pixels.
fn interleaved(planes: &[u8], count: usize, unit: usize) -> Vec<u8> {
    let length = planes.len() / count;
    let samples = (0..length).step_by(unit).flat_map(|at| (0..count).map(move |plane| plane * length + at));
    samples.flat_map(|at| planes[at..at + unit].iter().copied()).collect()
}

fn is_premultiplied(extra: &[u16]) -> bool {
    extra.first().copied().and_then(ExtraSamples::from_u16) == Some(ExtraSamples::AssociatedAlpha)
}

/// Decoded samples, wide ones big-endian.
struct Source {
    samples: Vec<u8>,
    wide: bool,
    channels: usize,
    premultiplied: bool,
}

impl Source {
    /// The samples in colours that a PNG knows.
    fn shown(self, meaning: Option<Meaning>) -> (ColorType, Vec<u8>) {
        match (meaning, self.channels) {
            (Some(Meaning::CMYK), _) if self.wide => (ColorType::Rgb, self.mixed::<u16>()),
            (Some(Meaning::CMYK), _) => (ColorType::Rgb, self.mixed::<u8>()),
            (Some(Meaning::YCbCr), _) => (ColorType::Rgb, lit(&self.samples)),
            (_, 1) => (ColorType::Grayscale, self.samples),
            (_, 2) => (ColorType::GrayscaleAlpha, self.divided()),
            (_, 3) => (ColorType::Rgb, self.samples),
            (_, _) => (ColorType::Rgba, self.divided()),
        }
    }

    /// Inks as if they were ideal; what else there is beside them is left out.
    fn mixed<S: Sample>(&self) -> Vec<u8> {
        let mut output = Vec::with_capacity(self.samples.len() / self.channels * 3);
        for pixel in self.samples.chunks_exact(self.channels * S::BYTES) {
            let light = |index| S::MAX - S::read(pixel, index);
            for ink in 0..3 {
                S::push(&mut output, (light(ink) * light(3) + S::MAX / 2) / S::MAX);
            }
        }
        output
    }

    /// Colours that were multiplied by their alpha, without it.
    fn divided(self) -> Vec<u8> {
        match (self.premultiplied, self.wide) {
            (false, _) => self.samples,
            (true, true) => self.divide::<u16>(),
            (true, false) => self.divide::<u8>(),
        }
    }

    fn divide<S: Sample>(&self) -> Vec<u8> {
        let mut output = Vec::with_capacity(self.samples.len());
        for pixel in self.samples.chunks_exact(self.channels * S::BYTES) {
            let alpha = S::read(pixel, self.channels - 1);
            for index in 0..self.channels - 1 {
                let colour = (S::read(pixel, index) * S::MAX + alpha / 2).checked_div(alpha);
                S::push(&mut output, colour.unwrap_or_default().min(S::MAX));
            }
            S::push(&mut output, alpha);
        }
        output
    }
}

/// JPEG's YCbCr to RGB (JFIF 1.02), rounded.
fn lit(samples: &[u8]) -> Vec<u8> {
    let pixels = samples.as_chunks::<3>().0.iter();
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    pixels
        .flat_map(|&[y, cb, cr]| {
            let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
            [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(byte)
        })
        .collect()
}

/// A sample of 8 or 16 bits.
trait Sample {
    const BYTES: usize;
    const MAX: u64;
    fn read(pixel: &[u8], index: usize) -> u64;
    fn push(output: &mut Vec<u8>, value: u64);
}

impl Sample for u8 {
    const BYTES: usize = 1;
    const MAX: u64 = 255;

    fn read(pixel: &[u8], index: usize) -> u64 {
        pixel[index].into()
    }

    fn push(output: &mut Vec<u8>, value: u64) {
        output.push(value as u8);
    }
}

impl Sample for u16 {
    const BYTES: usize = 2;
    const MAX: u64 = 65_535;

    fn read(pixel: &[u8], index: usize) -> u64 {
        Self::from_be_bytes([pixel[index * 2], pixel[index * 2 + 1]]).into()
    }

    fn push(output: &mut Vec<u8>, value: u64) {
        output.extend((value as Self).to_be_bytes());
    }
}
