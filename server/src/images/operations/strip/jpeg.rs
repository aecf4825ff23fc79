//! JPEG: segments that the picture needs, its profile, and what says how it stands.

use super::{
    super::{Job, jpeg::copy_scans},
    kept,
};
use crate::images::evidence;

const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const JFIF: &[u8] = b"JFIF\0";
/// Bytes of a JFIF header without a thumbnail, and where the size of a thumbnail is.
const JFIF_LENGTH: usize = 14;
const JFIF_THUMBNAIL: std::ops::Range<usize> = 12..14;

/// The same picture without metadata but the orientation and the rights that are to be kept.
pub(in super::super) fn strip(job: &Job<'_>, file: &[u8]) -> Vec<u8> {
    let mut output = vec![0xff, 0xd8];
    let mut exif = kept(job).map(|tiff| [b"Exif\0\0".as_slice(), &tiff].concat());
    let mut scans = 2;
    for (marker, at, payload) in evidence::jpeg_segments(file) {
        scans = at + payload.len();
        if marker == APP0 && payload.starts_with(JFIF) && payload.len() >= JFIF_LENGTH {
            let mut header = payload.get(..JFIF_LENGTH).unwrap_or_default().to_vec();
            header.get_mut(JFIF_THUMBNAIL).unwrap_or_default().fill(0);
            write(&mut output, marker, &header);
            continue;
        }
        // After JFIF's header, which wants to be first.
        if let Some(exif) = exif.take() {
            write(&mut output, APP1, &exif);
        }
        if is_kept(marker, payload) {
            write(&mut output, marker, payload);
        }
    }
    copy_scans(file.get(scans..evidence::jpeg_end(file)).unwrap_or_default(), &mut output);
    output
}

/// Whether a segment is no metadata, or says how colours are to be understood.
fn is_kept(marker: u8, payload: &[u8]) -> bool {
    match marker {
        APP2 => payload.starts_with(b"ICC_PROFILE\0"),
        APP14 => payload.starts_with(b"Adobe"),
        0xe0..=0xef | 0xfe => false,
        _ => true,
    }
}

fn write(output: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    output.extend([0xff, marker]);
    output.extend((payload.len() as u16 + 2).to_be_bytes());
    output.extend_from_slice(payload);
}
