//! What of a file is metadata, found without decoding a pixel. The kind is told by the first bytes; what is broken
//! is left out, and what follows it too.

mod gif;
mod heif;
mod jpeg;
mod png;
mod profile;
mod webp;

use std::{borrow::Cow, io::Read};

pub(crate) use self::{
    gif::end as gif_end,
    jpeg::{Head, next_segment as next_jpeg_segment, segments as jpeg_segments},
    png::chunks as png_chunks,
    webp::chunks as webp_chunks,
};
use super::tiff;

/// Most bytes that one piece of compressed metadata is unpacked to.
pub(super) const MAX_UNPACKED: usize = 2 << 20;
/// Most bytes of metadata that is put together from pieces.
pub(super) const MAX_JOINED: usize = 4 << 20;
/// Most parts of a file.
const MAX_PARTS: usize = 1_000;

/// How a file is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Jpeg,
    Png,
    WebP,
    Gif,
    Tiff,
    Bmp,
    /// HEIC and AVIF.
    Heif,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A TIFF structure.
    Exif,
    Xmp,
    /// Photoshop's image resources, `8BIM` and on.
    Photoshop,
    /// IPTC's records without anything around them.
    Iptc,
    Icc,
    /// Behind `JFIF\0`.
    Jfif,
    /// A thumbnail behind `JFXX\0`.
    Jfxx,
    /// Behind `Adobe`.
    Adobe,
    /// Behind `MPF\0`: a TIFF structure.
    MultiPicture,
    Jumbf,
    /// A text and what it is called.
    Text(String),
    /// A comment without a name.
    Comment,
    /// Pixels a unit: PNG's `pHYs`.
    Density,
    /// PNG's `tIME`.
    Time,
    /// What nobody knows: an application's segment or a private chunk.
    Private,
}

/// A piece of metadata.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    pub(crate) holds: Holds,
    /// What of the file holds it, such as `APP1` or `eXIf`.
    pub(crate) source: String,
    /// Where in the file the bytes are as they are.
    pub(crate) at: Option<usize>,
    pub(crate) bytes: Cow<'a, [u8]>,
    /// What is wrong with it; empty if nothing.
    pub(crate) fault: &'static str,
}

impl<'a> Part<'a> {
    fn new(holds: Holds, source: impl Into<String>, at: usize, bytes: &'a [u8]) -> Self {
        Self { holds, source: source.into(), at: Some(at), bytes: Cow::Borrowed(bytes), fault: "" }
    }

    fn made(holds: Holds, source: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { holds, source: source.into(), at: None, bytes: Cow::Owned(bytes), fault: "" }
    }

    fn with_fault(self, fault: &'static str) -> Self {
        Self { fault, ..self }
    }
}

/// The kind that the first bytes announce.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Kind> {
    Some(match bytes {
        [0xff, 0xd8, 0xff, ..] => Kind::Jpeg,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Kind::Png,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::WebP,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Kind::Gif,
        [b'B', b'M', ..] => Kind::Bmp,
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Kind::Tiff,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Kind::Heif,
        _ => return None,
    })
}

/// The metadata of a file, in its order.
pub(crate) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = match sniff(bytes) {
        Some(Kind::Jpeg) => jpeg::parts(bytes),
        Some(Kind::Png) => png::parts(bytes),
        Some(Kind::WebP) => webp::parts(bytes),
        Some(Kind::Gif) => gif::parts(bytes),
        Some(Kind::Tiff) => tiff_parts(bytes),
        Some(Kind::Heif) => heif::parts(bytes),
        // It has room for none but a profile.
        Some(Kind::Bmp) | None => Vec::new(),
    };
    parts.truncate(MAX_PARTS);
    within(parts, bytes.len())
}

/// The parts that a file has room for. Parts that overlap make readers read the same again and again: a sound file has
/// at most a whole that is one part, such as a TIFF's, and the parts within it.
fn within(mut parts: Vec<Part<'_>>, length: usize) -> Vec<Part<'_>> {
    let mut room = length.saturating_mul(2);
    parts.retain(|part| {
        // What was unpacked is bounded where it was.
        let taken = if part.at.is_some() { part.bytes.len() } else { 0 };
        let fits = taken <= room;
        room = room.saturating_sub(taken);
        fits
    });
    parts
}

/// Tags of TIFF's first directory that hold other metadata (TIFF technical notes; XMP part 3).
const NESTED: [(u16, Holds, &str); 4] = [
    (700, Holds::Xmp, "tag 700"),
    (33_723, Holds::Iptc, "tag 33723"),
    (34_377, Holds::Photoshop, "tag 34377"),
    (34_675, Holds::Icc, "tag 34675"),
];

/// A TIFF is one TIFF structure, some of whose tags hold what is a segment elsewhere.
fn tiff_parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = vec![Part::new(Holds::Exif, "TIFF", 0, bytes)];
    parts.extend(nested(bytes, 0));
    parts
}

/// What the tags of a TIFF structure's first directory hold of other kinds; the structure begins at `base`.
pub(super) fn nested(tiff: &[u8], base: usize) -> Vec<Part<'_>> {
    let walked = tiff::walk(tiff);
    let first = walked.entries.iter().filter(|entry| entry.directory == tiff::Directory::Main(0));
    let found = first.filter_map(|entry| {
        let (_, holds, source) = NESTED.iter().find(|(tag, ..)| *tag == entry.tag)?;
        Some(Part::new(holds.clone(), *source, base + entry.value_at, entry.value(tiff)?))
    });
    found.collect()
}

/// What a zlib stream unpacks to, as far as it is sound and within [`MAX_UNPACKED`].
fn unpack(zlib: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let mut stream = flate2::read::ZlibDecoder::new(zlib).take(MAX_UNPACKED as u64);
    // What came before a fault has been read already.
    let _fault = stream.read_to_end(&mut unpacked);
    unpacked
}
