//! Items: which one is to be shown, what the others are, where their bytes are.

use std::collections::HashMap;

use super::{BROKEN, long, short};
use crate::images::preflight::{MAX_CHUNKS, MAX_EXIF_BYTES, Metadata, Refusal};

/// What `meta` says of the items.
#[derive(Default)]
pub(super) struct Items {
    pub(super) primary: Option<u32>,
    /// Length of the box that may hold items' bytes.
    pub(super) inside: u64,
    kinds: HashMap<u32, [u8; 4]>,
    places: Vec<Place>,
}

/// Where one part of an item is.
struct Place {
    item: u32,
    /// In the file, not in the box for items' bytes.
    in_file: bool,
    start: u64,
    length: u64,
}

impl Items {
    /// What an item is.
    #[cfg(feature = "avif")]
    pub(super) fn kind(&self, item: u32) -> Option<[u8; 4]> {
        self.kinds.get(&item).copied()
    }

    /// An item's bytes, out of the file or of the box that is for them.
    #[cfg(feature = "avif")]
    pub(super) fn bytes(&self, item: u32, file: &[u8], inside: Option<&[u8]>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for place in self.places.iter().filter(|place| place.item == item) {
            let whole = if place.in_file { file } else { inside? };
            let start = usize::try_from(place.start).ok()?;
            bytes.extend(whole.get(start..start.checked_add(usize::try_from(place.length).ok()?)?)?);
        }
        (!bytes.is_empty()).then_some(bytes)
    }

    pub(super) fn primary(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let narrow = content.first() == Some(&0);
        let id = if narrow { short(content, 4).map(u32::from) } else { long(content, 4) };
        self.primary = Some(id.ok_or(BROKEN)?);
        Ok(())
    }

    /// The kind of an item; the versions before 2 tell none.
    pub(super) fn info(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let (id, kind) = match *content.first().ok_or(BROKEN)? {
            0 | 1 => return Ok(()),
            2 => (short(content, 4).map(u32::from), 8),
            _ => (long(content, 4), 10),
        };
        let kind = content.get(kind..kind + 4).and_then(|kind| kind.try_into().ok()).ok_or(BROKEN)?;
        self.kinds.insert(id.ok_or(BROKEN)?, kind);
        Ok(())
    }

    /// Where the items are (ISO/IEC 14496-12, 8.11.3): numbers whose lengths the box tells first.
    pub(super) fn places(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let [version, _, _, _, sizes, more] = *content.first_chunk::<6>().ok_or(BROKEN)?;
        let mut fields = Fields(content.get(6..).unwrap_or_default());
        let (offset, length, base) = (sizes >> 4, sizes & 15, more >> 4);
        let index = if version == 0 { 0 } else { more & 15 };
        let wide = if version < 2 { 2 } else { 4 };
        for _ in 0..fields.number(wide)? {
            let item = fields.number(wide)? as u32;
            let method = if version == 0 { 0 } else { fields.number(2)? & 15 };
            fields.number(2)?;
            let base = fields.number(base)?;
            for _ in 0..fields.number(2)? {
                fields.number(index)?;
                let start = base.checked_add(fields.number(offset)?).ok_or(BROKEN)?;
                let length = fields.number(length)?;
                // What is made of other items has no place of its own.
                if method < 2 {
                    self.places.push(Place { item, in_file: method == 0, start, length });
                }
                if self.places.len() > MAX_CHUNKS as usize {
                    return Err(Refusal::OverLimits("too many parts"));
                }
                if offset + length_of(sizes) + index == 0 {
                    // A part that takes no bytes can be told only once.
                    break;
                }
            }
        }
        Ok(())
    }

    /// Every item lies inside of the file, and metadata within the limits. Answers where the last one ends.
    pub(super) fn check(&self, size: u64) -> Result<u64, Refusal> {
        let (mut metadata, mut exif, mut last) = (Metadata::default(), 0, 0);
        for place in &self.places {
            let whole = if place.in_file { size } else { self.inside };
            let end = place.start.checked_add(place.length).filter(|&end| end <= whole);
            let end = end.ok_or(Refusal::Malformed("the file is cut off"))?;
            last = if place.in_file { end.max(last) } else { last };
            let length = usize::try_from(place.length).unwrap_or(usize::MAX);
            match self.kinds.get(&place.item) {
                Some(b"Exif") => {
                    exif += length;
                    metadata.add(length)?;
                }
                Some(b"mime" | b"uri ") => metadata.add(length)?,
                _ => {}
            }
        }
        if exif > MAX_EXIF_BYTES {
            return Err(Refusal::OverLimits("too much EXIF"));
        }
        Ok(last)
    }
}

/// How long a part's length is written, in bytes.
fn length_of(sizes: u8) -> u8 {
    sizes & 15
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// A number of so many bytes, at most 8; 0 of none.
    fn number(&mut self, bytes: u8) -> Result<u64, Refusal> {
        let (number, rest) = self.0.split_at_checked(bytes.into()).filter(|_| bytes <= 8).ok_or(BROKEN)?;
        self.0 = rest;
        Ok(number.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }
}
