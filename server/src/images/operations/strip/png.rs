//! PNG: chunks that the picture needs, and what says how its colours are to be understood.

use super::{super::Job, kept};
use crate::images::evidence;

const SIGNATURE: usize = 8;
/// What is kept beside the critical chunks (PNG 3, chapter 11).
const KEPT: [&[u8; 4]; 15] = [
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"hIST",
    b"pHYs", b"acTL", b"fcTL", b"fdAT",
];
/// Texts of those who have the rights.
const RIGHTS: [&[u8]; 2] = [b"Copyright\0", b"Author\0"];

/// The same picture without metadata but the orientation and the rights that are to be kept.
pub(in super::super) fn strip(job: &Job<'_>, file: &[u8]) -> Vec<u8> {
    let mut output = file.get(..SIGNATURE).unwrap_or_default().to_vec();
    for (name, _, data) in evidence::png_chunks(file) {
        let is_right = name == *b"tEXt" && RIGHTS.iter().any(|keyword| data.starts_with(keyword));
        if name[0].is_ascii_uppercase() || KEPT.contains(&&name) || (is_right && job.rights.is_some()) {
            write(&mut output, name, data);
        }
        if name == *b"IHDR"
            && let Some(exif) = kept(job)
        {
            write(&mut output, *b"eXIf", &exif);
        }
    }
    output
}

fn write(output: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    output.extend((data.len() as u32).to_be_bytes());
    let start = output.len();
    output.extend(name);
    output.extend_from_slice(data);
    let checksum = crc32fast::hash(output.get(start..).unwrap_or_default());
    output.extend(checksum.to_be_bytes());
}
