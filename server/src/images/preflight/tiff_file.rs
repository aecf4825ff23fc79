//! TIFF's directories: each page's size, kind and strips, without unpacking any.

mod page;

use self::page::Page;
use super::{Facts, MAX_FRAME_PIXELS, MAX_FRAMES, Metadata, Refusal, Variant, checked_size, tiff};
use crate::images::model::Format;

const CUT_OFF: Refusal = Refusal::Malformed("the file is cut off");
const OUTSIDE: Refusal = Refusal::Malformed("a value lies outside of the file");
/// Most entries of one directory; cameras write a few dozen.
const MAX_ENTRIES: u16 = 4_096;
/// Most strips and tiles of all pages together.
const MAX_CHUNKS: u64 = 100_000;
/// Length of an entry, in bytes.
const ENTRY: usize = 12;
/// Tags whose value is metadata: XMP, IPTC, Photoshop's, the colour profile.
const METADATA: [u16; 4] = [700, 33_723, 34_377, 34_675];

/// Reads the directories of the chain, which may neither loop nor leave the file.
pub(super) fn walk(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    let file = File { bytes, big: bytes.starts_with(b"MM") };
    let mut at = file.long(4).ok_or(CUT_OFF)? as usize;
    let mut walk = Walk { file, max_pixels, ..Walk::default() };
    let mut first = None;
    while at != 0 {
        if walk.seen.contains(&at) {
            return Err(Refusal::Malformed("the directories form a loop"));
        }
        walk.seen.push(at);
        if walk.seen.len() > MAX_FRAMES as usize {
            return Err(Refusal::OverLimits("too many pages"));
        }
        let (page, next) = walk.directory(at)?;
        if first.is_none() {
            page.check_kind(&file)?;
            first = Some(page);
        }
        at = next;
    }
    let first = first.ok_or(Refusal::Malformed("there is no picture in the file"))?;
    Ok(Facts {
        format: Format::Tiff,
        size: checked_size(first.width, first.height, max_pixels)?,
        orientation: tiff::orientation(bytes),
        animated: false,
        pages: walk.pages,
        variant: Variant::Plain,
    })
}

/// The bytes and their order.
#[derive(Clone, Copy, Default)]
struct File<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl File<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// An entry whose value lies inside of the file; nothing for one of an unknown type.
    fn entry(&self, at: usize) -> Result<Option<Entry>, Refusal> {
        let (tag, kind) = (self.short(at).ok_or(CUT_OFF)?, self.short(at + 2).ok_or(CUT_OFF)?);
        let count = self.long(at + 4).ok_or(CUT_OFF)?;
        let Some(unit) = unit(kind) else { return Ok(None) };
        let length = u64::from(count) * unit;
        let start = if length <= 4 { at + 8 } else { self.long(at + 8).ok_or(CUT_OFF)? as usize };
        if start as u64 + length > self.bytes.len() as u64 {
            return Err(OUTSIDE);
        }
        Ok(Some(Entry { tag, kind, count, start, length }))
    }

    /// One of an entry's whole numbers.
    fn number(&self, entry: Entry, index: u32) -> Option<u32> {
        if index >= entry.count {
            return None;
        }
        let index = index as usize;
        match entry.kind {
            1 => self.bytes.get(entry.start + index).copied().map(u32::from),
            3 => self.short(entry.start + index * 2).map(u32::from),
            4 => self.long(entry.start + index * 4),
            _ => None,
        }
    }
}

/// Bytes of one value of a type (TIFF 6.0, section 2; 13 is a directory's place).
fn unit(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// An entry of a directory.
#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    /// Where the value is.
    start: usize,
    /// How long the value is, in bytes.
    length: u64,
}

#[derive(Default)]
struct Walk<'a> {
    file: File<'a>,
    max_pixels: u64,
    seen: Vec<usize>,
    pages: u32,
    pixels: u64,
    chunks: u64,
    metadata: Metadata,
}

impl Walk<'_> {
    /// One directory and the place of the next, 0 after the last.
    fn directory(&mut self, at: usize) -> Result<(Page, usize), Refusal> {
        let count = self.file.short(at).ok_or(CUT_OFF)?;
        if count > MAX_ENTRIES {
            return Err(Refusal::OverLimits("too many entries in a directory"));
        }
        let (start, mut page) = (at + 2, Page::default());
        for place in (start..).step_by(ENTRY).take(count.into()) {
            let Some(entry) = self.file.entry(place)? else { continue };
            if METADATA.contains(&entry.tag) {
                self.metadata.add(entry.length as usize)?;
            }
            page.take(&self.file, entry);
        }
        self.count(&page)?;
        let next = self.file.long(start + usize::from(count) * ENTRY).ok_or(CUT_OFF)?;
        Ok((page, next as usize))
    }

    /// Counts a page, its pixels and strips against the limits.
    fn count(&mut self, page: &Page) -> Result<(), Refusal> {
        let size = checked_size(page.width, page.height, self.max_pixels)?;
        self.pixels += size.pixels();
        if self.pixels > MAX_FRAME_PIXELS {
            return Err(Refusal::OverLimits("too many pixels in all pages"));
        }
        self.chunks += page.chunks(self.max_pixels)?;
        if self.chunks > MAX_CHUNKS {
            return Err(Refusal::OverLimits("too many strips"));
        }
        page.check_chunks(&self.file, self.max_pixels)?;
        self.pages += u32::from(page.is_full());
        Ok(())
    }
}
