//! WebP: chunks that the picture needs, and its profile.

use super::{super::Job, kept};
use crate::images::evidence;

/// What is kept.
const KEPT: [&[u8; 4]; 7] = [b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"];
/// Flags of VP8X: there are EXIF and XMP.
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;

/// The same picture without metadata but the orientation and the rights that are to be kept.
pub(in super::super) fn strip(job: &Job<'_>, file: &[u8]) -> Vec<u8> {
    let mut output = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut exif = None;
    for (name, _, data) in evidence::webp_chunks(file).filter(|(name, ..)| KEPT.contains(&name)) {
        let mut data = data.to_vec();
        if name == *b"VP8X"
            && let Some(flags) = data.first_mut()
        {
            // Without this header nobody looks for EXIF.
            exif = kept(job);
            *flags = *flags & !(EXIF | XMP) | if exif.is_some() { EXIF } else { 0 };
        }
        write(&mut output, name, &data);
    }
    if let Some(exif) = exif {
        write(&mut output, *b"EXIF", &exif);
    }
    let length = (output.len() as u32).saturating_sub(8).to_le_bytes();
    if let Some(place) = output.get_mut(4..8) {
        place.copy_from_slice(&length);
    }
    output
}

fn write(output: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    output.extend(name);
    output.extend((data.len() as u32).to_le_bytes());
    output.extend_from_slice(data);
    if data.len() % 2 == 1 {
        output.push(0);
    }
}
