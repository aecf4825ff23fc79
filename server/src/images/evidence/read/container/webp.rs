//! WebP's RIFF chunks.

use super::{Holds, Part};
use crate::images::evidence::read::bytes::{Order, latin, part};

/// The chunks: name, where their data is, the data.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], usize, &[u8])> {
    let mut at = 12;
    let end =
        Order::Little.long(bytes, 4).map_or(0, |length| (length as usize).saturating_add(8)).min(bytes.len());
    std::iter::from_fn(move || {
        let name = *part(bytes, at, 4)?.first_chunk::<4>()?;
        let length = Order::Little.long(bytes, at + 4)? as usize;
        let data = part(bytes, at + 8, length).filter(|_| at < end)?;
        let start = at + 8;
        at = start + length + length % 2;
        Some((name, start, data))
    })
}

pub(super) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let found = chunks(bytes).filter_map(|(name, at, data)| {
        let holds = match &name {
            b"EXIF" => Holds::Exif,
            b"XMP " => Holds::Xmp,
            b"ICCP" => Holds::Icc,
            b"C2PA" => Holds::Jumbf,
            b"VP8X" | b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" => return None,
            _ => Holds::Private,
        };
        let source = latin(&name).trim_end().to_owned();
        Some(match data.strip_prefix(b"Exif\0\0").filter(|_| holds == Holds::Exif) {
            Some(inner) => Part::new(holds, source, at + 6, inner),
            None => Part::new(holds, source, at, data),
        })
    });
    found.collect()
}
