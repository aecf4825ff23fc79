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
fn profile_and_exif_survive_and_tell_the_truth() {
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
            assert!(!contains(&result, b"tiff:Orientation"));
            assert!(contains(&result, &profile(*b"RGB ")) || contains(&result, &zlib(&profile(*b"RGB "))));
            assert!(!contains(&result, b"MPF\0") && !contains(&result, b"tIME"));
        }
    }
}

/// An entry of a directory of TIFF, with a value of its own.
fn entry(tag: u16, kind: u16, count: u32, at: u32) -> Vec<u8> {
    [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &at.to_le_bytes()].concat()
}

/// EXIF of a picture that lies so, with its maker's name, and a serial number in all the places that hide one.
fn secrets(orientation: u32) -> Vec<u8> {
    const SECRET: &[u8] = b"a SECRET";
    // The values are behind three directories, of 5, 4 and 1 entries.
    let [exif, gps, values] = [8 + 66, 8 + 66 + 54, 8 + 66 + 54 + 18];
    let secret = |tag, kind| entry(tag, kind, SECRET.len() as u32, values + 6);
    let first = [
        entry(0x010f, 2, 6, values),
        entry(0x0112, 3, 1, orientation),
        entry(0x8769, 4, 1, exif),
        entry(0x8825, 4, 1, gps),
        secret(0xc62f, 2),
    ];
    let second = [secret(0x927c, 7), secret(0x9286, 7), secret(0xa431, 2), secret(0xa435, 2)];
    let third = [secret(0x001b, 7)];
    [
        b"II*\0\x08\0\0\0\x05\0",
        &first.concat()[..],
        b"\0\0\0\0\x04\0",
        &second.concat(),
        b"\0\0\0\0\x01\0",
        &third.concat(),
        b"\0\0\0\0Canon\0",
        SECRET,
    ]
    .concat()
}

/// A JPEG, a PNG and a WebP, gray where that can be, with secrets wherever a file of the kind has room for them.
fn secretive(orientation: u32) -> [Vec<u8>; 3] {
    let exif = secrets(orientation);
    let mut jpeg = fixtures::jpeg(48, 32, Subsamp::Gray);
    for payload in
        [b"ICC_PROFILE\0\x01\x01profile".as_slice(), b"http://ns.adobe.com/xap/1.0/\0SECRET", b"SECRET"]
    {
        let marker = if payload.starts_with(b"ICC") { 0xe2 } else { 0xe1 };
        jpeg = fixtures::jpeg_with(&jpeg, marker, &[payload]);
    }
    for marker in [0xe0, 0xe2, 0xed, 0xee, 0xef, 0xfe] {
        jpeg = fixtures::jpeg_with(&jpeg, marker, &[b"Photoshop 3.0\0SECRET"]);
    }
    jpeg = fixtures::jpeg_with(&jpeg, 0xe1, &[b"Exif\0\0", &exif]);
    jpeg.extend(fixtures::jpeg_with(&jpeg, 0xe1, &[b"SECRET"]));
    let mut png = fixtures::png(48, 32);
    for name in [*b"tEXt", *b"zTXt", *b"iTXt"] {
        for text in
            [&b"Raw profile type exif\0SECRET"[..], b"XML:com.adobe.xmp\0\0\0\0\0SECRET", b"Copyright\0Mara"]
        {
            png = fixtures::png_with(&png, name, text);
        }
    }
    for name in [*b"prVt", *b"zxIf", *b"tIME", *b"caBX"] {
        png = fixtures::png_with(&png, name, b"SECRET");
    }
    png = fixtures::png_with(&png, *b"eXIf", &exif);
    png.extend(b"SECRET");
    let chunks = [(*b"EXIF", exif.as_slice()), (*b"XMP ", b"SECRET"), (*b"priv", b"SECRET")];
    let chunks: Vec<u8> = chunks.iter().flat_map(|(name, data)| fixtures::webp_chunk(*name, data)).collect();
    let mut webp = fixtures::webp_with(&fixtures::webp(48, 32, false), 0x0c, (48, 32), b"", &chunks);
    webp.extend(b"SECRET");
    [jpeg, png, webp]
}

#[test]
fn no_edit_carries_a_secret_along_even_if_it_changes_nothing_else() {
    use crate::images::model::{Area, Areas, Drawing, Score, Sides, Target};

    let format = |format| Edit::Draw(Drawing::Convert(Target { format, quality: None }));
    let edits = [
        rotate(0),
        rotate(90),
        rotate(33),
        Edit::Grayscale,
        compress(0),
        compress(100),
        Edit::CompressTo(Score::try_from(90).unwrap()),
        upscale(2),
        Edit::Draw(Drawing::Crop(Area::new([1, 1, 9, 9]).unwrap())),
        Edit::Draw(Drawing::Blur(Areas::try_from(vec![Area::new([1, 1, 9, 9]).unwrap()]).unwrap())),
        Edit::Draw(Drawing::Resize(Sides::new(20, 0).unwrap())),
        format(Format::Jpeg),
        format(Format::Png),
        format(Format::WebP),
    ];
    for orientation in [1, 6] {
        for file in secretive(orientation) {
            assert!(contains(&file, b"SECRET") && facts(&file).orientation == orientation as u8);
            for what in &edits {
                let told = |failure| panic!("{what} of {:?}: {failure}", facts(&file));
                let result = apply(what, &file, &mut |_| {}).unwrap_or_else(told);
                assert!(!contains(&result, b"SECRET"), "{what} of {:?}", facts(&file));
                assert!(contains(&result, b"Canon"), "{what} of {:?}", facts(&file));
                let again = edit(&format(facts(&result).format), &result);
                assert_eq!(again, result, "{what}: there is nothing left to take out");
            }
        }
    }
}

/// EXIF behind marks that stand alone, and metadata between the scans and behind the last of them.
fn hidden() -> [Vec<u8>; 2] {
    let exif = [b"Exif\0\0".as_slice(), &secrets(1)].concat();
    let pixels = fixtures::pixels(48, 32);
    let plain = fixtures::jpeg_of(&pixels, 48, 32, PixelFormat::RGB, Subsamp::Sub2x2, true);
    let told = fixtures::jpeg_with(&plain, 0xe1, &[&exif]);
    let marked = [&told[..2], b"\xff\x01\xff\xd3", &told[2..]].concat();
    let segments = [
        fixtures::jpeg_with(&[0xff, 0xd8], 0xe1, &[&exif])[2..].to_vec(),
        fixtures::jpeg_with(&[0xff, 0xd8], 0xfe, &[b"SECRET"])[2..].to_vec(),
    ]
    .concat();
    let scan = plain.windows(2).rposition(|w| w == [0xff, 0xda]).unwrap();
    let end = plain.len() - 2;
    let between = [&plain[..scan], &segments, &plain[scan..end], &segments, &plain[end..]].concat();
    [marked, between]
}

#[test]
fn marks_and_scans_hide_no_metadata() {
    let strip = Edit::StripMetadata { keep_copyright: false };
    for file in hidden() {
        assert!(contains(&file, b"SECRET"));
        for what in [&strip, &rotate(0), &rotate(360), &rotate(90), &compress(100)] {
            let told = |failure| panic!("{what}: {failure}");
            let result = apply(what, &file, &mut |_| {}).unwrap_or_else(told);
            assert!(!contains(&result, b"SECRET"), "{what}");
            let bare = apply(&strip, &result, &mut |_| {}).unwrap_or_else(told);
            assert_eq!(edit(&strip, &bare), bare, "{what}");
        }
        let pixels = |file: &[u8]| crate::images::operations::look(file, &facts(file)).unwrap().data;
        assert_eq!(pixels(&edit(&strip, &file)), pixels(&file));
    }
}

#[test]
fn what_has_no_secrets_stays_the_file_that_it_was() {
    for file in
        [fixtures::jpeg(48, 32, Subsamp::Sub2x2), fixtures::png(48, 32), fixtures::webp(48, 32, false)]
    {
        assert_eq!(edit(&rotate(0), &file), file);
        assert_eq!(edit(&rotate(360), &file), file);
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

#[test]
fn a_profile_of_no_bytes_or_without_a_part_is_none() {
    use crate::images::model::{Area, Areas, Drawing, Sides, Target};

    let plain = fixtures::jpeg(48, 32, Subsamp::Sub2x2);
    let whole = profile(*b"RGB ");
    let bytes: [(&[u8], &[u8]); 7] = [
        (b"\x01\x01", b""),
        (b"\x01", b""),
        (b"", b""),
        (b"\x00\x00", &whole),
        (b"\x01\x02", &whole),
        (b"\x02\x02", &whole),
        (b"\x02\x01", &whole),
    ];
    for (head, bytes) in bytes {
        let file = fixtures::jpeg_with(&plain, 0xe2, &[b"ICC_PROFILE\0", head, bytes]);
        let format = |format| Edit::Draw(Drawing::Convert(Target { format, quality: None }));
        for what in [
            rotate(0),
            rotate(90),
            rotate(33),
            Edit::Grayscale,
            Edit::StripMetadata { keep_copyright: false },
            compress(30),
            upscale(2),
            Edit::Draw(Drawing::Crop(Area::new([1, 1, 9, 9]).unwrap())),
            Edit::Draw(Drawing::Blur(Areas::try_from(vec![Area::new([1, 1, 9, 9]).unwrap()]).unwrap())),
            Edit::Draw(Drawing::Resize(Sides::new(20, 0).unwrap())),
            format(Format::Png),
            format(Format::WebP),
        ] {
            let told = |failure| panic!("{what} with {head:?}: {failure}");
            let result = apply(&what, &file, &mut |_| {}).unwrap_or_else(told);
            assert!(result == edit(&what, &plain), "{what} with {head:?}");
        }
    }
}

#[test]
fn the_parts_of_a_profile_may_stand_in_any_order() {
    let plain = fixtures::jpeg(48, 32, Subsamp::Sub2x2);
    let whole = profile(*b"RGB ");
    let file = fixtures::jpeg_with(&plain, 0xe2, &[b"ICC_PROFILE\0\x01\x02", &whole]);
    let file = fixtures::jpeg_with(&file, 0xe2, &[b"ICC_PROFILE\0\x02\x02", b"the second part"]);
    let turned = edit(&rotate(90), &file);
    assert!(contains(&turned, &whole) && contains(&turned, b"the second part"));
}
