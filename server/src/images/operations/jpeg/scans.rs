//! What a JPEG has from its first scan on, without the metadata between scans: viewers and readers of metadata find
//! it there as well.

use crate::images::{evidence::next_jpeg_segment, preflight::stands_alone};

const APP0: u8 = 0xe0;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;
/// A comment without a text.
const NOTHING: [u8; 4] = [0xff, COM, 0, 2];

/// Appends it to a file whose segments before it are written already. Stray bytes before the scan stay behind.
pub(in super::super) fn copy(scans: &[u8], output: &mut Vec<u8>) {
    let mut done = next_jpeg_segment(scans, 0).map_or(0, |(begin, ..)| begin);
    let mut at = done;
    while let Some((begin, marker, start, payload)) = next_jpeg_segment(scans, at) {
        at = start + payload.len();
        if matches!(marker, APP0..=APP15 | COM) {
            output.extend_from_slice(scans.get(done..begin).unwrap_or_default());
            // Without a marker between them, coded data would go on in what follows: another picture, if a damaged one.
            if !scans.get(at..).is_some_and(begins_with_marker) {
                output.extend(NOTHING);
            }
            done = at;
        }
    }
    output.extend_from_slice(scans.get(done..).unwrap_or_default());
}

fn begins_with_marker(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, marker, ..] if !stands_alone(*marker))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(scans: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        copy(scans, &mut output);
        output
    }

    #[test]
    fn metadata_between_and_behind_scans_stays_behind() {
        let (scan, data) = ([0xff, 0xda, 0, 3, 7], [1, 0xff, 0, 2, 0xff, 0xd0, 3]);
        let (secret, table) = (b"\xff\xff\xe1\0\x08SECRET", [0xff, 0xc4, 0, 2]);
        let clean = [&scan[..], &data, &table, &scan, &data, &[0xff, 0xd9]].concat();
        assert_eq!(copied(&clean), clean);
        let file = [b"stray".as_slice(), &scan, &data, secret, &table, &scan, &data, secret, &[0xff, 0xd9]];
        assert_eq!(copied(&file.concat()), clean);
    }

    #[test]
    fn data_that_metadata_interrupts_stays_interrupted() {
        let file =
            [&[0xff, 0xda, 0, 2, 1, 2], b"\xff\xfe\0\x08SECRET".as_slice(), &[3, 4, 0xff, 0xd9]].concat();
        assert_eq!(copied(&file), [0xff, 0xda, 0, 2, 1, 2, 0xff, 0xfe, 0, 2, 3, 4, 0xff, 0xd9]);
        let file = [&[0xff, 0xda, 0, 2, 1], b"\xff\xfe\0\x08SECRET".as_slice(), &[0xff, 0, 3]].concat();
        assert_eq!(copied(&file), [0xff, 0xda, 0, 2, 1, 0xff, 0xfe, 0, 2, 0xff, 0, 3]);
        assert_eq!(copied(b""), b"");
        assert_eq!(copied(b"\xff\xd9"), b"\xff\xd9");
    }
}
