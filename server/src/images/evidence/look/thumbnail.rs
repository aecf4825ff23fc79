//! The thumbnail in the metadata, beside the picture.

use atalaya_proto::images::v1 as pb;

use super::{fingerprint, pixels, pixels::Gray};
use crate::images::{
    evidence::read::{
        container::{Holds, Part},
        tiff::{self, Directory},
    },
    preflight,
};

/// TIFF's tags of where a thumbnail is and how long.
const PLACE: u16 = 0x0201;
const LENGTH: u16 = 0x0202;
/// By how much proportions may differ: sides of thumbnails are rounded.
const SAME_ASPECT: f64 = 0.05;

/// The first JPEG thumbnail in EXIF: where it is, its bytes.
pub(super) fn find<'a>(parts: &'a [Part<'_>]) -> Option<(Option<usize>, &'a [u8])> {
    parts.iter().filter(|part| part.holds == Holds::Exif).find_map(|part| {
        let walked = tiff::walk(&part.bytes);
        let at = walked.number(&part.bytes, Directory::Main(1), PLACE)? as usize;
        let length = walked.number(&part.bytes, Directory::Main(1), LENGTH)? as usize;
        let bytes = part.bytes.get(at..at.checked_add(length)?)?;
        Some((part.at.map(|base| base + at), bytes)).filter(|(_, bytes)| !bytes.is_empty())
    })
}

/// The thumbnail against the picture as it is stored: neither is turned.
pub(super) fn compared(parts: &[Part<'_>], picture: Option<&Gray>) -> Option<pb::ThumbnailComparison> {
    let (at, bytes) = find(parts)?;
    let mut told = pb::ThumbnailComparison {
        offset: at.map_or(-1, |at| at as i64),
        size: bytes.len() as i64,
        distance: -1,
        ..Default::default()
    };
    let decoded = preflight::inspect(bytes).ok().and_then(|facts| pixels::small(bytes, &facts).ok());
    if let Some((thumbnail, picture)) = decoded.zip(picture) {
        told.width = thumbnail.width as i32;
        told.height = thumbnail.height as i32;
        let (one, other) = (fingerprint::phash(&thumbnail), fingerprint::phash(picture));
        told.distance = (one ^ other).count_ones() as i32;
        let aspect = |gray: &Gray| gray.width as f64 / gray.height as f64;
        told.aspect_differs = (aspect(&thumbnail) / aspect(picture) - 1.0).abs() > SAME_ASPECT;
    }
    Some(told)
}
