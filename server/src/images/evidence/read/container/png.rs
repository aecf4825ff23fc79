//! PNG's chunks, unpacked.

use super::{Holds, Part, profile, unpack};
use crate::images::evidence::read::bytes::{Order, latin, part};

const XMP: &str = "XML:com.adobe.xmp";
const RAW_PROFILE: &str = "Raw profile type ";
/// Most unpacked bytes of a file's chunks together.
const MAX_TOTAL: usize = 16 << 20;
/// What the standard knows (PNG 3, chapter 11): no metadata, or none that is told of.
const STANDARD: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"bKGD", b"cHRM", b"cICP", b"cLLI",
    b"gAMA", b"hIST", b"mDCV", b"sBIT", b"sPLT", b"sRGB", b"tRNS",
];

/// The chunks: name, where their data is, the data.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], usize, &[u8])> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let length = Order::Big.long(bytes, at)? as usize;
        let name = *part(bytes, at + 4, 4)?.first_chunk::<4>()?;
        let data = part(bytes, at + 8, length)?;
        let start = at + 8;
        // Nothing after the end is a chunk.
        at = if name == *b"IEND" { bytes.len() } else { start + length + 4 };
        Some((name, start, data))
    })
}

pub(super) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut total = 0;
    for (name, at, data) in chunks(bytes) {
        if STANDARD.contains(&&name) {
            continue;
        }
        let found = one(name, at, data);
        total += found.as_ref().filter(|p| p.at.is_none()).map_or(0, |p| p.bytes.len());
        if total > MAX_TOTAL {
            break;
        }
        parts.extend(found);
    }
    parts
}

fn one(name: [u8; 4], at: usize, data: &[u8]) -> Option<Part<'_>> {
    let source = latin(&name);
    Some(match &name {
        // Some writers put JPEG's prefix here too.
        b"eXIf" => match data.strip_prefix(b"Exif\0\0") {
            Some(inner) => Part::new(Holds::Exif, source, at + 6, inner),
            None => Part::new(Holds::Exif, source, at, data),
        },
        b"iTXt" => return international(source, at, data),
        b"tEXt" => {
            let (keyword, text) = keyword(data)?;
            let start = at + keyword.len() + 1;
            raw_profile(&keyword, text)
                .unwrap_or_else(|| Part::new(Holds::Text(keyword), source, start, text))
        }
        b"zTXt" => {
            let (keyword, packed) = keyword(data)?;
            let text = unpack(packed.get(1..)?);
            raw_profile(&keyword, &text).unwrap_or_else(|| Part::made(Holds::Text(keyword), source, text))
        }
        b"iCCP" => Part::made(Holds::Icc, source, unpack(keyword(data)?.1.get(1..)?)),
        b"pHYs" => Part::new(Holds::Density, source, at, data),
        b"tIME" => Part::new(Holds::Time, source, at, data),
        b"caBX" => Part::new(Holds::Jumbf, source, at, data),
        _ => Part::new(Holds::Private, source, at, data),
    })
}

/// Latin-1 up to a NUL, and what follows.
fn keyword(data: &[u8]) -> Option<(String, &[u8])> {
    let end = data.iter().position(|&b| b == 0)?;
    Some((latin(data.get(..end)?), data.get(end + 1..)?))
}

/// Keyword, NUL, whether it is packed, how, language, NUL, translated keyword, NUL, text.
fn international(source: String, at: usize, data: &[u8]) -> Option<Part<'_>> {
    let (keyword, rest) = keyword(data)?;
    let packed = *rest.first()? == 1;
    let text = rest.get(2..)?.splitn(3, |&b| b == 0).nth(2)?;
    let holds = if keyword == XMP { Holds::Xmp } else { Holds::Text(keyword) };
    Some(if packed {
        Part::made(holds, source, unpack(text))
    } else {
        Part::new(holds, source, at + data.len() - text.len(), text)
    })
}

/// Other formats' metadata in hexadecimal, as ImageMagick writes it.
fn raw_profile<'a>(keyword: &str, text: &[u8]) -> Option<Part<'a>> {
    let (holds, bytes) = profile::decoded(keyword.strip_prefix(RAW_PROFILE)?, text)?;
    Some(Part::made(holds, keyword, bytes))
}
