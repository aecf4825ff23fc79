//! Microsoft SQL Server: the version in its answer before any login ([MS-TDS], 2.2.6.5).

use super::Probe;
use crate::scans::probe::{fingerprints::kinds, services::finding::Finding};

/// A prelogin that has a version and no encryption to offer.
pub(super) const PRELOGIN: Probe = Probe {
    ports: &[1433],
    request: || {
        let options = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff];
        let values = [0, 0, 0, 0, 0, 0, 2];
        let length = (8 + options.len() + values.len()) as u8;
        [&[0x12, 1, 0, length, 0, 0, 0, 0], options.as_slice(), &values].concat()
    },
    is_whole: |heard| {
        heard.len() >= 8 && heard.len() >= usize::from(u16::from_be_bytes([heard[2], heard[3]]))
    },
    then: None,
    read: |heard| {
        let options = heard.strip_prefix(&[4, 1])?.get(6..)?;
        // The version is the first option.
        let [0, high, low, 0, 6, ..] = options else { return None };
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        let [major, minor, build_high, build_low] = options.get(at..at + 4)? else { return None };
        let build = u16::from_be_bytes([*build_high, *build_low]);
        Some(Finding::of("ms-sql-s", kinds::TDS, format!("{major}.{minor}.{build}")))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        let heard =
            [4, 1, 0, 25, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0x10, 0x0e, 0, 0, 2];
        assert_eq!(
            (PRELOGIN.read)(&heard).map(|finding| finding.clues[0].text.clone()),
            Some(b"15.0.4110".to_vec())
        );
        for end in 0..22 {
            assert_eq!((PRELOGIN.read)(&heard[..end]), None);
        }
    }
}
