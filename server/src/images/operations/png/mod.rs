//! PNG: turned and scaled in its own samples, palettes included; smaller by fewer colours.

mod chunks;
mod picture;
mod reduce;

use png::{ColorType, Transformations};

use self::{
    chunks::Chunks,
    picture::{Effort, Picture},
};
use super::{
    Failure, Job, avatar, enough, grayscale,
    metadata::Metadata,
    nearest, quantise,
    raster::{Pixels, Raster},
    redraw, rotate, strip,
    turn::Turn,
};
use crate::images::model::{Angle, Edit};

/// Above this quality a PNG is compressed without loss.
const LOSSLESS_ABOVE: u8 = 90;
/// Colours of a palette at quality 0; they grow to 256 at [`LOSSLESS_ABOVE`].
const FEWEST_COLOURS: usize = 8;

/// Applies an edit to a PNG that passed the preflight.
pub(super) fn edit(job: &Job<'_>, input: &[u8], progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    let chunks = Chunks::read(input);
    let (turn, angle) = job.turns();
    let mut source = Source { job, input, progress };
    let picture = match (job.edit, angle) {
        (Edit::Rotate(_), Some(angle)) => source.rotate(turn, angle)?,
        (Edit::Rotate(_), None) if turn == Turn::NONE => {
            return Ok(chunks.around(input, job));
        }
        (Edit::Rotate(_), None) => source.decode(Transformations::IDENTITY)?.turn(turn),
        (Edit::Grayscale, _) => match source.grayscale(turn)? {
            Some(picture) => picture,
            None => return Ok(unchanged(job, input)),
        },
        (Edit::CompressTo(score), _) => return enough::edit(job, *score, input, source.progress),
        (Edit::Compress(quality), _) => {
            return source.compress(quality.get(), turn, &chunks);
        }
        (Edit::StripMetadata { .. }, _) => return Ok(strip::png(job, input)),
        (Edit::Draw(drawing), _) => return redraw::edit(job, drawing, input, source.progress),
        (Edit::Avatar(quality), _) => {
            let picture = source.decode(Transformations::ALPHA | Transformations::STRIP_16)?;
            return avatar::make(picture.rgba(), turn, job.size, *quality);
        }
        (Edit::UpscaleNearest(scale), _) => {
            let mut picture = source.decode(Transformations::IDENTITY)?.turn(turn);
            picture.raster = nearest::scale(&picture.raster, scale.factor() as usize);
            picture
        }
    };
    (source.progress)(500);
    let was_colour = *job.edit == Edit::Grayscale && picture.is_gray();
    let chunks = if was_colour { chunks.without_profile() } else { chunks };
    Ok(chunks.around(&picture.encode(Effort::Usual)?, job))
}

/// The same picture, and of its metadata what an edit leaves.
pub(super) fn unchanged(job: &Job<'_>, input: &[u8]) -> Vec<u8> {
    Chunks::read(input).around(input, &job.unturned())
}

/// The pixels as they are stored; palettes and bits unpacked.
pub(super) fn pixels(input: &[u8]) -> Result<Pixels, Failure> {
    let picture = Picture::decode(input, Transformations::EXPAND)?;
    let wide = picture.is_wide();
    Ok(Pixels { raster: picture.raster, wide })
}

/// Pixels drawn anew with the metadata of the file that they came from.
pub(super) fn redrawn(job: &Job<'_>, input: &[u8], pixels: Pixels) -> Result<Vec<u8>, Failure> {
    let chunks = Chunks::read(input);
    let mut picture = Picture::of(pixels);
    reduce::without_loss(&mut picture, 256, chunks.has_profile());
    Ok(chunks.around(&picture.encode(Effort::Usual)?, job))
}

/// A new file.
pub(super) fn made(job: &Job<'_>, pixels: Pixels, metadata: &Metadata) -> Result<Vec<u8>, Failure> {
    let picture = Picture::of(pixels);
    let carrier = chunks::carrier(&metadata.fitting(picture.is_gray()));
    Ok(Chunks::read(&carrier).around(&picture.encode(Effort::Usual)?, job))
}

/// How RGB pixels look in the palette that a quality allows.
pub(super) fn attempt(sample: &Raster, quality: u8) -> Raster {
    let Some(colours) = colours(quality) else { return sample.clone() };
    let opaque = sample.data.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    let fewer = quantise::quantise(&Raster { pixel: 4, data: opaque, ..*sample }, colours);
    let colour =
        |&index: &u8| fewer.palette.get(usize::from(index)).map_or([0; 3], |&[r, g, b, _]| [r, g, b]);
    Raster { data: fewer.indices.iter().flat_map(colour).collect(), ..*sample }
}

/// What another format can carry of this file's metadata.
pub(super) fn metadata(input: &[u8]) -> Metadata {
    chunks::metadata(input)
}

struct Source<'a> {
    job: &'a Job<'a>,
    input: &'a [u8],
    progress: &'a mut dyn FnMut(u16),
}

impl Source<'_> {
    fn decode(&mut self, transformations: Transformations) -> Result<Picture, Failure> {
        let picture = Picture::decode(self.input, transformations)?;
        (self.progress)(300);
        Ok(picture)
    }

    fn rotate(&mut self, turn: Turn, angle: Angle) -> Result<Picture, Failure> {
        let mut picture = self.decode(Transformations::ALPHA)?;
        let wide = picture.is_wide();
        picture.raster = rotate::transparent(&picture.raster, turn, angle, self.job.size, wide);
        Ok(picture)
    }

    /// Answers nothing when the picture is gray and upright already.
    fn grayscale(&mut self, turn: Turn) -> Result<Option<Picture>, Failure> {
        let mut picture = self.decode(Transformations::IDENTITY)?;
        match picture.colour {
            ColorType::Grayscale | ColorType::GrayscaleAlpha if turn == Turn::NONE => return Ok(None),
            ColorType::Grayscale | ColorType::GrayscaleAlpha => {}
            ColorType::Indexed => grayscale::in_place(&mut picture.palette, 3),
            ColorType::Rgb | ColorType::Rgba => {
                if !picture.transparency.is_empty() {
                    picture = self.decode(Transformations::ALPHA)?;
                }
                picture.narrow();
            }
        }
        Ok(Some(picture.turn(turn)))
    }

    /// Fewer colours if the quality asks for it; the same pixels in fewer bytes if it doesn't, or if that is
    /// smaller; the same bytes if nothing is.
    fn compress(&mut self, quality: u8, turn: Turn, chunks: &Chunks<'_>) -> Result<Vec<u8>, Failure> {
        let mut picture = self.decode(Transformations::IDENTITY)?;
        let colours = colours(quality);
        reduce::without_loss(&mut picture, colours.unwrap_or(256), chunks.has_profile());
        let fits =
            picture.colour == ColorType::Indexed && picture.palette.len() / 3 <= colours.unwrap_or(256);
        if let Some(colours) = colours.filter(|_| !fits) {
            let mut picture = self.decode(Transformations::ALPHA | Transformations::STRIP_16)?;
            let fewer = quantise::quantise(&picture.rgba(), colours);
            (self.progress)(500);
            picture.index(fewer.indices, &fewer.palette);
            let output = chunks.around(&picture.turn(turn).encode(Effort::Most)?, self.job);
            if output.len() < self.input.len() {
                return Ok(output);
            }
        }
        (self.progress)(600);
        let output = chunks.around(&picture.turn(turn).encode(Effort::Most)?, self.job);
        Ok(if output.len() < self.input.len() { output } else { unchanged(self.job, self.input) })
    }
}

/// How many colours a quality allows, if it limits them.
fn colours(quality: u8) -> Option<usize> {
    let more = usize::from(quality) * (256 - FEWEST_COLOURS) / usize::from(LOSSLESS_ABOVE);
    (quality <= LOSSLESS_ABOVE).then_some(FEWEST_COLOURS + more)
}

impl Picture {
    fn turn(mut self, turn: Turn) -> Self {
        self.raster = turn.apply(self.raster);
        self
    }

    fn narrow(&mut self) {
        let wide = self.is_wide();
        let narrow = if wide { grayscale::narrow_wide } else { grayscale::narrow };
        self.raster = narrow(&self.raster);
        self.colour =
            if self.colour == ColorType::Rgba { ColorType::GrayscaleAlpha } else { ColorType::Grayscale };
    }
}
