//! Maker notes: whose they are, how large, and their fingerprint. What they say is each maker's secret.

use atalaya_proto::images::v1 as pb;
use exif::{Tag, Value};
use ring::digest;

use super::{
    bytes::{hex, text},
    container::Part,
    exif::Decoded,
    group::Group,
    tiff::Entry,
};

/// What makers begin their notes with.
const HEADERS: [(&[u8], &str); 17] = [
    (b"Nikon\0", "Nikon"),
    (b"OLYMP\0", "Olympus"),
    (b"OLYMPUS\0", "Olympus"),
    (b"OM SYSTEM\0", "OM System"),
    (b"FUJIFILM", "Fujifilm"),
    (b"GENERALE", "Fujifilm"),
    (b"Panasonic\0", "Panasonic"),
    (b"SONY DSC ", "Sony"),
    (b"SONY CAM ", "Sony"),
    (b"SONY MOBILE", "Sony"),
    (b"Apple iOS\0", "Apple"),
    (b"PENTAX ", "Pentax"),
    (b"AOC\0", "Pentax"),
    (b"LEICA", "Leica"),
    (b"SIGMA\0", "Sigma"),
    (b"QVC\0", "Casio"),
    (b"EPSON\0", "Epson"),
];

/// Vendor, size and SHA-256 of a note.
pub(super) fn group(
    decoded: &Decoded<'_>,
    entry: &Entry,
    part: &Part<'_>,
    at: Option<usize>,
) -> Option<pb::MetadataGroup> {
    let note = entry.value(decoded.tiff)?;
    let mut group = Group::of("MakerNote", part);
    group.at(at, note.len());
    let known = HEADERS.iter().find(|(header, _)| note.starts_with(header));
    let vendor = known.map(|(_, vendor)| (*vendor).to_owned()).or_else(|| make(decoded));
    group.add("Vendor", vendor.unwrap_or_else(|| "unknown".to_owned()), at, 0);
    group.add("Size", note.len().to_string(), at, note.len());
    group.add("SHA256", hex(digest::digest(&digest::SHA256, note).as_ref()), at, note.len());
    Some(group.done())
}

/// Who made the camera: some makers put no header before their notes.
fn make(decoded: &Decoded<'_>) -> Option<String> {
    let Value::Ascii(parts) = decoded.value(Tag::Make)? else { return None };
    parts.first().map(|part| text(part))
}
