//! Takes metadata out without touching the picture: what is kept is named, all else goes.

mod jpeg;
mod png;
mod webp;

use super::Job;

pub(super) use self::{jpeg::strip as jpeg, png::strip as png, webp::strip as webp};

/// TIFF's tags and types (TIFF 6.0).
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
const ASCII: u16 = 2;

/// What stays of a job's EXIF.
fn kept(job: &Job<'_>) -> Option<Vec<u8>> {
    remains(job.facts.orientation, job.rights.unwrap_or_default())
}

/// A TIFF structure with the orientation, unless it is upright, and these texts by their tags; nothing when there is
/// nothing to say.
fn remains(orientation: u8, rights: &[(u16, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut entries: Vec<(u16, u16, Vec<u8>)> = Vec::new();
    if orientation != 1 {
        entries.push((ORIENTATION, SHORT, vec![orientation, 0]));
    }
    entries.extend(rights.iter().map(|(tag, text)| (*tag, ASCII, [text, &[0][..]].concat())));
    entries.sort_by_key(|(tag, ..)| *tag);
    if entries.is_empty() {
        return None;
    }
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let mut at = tiff.len() + 6 + 12 * entries.len();
    let mut values = Vec::new();
    tiff.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, mut value) in entries {
        let count = if kind == SHORT { 1 } else { value.len() };
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend((count as u32).to_le_bytes());
        if value.len() > 4 {
            value.resize(value.len().next_multiple_of(2), 0);
            tiff.extend((at as u32).to_le_bytes());
            at += value.len();
            values.extend(value);
        } else {
            value.resize(4, 0);
            tiff.extend(value);
        }
    }
    tiff.extend([0; 4]);
    tiff.extend(values);
    Some(tiff)
}

#[cfg(test)]
mod tests {
    use turbojpeg::Subsamp;

    use super::*;
    use crate::images::{
        evidence,
        model::Edit,
        operations::apply,
        preflight::{self, fixtures},
    };

    const SECRETS: [&[u8]; 4] = [b"SECRET", b"ns.adobe.com/xap", b"Photoshop", b"tail"];

    fn stripped(file: &[u8], keep_copyright: bool) -> Vec<u8> {
        apply(&Edit::StripMetadata { keep_copyright }, file, &mut |_| {}).unwrap()
    }

    fn is_clean(file: &[u8]) -> bool {
        SECRETS.iter().all(|secret| !file.windows(secret.len()).any(|window| window == *secret))
    }

    /// Orientation, a text that is secret, and the rights.
    fn exif(orientation: u8) -> Vec<u8> {
        let texts =
            [(0x010f, b"SECRET".to_vec()), (0x013b, b"Mara".to_vec()), (0x8298, b"(c) Mara".to_vec())];
        remains(orientation, &texts).unwrap()
    }

    fn rights(file: &[u8]) -> Vec<(u16, Vec<u8>)> {
        evidence::rights(file)
    }

    #[test]
    fn of_exif_the_orientation_and_the_rights_remain() {
        assert_eq!(remains(1, &[]), None);
        let file = exif(6);
        assert_eq!(rights(&file), [(0x013b, b"Mara".to_vec()), (0x8298, b"(c) Mara".to_vec())]);
    }

    #[test]
    fn a_jpeg_keeps_its_picture_its_profile_and_its_orientation() {
        let plain = fixtures::jpeg(24, 16, Subsamp::Sub2x2);
        let mut file = plain.clone();
        for (marker, payload) in [
            (0xed, b"Photoshop 3.0\0SECRET".as_slice()),
            (0xe1, b"http://ns.adobe.com/xap/1.0/\0SECRET"),
            (0xfe, b"SECRET"),
            (0xe2, b"ICC_PROFILE\0\x01\x01profile"),
            (0xe5, b"SECRET"),
        ] {
            file = fixtures::jpeg_with(&file, marker, &[payload]);
        }
        file = fixtures::jpeg_with(&file, 0xe1, &[b"Exif\0\0", &exif(6)]);
        file.extend(b"tail SECRET");
        let clean = stripped(&file, false);
        assert!(is_clean(&clean) && rights(&clean).is_empty());
        assert!(clean.windows(7).any(|window| window == b"profile"));
        assert_eq!(preflight::inspect(&clean).unwrap().orientation, 6);
        let scan = |file: &[u8]| file.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
        assert_eq!(clean[scan(&clean)..], plain[scan(&plain)..]);
        assert_eq!(rights(&stripped(&file, true)).len(), 2);
        assert_eq!(stripped(&clean, false), clean);
        assert_eq!(stripped(&plain, false), plain);
    }

    #[test]
    fn a_thumbnail_in_the_header_goes() {
        let plain = fixtures::jpeg(8, 8, Subsamp::None);
        let mut jfif = b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x01".to_vec();
        jfif.extend(b"SECRET");
        let at = 4 + usize::from(u16::from_be_bytes([plain[4], plain[5]]));
        let file = fixtures::jpeg_with(&[&plain[..2], &plain[at..]].concat(), 0xe0, &[&jfif]);
        assert!(is_clean(&stripped(&file, false)));
        preflight::inspect(&stripped(&file, false)).unwrap();
    }

    #[test]
    fn a_png_keeps_what_its_colours_need() {
        let plain = fixtures::png(8, 8);
        let mut file = plain.clone();
        for (name, data) in [
            (*b"eXIf", exif(3).as_slice()),
            (*b"tEXt", b"Comment\0SECRET"),
            (*b"tEXt", b"Copyright\0Mara"),
            (*b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0SECRET"),
            (*b"tIME", &[7, 232, 1, 1, 1, 1, 1]),
            (*b"prVt", b"SECRET"),
            (*b"gAMA", &[0, 0, 0xb1, 0x8f]),
        ] {
            file = fixtures::png_with(&file, name, data);
        }
        file.extend(b"tail");
        let clean = stripped(&file, false);
        assert!(is_clean(&clean) && !clean.windows(4).any(|w| w == b"tIME"));
        assert!(clean.windows(4).any(|w| w == b"gAMA"));
        assert_eq!(preflight::inspect(&clean).unwrap().orientation, 3);
        let kept = stripped(&file, true);
        assert!(is_clean(&kept) && rights(&kept).len() == 2 && kept.windows(9).any(|w| w == b"Copyright"));
        assert_eq!(stripped(&plain, false), plain);
    }

    #[test]
    fn a_webp_says_truly_what_it_has_left() {
        let chunks = [
            fixtures::webp_chunk(*b"EXIF", &exif(8)),
            fixtures::webp_chunk(*b"XMP ", b"SECRET"),
            fixtures::webp_chunk(*b"priv", b"SECRET"),
        ];
        let icc = fixtures::webp_chunk(*b"ICCP", b"profile");
        let plain = fixtures::webp(24, 16, false);
        let mut file = fixtures::webp_with(&plain, 0x2c, (24, 16), &icc, &chunks.concat());
        file.extend(b"tail");
        let clean = stripped(&file, false);
        assert!(is_clean(&clean) && clean.windows(7).any(|w| w == b"profile"));
        assert_eq!((clean[20], preflight::inspect(&clean).unwrap().orientation), (0x28, 8));
        let upright = fixtures::webp_with(&plain, 0x0c, (24, 16), b"", &chunks[1]);
        assert_eq!(stripped(&upright, false)[20], 0);
        assert_eq!(stripped(&plain, false), plain);
    }

    #[test]
    fn what_moves_is_stripped_too() {
        let control = fixtures::png_chunk(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
        let frame = fixtures::png_chunk(*b"fcTL", &[0; 26]);
        let plain = fixtures::png(8, 8);
        let moving = [&plain[..33], &control, &frame, &plain[33..]].concat();
        let file = fixtures::png_with(&moving, *b"tEXt", b"Comment\0SECRET");
        assert_eq!(stripped(&file, false), moving);
    }
}
