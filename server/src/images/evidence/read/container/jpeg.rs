//! JPEG's segments up to the first scan, those in pieces put together.

use super::{Holds, MAX_JOINED, Part};
use crate::images::{
    evidence::read::bytes::{Order, part},
    preflight::stands_alone,
};

const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;
const COM: u8 = 0xfe;
const EXIF: &[u8] = b"Exif\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// A checksum in text, the whole length, where this piece belongs (XMP part 3, 1.1.3.1).
const EXTENSION_HEADER: usize = 40;
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const JUMBF: &[u8] = b"JP";

/// What segments begin with, by their markers, and what follows it.
const PREFIXES: [(u8, &[u8], Holds); 7] = [
    (0xe0, b"JFIF\0", Holds::Jfif),
    (0xe0, b"JFXX\0", Holds::Jfxx),
    (0xe1, b"Exif\0\0", Holds::Exif),
    (0xe1, XMP, Holds::Xmp),
    (0xe2, b"MPF\0", Holds::MultiPicture),
    (0xed, PHOTOSHOP, Holds::Photoshop),
    (0xee, b"Adobe", Holds::Adobe),
];

/// A segment's marker, where its payload is, and the payload.
pub(crate) type Segment<'a> = (u8, usize, &'a [u8]);

/// Most segments whose metadata is told: empty ones cost nothing but their number.
const MAX_SEGMENTS: usize = 10_000;

/// The segments up to the first scan.
pub(crate) fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = 2;
    std::iter::from_fn(move || {
        let (_, marker, start, payload) = next_segment(bytes, at).filter(|(_, marker, ..)| *marker != SOS)?;
        at = start + payload.len();
        Some((marker, start, payload))
    })
}

/// The first segment from `at` on, where its marker begins before it. What stands alone is passed over; behind the end
/// of the picture there is none.
pub(crate) fn next_segment(bytes: &[u8], mut at: usize) -> Option<(usize, u8, usize, &[u8])> {
    loop {
        at += memchr::memchr(0xff, bytes.get(at..)?)?;
        let begin = at;
        at += bytes.get(at..)?.iter().position(|&b| b != 0xff)?;
        let marker = *bytes.get(at)?;
        at += 1;
        if stands_alone(marker) {
            continue;
        }
        if marker == EOI {
            return None;
        }
        let length = usize::from(Order::Big.short(bytes, at)?);
        return Some((begin, marker, at + 2, bytes.get(at + 2..at.checked_add(length)?)?));
    }
}

/// A JPEG's head while it arrives: each of its bytes is looked at once.
#[derive(Debug)]
pub(crate) struct Head {
    /// Where the search for the next segment goes on.
    at: usize,
    segments: usize,
}

impl Default for Head {
    fn default() -> Self {
        Self { at: 2, segments: 0 }
    }
}

impl Head {
    /// Whether these bytes, of which no fewer may come than before, reach the first scan, or a segment after which
    /// none is told.
    pub(crate) fn is_whole(&mut self, head: &[u8]) -> bool {
        while self.segments < MAX_SEGMENTS {
            let rest = head.get(self.at..).unwrap_or_default();
            let stray = memchr::memchr(0xff, rest).unwrap_or(rest.len());
            self.at += stray;
            let filling = rest.iter().skip(stray).take_while(|&&b| b == 0xff).count();
            let Some(&marker) = rest.get(stray + filling) else {
                // The last of them belongs to the marker that follows.
                self.at += filling.saturating_sub(1);
                return false;
            };
            let start = self.at + filling + 1;
            if stands_alone(marker) {
                self.at = start;
                continue;
            }
            match (marker, Order::Big.short(head, start)) {
                (SOS | EOI, _) | (_, Some(0 | 1)) => return true,
                (_, Some(length)) if start + usize::from(length) <= head.len() => {
                    self.at = start + usize::from(length);
                    self.segments += 1;
                }
                _ => return false,
            }
        }
        true
    }
}

pub(super) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut pieces = Pieces::default();
    for (marker, at, payload) in segments(bytes).take(MAX_SEGMENTS) {
        if !matches!(marker, 0xe0..=0xef | COM) || pieces.take(marker, at, payload) {
            continue;
        }
        parts.push(one(marker, at, payload));
    }
    pieces.join(&mut parts);
    parts
}

fn one(marker: u8, at: usize, payload: &[u8]) -> Part<'_> {
    if marker == COM {
        return Part::new(Holds::Comment, "COM", at, payload);
    }
    let source = format!("APP{}", marker & 0x0f);
    let known = PREFIXES.iter().find(|(m, prefix, _)| *m == marker && payload.starts_with(prefix));
    match known {
        Some((_, prefix, holds)) => {
            let inner = payload.get(prefix.len()..).unwrap_or_default();
            Part::new(holds.clone(), source, at + prefix.len(), inner)
        }
        // Some writers forget what pads the prefix.
        None if marker == 0xe1 && payload.starts_with(EXIF) => {
            Part::new(Holds::Exif, source, at + EXIF.len(), payload.get(EXIF.len()..).unwrap_or_default())
        }
        None => Part::new(Holds::Private, source, at, payload),
    }
}

/// Metadata that takes more than one segment.
#[derive(Default)]
struct Pieces<'a> {
    icc: Vec<(usize, &'a [u8])>,
    jumbf: Vec<(usize, &'a [u8])>,
    xmp: Vec<(usize, &'a [u8])>,
}

impl<'a> Pieces<'a> {
    /// Keeps a segment that is a piece of something.
    fn take(&mut self, marker: u8, at: usize, payload: &'a [u8]) -> bool {
        let (pieces, prefix) = match marker {
            0xe1 => (&mut self.xmp, EXTENDED_XMP),
            0xe2 => (&mut self.icc, ICC),
            0xeb => (&mut self.jumbf, JUMBF),
            _ => return false,
        };
        let Some(inner) = payload.strip_prefix(prefix) else { return false };
        pieces.push((at + prefix.len(), inner));
        true
    }

    fn join(self, parts: &mut Vec<Part<'a>>) {
        parts.extend(self.profile());
        parts.extend(self.extended());
        parts.extend(self.boxes());
    }

    /// Numbered from 1, with how many there are (ICC.1, B.4).
    fn profile(&self) -> Option<Part<'a>> {
        let mut pieces: Vec<_> = self
            .icc
            .iter()
            .filter_map(|(at, piece)| Some((*piece.first()?, at + 2, piece.get(2..)?)))
            .collect();
        pieces.sort_by_key(|(number, ..)| *number);
        let numbers = pieces.iter().map(|(number, ..)| usize::from(*number));
        let whole = numbers.eq(1..=pieces.len());
        let fault = if whole { "" } else { "pieces of the profile are missing or doubled" };
        match pieces.as_slice() {
            [] => None,
            [(_, at, piece)] => Some(Part::new(Holds::Icc, "APP2", *at, piece).with_fault(fault)),
            many => Some(Part::made(Holds::Icc, "APP2", joined(many.iter().map(|p| p.2))).with_fault(fault)),
        }
    }

    /// Pieces say where they belong; those of the first checksum count.
    fn extended(&self) -> Option<Part<'a>> {
        let (_, first) = self.xmp.first()?;
        let checksum = part(first, 0, 32)?;
        let announced = Order::Big.long(first, 32)? as usize;
        let length = announced.min(MAX_JOINED);
        let mut whole = Vec::new();
        let mut pieces: Vec<_> = self.xmp.iter().filter(|(_, piece)| piece.starts_with(checksum)).collect();
        pieces.sort_by_key(|(_, piece)| Order::Big.long(piece, 36));
        let mut fault = if announced > MAX_JOINED { "it is too large to be read in full" } else { "" };
        for (_, piece) in pieces {
            let place = Order::Big.long(piece, 36)? as usize;
            let inner = piece.get(EXTENSION_HEADER..)?;
            if place != whole.len() {
                fault = "pieces of the extended XMP are missing or doubled";
                continue;
            }
            whole.extend_from_slice(inner.get(..length.saturating_sub(place)).unwrap_or(inner));
        }
        if whole.len() < length && fault.is_empty() {
            fault = "the end of the extended XMP is missing";
        }
        Some(Part::made(Holds::Xmp, "APP1 extended", whole).with_fault(fault))
    }

    /// A box in pieces repeats its header in each (ISO/IEC 19566-5, D.2).
    fn boxes(&self) -> Option<Part<'a>> {
        const HEADER: usize = 6;
        const BOX_HEADER: usize = 8;
        match self.jumbf.as_slice() {
            [] => None,
            [(at, piece)] => Some(Part::new(Holds::Jumbf, "APP11", at + HEADER, piece.get(HEADER..)?)),
            many => {
                let inner = many.iter().enumerate().filter_map(|(index, (_, piece))| {
                    piece.get(if index == 0 { HEADER } else { HEADER + BOX_HEADER }..)
                });
                Some(Part::made(Holds::Jumbf, "APP11", joined(inner)))
            }
        }
    }
}

fn joined<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut whole = Vec::new();
    for piece in pieces {
        whole.extend_from_slice(piece.get(..MAX_JOINED - whole.len()).unwrap_or(piece));
    }
    whole
}
