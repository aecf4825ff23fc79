//! A decoded PNG: a byte, or two of them, for each sample, whatever the file packs them into.

use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Decoder, DeflateCompression, Encoder, Filter, Transformations};

use super::super::{
    Failure,
    raster::{Pixels, Raster},
};

/// zlib's level for the files of [`Effort::Most`].
const MOST_EFFORT_LEVEL: u8 = 9;

/// Most pixels for which that level is worth its time: thrice the usual one's, for a percent of the size.
const MOST_EFFORT_PIXELS: usize = 16_000_000;

/// How long to look for a small file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// What keeps a picture's size about the same.
    Usual,
    /// For the edit whose only purpose it is.
    Most,
}

/// Samples below 8 bits are unpacked, one a byte, and packed again when encoded.
pub(super) struct Picture {
    pub(super) raster: Raster,
    pub(super) colour: ColorType,
    pub(super) depth: BitDepth,
    /// RGB triples; empty if there is none.
    pub(super) palette: Vec<u8>,
    /// As in the chunk tRNS; empty if there is none.
    pub(super) transparency: Vec<u8>,
}

impl Picture {
    /// Without palette or transparent colour.
    pub(super) fn of(pixels: Pixels) -> Self {
        let colour = match pixels.samples() {
            1 => ColorType::Grayscale,
            2 => ColorType::GrayscaleAlpha,
            3 => ColorType::Rgb,
            _ => ColorType::Rgba,
        };
        let depth = if pixels.wide { BitDepth::Sixteen } else { BitDepth::Eight };
        Self { raster: pixels.raster, colour, depth, palette: Vec::new(), transparency: Vec::new() }
    }

    pub(super) fn decode(input: &[u8], transformations: Transformations) -> Result<Self, Failure> {
        Self::read(input, transformations).map_err(|_| Failure::Damaged)
    }

    fn read(input: &[u8], transformations: Transformations) -> Result<Self, png::DecodingError> {
        let mut decoder = Decoder::new(Cursor::new(input));
        // Metadata is carried over as bytes, by `chunks`.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        decoder.set_transformations(transformations);
        let mut reader = decoder.read_info()?;
        let length = reader.output_buffer_size().ok_or(png::DecodingError::LimitsExceeded)?;
        let mut data = vec![0; length];
        let frame = reader.next_frame(&mut data)?;
        let (width, height) = (frame.width as usize, frame.height as usize);
        let (colour, depth) = (frame.color_type, frame.bit_depth);
        if (depth as usize) < 8 {
            data = unpack(&data, width, frame.line_size, depth as usize);
        }
        let pixel = colour.samples() * (depth as usize).div_ceil(8);
        let own = transformations == Transformations::IDENTITY;
        let chunk = |bytes: &Option<std::borrow::Cow<'_, [u8]>>| {
            bytes.as_deref().filter(|_| own).unwrap_or_default().to_vec()
        };
        let (palette, mut transparency) = (chunk(&reader.info().palette), chunk(&reader.info().trns));
        if colour != ColorType::Indexed && depth != BitDepth::Sixteen {
            // The decoder drops the high bytes, which are zero; the file has them.
            transparency = transparency.iter().flat_map(|&low| [0, low]).collect();
        }
        let raster = Raster { width, height, pixel, data };
        Ok(Self { raster, colour, depth, palette, transparency })
    }

    pub(super) fn encode(&self, effort: Effort) -> Result<Vec<u8>, Failure> {
        self.write(effort).map_err(|_| Failure::Unencodable)
    }

    fn write(&self, effort: Effort) -> Result<Vec<u8>, png::EncodingError> {
        let (width, height) = (self.raster.width as u32, self.raster.height as u32);
        let mut output = Vec::new();
        let mut encoder = Encoder::new(&mut output, width, height);
        encoder.set_color(self.colour);
        encoder.set_depth(self.depth);
        encoder.set_compression(Compression::Balanced);
        if effort == Effort::Most && self.raster.width * self.raster.height <= MOST_EFFORT_PIXELS {
            encoder.set_deflate_compression(DeflateCompression::Level(MOST_EFFORT_LEVEL));
        }
        // Neighbours in a palette are not neighbours in colour.
        let smooth = self.colour != ColorType::Indexed && !self.is_packed();
        encoder.set_filter(if smooth { Filter::Adaptive } else { Filter::NoFilter });
        if self.colour == ColorType::Indexed {
            encoder.set_palette(self.palette.as_slice());
        }
        if !self.transparency.is_empty() {
            encoder.set_trns(self.transparency.as_slice());
        }
        let mut writer = encoder.write_header()?;
        if self.is_packed() {
            writer.write_image_data(&pack(&self.raster, self.depth as usize))?;
        } else {
            writer.write_image_data(&self.raster.data)?;
        }
        writer.finish()?;
        Ok(output)
    }

    /// Replaces the pixels by indices into a palette of RGBA colours, the translucent ones first.
    pub(super) fn index(&mut self, indices: Vec<u8>, palette: &[[u8; 4]]) {
        self.depth = match palette.len() {
            0..=2 => BitDepth::One,
            3..=4 => BitDepth::Two,
            5..=16 => BitDepth::Four,
            _ => BitDepth::Eight,
        };
        self.colour = ColorType::Indexed;
        self.raster.pixel = 1;
        self.raster.data = indices;
        self.palette = palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        self.transparency = palette.iter().take_while(|c| c[3] != 255).map(|c| c[3]).collect();
    }

    pub(super) fn is_wide(&self) -> bool {
        self.depth == BitDepth::Sixteen
    }

    pub(super) fn is_gray(&self) -> bool {
        matches!(self.colour, ColorType::Grayscale | ColorType::GrayscaleAlpha)
    }

    fn is_packed(&self) -> bool {
        (self.depth as usize) < 8
    }

    /// RGBA of a picture of 8 bits that is gray and alpha or RGBA.
    pub(super) fn rgba(&self) -> Raster {
        let data = if self.colour == ColorType::GrayscaleAlpha {
            self.raster.data.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [g, g, g, a]).collect()
        } else {
            self.raster.data.clone()
        };
        Raster { pixel: 4, data, ..self.raster }
    }
}

/// One byte a sample, from rows that begin at whole bytes.
fn unpack(packed: &[u8], width: usize, line: usize, depth: usize) -> Vec<u8> {
    let (each, mask) = (8 / depth, (1_u8 << depth) - 1);
    let mut samples = Vec::with_capacity(width * (packed.len() / line.max(1)));
    for row in packed.chunks_exact(line) {
        let row = row.iter().flat_map(|&byte| (1..=each).map(move |i| byte >> (8 - depth * i) & mask));
        samples.extend(row.take(width));
    }
    samples
}

fn pack(raster: &Raster, depth: usize) -> Vec<u8> {
    let each = 8 / depth;
    let mut packed = Vec::with_capacity(raster.width.div_ceil(each) * raster.height);
    for row in raster.rows() {
        packed.extend(row.chunks(each).map(|samples| {
            let bits = samples.iter().zip(1..);
            bits.fold(0, |byte, (&sample, i)| byte | sample << (8 - depth * i))
        }));
    }
    packed
}
