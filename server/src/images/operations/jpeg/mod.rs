//! JPEG: losslessly where its blocks allow, in its own colour planes where they don't, through pixels last.
//!
//! CMYK and YCCK are turned losslessly or as CMYK pixels; scaling and compressing keep them CMYK as well.

mod coder;
mod planes;
mod scans;
mod segments;

use turbojpeg::{Colorspace, OutputBuf, PixelFormat, Subsamp, Transform, TransformOp, Transformer};

pub(in crate::images) use self::coder::tolerate;
pub(super) use self::scans::copy as copy_scans;
use self::{
    coder::{Coder, Picture},
    planes::Planes,
    segments::Segments,
};
use super::{
    Failure, Job, avatar, enough, grayscale,
    metadata::Metadata,
    nearest,
    raster::{Pixels, Raster},
    redraw, rotate, strip,
    turn::Turn,
};
use crate::images::{
    evidence,
    model::{Angle, Edit},
    preflight::Variant,
};

/// Least quality at which a turned picture is encoded anew; the source's own if that is better.
const TURN_QUALITY: u8 = 90;
/// Least quality at which a scaled picture is encoded; the source's own if that is better.
const SCALE_QUALITY: u8 = 75;

/// Applies an edit to a JPEG that passed the preflight.
pub(super) fn edit(job: &Job<'_>, input: &[u8], progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    let input = &*segments::without_broken_profile(input);
    let segments = Segments::read(input);
    let coder = Coder::read(input, &segments, job.facts.variant == Variant::Progressive)?;
    let mut source = Source { job, input, coder, progress };
    let (turn, angle) = job.turns();
    let body = match (job.edit, angle) {
        (Edit::Rotate(_), Some(angle)) => source.rotate(turn, angle)?,
        (Edit::Rotate(_), None) if turn == Turn::NONE => {
            return Ok(segments.around(whole(input), job, false));
        }
        (Edit::Rotate(_), None) => source.turn(turn)?,
        (Edit::Grayscale, _) if source.coder.colours == Colorspace::Gray && turn == Turn::NONE => {
            return Ok(unchanged(job, input));
        }
        (Edit::Grayscale, _) => source.grayscale(turn)?,
        (Edit::Compress(quality), _) => {
            let body = source.compress(turn, quality.get())?;
            let output = segments.around(&body, job, false);
            return Ok(if output.len() < input.len() { output } else { unchanged(job, input) });
        }
        (Edit::CompressTo(score), _) => return enough::edit(job, *score, input, source.progress),
        (Edit::UpscaleNearest(scale), _) => source.scale(turn, scale.factor() as usize)?,
        (Edit::StripMetadata { .. }, _) => return Ok(strip::jpeg(job, input)),
        (Edit::Draw(drawing), _) => return redraw::edit(job, drawing, input, source.progress),
        (Edit::Avatar(quality), _) => {
            let picture = source.coder.decode(input)?;
            (source.progress)(600);
            return avatar::make(rgb(picture), turn, job.size, *quality);
        }
    };
    Ok(segments.around(&body, job, *job.edit == Edit::Grayscale))
}

struct Source<'a> {
    job: &'a Job<'a>,
    input: &'a [u8],
    coder: Coder,
    progress: &'a mut dyn FnMut(u16),
}

impl Source<'_> {
    fn turn(mut self, turn: Turn) -> Result<Vec<u8>, Failure> {
        if let Some(body) = self.transform(turn, false) {
            return Ok(body);
        }
        self.coder.at_least(TURN_QUALITY);
        if self.coder.planes_are_whole() {
            let planes = Planes::decode(&mut self.coder, self.input)?;
            (self.progress)(400);
            let planes = planes.turn(turn);
            (self.progress)(600);
            return planes.encode(&self.coder);
        }
        let picture = self.picture(turn)?;
        self.coder.encode(&picture)
    }

    fn rotate(mut self, turn: Turn, angle: Angle) -> Result<Vec<u8>, Failure> {
        self.coder.at_least(TURN_QUALITY);
        let mut picture = self.coder.decode(self.input)?;
        (self.progress)(300);
        let ground = picture.black();
        picture.raster = rotate::opaque(&picture.raster, turn, angle, self.job.size, ground);
        (self.progress)(700);
        self.coder.encode(&picture)
    }

    fn grayscale(mut self, turn: Turn) -> Result<Vec<u8>, Failure> {
        if matches!(self.coder.colours, Colorspace::YCbCr | Colorspace::Gray)
            && let Some(body) = self.transform(turn, true)
        {
            return Ok(body);
        }
        self.coder.at_least(TURN_QUALITY);
        let mut picture = self.coder.decode_luma(self.input)?;
        (self.progress)(500);
        if picture.format == PixelFormat::CMYK {
            picture.raster = grayscale::cmyk(&picture.raster, picture.inverted);
        }
        picture.format = PixelFormat::GRAY;
        picture.raster = turn.apply(picture.raster);
        (self.progress)(700);
        self.coder.colours = Colorspace::Gray;
        self.coder.sampling = Subsamp::Gray;
        self.coder.encode(&picture)
    }

    fn compress(mut self, turn: Turn, quality: u8) -> Result<Vec<u8>, Failure> {
        self.coder.quality = quality;
        self.coder.optimise = true;
        if self.coder.planes_are_whole() || (self.coder.has_planes() && turn == Turn::NONE) {
            let planes = Planes::decode(&mut self.coder, self.input)?;
            (self.progress)(500);
            return planes.turn(turn).encode(&self.coder);
        }
        let picture = self.picture(turn)?;
        self.coder.encode(&picture)
    }

    fn scale(mut self, turn: Turn, factor: usize) -> Result<Vec<u8>, Failure> {
        self.coder.at_least(SCALE_QUALITY);
        if self.coder.planes_are_whole() && planes::can_scale(self.coder.sampling, factor) {
            let planes = Planes::decode(&mut self.coder, self.input)?;
            (self.progress)(250);
            let planes = planes.turn(turn).scale(factor);
            (self.progress)(400);
            return planes.encode(&self.coder);
        }
        let mut picture = self.picture(turn)?;
        picture.raster = nearest::scale(&picture.raster, factor);
        (self.progress)(500);
        self.coder.encode(&picture)
    }

    /// The pixels, turned. The sampling of a picture that lies down lies down with it.
    fn picture(&mut self, turn: Turn) -> Result<Picture, Failure> {
        let mut picture = self.coder.decode(self.input)?;
        (self.progress)(300);
        picture.raster = turn.apply(picture.raster);
        (self.progress)(450);
        if turn.swap {
            self.coder.sampling = planes::swapped(self.coder.sampling);
        }
        Ok(picture)
    }

    /// The picture with its coefficients moved instead of computed anew: nothing is lost. Answers nothing when
    /// the blocks at the edges stand in the way, or the colours when they are to go.
    fn transform(&mut self, turn: Turn, gray: bool) -> Option<Vec<u8>> {
        let mut transform = Transform::op(operation(turn));
        transform.perfect = true;
        transform.copy_none = true;
        transform.gray = gray;
        transform.progressive = self.coder.progressive;
        transform.optimize = self.coder.optimise;
        (self.progress)(100);
        let mut output = OutputBuf::new_owned();
        let done = Transformer::new().and_then(|mut t| t.transform(&transform, self.input, &mut output));
        tolerate(done).ok()?;
        (self.progress)(900);
        Some(output.to_vec())
    }
}

/// The same picture, and of its metadata what an edit leaves.
pub(super) fn unchanged(job: &Job<'_>, input: &[u8]) -> Vec<u8> {
    Segments::read(input).around(whole(input), &job.unturned(), false)
}

/// A file up to the end of its picture: other pictures, with metadata of their own, may follow.
fn whole(input: &[u8]) -> &[u8] {
    input.get(..evidence::jpeg_end(input)).unwrap_or(input)
}

/// The pixels as they are stored: gray or RGB.
pub(super) fn pixels(input: &[u8]) -> Result<Pixels, Failure> {
    let input = &*segments::without_broken_profile(input);
    let mut coder = Coder::read(input, &Segments::read(input), false)?;
    let picture = coder.decode(input)?;
    let raster = if picture.format == PixelFormat::GRAY { picture.raster } else { rgb(picture) };
    Ok(Pixels { raster, wide: false })
}

/// Pixels drawn anew, encoded as the file that they came from and with its metadata.
pub(super) fn redrawn(job: &Job<'_>, input: &[u8], pixels: Pixels) -> Result<Vec<u8>, Failure> {
    let segments = Segments::read(input);
    let mut coder = Coder::read(input, &segments, job.facts.variant == Variant::Progressive)?;
    let had_inks = matches!(coder.colours, Colorspace::CMYK | Colorspace::YCCK);
    coder.at_least(TURN_QUALITY);
    if job.turn.swap {
        coder.sampling = planes::swapped(coder.sampling);
    }
    let body = encode(coder, pixels)?;
    Ok(segments.around(&body, job, had_inks))
}

/// A new file.
pub(super) fn made(
    job: &Job<'_>,
    pixels: Pixels,
    quality: u8,
    metadata: &Metadata,
) -> Result<Vec<u8>, Failure> {
    let body = encode(Coder::new(quality)?, pixels)?;
    let carrier = segments::carrier(metadata);
    Ok(Segments::read(&carrier).around(&body, job, false))
}

/// How RGB pixels look when they are compressed as this file would be.
pub(super) fn attempt(job: &Job<'_>, input: &[u8], sample: &Raster, quality: u8) -> Result<Raster, Failure> {
    let progressive = job.facts.variant == Variant::Progressive;
    let mut coder = Coder::read(input, &Segments::read(input), progressive)?;
    coder.quality = quality;
    if coder.colours == Colorspace::Gray {
        coder.sampling = Subsamp::Gray;
    } else if coder.colours != Colorspace::RGB {
        coder.colours = Colorspace::YCbCr;
    }
    let file =
        coder.encode(&Picture { raster: sample.clone(), format: PixelFormat::RGB, inverted: false })?;
    Ok(pixels(&file)?.coloured())
}

/// What another format can carry of this file's metadata.
pub(super) fn metadata(input: &[u8]) -> Metadata {
    segments::metadata(input)
}

fn encode(mut coder: Coder, pixels: Pixels) -> Result<Vec<u8>, Failure> {
    let raster = pixels.opaque();
    let gray = raster.pixel == 1;
    if gray {
        coder.colours = Colorspace::Gray;
        coder.sampling = Subsamp::Gray;
    } else if coder.colours != Colorspace::RGB {
        coder.colours = Colorspace::YCbCr;
    }
    let format = if gray { PixelFormat::GRAY } else { PixelFormat::RGB };
    coder.encode(&Picture { raster, format, inverted: false })
}

/// RGB of any picture; inks as if they were ideal.
fn rgb(picture: Picture) -> Raster {
    let Picture { raster, format, inverted } = picture;
    let data = if format == PixelFormat::GRAY {
        raster.data.iter().flat_map(|&gray| [gray; 3]).collect()
    } else if format == PixelFormat::CMYK {
        let light = |ink: u8| u32::from(if inverted { ink } else { 255 - ink });
        let mixed = |ink, black| ((light(ink) * light(black) + 127) / 255) as u8;
        let pixels = raster.data.as_chunks::<4>().0.iter();
        pixels.flat_map(|&[c, m, y, k]| [mixed(c, k), mixed(m, k), mixed(y, k)]).collect()
    } else {
        raster.data
    };
    Raster { pixel: 3, data, ..raster }
}

fn operation(turn: Turn) -> TransformOp {
    match (turn.swap, turn.flip_x, turn.flip_y) {
        (false, false, false) => TransformOp::None,
        (false, true, false) => TransformOp::Hflip,
        (false, false, true) => TransformOp::Vflip,
        (false, true, true) => TransformOp::Rot180,
        (true, false, false) => TransformOp::Transpose,
        (true, false, true) => TransformOp::Rot90,
        (true, true, false) => TransformOp::Rot270,
        (true, true, true) => TransformOp::Transverse,
    }
}
