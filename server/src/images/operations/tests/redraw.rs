//! Crops, new sizes, blurs and conversions, from file to file.

use super::{metadata::files, *};
use crate::images::model::{Area, Areas, Drawing, Score, Sides, Target};

fn crop(x: u32, y: u32, width: u32, height: u32) -> Edit {
    Edit::Draw(Drawing::Crop(Area { x, y, width, height }))
}

fn resize(width: i32, height: i32) -> Edit {
    Edit::Draw(Drawing::Resize(Sides::new(width, height).unwrap()))
}

fn blur(areas: &[[i32; 4]]) -> Edit {
    let areas: Vec<Area> = areas.iter().map(|area| Area::new(*area).unwrap()).collect();
    Edit::Draw(Drawing::Blur(Areas::try_from(areas).unwrap()))
}

fn convert(format: Format, quality: Option<i32>) -> Edit {
    let quality = quality.map(|quality| Quality::try_from(quality).unwrap());
    Edit::Draw(Drawing::Convert(Target { format, quality }))
}

/// Lossless files of one picture, without metadata.
fn exact() -> [Vec<u8>; 2] {
    [fixtures::png(48, 32), fixtures::webp(48, 32, true)]
}

#[test]
fn a_crop_keeps_every_pixel_of_its_rectangle() {
    for file in exact() {
        let (whole, part) = (decode(&file), decode(&edit(&crop(5, 7, 20, 10), &file)));
        let rows: Vec<u8> =
            whole.rows().skip(7).take(10).flat_map(|row| row[5 * 4..25 * 4].to_vec()).collect();
        assert_eq!((part.width, part.height, part.data), (20, 10, rows));
    }
}

#[test]
fn a_rectangle_is_meant_as_the_image_is_shown() {
    for file in files() {
        let size = Turn::upright(6).size(facts(&file).size);
        assert_eq!((size.width, size.height), (32, 48));
        let lower = edit(&crop(0, 24, 32, 24), &file);
        assert_eq!(facts(&lower).size, Size { width: 32, height: 24 });
        assert_eq!(facts(&lower).orientation, 1);
        let upright = decode(&edit(&rotate(0), &file));
        let middle = |raster: &Raster, y: usize| raster.data[(y * raster.width + 16) * 4];
        let off = middle(&upright, 36).abs_diff(middle(&decode(&lower), 12));
        assert!(off < 24, "{:?}: {off}", facts(&file).format);
    }
}

#[test]
fn what_lies_outside_is_refused() {
    for file in files() {
        for what in [crop(0, 0, 33, 1), crop(31, 47, 1, 2), blur(&[[0, 0, 9, 9], [32, 0, 5, 5]])] {
            assert_eq!(apply(&what, &file, &mut |_| {}), Err(Failure::Outside), "{what}");
        }
        assert!(apply(&blur(&[[31, 47, 500, 500]]), &file, &mut |_| {}).is_ok());
    }
    let huge = apply(&resize(30_000, 30_000), &fixtures::png(8, 8), &mut |_| {});
    assert_eq!(huge, Err(Failure::ResultTooLarge));
}

#[test]
fn a_new_size_keeps_the_shape_when_one_side_is_left_open() {
    for file in files() {
        for (what, width, height) in [(resize(16, 0), 16, 24), (resize(0, 96), 64, 96), (resize(5, 7), 5, 7)]
        {
            assert_eq!(facts(&edit(&what, &file)).size, Size { width, height }, "{what}");
        }
    }
}

#[test]
fn each_format_becomes_each_other_with_its_metadata_upright() {
    for file in files() {
        for format in [Format::Jpeg, Format::Png, Format::WebP] {
            let result = edit(&convert(format, None), &file);
            assert_eq!(facts(&result).format, format);
            if format == facts(&file).format {
                // It is left as it lies, without what it had beside profile and EXIF.
                assert_eq!(facts(&result), facts(&file));
                assert_eq!(decode(&result), decode(&file));
                assert_eq!(edit(&convert(format, None), &result), result);
                continue;
            }
            assert_eq!(facts(&result).size, Size { width: 32, height: 48 });
            assert_eq!(facts(&result).orientation, 1);
            let metadata = super::super::redraw::metadata(format, &result);
            assert_eq!(metadata.profile.unwrap()[16..20], *b"RGB ");
            assert_eq!(metadata.exif.unwrap()[..34], fixtures::exif(1, 32, 48)[..34]);
            let distance = distance(&decode(&edit(&rotate(0), &file)), &decode(&result));
            assert!(distance < 12.0, "{format:?}: {distance}");
        }
    }
}

fn distance(a: &Raster, b: &Raster) -> f64 {
    let sum: u64 = a.data.iter().zip(&b.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data.len() as f64
}

#[test]
fn between_lossless_formats_nothing_is_lost() {
    let [png, webp] = exact();
    assert_eq!(decode(&edit(&convert(Format::WebP, None), &png)), decode(&png));
    assert_eq!(decode(&edit(&convert(Format::Png, None), &webp)), decode(&webp));
    let lossy = edit(&convert(Format::WebP, Some(30)), &png);
    assert_ne!(decode(&lossy), decode(&png));
}

#[test]
fn wide_samples_stay_wide_in_png() {
    let data: Vec<u8> = (0..64 * 6_u32).map(|n| (n * 37 % 256) as u8).collect();
    let wide = fixtures::png_of(&data, 8, 8, ColorType::Rgb, BitDepth::Sixteen, None);
    for what in [crop(1, 1, 4, 4), resize(4, 4), blur(&[[0, 0, 8, 8]])] {
        let result = edit(&what, &wide);
        assert_eq!(
            ::png::Decoder::new(std::io::Cursor::new(result.as_slice()))
                .read_info()
                .unwrap()
                .info()
                .bit_depth,
            BitDepth::Sixteen,
            "{what}"
        );
    }
}

#[test]
fn a_palette_that_is_cropped_is_a_palette_again() {
    let pixels: Vec<u8> =
        (0..64 * 64).flat_map(|n| if n % 3 == 0 { [200, 10, 10] } else { [10, 10, 200] }).collect();
    let few = edit(&compress(100), &fixtures::png_of(&pixels, 64, 64, ColorType::Rgb, BitDepth::Eight, None));
    let result = edit(&crop(0, 0, 32, 32), &few);
    let colour =
        ::png::Decoder::new(std::io::Cursor::new(result.as_slice())).read_info().unwrap().info().color_type;
    assert_eq!(colour, ColorType::Indexed);
}

#[test]
fn inks_become_colours_without_their_profile() {
    let pixels = [0, 255, 255, 255].repeat(16 * 16);
    let cmyk = fixtures::jpeg_of(&pixels, 16, 16, PixelFormat::CMYK, Subsamp::None, false);
    let cmyk = fixtures::jpeg_with(&cmyk, 0xe2, &[b"ICC_PROFILE\0\x01\x01", &[0; 16], b"CMYK", &[7; 40]]);
    for what in [crop(0, 0, 8, 8), convert(Format::Png, None)] {
        let result = edit(&what, &cmyk);
        assert_eq!(super::super::redraw::metadata(facts(&result).format, &result).profile, None, "{what}");
        let first = decode(&result).data[..3].to_vec();
        assert!(first[0] < 30 && first[1] > 225 && first[2] > 225, "{first:?}");
    }
}

#[test]
fn a_score_is_reached_with_no_more_bytes_than_it_needs() {
    let scene = Raster { width: 320, height: 240, pixel: 3, data: fixtures::pixels(320, 240) };
    let [jpeg, png, webp] =
        [fixtures::jpeg(320, 240, Subsamp::Sub2x2), fixtures::png(320, 240), fixtures::webp(320, 240, true)];
    assert_eq!(scene.data.len(), 320 * 240 * 3);
    for file in [jpeg, png, webp] {
        let rgb = |file: &[u8]| {
            let raster = decode(file);
            let data = raster.data.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
            Raster { pixel: 3, data, ..raster }
        };
        let reach = |score: i32| {
            let result = edit(&Edit::CompressTo(Score::try_from(score).unwrap()), &file);
            let found = super::super::score::score(&rgb(&file), &rgb(&result)).unwrap();
            assert!(found >= f64::from(score) - 0.5, "{score}: {found}");
            result.len()
        };
        let (poor, fine) = (reach(40), reach(85));
        assert!(poor <= fine && fine <= file.len(), "{poor} {fine} {}", file.len());
    }
}
