//! Image bytes in, image bytes out: the edits, without files, clocks or threads.
//! Runs in the sandbox, for its decoders are C and its input is anybody's.

pub mod ai;
mod avatar;
mod enough;
mod exif;
mod foreign;
mod grayscale;
mod jpeg;
mod look;
mod metadata;
mod nearest;
mod png;
mod quantise;
mod raster;
mod redraw;
mod rotate;
mod score;
mod strip;
#[cfg(test)]
mod tests;
mod turn;
mod webp;

use thiserror::Error;

use self::{ai::Tools, turn::Turn};
pub(super) use self::{
    jpeg::tolerate,
    look::{Rgb, look, look_closely},
};
use super::{
    evidence,
    model::{Edit, Format, MAX_SIDE, Size},
    preflight::{self, Facts, Refusal},
};

/// Longest side of a WebP, in pixels: its headers have 14 bits for it.
const MAX_WEBP_SIDE: u32 = 16_383;

/// Why an edit came to nothing: one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Failure {
    /// Does not pass [`preflight::inspect_result`].
    #[error("The image can't be edited: {0}.")]
    Refused(#[from] Refusal),
    /// Edits are for still images.
    #[error("The image is animated; only still images can be edited.")]
    Animated,
    /// Edits are for images of one page.
    #[error("The image has more than one page; only images of one page can be edited.")]
    Paged,
    /// The format is stored, but this server is built without its decoder.
    #[error("This server keeps {0} images but can't edit them, for it is built without their decoder.")]
    NotReadable(&'static str),
    /// More pixels, or a longer side, than an image of its format may have.
    #[error("The result would be larger than an image may be.")]
    ResultTooLarge,
    /// A rectangle is not where the image is.
    #[error("The rectangle lies outside of the image.")]
    Outside,
    /// The container is sound, what it contains is not.
    #[error("The image is damaged and can't be decoded.")]
    Damaged,
    /// A neural network is missing.
    #[error("The server has no model files for this.")]
    NoModel,
    /// A neural network is not of the kind that it should be.
    #[error("The server's model files for this can't be used.")]
    BadModel,
    /// The library that the settings name can't be loaded.
    #[error("The server's library is no ONNX Runtime of version 1.20 or later for this machine.")]
    NoRuntime,
    /// A network of the operator's own is not what it should be.
    #[error("{0}")]
    Misfit(#[from] ai::Misfit),
    /// The encoder gave up.
    #[error("The result can't be encoded.")]
    Unencodable,
}

/// Applies an edit and keeps the format, if it is one that we write; others become PNG. The orientation of the EXIF is
/// applied first. Of metadata the colour profile stays, what the camera did and who has the rights; places, serial
/// numbers, owners, maker notes, thumbnails, XMP, IPTC and comments go, and so they do where no pixel changes. Of
/// avatars nothing but pixels stays. `progress` hears thousandths, rising.
pub fn apply(edit: &Edit, input: &[u8], progress: &mut dyn FnMut(u16)) -> Result<Vec<u8>, Failure> {
    apply_with(edit, input, None, progress)
}

/// The same with what runs neural networks, for the edits that need one.
pub fn apply_with(
    edit: &Edit,
    input: &[u8],
    tools: Option<Tools<'_>>,
    progress: &mut dyn FnMut(u16),
) -> Result<Vec<u8>, Failure> {
    let facts = preflight::inspect_result(input)?;
    // Of what moves, the first picture makes an avatar, and what moves in a format of ours loses its metadata.
    let whole = matches!(edit, Edit::StripMetadata { .. }) && facts.format.written() == facts.format;
    if !whole && !matches!(edit, Edit::Avatar(_)) {
        if facts.animated {
            return Err(Failure::Animated);
        }
        if facts.pages > 1 {
            return Err(Failure::Paged);
        }
    }
    let keeps = *edit == Edit::StripMetadata { keep_copyright: true };
    let rights = keeps.then(|| evidence::rights(input));
    let job = Job {
        edit,
        facts,
        size: result_size(edit, &facts)?,
        turn: Turn::upright(facts.orientation),
        lies: 1,
        rights: rights.as_deref(),
        tools,
    };
    match facts.format {
        Format::Jpeg => jpeg::edit(&job, input, progress),
        Format::Png => png::edit(&job, input, progress),
        Format::WebP => webp::edit(&job, input, progress),
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            foreign::edit(&job, input, progress)
        }
    }
}

/// The size that an edit's result will have, or [`Failure::ResultTooLarge`].
pub fn result_size(edit: &Edit, facts: &Facts) -> Result<Size, Failure> {
    let upright = Turn::upright(facts.orientation).size(facts.size);
    let (width, height) = match edit {
        Edit::Rotate(angle) => rotate::canvas(upright, *angle),
        Edit::Draw(drawing) => redraw::size(drawing, upright)?,
        // It is not turned.
        Edit::StripMetadata { .. } => (u64::from(facts.size.width), u64::from(facts.size.height)),
        Edit::Grayscale | Edit::Compress(_) | Edit::CompressTo(_) => {
            (u64::from(upright.width), u64::from(upright.height))
        }
        Edit::UpscaleNearest(scale) => {
            let factor = u64::from(scale.factor());
            (u64::from(upright.width) * factor, u64::from(upright.height) * factor)
        }
        Edit::Avatar(_) => avatar::fitted(upright),
    };
    let side = if edit.result_format(facts.format) == Format::WebP { MAX_WEBP_SIDE } else { MAX_SIDE };
    if width.max(height) > u64::from(side) || width * height > edit.max_pixels() {
        return Err(Failure::ResultTooLarge);
    }
    Ok(Size { width: width as u32, height: height as u32 })
}

/// What a codec has to do.
struct Job<'a> {
    edit: &'a Edit,
    facts: Facts,
    /// The result's size.
    size: Size,
    /// What the orientation of the EXIF asks for.
    turn: Turn,
    /// What EXIF is to say of how the result lies (TIFF 6.0, Orientation): upright, if it was drawn anew.
    lies: u8,
    /// Texts of EXIF that say who has the rights, by their tags, when they are to be kept.
    rights: Option<&'a [(u16, Vec<u8>)]>,
    /// What runs neural networks, where there is any.
    tools: Option<Tools<'a>>,
}

impl<'a> Job<'a> {
    /// For a picture that is left as it lies.
    fn unturned(&self) -> Job<'a> {
        let Facts { size, orientation, .. } = self.facts;
        Job { size, turn: Turn::NONE, lies: orientation, ..*self }
    }

    /// The whole turn, orientation included, when it is one of right angles; else the orientation's and the
    /// angle that is left.
    fn turns(&self) -> (Turn, Option<super::model::Angle>) {
        match self.edit {
            Edit::Rotate(angle) => match Turn::counter_clockwise(*angle) {
                Some(turn) => (self.turn.then(turn), None),
                None => (self.turn, Some(*angle)),
            },
            Edit::Grayscale
            | Edit::Compress(_)
            | Edit::CompressTo(_)
            | Edit::UpscaleNearest(_)
            | Edit::Draw(_)
            | Edit::StripMetadata { .. }
            | Edit::Avatar(_) => (self.turn, None),
        }
    }
}
