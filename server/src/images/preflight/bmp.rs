//! BMP's headers: sizes, depths, and whether the pixels are all there.

use super::{Facts, Refusal, Variant, checked_size};
use crate::images::model::{Format, Size};

const CUT_OFF: Refusal = Refusal::Malformed("the file is cut off");
const HEADER: Refusal = Refusal::Malformed("the header is broken");
/// The file's own header; that of the picture follows.
const FILE_HEADER: usize = 14;
/// Length of OS/2's first header, whose fields are shorter.
const CORE: u32 = 12;
/// Lengths of the headers since: Windows 3, with masks, with alpha, Windows 4, Windows 5. OS/2's second is rare.
const HEADERS: [u32; 5] = [40, 52, 56, 108, 124];
/// Compressions: none, 8 and 4 bits in runs, colours by masks, and those with alpha.
const PLAIN: u32 = 0;
const RUNS_8: u32 = 1;
const RUNS_4: u32 = 2;
const MASKS: u32 = 3;
const MASKS_WITH_ALPHA: u32 = 6;

/// Reads the headers, and the codes of pixels that come in runs.
pub(super) fn walk(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    let header = Header::read(bytes)?;
    let size = checked_size(header.width, header.height, max_pixels)?;
    header.check()?;
    let start = header.start as usize;
    if start < FILE_HEADER + header.length as usize {
        return Err(HEADER);
    }
    let pixels = bytes.get(start..).ok_or(CUT_OFF)?;
    match header.compression {
        RUNS_8 | RUNS_4 => runs(pixels, header.compression == RUNS_4)?,
        _ if (pixels.len() as u64) < header.bytes(size) => return Err(CUT_OFF),
        _ => {}
    }
    let (orientation, variant) = (1, Variant::Plain);
    Ok(Facts { format: Format::Bmp, size, orientation, animated: false, pages: 1, variant })
}

/// Where the file ends by its headers; of pixels in runs only the file's own header tells.
pub(in super::super) fn end(bytes: &[u8]) -> Option<usize> {
    let header = Header::read(bytes).ok()?;
    let size = Size { width: header.width, height: header.height };
    let told = u64::from(long(bytes, 2)?);
    let pixels = match header.compression {
        RUNS_8 | RUNS_4 if told <= header.start.into() => return None,
        RUNS_8 | RUNS_4 => 0,
        // Often the file's header tells nothing, or too little.
        _ => u64::from(header.start).saturating_add(header.bytes(size)),
    };
    usize::try_from(told.max(pixels)).ok()
}

struct Header {
    /// Where the pixels are.
    start: u32,
    /// Of the picture's header, in bytes.
    length: u32,
    width: u32,
    height: u32,
    upside_down: bool,
    planes: u16,
    depth: u16,
    compression: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let long = |at| long(bytes, at).ok_or(CUT_OFF);
        let short = |at| short(bytes, at).ok_or(CUT_OFF);
        let (start, length) = (long(10)?, long(14)?);
        if length == CORE {
            let (width, height) = (short(18)?.into(), short(20)?.into());
            let (planes, depth) = (short(22)?, short(24)?);
            return Ok(Self {
                start,
                length,
                width,
                height,
                upside_down: true,
                planes,
                depth,
                compression: 0,
            });
        }
        if !HEADERS.contains(&length) {
            return Err(Refusal::Unsupported);
        }
        let height = long(22)?.cast_signed();
        Ok(Self {
            start,
            length,
            width: u32::try_from(long(18)?.cast_signed()).map_err(|_| HEADER)?,
            height: height.unsigned_abs(),
            upside_down: height > 0,
            planes: short(26)?,
            depth: short(28)?,
            compression: long(30)?,
        })
    }

    /// Depth and compression belong together.
    fn check(&self) -> Result<(), Refusal> {
        let known = match self.compression {
            PLAIN => matches!(self.depth, 1 | 4 | 8 | 16 | 24 | 32),
            // Runs are written from the bottom.
            RUNS_8 => self.depth == 8 && self.upside_down,
            RUNS_4 => self.depth == 4 && self.upside_down,
            MASKS | MASKS_WITH_ALPHA => matches!(self.depth, 16 | 32),
            _ => return Err(Refusal::Unsupported),
        };
        if known && self.planes == 1 { Ok(()) } else { Err(HEADER) }
    }

    /// Bytes of all rows, each padded to a multiple of four.
    fn bytes(&self, size: Size) -> u64 {
        (u64::from(size.width) * u64::from(self.depth)).div_ceil(32) * 4 * u64::from(size.height)
    }
}

/// Reads codes up to the end of the picture: runs, literal pixels, ends of rows and jumps.
fn runs(mut codes: &[u8], halves: bool) -> Result<(), Refusal> {
    loop {
        let (code, rest) = codes.split_first_chunk::<2>().ok_or(CUT_OFF)?;
        let skip = match *code {
            [0, 1] => return Ok(()),
            [0, 0] => 0,
            [0, 2] => 2,
            // Literal pixels, padded to a multiple of two bytes.
            [0, pixels] => {
                let bytes = if halves { usize::from(pixels).div_ceil(2) } else { pixels.into() };
                bytes.next_multiple_of(2)
            }
            [_, _] => 0,
        };
        codes = rest.get(skip..).ok_or(CUT_OFF)?;
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}
