//! What surrounds a JPEG's picture: metadata to carry over, and the quality that its tables tell of.

use std::borrow::Cow;

use super::{
    super::{
        Job, exif,
        metadata::{MAX_PROFILE, Metadata},
    },
    copy_scans,
};
use crate::images::evidence::next_jpeg_segment;

const DHT: u8 = 0xc4;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;
const JFIF: &[u8] = b"JFIF\0";
/// Where a JFIF header says how large its thumbnail is, which follows.
const JFIF_THUMBNAIL: std::ops::Range<usize> = 12..14;
const EXIF: &[u8] = b"Exif\0\0";
const ADOBE: &[u8] = b"Adobe";
const PROFILE: &[u8] = b"ICC_PROFILE\0";
/// Where a profile says for which colours it is, after its prefix, number and count (ICC.1, 7.2.8).
const PROFILE_COLOURS: std::ops::Range<usize> = 30..34;
/// The quality to assume when tables tell of none.
const USUAL_QUALITY: u8 = 90;
/// Codes in the tables of JPEG's Annex K.
const STANDARD_DC_CODES: usize = 12;
const STANDARD_AC_CODES: usize = 162;
/// The sum of the luminance table of JPEG's Annex K, which libjpeg calls quality 50.
const ANNEX_K_SUM: u32 = 3688;

/// A file's segments before its first scan.
pub(super) struct Segments<'a> {
    /// With its prefix.
    exif: Option<&'a [u8]>,
    /// Parts of a colour profile, each with its prefix.
    profile: Vec<&'a [u8]>,
    density: Option<&'a [u8]>,
    /// As libjpeg counts, 1 to 100.
    pub(super) quality: u8,
    /// Whether its codes were made for it, not taken from the standard.
    pub(super) optimised: bool,
}

impl<'a> Segments<'a> {
    pub(super) fn read(input: &'a [u8]) -> Self {
        let mut segments =
            Self { exif: None, profile: Vec::new(), density: None, quality: USUAL_QUALITY, optimised: false };
        for (marker, payload) in Walk(input.get(2..).unwrap_or_default()) {
            match marker {
                APP0 => segments.density = segments.density.or_else(|| density(payload)),
                APP1 if payload.starts_with(EXIF) => segments.exif = segments.exif.or(Some(payload)),
                APP2 if payload.starts_with(PROFILE) => segments.profile.push(payload),
                DQT => segments.quality = quality(payload).unwrap_or(segments.quality),
                DHT => segments.optimised |= !are_standard(payload),
                _ => {}
            }
        }
        segments
    }

    /// A picture with the profile and what is harmless of the EXIF, instead of its own metadata.
    pub(super) fn around(&self, body: &[u8], job: &Job<'_>, gray: bool) -> Vec<u8> {
        let mut output = Vec::with_capacity(body.len() + self.length());
        let mut rest = body.get(2..).unwrap_or_default();
        output.extend([0xff, 0xd8]);
        if let Some((_, header)) = Walk(rest).find(|(marker, p)| *marker == APP0 && p.starts_with(JFIF)) {
            write(&mut output, APP0, &self.header(header));
        }
        let exif = self.exif.and_then(|exif| exif::harmless(exif, job.size, job.lies));
        if let Some(exif) = exif {
            write(&mut output, APP1, &[EXIF, &exif].concat());
        }
        if !(gray && self.has_colour_profile()) {
            self.profile.iter().for_each(|part| write(&mut output, APP2, part));
        }
        while let Some((marker, payload, after)) = split(rest) {
            // Metadata is written already; Adobe's mark says which colours these are.
            if (marker == APP14 && payload.starts_with(ADOBE)) || !matches!(marker, APP0..=APP15 | COM) {
                write(&mut output, marker, payload);
            }
            rest = after;
        }
        copy_scans(rest, &mut output);
        output
    }

    /// A JFIF header with the file's density and without a thumbnail.
    fn header(&self, header: &[u8]) -> Vec<u8> {
        let mut header = header.to_vec();
        if let (Some(density), Some(place)) = (self.density, header.get_mut(7..12)) {
            place.copy_from_slice(density);
        }
        if let Some(sides) = header.get_mut(JFIF_THUMBNAIL) {
            sides.fill(0);
            header.truncate(JFIF_THUMBNAIL.end);
        }
        header
    }

    /// Whether the profile is for more colours than gray; such a one is wrong around a gray picture.
    fn has_colour_profile(&self) -> bool {
        self.profile.first().is_some_and(|profile| profile.get(PROFILE_COLOURS) != Some(b"GRAY"))
    }

    fn length(&self) -> usize {
        self.exif.iter().chain(&self.profile).map(|payload| payload.len() + 4).sum()
    }
}

/// Most bytes of a segment's contents.
const MAX_PAYLOAD: usize = 65_533;
/// A profile's prefix, number and count.
const PROFILE_HEAD: usize = 14;

/// What another format can carry of a file's metadata.
pub(super) fn metadata(input: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let mut profile = Vec::new();
    for (marker, payload) in Walk(input.get(2..).unwrap_or_default()) {
        if marker == APP1 && payload.starts_with(EXIF) {
            metadata.exif.get_or_insert_with(|| payload[EXIF.len()..].to_vec());
        } else if marker == APP2 && payload.starts_with(PROFILE) {
            profile.extend_from_slice(payload.get(PROFILE_HEAD..).unwrap_or_default());
        }
    }
    metadata.profile = (1..=MAX_PROFILE).contains(&profile.len()).then_some(profile);
    metadata
}

/// A file of nothing but metadata, for [`Segments::around`]. What is longer than a segment can be stays behind,
/// but for profiles, which may have several.
pub(super) fn carrier(metadata: &Metadata) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    if let Some(exif) = metadata.exif.as_ref().filter(|exif| EXIF.len() + exif.len() <= MAX_PAYLOAD) {
        write(&mut file, APP1, &[EXIF, exif].concat());
    }
    let parts: Vec<_> =
        metadata.profile.iter().flat_map(|profile| profile.chunks(MAX_PAYLOAD - PROFILE_HEAD)).collect();
    if let Ok(count) = u8::try_from(parts.len()) {
        for (number, part) in (1..=count).zip(parts) {
            write(&mut file, APP2, &[PROFILE, &[number, count], part].concat());
        }
    }
    file
}

/// The file without a colour profile that is none, as it has no bytes or lacks a part: the library would refuse the
/// picture for it, which every viewer shows.
pub(super) fn without_broken_profile(input: &[u8]) -> Cow<'_, [u8]> {
    let is_part = |marker: u8, payload: &[u8]| marker == APP2 && payload.starts_with(PROFILE);
    let mut rest = input.get(2..).unwrap_or_default();
    let parts: Vec<_> = Walk(rest).filter(|(marker, p)| is_part(*marker, p)).map(|(_, p)| p).collect();
    if parts.is_empty() || is_whole(&parts) {
        return Cow::Borrowed(input);
    }
    let mut output = vec![0xff, 0xd8];
    while let Some((marker, payload, after)) = split(rest) {
        if !is_part(marker, payload) {
            write(&mut output, marker, payload);
        }
        rest = after;
    }
    output.extend_from_slice(rest);
    Cow::Owned(output)
}

/// Whether these are all parts of a profile, each once (ICC.1, B.4).
fn is_whole(parts: &[&[u8]]) -> bool {
    let mut numbers: Vec<_> = parts.iter().filter_map(|part| part.get(PROFILE.len()).copied()).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(usize::from).eq(1..=parts.len())
        && parts.iter().all(|part| part.get(PROFILE.len() + 1).copied().map(usize::from) == Some(parts.len()))
        && parts.iter().any(|part| part.len() > PROFILE_HEAD)
}

/// Whether Adobe wrote it, which says that a CMYK picture is inverted.
pub(super) fn has_adobe(input: &[u8]) -> bool {
    Walk(input.get(2..).unwrap_or_default()).any(|(m, p)| m == APP14 && p.starts_with(ADOBE))
}

/// The segments up to the first scan.
struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (marker, payload, after) = split(self.0)?;
        self.0 = after;
        Some((marker, payload))
    }
}

fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (_, marker, at, payload) = next_jpeg_segment(bytes, 0).filter(|(_, marker, ..)| *marker != SOS)?;
    Some((marker, payload, bytes.get(at + payload.len()..)?))
}

fn write(output: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    output.extend([0xff, marker]);
    output.extend((payload.len() as u16 + 2).to_be_bytes());
    output.extend_from_slice(payload);
}

/// Unit and both densities of a JFIF header.
fn density(payload: &[u8]) -> Option<&[u8]> {
    payload.starts_with(JFIF).then(|| payload.get(7..12)).flatten()
}

/// Whether these are tables of the standard's size; tables made for a picture have fewer codes.
fn are_standard(mut tables: &[u8]) -> bool {
    while let Some((&[kind, ref counts @ ..], rest)) = tables.split_first_chunk::<17>() {
        let codes = counts.iter().map(|&n| usize::from(n)).sum();
        let standard = if kind >> 4 == 0 { STANDARD_DC_CODES } else { STANDARD_AC_CODES };
        if codes != standard {
            return false;
        }
        tables = rest.get(codes..).unwrap_or_default();
    }
    true
}

/// The quality at which libjpeg makes such a table 0, which is the luminance's in nearly every file.
fn quality(payload: &[u8]) -> Option<u8> {
    let (&kind, table) = payload.split_first()?;
    let sum: u32 = match kind {
        0x00 => table.first_chunk::<64>()?.iter().map(|&b| u32::from(b)).sum(),
        0x10 => table.get(..128)?.chunks_exact(2).map(|p| u32::from(p[0]) << 8 | u32::from(p[1])).sum(),
        _ => return None,
    };
    // A scale in percent: 100 is quality 50, 0 is 100, 5000 is 1.
    let percent = sum * 100 / ANNEX_K_SUM;
    let quality = match percent {
        0..=1 => 100,
        2..=100 => (200 - percent) / 2,
        _ => (5000 / percent).max(1),
    };
    Some(quality as u8)
}
