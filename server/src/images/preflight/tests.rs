//! Files that are taken, and files that are not, each for its reason.

mod foreign;

use turbojpeg::{PixelFormat, Subsamp};

use super::{
    fixtures::{self, Dice, png_chunk, riff, webp_chunk},
    *,
};

fn malformed(file: &[u8]) -> bool {
    matches!(inspect(file), Err(Refusal::Malformed(_)))
}

fn over_limits(file: &[u8]) -> bool {
    matches!(inspect(file), Err(Refusal::OverLimits(_)))
}

/// One sound file of each kind, with metadata.
fn sound() -> Vec<Vec<u8>> {
    let exif = fixtures::exif(6, 24, 16);
    let jpeg = fixtures::jpeg(24, 16, Subsamp::Sub2x2);
    let grays = vec![7; 24 * 16];
    let progressive = fixtures::jpeg_of(&grays, 24, 16, PixelFormat::GRAY, Subsamp::Gray, true);
    let lossless = fixtures::webp(24, 16, true);
    vec![
        fixtures::jpeg_with(&jpeg, 0xe1, &[tiff::EXIF_PREFIX, &exif]),
        progressive,
        fixtures::png_with(&fixtures::png(24, 16), *b"eXIf", &exif),
        fixtures::webp_with(&lossless, 0x08, (24, 16), &[], &webp_chunk(*b"EXIF", &exif)),
        fixtures::webp(24, 16, false),
        animated_png(2),
        animated_webp(2),
        fixtures::foreign::gif(24, 16, 1),
        fixtures::foreign::gif(24, 16, 2),
        fixtures::foreign::tiff(
            false,
            vec![fixtures::foreign::page(24, 16).with(274, fixtures::foreign::SHORT, &[6])],
        ),
        fixtures::foreign::bmp(24, 16, &fixtures::pixels(24, 16)),
        fixtures::foreign::heif(*b"avif", (24, 16), 3, None, &exif),
        fixtures::foreign::heif(*b"heic", (24, 16), 0, Some(1), &[]),
    ]
}

fn animated_png(frames: u32) -> Vec<u8> {
    let control = [frames.to_be_bytes(), [0; 4]].concat();
    let file = fixtures::png_with(&fixtures::png(24, 16), *b"acTL", &control);
    (0..frames).fold(file, |file, _| fixtures::png_with(&file, *b"fcTL", &[0; 26]))
}

fn animated_webp(frames: usize) -> Vec<u8> {
    let picture = &fixtures::webp(24, 16, false)[12..];
    let frame =
        webp_chunk(*b"ANMF", &[&[0, 0, 0, 0, 0, 0, 23, 0, 0, 15, 0, 0, 0, 0, 0, 0], picture].concat());
    let header = webp_chunk(*b"VP8X", &[0x02, 0, 0, 0, 23, 0, 0, 15, 0, 0]);
    riff(&[header, webp_chunk(*b"ANIM", &[0; 6]), frame.repeat(frames)].concat())
}

fn png_header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    png_chunk(*b"IHDR", &[sides.as_slice(), &[depth, colour, 0, 0, 0]].concat())
}

fn png_file(chunks: &[&[u8]]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n", chunks.concat().as_slice()].concat()
}

fn zlib(length: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; length]).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn facts_are_those_of_the_file() {
    let size = Size { width: 24, height: 16 };
    let expected = [
        (Format::Jpeg, 6, false, Variant::Plain),
        (Format::Jpeg, 1, false, Variant::Progressive),
        (Format::Png, 6, false, Variant::Plain),
        (Format::WebP, 6, false, Variant::Lossless),
        (Format::WebP, 1, false, Variant::Plain),
        (Format::Png, 1, true, Variant::Plain),
        (Format::WebP, 1, true, Variant::Plain),
        (Format::Gif, 1, false, Variant::Plain),
        (Format::Gif, 1, true, Variant::Plain),
        (Format::Tiff, 6, false, Variant::Plain),
        (Format::Bmp, 1, false, Variant::Plain),
        (Format::Avif, 6, false, Variant::Plain),
        (Format::Heic, 2, false, Variant::Plain),
    ];
    for (file, (format, orientation, animated, variant)) in sound().iter().zip(expected) {
        assert_eq!(inspect(file), Ok(Facts { format, size, orientation, animated, pages: 1, variant }));
    }
}

#[test]
fn what_is_no_image_is_unsupported() {
    assert_eq!(inspect(b""), Err(Refusal::Empty));
    for file in [
        &b"GIF88a"[..],
        b"\0\0\0\x14ftypisom\0\0\0\0mp42",
        b"II+\0\x08\0\0\0",
        b"RIFF\x04\0\0\0WAVE",
        b"\x89PNG\r\n\x1a",
        b"\xff\xd8",
        b"<svg/>",
    ] {
        assert_eq!(inspect(file), Err(Refusal::Unsupported), "{file:?}");
    }
}

#[test]
fn kinds_of_jpeg_that_no_browser_shows_are_unsupported() {
    let file = fixtures::jpeg(24, 16, Subsamp::Sub2x2);
    let frame = file.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    for (at, value) in [(frame + 1, 0xc9), (frame + 1, 0xc3), (frame + 4, 12), (frame + 9, 2)] {
        let mut file = file.clone();
        file[at] = value;
        assert_eq!(inspect(&file), Err(Refusal::Unsupported), "{at} {value}");
    }
}

#[test]
fn every_file_that_is_cut_off_is_malformed() {
    for file in sound() {
        for length in 13..file.len() {
            // Some writers forget the last byte, which only pads.
            let whole = file.starts_with(b"RIFF") && length + 1 == file.len() && file[length] == 0;
            assert!(malformed(&file[..length]) || whole, "{length} of {}", file.len());
        }
    }
}

#[test]
fn what_follows_the_image_does_not_matter() {
    for mut file in sound() {
        let facts = inspect(&file);
        file.extend(b"\xff\xd8\xff trailing");
        assert_eq!(inspect(&file), facts);
    }
}

#[test]
fn damaged_files_never_break_the_walk() {
    let (files, mut dice) = (sound(), Dice(0x5eed));
    let mut refused = 0;
    for round in 0..6000 {
        let file = dice.damaged(&files[round % files.len()]);
        refused += u32::from(inspect(&file).is_err());
    }
    assert!(refused > 3000, "{refused}");
}

#[test]
fn pixel_bombs_are_refused_by_their_headers() {
    let pixels = png_chunk(*b"IDAT", &zlib(1000));
    let end = png_chunk(*b"IEND", b"");
    for (depth, colour) in [(1, 0), (8, 2), (16, 2)] {
        assert!(over_limits(&png_file(&[&png_header(20_000, 20_000, depth, colour), &pixels, &end])));
    }
    let lossless = [&[0x2f][..], &(0x3ffe_u32 | 0x3ffe << 14).to_le_bytes(), &[0x88; 9]].concat();
    assert!(over_limits(&riff(&webp_chunk(*b"VP8L", &lossless))));
    assert!(over_limits(&riff(&webp_chunk(*b"VP8X", &[0, 0, 0, 0, 255, 255, 255, 255, 255, 255]))));
    let mut jpeg = fixtures::jpeg(24, 16, Subsamp::Gray);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    assert!(over_limits(&jpeg));
    assert!(over_limits(&png_file(&[&png_header(30_001, 1, 8, 2), &pixels, &end])));
    assert!(malformed(&png_file(&[&png_header(0, 1, 8, 2), &pixels, &end])));
}

#[test]
fn a_result_may_have_more_pixels_than_an_upload() {
    let header = png_header(8_000, 8_000, 8, 0);
    let file = png_file(&[&header, &png_chunk(*b"IDAT", b""), &png_chunk(*b"IEND", b"")]);
    assert!(over_limits(&file));
    assert!(inspect_result(&file).is_ok());
}

#[test]
fn metadata_bombs_are_refused() {
    let png = fixtures::png(8, 8);
    let bomb = zlib(64 << 20);
    assert!(over_limits(&fixtures::png_with(&png, *b"iCCP", &[b"p\0\0", bomb.as_slice()].concat())));
    assert!(over_limits(&fixtures::png_with(&png, *b"zTXt", &[b"k\0\0", bomb.as_slice()].concat())));
    assert!(over_limits(&fixtures::png_with(&png, *b"iTXt", &[b"k\0\x01\0\0\0", bomb.as_slice()].concat())));
    let many = (0..9).fold(png.clone(), |file, _| {
        fixtures::png_with(&file, *b"zTXt", &[b"k\0\0", zlib(2 << 20).as_slice()].concat())
    });
    assert!(over_limits(&many));
    let small = fixtures::png_with(&png, *b"iCCP", &[b"p\0\0", zlib(1000).as_slice()].concat());
    assert!(inspect(&small).is_ok());
    assert!(over_limits(&fixtures::png_with(&png, *b"eXIf", &vec![0; MAX_EXIF_BYTES + 1])));
    let jpeg = fixtures::jpeg(8, 8, Subsamp::Gray);
    let (head, tail) = jpeg.split_at(2);
    let segment = fixtures::jpeg_with(head, 0xe5, &[&vec![0; 65_000]])[2..].to_vec();
    assert!(over_limits(&[head, &segment.repeat(260), tail].concat()));
    assert!(inspect(&[head, &segment.repeat(250), tail].concat()).is_ok());
}

#[test]
fn too_many_scans_frames_and_chunks_are_refused() {
    let grays = vec![9; 64 * 64];
    let jpeg = fixtures::jpeg_of(&grays, 64, 64, PixelFormat::GRAY, Subsamp::Gray, true);
    let (picture, end) = jpeg.split_at(jpeg.len() - 2);
    // An empty scan that refines the last coefficients once more.
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0x10, 0];
    assert!(over_limits(&[picture, &scan.repeat(2000), end].concat()));
    assert!(inspect(&[picture, &scan.repeat(50), end].concat()).is_ok());
    assert!(over_limits(&animated_png(MAX_FRAMES + 1)));
    assert!(over_limits(&animated_webp(MAX_FRAMES as usize + 1)));
    let text = png_chunk(*b"tEXt", b"k\0v").repeat(MAX_CHUNKS as usize);
    let png = fixtures::png(8, 8);
    assert!(over_limits(&[&png[..33], &text, &png[33..]].concat()));
}

#[test]
fn a_png_in_disorder_is_malformed() {
    let (header, indexed) = (png_header(8, 8, 8, 2), png_header(8, 8, 8, 3));
    let (pixels, end) = (png_chunk(*b"IDAT", &zlib(200)), png_chunk(*b"IEND", b""));
    let (text, unknown) = (png_chunk(*b"tEXt", b"k\0v"), png_chunk(*b"ABCD", b""));
    let palette = png_chunk(*b"PLTE", &[0; 6]);
    assert!(inspect(&png_file(&[&header, &text, &pixels, &pixels, &end])).is_ok());
    assert!(inspect(&png_file(&[&indexed, &palette, &pixels, &end])).is_ok());
    for chunks in [
        &[&text, &header, &pixels, &end][..],
        &[&header, &end],
        &[&header, &pixels, &text, &pixels, &end],
        &[&header, &unknown, &pixels, &end],
        &[&header, &header, &pixels, &end],
        &[&indexed, &pixels, &end],
        &[&indexed, &palette, &palette, &pixels, &end],
        &[&header, &pixels, &palette, &end],
    ] {
        let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_slice()).collect();
        assert!(malformed(&png_file(&chunks)));
    }
    let mut wrong = png_file(&[&header, &pixels, &end]);
    wrong[60] ^= 1;
    assert!(malformed(&wrong));
}

#[test]
fn a_webp_in_disorder_is_malformed() {
    let file = fixtures::webp(24, 16, true);
    let picture = file[12..].to_vec();
    let frame = animated_webp(1)[12 + 18 + 14..].to_vec();
    assert!(malformed(&fixtures::webp_with(&file, 0, (25, 16), &[], &[])));
    assert!(malformed(&riff(&picture.repeat(2))));
    assert!(malformed(&riff(&frame)));
    assert!(malformed(&riff(&[picture, webp_chunk(*b"VP8X", &[0, 0, 0, 0, 23, 0, 0, 15, 0, 0])].concat())));
    assert!(malformed(&riff(&webp_chunk(*b"VP8X", &[2, 0, 0, 0, 23, 0, 0, 15, 0, 0]))));
}

#[test]
fn a_jpeg_in_disorder_is_malformed() {
    let file = fixtures::jpeg(24, 16, Subsamp::Sub2x2);
    let frame = file.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    let scan = file.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    let header = file[frame..frame + 19].to_vec();
    assert!(malformed(&[&file[..frame], &header, &file[frame..]].concat()));
    assert!(malformed(&[&file[..frame], &file[frame + 19..]].concat()));
    assert!(malformed(&[&file[..scan], &[0xff, 0xd9]].concat()));
    assert!(malformed(&[&file[..scan], &[0xff, 0xd8], &file[scan..]].concat()));
    assert!(malformed(&[&file[..scan], &[0xff, 0xdc, 0, 4, 0, 16], &file[scan..]].concat()));
}
