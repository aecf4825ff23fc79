//! Whole files, looked at closely.

use turbojpeg::Subsamp;

use super::*;
use crate::images::{evidence::model::Maps, preflight::fixtures};

/// RGB of a picture with detail: what is all smooth has hashes of chance.
fn scene(width: usize, height: usize) -> Vec<u8> {
    let pixel = |i: usize| {
        let (x, y) = ((i % width) as f64 / width as f64, (i / width) as f64 / height as f64);
        let light = 120.0 + 60.0 * (x * 11.0).sin() * (y * 7.0).cos() + 60.0 * (x * y * 9.0 + y).sin();
        [light as u8, (light * 0.8) as u8, (255.0 - light) as u8]
    };
    (0..width * height).flat_map(pixel).collect()
}

fn jpeg(width: usize, height: usize, sampling: Subsamp) -> Vec<u8> {
    fixtures::jpeg_of(&scene(width, height), width, height, turbojpeg::PixelFormat::RGB, sampling, false)
}

fn png(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    fixtures::png_of(pixels, width, height, ::png::ColorType::Rgb, ::png::BitDepth::Eight, None)
}

fn webp(width: u32, height: u32, lossless: bool) -> Vec<u8> {
    let pixels = scene(width as usize, height as usize);
    ::webp::Encoder::from_rgb(&pixels, width, height).encode_simple(lossless, 90.0).unwrap().to_vec()
}

fn looked(look: &Look, file: &[u8]) -> Vec<Vec<u8>> {
    let mut last = 0;
    let mut rising = |done: u16| {
        assert!((last..=1000).contains(&done), "{done} after {last}");
        last = done;
    };
    run(look, &[file.to_vec()], &mut rising).unwrap()
}

fn report(file: &[u8]) -> pb::EvidenceReport {
    pb::EvidenceReport::decode(looked(&Look::Report(Maps::default()), file)[0].as_slice()).unwrap()
}

fn codes(report: &pb::EvidenceReport) -> Vec<&str> {
    report.lines.iter().map(|line| line.code.as_str()).collect()
}

#[test]
fn the_same_picture_has_the_same_hashes_whatever_holds_it() {
    let of = |file: &[u8]| {
        let bytes = looked(&Look::Fingerprint, file).remove(0);
        Fingerprint::from_bytes(bytes.try_into().unwrap())
    };
    let plain = of(&png(&scene(640, 400), 640, 400));
    for file in [
        jpeg(640, 400, Subsamp::Sub2x2),
        webp(640, 400, false),
        webp(320, 200, true),
        jpeg(1280, 800, Subsamp::None),
    ] {
        assert!(plain.distance(of(&file)) <= 2, "{}", plain.distance(of(&file)));
    }
    // As a camera stores it that was held upside down.
    let turned: Vec<u8> = scene(640, 400).as_chunks::<3>().0.iter().rev().flatten().copied().collect();
    let file = png(&turned, 640, 400);
    assert!(plain.distance(of(&file)) > 12);
    let file = fixtures::png_with(&file, *b"eXIf", &fixtures::exif(3, 640, 400));
    assert!(plain.distance(of(&file)) <= 2);
}

#[test]
fn a_report_of_a_jpeg_tells_all_that_there_is() {
    let file = fixtures::jpeg(256, 192, Subsamp::Sub2x2);
    let file = fixtures::jpeg_with(&file, 0xe1, &[b"Exif\0\0", &fixtures::exif(1, 48, 32)]);
    let file = [file.as_slice(), b"PK\x03\x04hidden"].concat();
    let told = report(&file);
    let hashes = told.hashes.clone().unwrap();
    assert_eq!(hashes.sha256, crate::images::service::sha256(&file));
    assert_eq!(
        (hashes.md5.len(), hashes.sha1.len(), hashes.sha512.len(), hashes.phash.len()),
        (32, 40, 128, 16)
    );
    let jpeg = told.jpeg.as_ref().unwrap();
    assert_eq!((jpeg.estimated_quality, jpeg.subsampling.as_str()), (92, "4:2:0"));
    assert!(jpeg.double_compression.is_some());
    assert_eq!(told.tail.as_ref().unwrap().kinds, ["ZIP archive"]);
    let thumbnail = told.thumbnail.as_ref().unwrap();
    assert_eq!((thumbnail.size, thumbnail.distance), (4, -1), "the thumbnail is no picture");
    assert_eq!(codes(&told), ["trailing_file", "dimensions_differ", "standard_tables"]);
    assert_eq!(told.exif.as_ref().unwrap().width, 256);
    for line in &told.lines {
        assert!(!line.meaning.is_empty() && !line.limits.is_empty());
    }
}

#[test]
fn a_thumbnail_of_another_picture_is_told_from_ones_own() {
    let (picture, own) = (jpeg(320, 240, Subsamp::Sub2x2), jpeg(160, 120, Subsamp::Sub2x2));
    let pixels: Vec<u8> = scene(160, 120).chunks_exact(480).rev().flatten().copied().collect();
    let format = turbojpeg::PixelFormat::RGB;
    let other = fixtures::jpeg_of(&pixels, 160, 120, format, Subsamp::Sub2x2, false);
    let with = |thumbnail: &[u8]| {
        let mut tiff =
            b"MM\0*\0\0\0\x08\0\0\0\0\0\x0e\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x2c\x02\x02\0\x04\0\0\0\x01"
                .to_vec();
        tiff.extend((thumbnail.len() as u32).to_be_bytes());
        tiff.extend([0; 4]);
        tiff.extend(thumbnail);
        report(&fixtures::jpeg_with(&picture, 0xe1, &[b"Exif\0\0", &tiff]))
    };
    let (own, other) = (with(&own), with(&other));
    assert!(own.thumbnail.as_ref().unwrap().distance <= 4 && !codes(&own).contains(&"thumbnail_differs"));
    assert!(codes(&other).contains(&"thumbnail_differs"), "{:?}", other.thumbnail);
}

#[test]
fn a_report_of_a_png_tells_of_its_generator_and_its_lowest_bits() {
    let file = fixtures::png_with(
        &fixtures::png(64, 64),
        *b"tEXt",
        b"parameters\0a castle\nSteps: 20, Sampler: Euler",
    );
    let told = report(&file);
    assert_eq!(told.low_bits.len(), 3);
    assert_eq!(codes(&told), ["generator_parameters", "no_camera_metadata"]);
    assert!(told.lines[0].details[0].contains("a castle"));
    assert!(told.jpeg.is_none() && told.tail.is_none());
    assert_eq!(report(&fixtures::webp(64, 64, false)).low_bits.len(), 0);
    assert_eq!(report(&fixtures::webp(64, 64, true)).low_bits.len(), 3);
}

#[test]
fn maps_are_pngs_in_the_order_of_asking() {
    let maps = Maps::new(vec![Map::Noise, Map::ErrorLevels]).unwrap();
    for file in [fixtures::jpeg(96, 64, Subsamp::Sub2x2), fixtures::png(96, 64), fixtures::webp(96, 64, true)]
    {
        let files = looked(&Look::Report(maps.clone()), &file);
        assert_eq!(files.len(), 3);
        for map in &files[1..] {
            let facts = preflight::inspect(map).unwrap();
            assert_eq!((facts.format, facts.size.width, facts.size.height), (Format::Png, 96, 64));
        }
        // Gray is less than colour.
        assert_eq!((files[1][25], files[2][25]), (0, 2));
    }
}

#[test]
fn damaged_files_are_looked_at_without_harm() {
    let mut dice = fixtures::Dice(11);
    for file in
        [fixtures::jpeg(40, 40, Subsamp::Sub2x2), fixtures::png(20, 20), fixtures::webp(24, 16, false)]
    {
        for _ in 0..150 {
            let damaged = dice.damaged(&file);
            for look in [Look::Fingerprint, Look::Report(Maps::default())] {
                // What the pre-flight refuses, or what can't be decoded at all, is a failure and no crash.
                let _told = run(&look, std::slice::from_ref(&damaged), &mut |_| {});
            }
        }
    }
}

#[test]
fn lowest_bits_are_told_of_samples_that_are_stored_as_they_are() {
    use ::png::{BitDepth, ColorType};
    use fixtures::foreign;

    let side = 16;
    let rgb = fixtures::pixels(side, side);
    let rgba: Vec<u8> = rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    let glassy: Vec<u8> = rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, r]).collect();
    let wide: Vec<u8> = rgb.iter().flat_map(|&sample| [sample, 1]).collect();
    let (indices, palette): (Vec<u8>, _) =
        ((0..side * side).map(|i| (i % 4) as u8).collect(), foreign::colours(4));
    let of = |samples: &[u8], colour, depth| fixtures::png_of(samples, side, side, colour, depth, None);
    let pixels = side as u32;
    let jpeg = fixtures::jpeg(side, side, Subsamp::None);
    for (name, file, channels) in [
        ("PNG", of(&rgb, ColorType::Rgb, BitDepth::Eight), 3),
        ("PNG with alpha", of(&rgba, ColorType::Rgba, BitDepth::Eight), 3),
        ("PNG with glass", of(&glassy, ColorType::Rgba, BitDepth::Eight), 0),
        ("PNG of 16 bits", of(&wide, ColorType::Rgb, BitDepth::Sixteen), 0),
        (
            "PNG with a palette",
            fixtures::png_of(
                &indices,
                side,
                side,
                ColorType::Indexed,
                BitDepth::Eight,
                Some((&palette, &[])),
            ),
            0,
        ),
        ("BMP", foreign::bmp(side, side, &rgb), 3),
        ("GIF", foreign::gif(64, 48, 1), 0),
        ("TIFF", foreign::tiff(false, vec![foreign::page(pixels, pixels)]), 3),
        (
            "TIFF of JPEG",
            foreign::tiff(
                false,
                vec![foreign::Page::new((pixels, pixels), 8, 3, 2, &jpeg).with(259, 3, &[7])],
            ),
            0,
        ),
        ("WebP", webp(pixels, pixels, false), 0),
        ("WebP without losses", webp(pixels, pixels, true), 3),
    ] {
        let report = report(&file);
        assert!(!report.hashes.unwrap().phash.is_empty(), "{name} can't be decoded");
        assert_eq!(report.low_bits.len(), channels, "{name}");
    }
}
