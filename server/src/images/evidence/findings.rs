//! What a sandboxed process found, believed as far as it makes sense.

pub(super) use atalaya_proto::images::v1::CompareImagesResponse as Comparison;
use atalaya_proto::images::v1::EvidenceReport;
use bytes::Bytes;
use prost::Message;

use super::{
    look::{MAX_AMPLIFICATION, MAX_REPORT},
    model::Fingerprint,
};
use crate::images::{model::Format, preflight};

/// Longest map, in bytes.
const MAX_MAP: usize = 16 << 20;

/// A report and its maps.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) report: Bytes,
    pub(super) maps: Vec<Bytes>,
    /// Of a picture that could be decoded.
    pub(super) hashes: Option<Fingerprint>,
}

impl Findings {
    /// Bytes of the report and its maps.
    pub(super) fn bytes(&self) -> i64 {
        std::iter::once(&self.report).chain(&self.maps).map(|file| file.len() as i64).sum()
    }
}

/// A report that can be read, and as many PNGs as were asked for.
pub(super) fn believed(files: Vec<Bytes>, maps: usize) -> Option<Findings> {
    let mut files = files.into_iter();
    let report = files.next().filter(|report| report.len() <= MAX_REPORT)?;
    let hashes = read(&report)?.hashes.and_then(|hashes| {
        let part = |text: &str| u64::from_str_radix(text, 16).ok();
        Some(Fingerprint { phash: part(&hashes.phash)?, dhash: part(&hashes.dhash)? })
    });
    let found: Vec<Bytes> = files.collect();
    (found.len() == maps && found.iter().all(is_map)).then_some(Findings { report, maps: found, hashes })
}

fn is_map(file: &Bytes) -> bool {
    file.len() <= MAX_MAP && preflight::inspect(file).is_ok_and(|facts| facts.format == Format::Png)
}

/// A comparison and its picture, in which no number is one that none can be.
pub(super) fn compared(files: Vec<Bytes>) -> Option<Comparison> {
    let [told, difference] = <[Bytes; 2]>::try_from(files).ok()?;
    let told = Comparison::decode(told).ok()?;
    let sides = [told.width, told.height, told.other_width, told.other_height];
    let pixels = i64::from(told.width) * i64::from(told.height);
    let makes_sense = sides.iter().all(|&side| side > 0)
        && (0..=pixels).contains(&told.differing_pixels)
        && (0..=255).contains(&told.largest_difference)
        && (1..=MAX_AMPLIFICATION as i32).contains(&told.amplification)
        && told.equal == told.psnr.is_none()
        && told.psnr.is_none_or(|psnr| psnr.is_finite() && psnr >= 0.0)
        && told.ssim.is_none_or(|ssim| (-1.0..=1.0).contains(&ssim));
    (makes_sense && is_map(&difference)).then_some(Comparison { difference, ..told })
}

/// A report from its bytes.
pub(super) fn read(report: &[u8]) -> Option<EvidenceReport> {
    EvidenceReport::decode(report).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures;

    #[test]
    fn comparisons_with_impossible_numbers_are_not_believed() {
        let picture = Bytes::from(fixtures::png(8, 8));
        let told = Comparison {
            width: 8,
            height: 8,
            other_width: 8,
            other_height: 8,
            differing_pixels: 3,
            largest_difference: 200,
            psnr: Some(40.0),
            ssim: Some(0.9),
            amplification: 1,
            ..Default::default()
        };
        let believed = |told: &Comparison| compared(vec![told.encode_to_vec().into(), picture.clone()]);
        assert_eq!(believed(&told), Some(Comparison { difference: picture.clone(), ..told.clone() }));
        for told in [
            Comparison { width: 0, ..told.clone() },
            Comparison { differing_pixels: 65, ..told.clone() },
            Comparison { largest_difference: 256, ..told.clone() },
            Comparison { amplification: 0, ..told.clone() },
            Comparison { psnr: Some(f64::NAN), ..told.clone() },
            Comparison { psnr: None, ..told.clone() },
            Comparison { ssim: Some(1.5), ..told.clone() },
        ] {
            assert_eq!(believed(&told), None, "{told:?}");
        }
        assert_eq!(compared(vec![told.encode_to_vec().into()]), None);
        assert_eq!(compared(vec![told.encode_to_vec().into(), Bytes::from_static(b"no PNG")]), None);
    }

    #[test]
    fn nonsense_is_not_believed() {
        let report = Bytes::from(EvidenceReport::default().encode_to_vec());
        let map = Bytes::from(fixtures::png(8, 8));
        let nonsense = Bytes::from_static(b"\xff\xff\xff");
        let webp = Bytes::from(fixtures::webp(8, 8, true));
        assert!(believed(vec![report.clone(), map.clone()], 1).is_some());
        assert!(believed(vec![report.clone()], 0).is_some());
        for (files, maps) in [
            (vec![], 0),
            (vec![nonsense.clone()], 0),
            (vec![report.clone()], 1),
            (vec![report.clone(), map.clone(), map.clone()], 1),
            (vec![report.clone(), nonsense], 1),
            (vec![report, webp], 1),
        ] {
            assert!(believed(files, maps).is_none());
        }
    }
}
