//! Formats that are read and not written: the picture becomes a PNG, without loss, and is edited as one.

#[cfg(feature = "avif")]
mod avif;
mod bmp;
mod gif;
#[cfg(feature = "heic")]
mod heic;
mod tiff;

use ::png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Info};

use super::{Failure, Job, exif, png, raster::Pixels};
use crate::images::{
    evidence,
    model::{Drawing, Edit, Format},
    preflight::Facts,
};

/// Most bytes of a colour profile that is carried on: what the preflight takes in a PNG.
const MAX_PROFILE: usize = 1_000_000;

/// Applies an edit to a file of such a format that passed the preflight. What changes nothing leaves the file as it is.
pub(super) fn edit(job: &Job<'_>, input: &[u8], progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    let picture = decode(input, &job.facts)?;
    progress(150);
    let made = picture.write(beside(input, &job.facts)).map_err(|_| Failure::Unencodable)?;
    drop(picture);
    progress(250);
    let job = &Job { facts: Facts { format: Format::Png, ..job.facts }, ..*job };
    if job.edit.result_format(Format::Png) == Format::Png
        && matches!(job.edit, Edit::Draw(Drawing::Convert(_)))
    {
        return converted(job, &made);
    }
    let output = png::edit(job, &made, progress)?;
    let needless = match job.edit {
        Edit::Compress(_) | Edit::CompressTo(_) => output.len() >= input.len(),
        Edit::Rotate(_) | Edit::Grayscale => output == made && job.facts.orientation == 1,
        Edit::UpscaleNearest(_) | Edit::Draw(_) | Edit::StripMetadata { .. } | Edit::Avatar(_) => false,
    };
    Ok(if needless { input.to_vec() } else { output })
}

/// The pixels of the first picture, as stored.
pub(super) fn pixels(input: &[u8], facts: &Facts) -> Result<Pixels, Failure> {
    png::pixels(&decode(input, facts)?.write(None).map_err(|_| Failure::Unencodable)?)
}

fn decode(input: &[u8], facts: &Facts) -> Result<Picture, Failure> {
    match facts.format {
        Format::Gif => gif::decode(input, facts.size),
        Format::Tiff => tiff::decode(input, facts.size),
        Format::Bmp => bmp::decode(input),
        #[cfg(feature = "avif")]
        Format::Avif => avif::decode(input, facts.size),
        #[cfg(not(feature = "avif"))]
        Format::Avif => Err(Failure::NotReadable("AVIF")),
        #[cfg(feature = "heic")]
        Format::Heic => heic::decode(input, facts),
        #[cfg(not(feature = "heic"))]
        Format::Heic => Err(Failure::NotReadable("HEIC")),
        Format::Jpeg | Format::Png | Format::WebP => Err(Failure::Damaged),
    }
}

/// The PNG upright and packed well.
fn converted(job: &Job<'_>, made: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut pixels = png::pixels(made)?;
    pixels.raster = job.turn.apply(pixels.raster);
    png::redrawn(job, made, pixels)
}

/// What goes along beside the pixels and their profile: what is harmless of the EXIF.
fn beside(input: &[u8], facts: &Facts) -> Option<Vec<u8>> {
    exif::harmless(&evidence::embedded(input)?, facts.size, facts.orientation)
}

/// A picture as a PNG holds it: rows without gaps, each beginning at a whole byte, wide samples big-endian.
struct Picture {
    width: u32,
    height: u32,
    colour: ColorType,
    depth: BitDepth,
    samples: Vec<u8>,
    /// RGB triples; empty if there is none.
    palette: Vec<u8>,
    /// Alpha of the palette's first colours; empty if all are opaque.
    transparency: Vec<u8>,
    /// A colour profile (ICC.1).
    profile: Option<Vec<u8>>,
}

impl Picture {
    /// The whole file, written fast, for it is read again at once.
    fn write(&self, exif: Option<Vec<u8>>) -> Result<Vec<u8>, EncodingError> {
        let mut info = Info::with_size(self.width, self.height);
        info.color_type = self.colour;
        info.bit_depth = self.depth;
        info.palette = (!self.palette.is_empty()).then(|| self.palette.as_slice().into());
        info.trns = (!self.transparency.is_empty()).then(|| self.transparency.as_slice().into());
        info.icc_profile = self.profile.as_deref().filter(|profile| self.suits(profile)).map(Into::into);
        info.exif_metadata = exif.map(Into::into);
        let mut file = Vec::new();
        let mut encoder = Encoder::with_info(&mut file, info)?;
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.samples)?;
        writer.finish()?;
        Ok(file)
    }

    /// Whether a profile is for the colours that the picture has now, which a CMYK picture's is not.
    fn suits(&self, profile: &[u8]) -> bool {
        let space: &[u8] = match self.colour {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => b"GRAY",
            ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => b"RGB ",
        };
        profile.len() <= MAX_PROFILE && profile.get(16..20) == Some(space)
    }
}
