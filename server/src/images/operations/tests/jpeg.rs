//! What edits make of JPEG files.

use turbojpeg::Colorspace;

use super::*;

fn planes(file: &[u8]) -> Vec<u8> {
    turbojpeg::decompress_to_yuv(file).unwrap().pixels
}

fn header(file: &[u8]) -> turbojpeg::DecompressHeader {
    turbojpeg::read_header(file).unwrap()
}

fn cmyk(width: usize, height: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|i| [(i % width * 255 / width) as u8, (i / width * 255 / height) as u8, 200, 255])
        .collect();
    fixtures::jpeg_of(&pixels, width, height, PixelFormat::CMYK, Subsamp::None, false)
}

fn cmyk_pixels(file: &[u8]) -> Raster {
    let image = turbojpeg::decompress(file, PixelFormat::CMYK).unwrap();
    Raster { width: image.width, height: image.height, pixel: 4, data: image.pixels }
}

#[test]
fn four_right_angles_lose_nothing() {
    for sampling in [Subsamp::None, Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::Gray] {
        let file = fixtures::jpeg(64, 48, sampling);
        let once_around = (0..4).fold(file.clone(), |file, _| edit(&rotate(90), &file));
        let twice_around = (0..4).fold(once_around.clone(), |file, _| edit(&rotate(90), &file));
        assert_eq!(planes(&once_around), planes(&file));
        assert_eq!(twice_around, once_around);
    }
}

#[test]
fn blocks_that_stand_in_the_way_cost_no_pixel() {
    for sampling in [Subsamp::None, Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::Sub4x1, Subsamp::Gray] {
        for (width, height) in [(50, 38), (51, 37), (1, 1), (17, 1)] {
            let file = fixtures::jpeg(width, height, sampling);
            for degrees in [90, 180, 270] {
                let result = edit(&rotate(degrees), &file);
                let turn = Turn::counter_clockwise(Angle::new(degrees)).unwrap();
                let off = difference(&decode(&result), &turn.apply(decode(&file)));
                assert!(off < 6.0, "{sampling:?} {width} {height} {degrees}: {off}");
            }
        }
    }
}

#[test]
fn sampling_lies_down_with_the_picture() {
    for (width, height) in [(64, 48), (52, 38), (51, 37)] {
        let file = fixtures::jpeg(width, height, Subsamp::Sub2x1);
        assert_eq!(header(&edit(&rotate(90), &file)).subsamp, Subsamp::Sub1x2);
        assert_eq!(header(&edit(&rotate(180), &file)).subsamp, Subsamp::Sub2x1);
    }
}

#[test]
fn progressive_stays_progressive() {
    let pixels = fixtures::pixels(64, 48);
    let file = fixtures::jpeg_of(&pixels, 64, 48, PixelFormat::RGB, Subsamp::Sub2x2, true);
    for what in [rotate(90), rotate(7), Edit::Grayscale, compress(30), upscale(2)] {
        assert!(header(&edit(&what, &file)).is_progressive, "{what}");
    }
    assert!(!header(&edit(&rotate(90), &fixtures::jpeg(64, 48, Subsamp::None))).is_progressive);
}

#[test]
fn scaled_pictures_are_the_decoded_ones_scaled() {
    let samplings = [Subsamp::None, Subsamp::Sub2x2, Subsamp::Sub2x1, Subsamp::Sub1x4, Subsamp::Gray];
    for sampling in samplings {
        for (width, height) in [(48, 32), (47, 31), (5, 3)] {
            let file = fixtures::jpeg(width, height, sampling);
            for factor in [2, 3, 4] {
                let result = decode(&edit(&upscale(factor), &file));
                let expected = nearest::scale(&decode(&file), factor as usize);
                let off = difference(&result, &expected);
                assert!(off < 4.0, "{sampling:?} {width} {factor}: {off}");
            }
        }
    }
}

#[test]
fn grayscale_is_lossless_for_brightness() {
    let file = fixtures::jpeg(64, 48, Subsamp::Sub2x2);
    let gray = edit(&Edit::Grayscale, &file);
    assert_eq!(header(&gray).colorspace, Colorspace::Gray);
    assert_eq!(planes(&gray), planes(&file)[..64 * 48]);
    assert!(gray.len() < file.len());
}

#[test]
fn cmyk_is_turned_and_scaled_as_cmyk() {
    for (width, height) in [(32, 24), (33, 25)] {
        let file = cmyk(width, height);
        let turned = edit(&rotate(90), &file);
        let turn = Turn::counter_clockwise(Angle::new(90)).unwrap();
        assert!(difference(&cmyk_pixels(&turned), &turn.apply(cmyk_pixels(&file))) < 2.5);
        let large = edit(&upscale(2), &file);
        assert!(difference(&cmyk_pixels(&large), &nearest::scale(&cmyk_pixels(&file), 2)) < 2.5);
        let smaller = edit(&compress(20), &file);
        assert!(smaller.len() < file.len() && header(&smaller).colorspace == header(&file).colorspace);
        let tilted = cmyk_pixels(&edit(&rotate(45), &file));
        assert!(tilted.data[..4].iter().all(|&ink| ink < 12));
        let gray = edit(&Edit::Grayscale, &file);
        assert_eq!(header(&gray).colorspace, Colorspace::Gray);
        let expected = grayscale::cmyk(&cmyk_pixels(&file), true);
        let found = turbojpeg::decompress(&gray, PixelFormat::GRAY).unwrap().pixels;
        assert!(difference(&Raster { data: found, ..expected }, &expected) < 2.5);
    }
}

#[test]
fn a_flaw_in_the_pixels_is_overlooked() {
    let file = fixtures::jpeg(64, 48, Subsamp::Sub2x2);
    let scan = file.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    // Half of the pixels are missing; the end is there.
    let flawed = [&file[..scan + (file.len() - scan) / 2], &[0xff, 0xd9]].concat();
    for what in [rotate(90), rotate(7), Edit::Grayscale, compress(30), upscale(2)] {
        let result = edit(&what, &flawed);
        assert_eq!(facts(&result).size, result_size(&what, &facts(&flawed)).unwrap(), "{what}");
    }
}
