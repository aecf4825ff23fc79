//! GIF's blocks, one after the other. What the frames contain is skipped, not unpacked.

use super::{Facts, MAX_CHUNKS, Metadata, Refusal, Variant, checked_frames, checked_size};
use crate::images::model::{Format, Size};

const CUT_OFF: Refusal = Refusal::Malformed("the file is cut off");
const EXTENSION: u8 = 0x21;
const FRAME: u8 = 0x2c;
const TRAILER: u8 = 0x3b;
/// In the flags of the screen and of a frame: a palette follows, of two to the power of the low bits plus one.
const PALETTE: u8 = 0x80;
/// What codes may begin with: GIF 89a, appendix F, has 2 to 8 bits; encoders of one bit exist.
const CODE_BITS: std::ops::RangeInclusive<u8> = 1..=8;

/// Reads the blocks up to the trailer. Whatever follows it is nobody's business.
pub(super) fn walk(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    let mut walk = Walk::begin(bytes, max_pixels)?;
    for _ in 0..MAX_CHUNKS {
        match walk.take::<1>()? {
            [EXTENSION] => walk.extension()?,
            [FRAME] => walk.frame()?,
            [TRAILER] => return walk.finish(),
            _ => return Err(Refusal::Malformed("a block is of no kind")),
        }
    }
    Err(Refusal::OverLimits("too many blocks"))
}

struct Walk<'a> {
    rest: &'a [u8],
    max_pixels: u64,
    canvas: Size,
    palette: bool,
    frames: u32,
    metadata: Metadata,
}

impl<'a> Walk<'a> {
    /// The signature, the screen and its palette.
    fn begin(bytes: &'a [u8], max_pixels: u64) -> Result<Self, Refusal> {
        let mut walk = Self {
            rest: bytes.get(6..).unwrap_or_default(),
            max_pixels,
            canvas: Size { width: 0, height: 0 },
            palette: false,
            frames: 0,
            metadata: Metadata::default(),
        };
        let [w0, w1, h0, h1, flags, _, _] = walk.take()?;
        let (width, height) = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
        walk.canvas = checked_size(width.into(), height.into(), max_pixels)?;
        walk.palette = walk.palette(flags)?;
        Ok(walk)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn skip(&mut self, length: usize) -> Result<(), Refusal> {
        self.rest = self.rest.get(length..).ok_or(CUT_OFF)?;
        Ok(())
    }

    /// Skips a palette, if the flags announce one.
    fn palette(&mut self, flags: u8) -> Result<bool, Refusal> {
        if flags & PALETTE == 0 {
            return Ok(false);
        }
        self.skip(3 << ((flags & 7) + 1))?;
        Ok(true)
    }

    /// Skips blocks of at most 255 bytes up to the empty one; how many bytes that were.
    fn blocks(&mut self) -> Result<usize, Refusal> {
        let mut length = 0;
        loop {
            let [more] = self.take()?;
            if more == 0 {
                return Ok(length);
            }
            self.skip(more.into())?;
            length += usize::from(more);
        }
    }

    fn extension(&mut self) -> Result<(), Refusal> {
        let [_label] = self.take()?;
        let length = self.blocks()?;
        self.metadata.add(length)
    }

    /// A frame: within the canvas, with a palette and some codes.
    fn frame(&mut self) -> Result<(), Refusal> {
        let [x0, x1, y0, y1, w0, w1, h0, h1, flags] = self.take()?;
        let [x, y, width, height] =
            [[x0, x1], [y0, y1], [w0, w1], [h0, h1]].map(|bytes| u32::from(u16::from_le_bytes(bytes)));
        checked_size(width, height, self.max_pixels)?;
        if x + width > self.canvas.width || y + height > self.canvas.height {
            return Err(Refusal::Malformed("a frame is outside of the canvas"));
        }
        self.frames += 1;
        checked_frames(self.frames, self.canvas)?;
        if !self.palette(flags)? && !self.palette {
            return Err(Refusal::Malformed("the palette is missing"));
        }
        let [bits] = self.take()?;
        if !CODE_BITS.contains(&bits) || self.blocks()? == 0 {
            return Err(Refusal::Malformed("a frame has no picture"));
        }
        Ok(())
    }

    fn finish(self) -> Result<Facts, Refusal> {
        if self.frames == 0 {
            return Err(Refusal::Malformed("there is no picture in the file"));
        }
        Ok(Facts {
            format: Format::Gif,
            size: self.canvas,
            orientation: 1,
            animated: self.frames > 1,
            pages: 1,
            variant: Variant::Plain,
        })
    }
}
