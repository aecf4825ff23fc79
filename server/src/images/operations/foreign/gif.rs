//! GIF: the first frame on its canvas, with its palette.

use std::{io::Cursor, num::NonZeroU64};

use gif::{ColorOutput, DecodeOptions, Frame, MemoryLimit};
use png::{BitDepth, ColorType};

use super::{Failure, Picture};
use crate::images::model::{MAX_RESULT_PIXELS, Size};

/// Most bytes of a frame, one for each pixel.
const MAX_FRAME: MemoryLimit = match NonZeroU64::new(MAX_RESULT_PIXELS) {
    Some(bytes) => MemoryLimit::Bytes(bytes),
    None => MemoryLimit::Unlimited,
};

/// Decodes the first frame of a GIF that passed the preflight.
pub(super) fn decode(input: &[u8], canvas: Size) -> Result<Picture, Failure> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MAX_FRAME);
    let mut decoder = options.read_info(Cursor::new(input)).map_err(|_| Failure::Damaged)?;
    let frame = decoder.read_next_frame().map_err(|_| Failure::Damaged)?.ok_or(Failure::Damaged)?.clone();
    let palette = frame.palette.as_deref().or_else(|| decoder.global_palette()).ok_or(Failure::Damaged)?;
    let profile = decoder.icc_profile().map(<[u8]>::to_vec);
    let palette = Palette::new(palette, &frame, canvas);
    Ok(Picture { profile, ..palette.laid(&frame, canvas) })
}

/// The colours of a frame, and what stands for none.
struct Palette {
    colours: Vec<[u8; 3]>,
    clear: Option<usize>,
    /// The frame leaves some of the canvas bare, and no index is left to say so.
    full: bool,
}

impl Palette {
    fn new(bytes: &[u8], frame: &Frame<'_>, canvas: Size) -> Self {
        let mut colours = bytes.as_chunks::<3>().0.to_vec();
        // An index beyond the palette is black.
        let used = frame.buffer.iter().copied().max().unwrap_or_default();
        colours.resize(colours.len().max(usize::from(used) + 1), [0; 3]);
        let mut clear = frame.transparent.map(usize::from).filter(|&index| index < colours.len());
        let bare = u32::from(frame.width) < canvas.width || u32::from(frame.height) < canvas.height;
        if bare && clear.is_none() && colours.len() < 256 {
            clear = Some(colours.len());
            colours.push([0; 3]);
        }
        Self { full: bare && clear.is_none(), colours, clear }
    }

    /// The frame at its place: as indices, or in RGBA if there is no index for what is bare.
    fn laid(&self, frame: &Frame<'_>, canvas: Size) -> Picture {
        let clear = self.clear.unwrap_or_default() as u8;
        if self.full {
            let colour = |&index: &u8| {
                let [red, green, blue] = self.colours[usize::from(index)];
                [red, green, blue, 255]
            };
            let pixels: Vec<[u8; 4]> = frame.buffer.iter().map(colour).collect();
            let samples = on_canvas(&pixels, frame, canvas, [0; 4]).into_flattened();
            return picture(canvas, ColorType::Rgba, samples);
        }
        let mut picture = picture(canvas, ColorType::Indexed, on_canvas(&frame.buffer, frame, canvas, clear));
        picture.palette = self.colours.as_flattened().to_vec();
        picture.transparency =
            self.clear.map(|index| [vec![255; index], vec![0]].concat()).unwrap_or_default();
        picture
    }
}

/// The frame's pixels at their place, `bare` around them.
fn on_canvas<P: Copy>(pixels: &[P], frame: &Frame<'_>, canvas: Size, bare: P) -> Vec<P> {
    let (width, left) = (canvas.width as usize, usize::from(frame.left));
    let mut laid = vec![bare; width * canvas.height as usize];
    let rows = laid.chunks_exact_mut(width).skip(frame.top.into());
    for (row, from) in rows.zip(pixels.chunks_exact(frame.width.max(1).into())) {
        if let Some(to) = row.get_mut(left..left + from.len()) {
            to.copy_from_slice(from);
        }
    }
    laid
}

fn picture(size: Size, colour: ColorType, samples: Vec<u8>) -> Picture {
    let Size { width, height } = size;
    let (palette, transparency) = (Vec::new(), Vec::new());
    Picture { width, height, colour, depth: BitDepth::Eight, samples, palette, transparency, profile: None }
}
