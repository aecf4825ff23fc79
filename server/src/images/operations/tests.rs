//! Whole edits, from file to file.

mod avatar;
mod foreign;
mod jpeg;
mod metadata;
mod png;
mod redraw;
mod webp;

use ::png::{BitDepth, ColorType};
use turbojpeg::{PixelFormat, Subsamp};

use super::{raster::Raster, turn::Turn, *};
use crate::images::{
    model::{Angle, Quality, Scale},
    preflight::fixtures,
};

const QUARTER: i32 = 90;

pub(super) fn rotate(degrees: i32) -> Edit {
    Edit::Rotate(Angle::new(degrees))
}

pub(super) fn compress(quality: i32) -> Edit {
    Edit::Compress(Quality::try_from(quality).unwrap())
}

pub(super) fn upscale(factor: i32) -> Edit {
    Edit::UpscaleNearest(Scale::try_from(factor).unwrap())
}

pub(super) fn edit(edit: &Edit, input: &[u8]) -> Vec<u8> {
    apply(edit, input, &mut |_| {}).unwrap()
}

pub(super) fn facts(file: &[u8]) -> Facts {
    preflight::inspect_result(file).unwrap()
}

/// Any file as RGBA of 8 bits, without applying its orientation.
pub(super) fn decode(file: &[u8]) -> Raster {
    let Size { width, height } = facts(file).size;
    let (width, height) = (width as usize, height as usize);
    let data = match facts(file).format {
        Format::Jpeg => {
            let colours = turbojpeg::read_header(file).unwrap().colorspace;
            assert!(matches!(
                colours,
                turbojpeg::Colorspace::Gray | turbojpeg::Colorspace::YCbCr | turbojpeg::Colorspace::RGB
            ));
            turbojpeg::decompress(file, PixelFormat::RGBA).unwrap().pixels
        }
        Format::Png => {
            let mut decoder = ::png::Decoder::new(std::io::Cursor::new(file));
            decoder.set_transformations(::png::Transformations::ALPHA | ::png::Transformations::STRIP_16);
            let mut reader = decoder.read_info().unwrap();
            let mut data = vec![0; reader.output_buffer_size().unwrap()];
            if reader.next_frame(&mut data).unwrap().color_type == ColorType::GrayscaleAlpha {
                data = data.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [g, g, g, a]).collect();
            }
            data
        }
        Format::WebP => {
            let image = ::webp::Decoder::new(file).decode().unwrap();
            if image.is_alpha() {
                image.to_vec()
            } else {
                image.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect()
            }
        }
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            unreachable!("no edit writes such files")
        }
    };
    Raster { width, height, pixel: 4, data }
}

/// The mean difference of two pictures' samples, 0 to 255.
pub(super) fn difference(one: &Raster, other: &Raster) -> f64 {
    assert_eq!((one.width, one.height, one.pixel), (other.width, other.height, other.pixel));
    let sum: u64 = one.data.iter().zip(&other.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.data.len() as f64
}

/// Each format's file of a picture of this size.
fn files(width: usize, height: usize) -> [Vec<u8>; 3] {
    [
        fixtures::jpeg(width, height, Subsamp::Sub2x2),
        fixtures::png(width, height),
        fixtures::webp(width, height, true),
    ]
}

/// The file with an orientation in its metadata.
pub(super) fn oriented(file: &[u8], orientation: u8) -> Vec<u8> {
    let size = facts(file).size;
    let exif = fixtures::exif(orientation.into(), size.width, size.height);
    match facts(file).format {
        Format::Jpeg => fixtures::jpeg_with(file, 0xe1, &[b"Exif\0\0", &exif]),
        Format::Png => fixtures::png_with(file, *b"eXIf", &exif),
        Format::WebP => {
            let chunk = fixtures::webp_chunk(*b"EXIF", &exif);
            fixtures::webp_with(file, 0x08, (size.width, size.height), &[], &chunk)
        }
        Format::Gif | Format::Tiff | Format::Bmp | Format::Avif | Format::Heic => {
            unreachable!("such files are not given an EXIF block here")
        }
    }
}

#[test]
fn every_orientation_of_every_format_is_applied_first() {
    for (file, tolerance) in files(48, 32).iter().zip([1.5, 0.0, 0.0]) {
        for orientation in 1..=8 {
            let stored = oriented(file, orientation);
            assert_eq!(facts(&stored).orientation, orientation);
            for degrees in [0, 90, 180, 270] {
                let result = edit(&rotate(degrees), &stored);
                let turn = Turn::upright(orientation)
                    .then(Turn::counter_clockwise(Angle::new(degrees)).unwrap_or(Turn::NONE));
                assert!(difference(&decode(&result), &turn.apply(decode(file))) <= tolerance);
                assert_eq!(facts(&result).orientation, 1);
            }
            let gray = edit(&Edit::Grayscale, &stored);
            assert_eq!(facts(&gray).size, Turn::upright(orientation).size(facts(file).size));
            let large = edit(&upscale(2), &stored);
            assert_eq!(facts(&large).size.width, facts(&gray).size.width * 2);
            assert_eq!((facts(&gray).orientation, facts(&large).orientation), (1, 1));
        }
    }
}

#[test]
fn no_turn_changes_no_byte() {
    for file in files(33, 17) {
        assert_eq!(edit(&rotate(0), &file), file);
        assert_eq!(edit(&rotate(-720), &file), file);
    }
}

#[test]
fn grayscale_leaves_no_colour() {
    for file in files(50, 30) {
        let gray = decode(&edit(&Edit::Grayscale, &file));
        assert!(gray.data.as_chunks::<4>().0.iter().all(|[r, g, b, a]| r == g && g == b && *a == 255));
        let mut expected = decode(&file);
        grayscale::in_place(&mut expected.data, 4);
        assert!(difference(&gray, &expected) < 1.0);
        let again = edit(&Edit::Grayscale, &edit(&Edit::Grayscale, &file));
        assert_eq!(decode(&again), gray);
    }
}

#[test]
fn compression_never_makes_a_file_larger() {
    for file in files(64, 48) {
        let mut last = file.len();
        for quality in [100, 95, 60, 20, 0] {
            let smaller = edit(&compress(quality), &file);
            assert!(smaller.len() <= file.len());
            assert_eq!(facts(&smaller).size, facts(&file).size);
            last = smaller.len();
        }
        assert!(last < file.len());
        assert!(difference(&decode(&edit(&compress(80), &file)), &decode(&file)) < 4.0);
    }
}

#[test]
fn any_angle_grows_the_canvas_and_leaves_corners_empty() {
    for file in files(100, 60) {
        let result = edit(&rotate(30), &file);
        let picture = decode(&result);
        // 100 cos 30 + 60 sin 30 and 100 sin 30 + 60 cos 30.
        assert_eq!((picture.width, picture.height), (117, 102));
        let corner = if facts(&file).format == Format::Jpeg { [0, 0, 0, 255] } else { [0; 4] };
        assert!(picture.data[..4].iter().zip(corner).all(|(found, wanted)| found.abs_diff(wanted) < 12));
        let source = decode(&file);
        let centre = |r: &Raster| {
            let at = (r.height / 2 * r.width + r.width / 2) * 4;
            [r.data[at], r.data[at + 1], r.data[at + 2]]
        };
        let (was, is) = (centre(&source), centre(&picture));
        assert!(was.iter().zip(is).all(|(a, b)| a.abs_diff(b) < 12), "{was:?} {is:?}");
    }
}

#[test]
fn results_that_are_too_large_are_refused_before_anything_is_decoded() {
    let side = MAX_SIDE as usize;
    let strip = fixtures::png_of(&vec![0; side], side, 1, ColorType::Grayscale, BitDepth::Eight, None);
    let hear = &mut |_| unreachable!("nothing is begun");
    assert_eq!(apply(&upscale(2), &strip, hear), Err(Failure::ResultTooLarge));
    let wide = fixtures::webp(9_000, 1, true);
    assert_eq!(apply(&upscale(2), &wide, hear), Err(Failure::ResultTooLarge));
    let grays = vec![0; 6_000 * 6_000];
    let square = fixtures::png_of(&grays, 6_000, 6_000, ColorType::Grayscale, BitDepth::Eight, None);
    assert_eq!(apply(&upscale(2), &square, hear), Err(Failure::ResultTooLarge));
    assert!(result_size(&rotate(45), &facts(&square)).is_ok());
}

#[test]
fn animations_are_refused_and_so_is_what_the_preflight_refuses() {
    let still = fixtures::png(8, 8);
    let animated = fixtures::png_with(&still, *b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    let outcome = apply(&rotate(QUARTER), &animated, &mut |_| {});
    assert_eq!(outcome, Err(Failure::Animated));
    let outcome = apply(&rotate(QUARTER), b"GIF88a", &mut |_| {});
    assert_eq!(outcome, Err(Failure::Refused(Refusal::Unsupported)));
    let sentence = Failure::Refused(Refusal::Malformed("a checksum is wrong")).to_string();
    assert_eq!(sentence, "The image can't be edited: the file is malformed: a checksum is wrong.");
}

#[test]
fn progress_rises() {
    for file in files(40, 24) {
        for what in [rotate(QUARTER), rotate(10), Edit::Grayscale, compress(50), upscale(3)] {
            let mut heard = Vec::new();
            apply(&what, &file, &mut |permille| heard.push(permille)).unwrap();
            assert!(!heard.is_empty() && heard.is_sorted(), "{what} {heard:?}");
            assert!(heard.iter().all(|permille| (1..1000).contains(permille)));
        }
    }
}

#[test]
fn damaged_files_are_edited_or_refused() {
    let mut dice = fixtures::Dice(0xbad);
    let edits = [rotate(QUARTER), rotate(10), Edit::Grayscale, compress(50), upscale(2)];
    let files = files(40, 24);
    let mut done = 0;
    for round in 0..600 {
        let file = dice.damaged(&files[round % files.len()]);
        let outcome = apply(&edits[round % edits.len()], &file, &mut |_| {});
        done += u32::from(outcome.is_ok_and(|result| preflight::inspect_result(&result).is_ok()));
    }
    assert!(done > 20, "{done}");
}
