//! What one directory says of its picture.

use super::{Entry, File};
use crate::images::preflight::{Refusal, checked_size};

const BROKEN: Refusal = Refusal::Malformed("the strips are broken");
/// Most bytes of a colour profile that a PNG is to carry on.
const MAX_PROFILE: u64 = 1_000_000;

/// Compressions: none, fax group 4, LZW, JPEG, deflate under two numbers, PackBits.
const PLAIN: u32 = 1;
const FAX: u32 = 4;
const JPEG: u32 = 7;
const COMPRESSIONS: [u32; 7] = [PLAIN, FAX, 5, JPEG, 8, 32_946, 32_773];
/// Photometric interpretations: white is zero, black is zero, RGB, palette, CMYK, YCbCr.
const WHITE_IS_ZERO: u32 = 0;
const BLACK_IS_ZERO: u32 = 1;
const RGB: u32 = 2;
const PALETTE: u32 = 3;
const CMYK: u32 = 5;
const YCBCR: u32 = 6;
/// Bits of NewSubfileType: a smaller version of another page, and a mask for one.
const REDUCED: u32 = 1;
const MASK: u32 = 4;

/// A directory's values. The strips are tiles if there are tiles.
#[derive(Default)]
pub(super) struct Page {
    pub(super) width: u32,
    pub(super) height: u32,
    subfile: u32,
    bits: Option<Entry>,
    compression: Option<u32>,
    photometric: Option<u32>,
    samples: Option<u32>,
    rows: Option<u32>,
    planar: Option<u32>,
    palette: Option<Entry>,
    tile: (Option<u32>, Option<u32>),
    offsets: Option<Entry>,
    lengths: Option<Entry>,
    formats: Option<Entry>,
    profile: u64,
    raw: bool,
}

impl Page {
    /// Takes a value in (TIFF 6.0, section 8; 50706 is the version of a DNG).
    pub(super) fn take(&mut self, file: &File<'_>, entry: Entry) {
        let number = file.number(entry, 0);
        match entry.tag {
            254 => self.subfile = number.unwrap_or_default(),
            256 => self.width = number.unwrap_or_default(),
            257 => self.height = number.unwrap_or_default(),
            258 => self.bits = Some(entry),
            259 => self.compression = number,
            262 => self.photometric = number,
            273 | 324 => self.offsets = Some(entry),
            277 => self.samples = number,
            278 => self.rows = number,
            279 | 325 => self.lengths = Some(entry),
            284 => self.planar = number,
            320 => self.palette = Some(entry),
            322 => self.tile.0 = number,
            323 => self.tile.1 = number,
            339 => self.formats = Some(entry),
            34_675 => self.profile = entry.length,
            50_706 => self.raw = true,
            _ => {}
        }
    }

    /// Whether it is a page, and neither a smaller version of one nor a mask.
    pub(super) fn is_full(&self) -> bool {
        self.subfile & (REDUCED | MASK) == 0
    }

    /// How many strips or tiles there must be.
    pub(super) fn chunks(&self, max_pixels: u64) -> Result<u64, Refusal> {
        let planes = if self.planar == Some(2) { self.samples() } else { 1 };
        let in_plane = if let (Some(width), Some(height)) = self.tile {
            // A tile may be larger than its picture, but not than a picture may be.
            checked_size(width, height, max_pixels)?;
            u64::from(self.width.div_ceil(width)) * u64::from(self.height.div_ceil(height))
        } else {
            u64::from(self.height.div_ceil(self.rows()?))
        };
        Ok(in_plane * u64::from(planes))
    }

    /// Every strip lies inside of the file, and together they are no longer than it. Those that are not compressed hold
    /// all of their rows.
    pub(super) fn check_chunks(&self, file: &File<'_>, max_pixels: u64) -> Result<(), Refusal> {
        let (offsets, lengths) = (self.offsets.ok_or(BROKEN)?, self.lengths.ok_or(BROKEN)?);
        let count = self.chunks(max_pixels)?;
        if u64::from(offsets.count) != count || u64::from(lengths.count) != count {
            return Err(BROKEN);
        }
        let (mut total, size) = (0, file.bytes.len() as u64);
        for index in 0..offsets.count {
            let offset = u64::from(file.number(offsets, index).ok_or(BROKEN)?);
            let length = u64::from(file.number(lengths, index).ok_or(BROKEN)?);
            total += length;
            if offset + length > size || total > size {
                return Err(Refusal::Malformed("the file is cut off"));
            }
        }
        if self.compression() == PLAIN && total < self.bytes(file)? {
            return Err(BROKEN);
        }
        Ok(())
    }

    /// Whether it is of a kind that can be decoded.
    pub(super) fn check_kind(&self, file: &File<'_>) -> Result<(), Refusal> {
        let (bits, samples, compression) = (self.depth(file)?, self.samples(), self.compression());
        let integers = self.formats.is_none_or(|formats| {
            (0..formats.count.min(samples)).all(|index| file.number(formats, index) == Some(1))
        });
        let whole = matches!(bits, 8 | 16);
        let known = match self.photometric.ok_or(Refusal::Unsupported)? {
            WHITE_IS_ZERO => samples == 1,
            BLACK_IS_ZERO => samples == 1 || (samples == 2 && whole),
            RGB => matches!(samples, 3 | 4) && whole,
            PALETTE => samples == 1 && bits <= 8 && compression != JPEG,
            CMYK => matches!(samples, 4 | 5) && whole,
            YCBCR => samples == 3 && bits == 8 && compression == JPEG,
            _ => false,
        };
        let fax = compression != FAX || (bits == 1 && samples == 1);
        let jpeg = compression != JPEG || bits == 8;
        let known = known && fax && jpeg && integers && COMPRESSIONS.contains(&compression);
        // Raw photos put a small version first.
        if !known || self.raw || !self.is_full() {
            return Err(Refusal::Unsupported);
        }
        if self.photometric == Some(PALETTE) && self.palette.is_none_or(|p| p.count != 3 << bits) {
            return Err(Refusal::Malformed("the palette is broken"));
        }
        if self.photometric != Some(CMYK) && self.profile > MAX_PROFILE {
            return Err(Refusal::OverLimits("too large a colour profile"));
        }
        Ok(())
    }

    fn samples(&self) -> u32 {
        self.samples.unwrap_or(1)
    }

    fn compression(&self) -> u32 {
        self.compression.unwrap_or(PLAIN)
    }

    /// Rows of a strip; all of them unless it is told.
    fn rows(&self) -> Result<u32, Refusal> {
        match self.rows {
            Some(0) => Err(BROKEN),
            Some(rows) => Ok(rows.min(self.height)),
            None => Ok(self.height),
        }
    }

    /// Bits of a sample, the same for all of them.
    fn depth(&self, file: &File<'_>) -> Result<u32, Refusal> {
        let Some(bits) = self.bits else { return Ok(1) };
        let depth = file.number(bits, 0).ok_or(Refusal::Unsupported)?;
        let same = (0..bits.count.min(self.samples())).all(|index| file.number(bits, index) == Some(depth));
        if same && matches!(depth, 1 | 2 | 4 | 8 | 16) { Ok(depth) } else { Err(Refusal::Unsupported) }
    }

    /// Bytes of all rows that are not compressed, without what tiles are padded with.
    fn bytes(&self, file: &File<'_>) -> Result<u64, Refusal> {
        let bits = u64::from(self.depth(file)?);
        let row = |samples: u32| (u64::from(self.width) * u64::from(samples) * bits).div_ceil(8);
        let samples = self.samples();
        let row = if self.planar == Some(2) { row(1) * u64::from(samples) } else { row(samples) };
        Ok(row * u64::from(self.height))
    }
}
