//! What a sandboxed process found, believed as far as it makes sense.

use atalaya_proto::images::v1::EvidenceReport;
use bytes::Bytes;
use prost::Message;

use super::{look::MAX_REPORT, model::Fingerprint};
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

/// A report that can be read, and as many PNGs as were asked for.
pub(super) fn believed(files: Vec<Bytes>, maps: usize) -> Option<Findings> {
    let mut files = files.into_iter();
    let report = files.next().filter(|report| report.len() <= MAX_REPORT)?;
    let hashes = read(&report)?.hashes.and_then(|hashes| {
        let part = |text: &str| u64::from_str_radix(text, 16).ok();
        Some(Fingerprint { phash: part(&hashes.phash)?, dhash: part(&hashes.dhash)? })
    });
    let is_map = |file: &Bytes| {
        file.len() <= MAX_MAP && preflight::inspect(file).is_ok_and(|facts| facts.format == Format::Png)
    };
    let found: Vec<Bytes> = files.collect();
    (found.len() == maps && found.iter().all(is_map)).then_some(Findings { report, maps: found, hashes })
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
