//! WebP's RIFF chunks: their lengths, the canvas, the frames.

use super::{Facts, MAX_CHUNKS, Metadata, Refusal, Variant, checked_frames, checked_size, tiff};
use crate::images::model::{Format, Size};

const CUT_OFF: Refusal = Refusal::Malformed("the file is cut off");
const HEADER: Refusal = Refusal::Malformed("the header is broken");
/// The animation bit among VP8X's flags.
const ANIMATION: u8 = 0x02;
/// What precedes the chunks of one frame of an animation: place, size, duration, flags.
const FRAME_HEADER: usize = 16;

/// Reads the chunks that the file's length covers. Whatever follows is nobody's business.
pub(super) fn walk(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    let length = long(bytes, 4).ok_or(CUT_OFF)? as usize;
    let mut rest = bytes.get(8..).and_then(|b| b.get(..length)).ok_or(CUT_OFF)?;
    rest = rest.get(4..).ok_or(HEADER)?;
    let mut walk = Walk { max_pixels, ..Walk::default() };
    let mut chunks = 0;
    while let Some((name, data)) = next(&mut rest)? {
        chunks += 1;
        if chunks > MAX_CHUNKS {
            return Err(Refusal::OverLimits("too many chunks"));
        }
        walk.take(*name, data)?;
    }
    walk.finish()
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Chunk<'a>>, Refusal> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (name, tail) = rest.split_first_chunk::<4>().ok_or(CUT_OFF)?;
    let (length, tail) = tail.split_first_chunk::<4>().ok_or(CUT_OFF)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (data, tail) = tail.split_at_checked(length).ok_or(CUT_OFF)?;
    // Chunks of odd length are padded; some writers forget the last one's.
    *rest = tail.get(length % 2..).unwrap_or_default();
    Ok(Some((name, data)))
}

#[derive(Default)]
struct Walk {
    max_pixels: u64,
    canvas: Option<Size>,
    still: Option<(Size, Variant)>,
    orientation: Option<u8>,
    animated: bool,
    frames: u32,
    metadata: Metadata,
}

impl Walk {
    fn take(&mut self, name: [u8; 4], data: &[u8]) -> Result<(), Refusal> {
        match &name {
            b"VP8X" => self.canvas(data),
            b"VP8 " | b"VP8L" => self.still(name, data),
            b"ANMF" => self.frame(data),
            b"EXIF" => {
                self.orientation.get_or_insert_with(|| tiff::orientation(data));
                self.metadata.add_exif(data)
            }
            b"ALPH" => Ok(()),
            _ => self.metadata.add(data.len()),
        }
    }

    fn canvas(&mut self, data: &[u8]) -> Result<(), Refusal> {
        if self.canvas.is_some() || self.still.is_some() || self.frames > 0 {
            return Err(Refusal::Malformed("the header is not first"));
        }
        let flags = *data.first().ok_or(HEADER)?;
        let side = |at| triple(data, at).map(|n| n + 1).ok_or(HEADER);
        self.canvas = Some(checked_size(side(4)?, side(7)?, self.max_pixels)?);
        self.animated = flags & ANIMATION != 0;
        Ok(())
    }

    fn still(&mut self, name: [u8; 4], data: &[u8]) -> Result<(), Refusal> {
        if self.still.is_some() || self.animated {
            return Err(Refusal::Malformed("there is a picture too many"));
        }
        let (width, height, variant) = dimensions(name, data)?;
        let size = checked_size(width, height, self.max_pixels)?;
        if self.canvas.is_some_and(|canvas| canvas != size) {
            return Err(Refusal::Malformed("the picture and its canvas differ in size"));
        }
        self.still = Some((size, variant));
        Ok(())
    }

    /// A frame of an animation: within the canvas, with a picture of the announced size.
    fn frame(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let canvas = self.canvas.filter(|_| self.animated);
        let canvas = canvas.ok_or(Refusal::Malformed("a frame comes without an animation"))?;
        self.frames += 1;
        checked_frames(self.frames, canvas)?;
        let field = |at| triple(data, at).ok_or(HEADER);
        let (x, y, width, height) = (field(0)? * 2, field(3)? * 2, field(6)? + 1, field(9)? + 1);
        if x + width > canvas.width || y + height > canvas.height {
            return Err(Refusal::Malformed("a frame is outside of the canvas"));
        }
        let mut rest = data.get(FRAME_HEADER..).ok_or(HEADER)?;
        while let Some((name, picture)) = next(&mut rest)? {
            if matches!(name, b"VP8 " | b"VP8L") {
                let (w, h, _) = dimensions(*name, picture)?;
                return if (w, h) == (width, height) { Ok(()) } else { Err(HEADER) };
            }
        }
        Err(Refusal::Malformed("a frame has no picture"))
    }

    fn finish(self) -> Result<Facts, Refusal> {
        let picture = if self.animated {
            self.canvas.filter(|_| self.frames > 0).map(|canvas| (canvas, Variant::Plain))
        } else {
            self.still
        };
        let (size, variant) = picture.ok_or(Refusal::Malformed("there is no picture in the file"))?;
        Ok(Facts {
            format: Format::WebP,
            size,
            orientation: self.orientation.unwrap_or(1),
            animated: self.animated,
            pages: 1,
            variant,
        })
    }
}

/// The size in the first bytes of a lossy key frame (RFC 6386, 9.1) or a lossless stream (RFC 9649, 3.4).
fn dimensions(name: [u8; 4], data: &[u8]) -> Result<(u32, u32, Variant), Refusal> {
    if name == *b"VP8L" {
        let bits = long(data, 1).filter(|_| data.first() == Some(&0x2f)).ok_or(HEADER)?;
        if bits >> 29 != 0 {
            return Err(HEADER);
        }
        return Ok(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1, Variant::Lossless));
    }
    let tag = triple(data, 0).ok_or(HEADER)?;
    if tag & 1 != 0 || data.get(3..6) != Some(&[0x9d, 0x01, 0x2a]) {
        return Err(HEADER);
    }
    if (tag >> 5) as usize > data.len() {
        return Err(CUT_OFF);
    }
    // The two bits above each side are a hint for scaling.
    let sides = long(data, 6).ok_or(HEADER)?;
    Ok((sides & 0x3fff, sides >> 16 & 0x3fff, Variant::Plain))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn triple(bytes: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c] = bytes.get(at..at + 3)?.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}
