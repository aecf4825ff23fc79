//! Looks at an image closely: all of its bytes, and its pixels. Runs in the sandbox, for its decoders are C and
//! its input is anybody's.

mod compare;
mod dct;
mod fingerprint;
mod lowbits;
mod maps;
mod pixels;
mod programs;
mod reduced;
mod structure;
mod tables;
mod tail;
#[cfg(test)]
mod tests;
mod thumbnail;
mod times;
mod traces;
mod words;

use atalaya_proto::images::v1 as pb;
use md5::{Digest, Md5};
use prost::Message;
use ring::digest;

pub(super) use self::compare::MAX_AMPLIFICATION;
use self::pixels::Gray;
use super::{
    model::{Fingerprint, Look, Map},
    read::{self, bytes::hex, container, container::Part},
};
use crate::images::{
    model::Format,
    operations::{self, Failure},
    preflight::{self, Facts},
};

/// Longest report, in bytes.
pub(super) const MAX_REPORT: usize = 8 << 20;

/// Where the picture of a JPEG ends.
pub(in crate::images) fn jpeg_end(file: &[u8]) -> usize {
    structure::of(file).end
}

/// Does it. Of a report the first file is the report, and the others are the maps in the order of asking; of a
/// fingerprint the only file is that; of a comparison the first is what is told, and the second the difference.
pub(crate) fn run(
    look: &Look,
    files: &[Vec<u8>],
    progress: &mut dyn FnMut(u16),
) -> Result<Vec<Vec<u8>>, Failure> {
    let file = files.first().ok_or(Failure::Damaged)?;
    let facts = preflight::inspect_result(file)?;
    match look {
        Look::Comparison => compare::run(files),
        Look::Fingerprint => Ok(vec![fingerprint(file, &facts)?.to_bytes().to_vec()]),
        Look::Report(maps) => {
            let report = report(file, &facts, progress);
            let mut files = vec![report.encode_to_vec()];
            for (index, map) in maps.iter().enumerate() {
                let share = 600 / maps.len();
                let start = 400 + index * share;
                let mut part = |done: u16| progress((start + usize::from(done) * share / 1000) as u16);
                files.push(match map {
                    Map::ErrorLevels => maps::error_levels(&operations::look(file, &facts)?, &mut part)?,
                    Map::Noise => maps::noise(&pixels::gray(file, &facts)?, &mut part)?,
                });
            }
            Ok(files)
        }
    }
}

fn fingerprint(file: &[u8], facts: &Facts) -> Result<Fingerprint, Failure> {
    Ok(fingerprint::of(&pixels::small(file, facts)?.upright(facts.orientation)))
}

/// What a picture tells. What can't be decoded tells less, and is no failure.
fn report(file: &[u8], facts: &Facts, progress: &mut dyn FnMut(u16)) -> pb::EvidenceReport {
    let parts = container::parts(file);
    let mut report = pb::EvidenceReport {
        exif: Some(pb::Exif {
            width: facts.size.width as i32,
            height: facts.size.height as i32,
            format: pb::ImageFormat::from(facts.format).into(),
            animated: facts.animated,
            ..read::summary(&parts)
        }),
        metadata: read::groups(&parts),
        hashes: Some(hashes(file)),
        ..Default::default()
    };
    progress(100);
    let brightness = brightness(file, facts, &mut report, &parts);
    progress(250);
    if let Some(gray) = &brightness
        && let Some(hashes) = &mut report.hashes
    {
        let upright = fingerprint::of(&gray.clone().upright(facts.orientation));
        hashes.phash = format!("{:016x}", upright.phash);
        hashes.dhash = format!("{:016x}", upright.dhash);
    }
    let of_jpeg = report.jpeg.as_ref().map(|_| structure::of(file).end);
    report.tail = tail::end(file, of_jpeg).and_then(|end| tail::of(file, end));
    let mut found = traces::Found::new();
    traces::of_metadata(&report.metadata, &mut found);
    traces::of_exif(&report.exif.clone().unwrap_or_default(), &report.metadata, facts.size, &mut found);
    traces::of_report(&report, &mut found);
    report.lines = words::lines(&found);
    progress(400);
    report
}

/// The brightness of the picture, made smaller, after all that needs it in full was told.
fn brightness(
    file: &[u8],
    facts: &Facts,
    report: &mut pb::EvidenceReport,
    parts: &[Part<'_>],
) -> Option<Gray> {
    let small = if facts.format == Format::Jpeg {
        let structure = structure::of(file);
        let mut told = structure.told;
        let full = pixels::luma(file, facts, 1);
        told.double_compression =
            full.as_ref().zip(structure.brightness).and_then(|(gray, table)| dct::traces(gray, &table));
        report.jpeg = Some(told);
        full.or_else(|| pixels::small(file, facts).ok())
    } else {
        let seen = operations::look_closely(file, facts).ok();
        if let Some((rgb, true)) = &seen
            && lowbits::are_stored(file, facts, &report.metadata)
        {
            report.low_bits = lowbits::of(rgb);
        }
        seen.map(|(rgb, _)| pixels::gray_of(&rgb))
    };
    report.thumbnail = thumbnail::compared(parts, small.as_ref());
    small
}

fn hashes(file: &[u8]) -> pb::Hashes {
    let of = |algorithm| hex(digest::digest(algorithm, file).as_ref());
    pb::Hashes {
        md5: hex(&Md5::digest(file)),
        sha1: of(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        sha256: of(&digest::SHA256),
        sha512: of(&digest::SHA512),
        ..Default::default()
    }
}
