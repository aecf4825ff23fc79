//! PNG's chunks: order, checksums, and what compressed metadata would unpack to.

use std::io::Read;

use super::{Facts, MAX_CHUNKS, Metadata, Refusal, Variant, checked_frames, checked_size, tiff};
use crate::images::model::{Format, Size};

/// Most bytes of one chunk of compressed metadata.
const MAX_COMPRESSED: usize = 1 << 20;
/// Most bytes that one chunk of compressed metadata may unpack to.
const MAX_UNPACKED: u64 = 2 << 20;
/// Most bytes that all compressed metadata of a file may unpack to.
const MAX_UNPACKED_TOTAL: u64 = 16 << 20;

const CUT_OFF: Refusal = Refusal::Malformed("the file is cut off");
const HEADER: Refusal = Refusal::Malformed("the header is broken");

/// Reads the chunks up to IEND. Whatever follows it is nobody's business.
pub(super) fn walk(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    let first = next(&mut rest)?;
    if first.name != *b"IHDR" {
        return Err(Refusal::Malformed("the header is not first"));
    }
    let mut walk = Walk::begin(&first, max_pixels)?;
    for _ in 1..MAX_CHUNKS {
        let chunk = next(&mut rest)?;
        if chunk.name == *b"IEND" {
            return walk.finish();
        }
        walk.take(&chunk)?;
    }
    Err(Refusal::OverLimits("too many chunks"))
}

struct Chunk<'a> {
    name: [u8; 4],
    data: &'a [u8],
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Chunk<'a>, Refusal> {
    let (length, tail) = rest.split_first_chunk::<4>().ok_or(CUT_OFF)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (name, body) = tail.split_first_chunk::<4>().ok_or(CUT_OFF)?;
    if !name.iter().all(u8::is_ascii_alphabetic) {
        return Err(Refusal::Malformed("a chunk has no name"));
    }
    let (data, tail_end) = body.split_at_checked(length).ok_or(CUT_OFF)?;
    let (crc, after) = tail_end.split_first_chunk::<4>().ok_or(CUT_OFF)?;
    // A chunk whose name begins with a capital letter is critical.
    if name[0].is_ascii_uppercase()
        && u32::from_be_bytes(*crc) != crc32fast::hash(tail.get(..4 + length).unwrap_or_default())
    {
        return Err(Refusal::Malformed("a checksum is wrong"));
    }
    *rest = after;
    Ok(Chunk { name: *name, data })
}

/// Where the walk is with respect to the pixels.
#[derive(PartialEq, Clone, Copy)]
enum Pixels {
    Before,
    Inside,
    After,
}

struct Walk {
    size: Size,
    colour: u8,
    palette: bool,
    pixels: Pixels,
    orientation: Option<u8>,
    animated: bool,
    frames: u32,
    metadata: Metadata,
    unpacked: u64,
}

impl Walk {
    fn begin(header: &Chunk<'_>, max_pixels: u64) -> Result<Self, Refusal> {
        let header: [u8; 13] = header.data.try_into().map_err(|_| HEADER)?;
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace] = header;
        let known = match colour {
            0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
            3 => matches!(depth, 1 | 2 | 4 | 8),
            2 | 4 | 6 => matches!(depth, 8 | 16),
            _ => false,
        };
        if !known || compression != 0 || filter != 0 || interlace > 1 {
            return Err(HEADER);
        }
        let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        Ok(Self {
            size: checked_size(width, height, max_pixels)?,
            colour,
            palette: false,
            pixels: Pixels::Before,
            orientation: None,
            animated: false,
            frames: 0,
            metadata: Metadata::default(),
            unpacked: 0,
        })
    }

    fn take(&mut self, chunk: &Chunk<'_>) -> Result<(), Refusal> {
        if chunk.name != *b"IDAT" && self.pixels == Pixels::Inside {
            self.pixels = Pixels::After;
        }
        match &chunk.name {
            b"IDAT" => self.pixel_data(),
            b"PLTE" => self.palette(chunk.data),
            b"acTL" => {
                self.animated |= self.pixels == Pixels::Before;
                Ok(())
            }
            b"fcTL" => {
                self.frames += 1;
                checked_frames(self.frames, self.size)
            }
            b"fdAT" => Ok(()),
            b"eXIf" => {
                self.orientation.get_or_insert_with(|| tiff::orientation(chunk.data));
                self.metadata.add_exif(chunk.data)
            }
            b"iCCP" | b"zTXt" => self.compressed(chunk.data, 1),
            b"iTXt" => self.text(chunk.data),
            [first, ..] if first.is_ascii_uppercase() => {
                Err(Refusal::Malformed("an unknown chunk is critical"))
            }
            _ => self.metadata.add(chunk.data.len()),
        }
    }

    fn pixel_data(&mut self) -> Result<(), Refusal> {
        if self.pixels == Pixels::After {
            return Err(Refusal::Malformed("the pixels are interrupted"));
        }
        if self.colour == 3 && !self.palette {
            return Err(Refusal::Malformed("the palette is missing"));
        }
        self.pixels = Pixels::Inside;
        Ok(())
    }

    fn palette(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let fits = (1..=256).contains(&(data.len() / 3)) && data.len().is_multiple_of(3);
        if self.palette || self.pixels != Pixels::Before || !fits || matches!(self.colour, 0 | 4) {
            return Err(Refusal::Malformed("the palette is broken"));
        }
        self.palette = true;
        Ok(())
    }

    /// Keyword, NUL, `skip` bytes, then a zlib stream: `iCCP` and `zTXt`.
    fn compressed(&mut self, data: &[u8], skip: usize) -> Result<(), Refusal> {
        self.metadata.add(data.len())?;
        let keyword = data.iter().position(|&b| b == 0).unwrap_or(data.len());
        self.unpack(data.get(keyword + 1 + skip..).unwrap_or_default())
    }

    /// Keyword, NUL, whether it is compressed, how, language, NUL, translation, NUL, text.
    fn text(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.metadata.add(data.len())?;
        let mut parts = data.splitn(2, |&b| b == 0);
        let tail = parts.nth(1).unwrap_or_default();
        if tail.first() != Some(&1) {
            return Ok(());
        }
        let text = tail.get(2..).unwrap_or_default().splitn(3, |&b| b == 0).nth(2);
        self.unpack(text.unwrap_or_default())
    }

    /// Counts what a zlib stream unpacks to, up to the limits. A broken stream is its readers' matter.
    fn unpack(&mut self, zlib: &[u8]) -> Result<(), Refusal> {
        if zlib.len() > MAX_COMPRESSED {
            return Err(Refusal::OverLimits("too much compressed metadata"));
        }
        let mut stream = flate2::read::ZlibDecoder::new(zlib).take(MAX_UNPACKED + 1);
        let mut total = 0;
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            total += n as u64;
        }
        self.unpacked += total;
        if total > MAX_UNPACKED || self.unpacked > MAX_UNPACKED_TOTAL {
            return Err(Refusal::OverLimits("metadata unpacks to too much"));
        }
        Ok(())
    }

    fn finish(self) -> Result<Facts, Refusal> {
        if self.pixels == Pixels::Before {
            return Err(Refusal::Malformed("there is no picture in the file"));
        }
        Ok(Facts {
            format: Format::Png,
            size: self.size,
            orientation: self.orientation.unwrap_or(1),
            animated: self.animated,
            pages: 1,
            variant: Variant::Plain,
        })
    }
}
