//! What follows the end of a picture.

use atalaya_proto::images::v1 as pb;

use crate::images::{
    evidence::read::{
        bytes::{Order, find},
        container::{Kind, gif_end, png_chunks, sniff},
    },
    preflight,
};

/// What files begin with.
const BEGINNINGS: [(&[u8], &str); 16] = [
    (b"PK\x03\x04", "ZIP archive"),
    (b"PK\x05\x06", "ZIP archive"),
    (b"%PDF-", "PDF document"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"\x1f\x8b\x08", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x7fELF", "ELF program"),
    (b"MZ", "DOS or Windows program"),
    (b"#!", "script"),
    (b"<?php", "PHP script"),
    (b"<html", "HTML page"),
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"SEFH", "Samsung trailer"),
];
/// What may stand anywhere in it.
const INSIDE: [(&[u8], &str); 6] = [
    (b"PK\x05\x06", "ZIP archive"),
    (b"%PDF-", "PDF document"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"ftypmp4", "video"),
    (b"SEFT", "Samsung trailer"),
];

/// The end of the picture by its container; of a JPEG, a walk has found it already.
pub(super) fn end(file: &[u8], of_jpeg: Option<usize>) -> Option<usize> {
    let end = match sniff(file)? {
        Kind::Jpeg => of_jpeg?,
        Kind::Png => {
            let (_, at, data) = png_chunks(file).find(|(name, ..)| name == b"IEND")?;
            at + data.len() + 4
        }
        Kind::WebP => (Order::Little.long(file, 4)? as usize).checked_add(8)?.next_multiple_of(2),
        Kind::Gif => gif_end(file)?,
        Kind::Bmp => preflight::bmp_end(file)?,
        // Their parts may stand in any order.
        Kind::Tiff | Kind::Heif => return None,
    };
    (end < file.len()).then_some(end)
}

/// What follows it.
pub(super) fn of(file: &[u8], end: usize) -> Option<pb::Tail> {
    let tail = file.get(end..).filter(|tail| !tail.is_empty())?;
    let begins = BEGINNINGS.iter().filter(|(start, _)| tail.starts_with(start));
    let holds = INSIDE.iter().filter(|(inner, _)| find(tail, inner, 0).is_some());
    let mut kinds: Vec<String> = begins.chain(holds).map(|(_, kind)| (*kind).to_owned()).collect();
    kinds.dedup();
    let mut counts = [0; 256];
    for &byte in tail {
        counts[usize::from(byte)] += 1;
    }
    Some(pb::Tail { offset: end as i64, size: tail.len() as i64, kinds, entropy: entropy(&counts) })
}

/// The entropy of what was counted, in bits.
pub(super) fn entropy(counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let shares = counts.iter().filter(|&&count| count > 0).map(|&count| count as f64 / total as f64);
    shares.map(|share| -share * share.log2()).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures::{self, foreign};

    #[test]
    fn an_archive_behind_a_picture_is_seen() {
        let zip = b"PK\x03\x04some file PK\x05\x06the end";
        let (gif, bmp) = (foreign::gif(8, 8, 2), foreign::bmp(5, 3, &fixtures::pixels(5, 3)));
        // Some writers leave the size of the file out.
        let unsized_bmp = [&bmp[..2], &[0; 4], &bmp[6..]].concat();
        for picture in [fixtures::png(4, 4), fixtures::webp(8, 8, true), gif, bmp, unsized_bmp] {
            assert_eq!(end(&picture, None), None);
            let file = [picture.as_slice(), zip].concat();
            let told = of(&file, end(&file, None).unwrap()).unwrap();
            assert_eq!((told.offset as usize, told.kinds), (picture.len(), vec!["ZIP archive".to_owned()]));
        }
        assert_eq!(of(b"abc", 3), None);
    }

    #[test]
    fn entropy_counts_bits() {
        assert!((entropy(&[5, 5]) - 1.0).abs() < 1e-12 && entropy(&[9, 0]).abs() < 1e-12);
        assert!((entropy(&[3; 256]) - 8.0).abs() < 1e-12);
        assert!(entropy(&[]).abs() < 1e-12);
    }
}
