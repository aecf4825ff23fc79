//! What edits keep of a file's metadata, and what they set.

use super::*;

/// The head of a colour profile for these colours.
fn profile(colours: [u8; 4]) -> Vec<u8> {
    [&[0; 16], &colours[..], &[7; 40]].concat()
}

fn contains(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|w| w == text)
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Files on their side, with profile, EXIF and XMP.
pub(super) fn files() -> [Vec<u8>; 3] {
    let xmp = b"<x:xmpmeta><rdf:Description tiff:Orientation=\"6\"/></x:xmpmeta>";
    let exif = fixtures::exif(6, 48, 32);
    let jpeg = fixtures::jpeg(48, 32, Subsamp::Sub2x2);
    let jpeg = fixtures::jpeg_with(&jpeg, 0xe2, &[b"ICC_PROFILE\0\x01\x01", &profile(*b"RGB ")]);
    let jpeg = fixtures::jpeg_with(&jpeg, 0xe2, &[b"MPF\0stale"]);
    let jpeg = fixtures::jpeg_with(&jpeg, 0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp]);
    let jpeg = fixtures::jpeg_with(&jpeg, 0xe1, &[b"Exif\0\0", &exif]);
    let png = fixtures::png(48, 32);
    let png = fixtures::png_with(&png, *b"tIME", &[0; 7]);
    let png = fixtures::png_with(&png, *b"pHYs", &[0, 0, 0, 1, 0, 0, 0, 2, 0]);
    let png = fixtures::png_with(&png, *b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", &xmp[..]].concat());
    let png = fixtures::png_with(&png, *b"eXIf", &exif);
    let png = fixtures::png_with(&png, *b"iCCP", &[b"p\0\0", zlib(&profile(*b"RGB ")).as_slice()].concat());
    let webp = fixtures::webp_with(
        &fixtures::webp(48, 32, false),
        0x2c,
        (48, 32),
        &fixtures::webp_chunk(*b"ICCP", &profile(*b"RGB ")),
        &[fixtures::webp_chunk(*b"EXIF", &exif), fixtures::webp_chunk(*b"XMP ", xmp)].concat(),
    );
    [jpeg, png, webp]
}

#[test]
fn profile_exif_and_xmp_survive_and_tell_the_truth() {
    for file in files() {
        for what in [rotate(0), rotate(90), rotate(33), compress(30), upscale(2)] {
            let result = edit(&what, &file);
            assert!(result != file, "{what}");
            let size = facts(&result).size;
            assert_eq!(size, result_size(&what, &facts(&file)).unwrap());
            assert_eq!(facts(&result).orientation, 1);
            let upright = fixtures::exif(1, size.width, size.height);
            // Up to the link to the second directory, which is cut.
            assert!(contains(&result, &upright[..34]), "{what}");
            assert!(contains(&result, &upright[38..68]), "{what}");
            assert!(!contains(&result, &[0xff, 0xd8, 0xff, 0xd9]));
            assert!(contains(&result, b"tiff:Orientation=\"1\""));
            assert!(contains(&result, &profile(*b"RGB ")) || contains(&result, &zlib(&profile(*b"RGB "))));
            assert!(!contains(&result, b"MPF\0") && !contains(&result, b"tIME"));
        }
    }
}

#[test]
fn a_gray_picture_keeps_no_profile_for_colours() {
    for file in files() {
        let gray = edit(&Edit::Grayscale, &file);
        let kept = contains(&gray, b"ICC_PROFILE") || contains(&gray, b"iCCP") || contains(&gray, b"ICCP");
        // WebP has no gray pictures; its are still in colours.
        assert_eq!(kept, facts(&file).format == Format::WebP);
    }
    let jpeg = fixtures::jpeg(48, 32, Subsamp::Sub2x2);
    let jpeg = fixtures::jpeg_with(&jpeg, 0xe2, &[b"ICC_PROFILE\0\x01\x01", &profile(*b"GRAY")]);
    assert!(contains(&edit(&Edit::Grayscale, &jpeg), &profile(*b"GRAY")));
}

#[test]
fn pixels_that_are_not_square_turn_too() {
    let turned = edit(&rotate(180), &files()[1]);
    assert!(contains(&turned, &fixtures::png_chunk(*b"pHYs", &[0, 0, 0, 2, 0, 0, 0, 1, 0])));
}

#[test]
fn density_is_kept() {
    let mut jpeg = fixtures::jpeg(50, 38, Subsamp::Sub2x2);
    jpeg[13..18].copy_from_slice(&[1, 0, 72, 0, 72]);
    for what in [rotate(90), Edit::Grayscale, compress(10), upscale(2)] {
        assert_eq!(edit(&what, &jpeg)[13..18], [1, 0, 72, 0, 72]);
    }
}
