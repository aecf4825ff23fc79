//! HEIC and AVIF: the items of their boxes (ISO/IEC 14496-12, 8.11; 23008-12).

use super::{Holds, MAX_PARTS, Part};
use crate::images::evidence::read::bytes::{Order, part};

/// Most items of a file.
const MAX_ITEMS: usize = 1_000;
const FULL_BOX: usize = 4;
const XMP: &[u8] = b"application/rdf+xml\0";

pub(super) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (name, at, data) in boxes(bytes, 0, bytes.len()) {
        if parts.len() >= MAX_PARTS {
            break;
        }
        match &name {
            b"meta" => items(bytes, at + FULL_BOX, at + data.len(), &mut parts),
            b"uuid" if data.windows(4).take(64).any(|w| w == b"jumb") => {
                let skip = data.windows(4).position(|w| w == b"jumb").and_then(|p| p.checked_sub(4));
                let skip = skip.unwrap_or_default();
                parts.push(Part::new(Holds::Jumbf, "uuid", at + skip, data.get(skip..).unwrap_or_default()));
            }
            _ => {}
        }
    }
    parts
}

/// The boxes between two places: name, where the content is, the content.
fn boxes(bytes: &[u8], from: usize, to: usize) -> impl Iterator<Item = ([u8; 4], usize, &[u8])> {
    let mut at = from;
    std::iter::from_fn(move || {
        let short = Order::Big.long(bytes, at).filter(|_| at < to)? as usize;
        let name = *part(bytes, at + 4, 4)?.first_chunk::<4>()?;
        let (header, length) = match short {
            0 => (8, to - at),
            1 => (16, usize::try_from(wide(bytes, at + 8, 8)?).ok()?),
            length => (8, length),
        };
        let data = part(bytes, at + header, length.checked_sub(header)?)?;
        let start = at + header;
        at += length;
        Some((name, start, data))
    })
}

/// What an item is, by its number.
#[derive(Clone, Copy, PartialEq)]
enum Item {
    Exif,
    Xmp,
}

fn items<'a>(bytes: &'a [u8], from: usize, to: usize, parts: &mut Vec<Part<'a>>) {
    let found = |wanted: &[u8; 4]| boxes(bytes, from, to).find(|(name, ..)| name == wanted);
    let kinds = found(b"iinf").map(|(_, at, data)| kinds(bytes, at, at + data.len())).unwrap_or_default();
    let Some((_, _, locations)) = found(b"iloc") else { return };
    for (id, at, length) in extents(locations).unwrap_or_default() {
        if parts.len() >= MAX_PARTS {
            break;
        }
        let kind = kinds.iter().find(|(item, _)| *item == id).map(|(_, kind)| *kind);
        let Some((kind, data)) = kind.zip(part(bytes, at, length)) else { continue };
        match kind {
            Item::Xmp => parts.push(Part::new(Holds::Xmp, "mime", at, data)),
            // How far behind its own length the TIFF structure begins.
            Item::Exif => {
                let skip = Order::Big.long(data, 0).and_then(|skip| (skip as usize).checked_add(4));
                if let Some((skip, tiff)) = skip.and_then(|skip| Some((skip, data.get(skip..)?))) {
                    parts.push(Part::new(Holds::Exif, "Exif", at + skip, tiff));
                }
            }
        }
    }
}

/// The items that are metadata.
fn kinds(bytes: &[u8], at: usize, to: usize) -> Vec<(u64, Item)> {
    let counted = if bytes.get(at) == Some(&0) { 2 } else { 4 };
    let entries = boxes(bytes, at + FULL_BOX + counted, to).filter(|(name, ..)| name == b"infe");
    let kinds = entries.take(MAX_ITEMS).filter_map(|(_, _, entry)| {
        let id = match entry.first()? {
            2 => 2,
            3 => 4,
            _ => return None,
        };
        let rest = entry.get(FULL_BOX + id + 2..)?;
        let kind = match rest.get(..4)? {
            b"Exif" => Item::Exif,
            // Its name, then its type.
            b"mime" if rest.get(4..)?.splitn(2, |&b| b == 0).nth(1)?.starts_with(XMP) => Item::Xmp,
            _ => return None,
        };
        Some((wide(entry, FULL_BOX, id)?, kind))
    });
    kinds.collect()
}

/// Where items are that have one extent in this file: number, place, length.
fn extents(data: &[u8]) -> Option<Vec<(u64, usize, usize)>> {
    let version = *data.first()?;
    let sizes = Order::Big.short(data, FULL_BOX)?;
    let [offset, length, base, index] = [12, 8, 4, 0].map(|shift| usize::from(sizes >> shift & 0xf));
    let index = if version == 0 { 0 } else { index };
    let id = if version < 2 { 2 } else { 4 };
    let mut at = FULL_BOX + 2;
    let count = wide(data, at, id)? as usize;
    at += id;
    let mut found = Vec::new();
    for _ in 0..count.min(MAX_ITEMS) {
        let item = wide(data, at, id)?;
        at += id;
        // How it is addressed; 0 is by the file.
        let method = if version == 0 { 0 } else { wide(data, at, 2)? & 0xf };
        at += if version == 0 { 2 } else { 4 };
        let start = wide(data, at, base)?;
        at += base;
        let extents = wide(data, at, 2)? as usize;
        at += 2;
        if extents == 1 && method == 0 {
            let place = start.checked_add(wide(data, at + index, offset)?)?;
            found.push((
                item,
                usize::try_from(place).ok()?,
                wide(data, at + index + offset, length)? as usize,
            ));
        }
        at = at.checked_add(extents.checked_mul(index + offset + length)?)?;
    }
    Some(found)
}

/// A number of 0 to 8 bytes.
fn wide(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = part(bytes, at, length).filter(|_| length <= 8)?;
    Some(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}
