//! What edits make of PNG files.

use ::png::{Decoder, Info};

use super::*;

fn info(file: &[u8]) -> Info<'static> {
    Decoder::new(std::io::Cursor::new(file)).read_info().unwrap().info().clone()
}

/// A file of each colour type and depth, 9 by 5.
fn kinds() -> Vec<Vec<u8>> {
    let (width, height) = (9, 5);
    let mut dice = fixtures::Dice(3);
    let mut files = Vec::new();
    let colours = [
        (ColorType::Grayscale, &[1, 2, 4, 8, 16][..]),
        (ColorType::Indexed, &[1, 2, 4, 8]),
        (ColorType::Rgb, &[8, 16]),
        (ColorType::GrayscaleAlpha, &[8, 16]),
        (ColorType::Rgba, &[8, 16]),
    ];
    for (colour, depths) in colours {
        for &depth in depths {
            let line = (width * colour.samples() * usize::from(depth)).div_ceil(8);
            let samples: Vec<u8> = (0..line * height).map(|_| dice.below(256) as u8).collect();
            let palette: Vec<u8> = (0..3 * 256).map(|_| dice.below(256) as u8).collect();
            let entries = 1 << depth.min(8);
            let palette = (colour == ColorType::Indexed).then_some((&palette[..3 * entries], &[0, 99][..]));
            let depth = BitDepth::from_u8(depth).unwrap();
            files.push(fixtures::png_of(&samples, width, height, colour, depth, palette));
        }
    }
    files
}

#[test]
fn right_angles_are_exact_in_every_kind() {
    for file in kinds() {
        for degrees in [90, 180, 270] {
            let result = edit(&rotate(degrees), &file);
            let turn = Turn::counter_clockwise(Angle::new(degrees)).unwrap();
            assert_eq!(decode(&result), turn.apply(decode(&file)));
            let (was, is) = (info(&file), info(&result));
            assert_eq!((was.color_type, was.bit_depth), (is.color_type, is.bit_depth));
        }
        let around = (0..4).fold(file.clone(), |file, _| edit(&rotate(90), &file));
        assert_eq!(decode(&around), decode(&file));
    }
}

#[test]
fn scaling_is_exact_in_every_kind() {
    for file in kinds() {
        for factor in [2, 3, 4] {
            let result = edit(&upscale(factor), &file);
            assert_eq!(decode(&result), nearest::scale(&decode(&file), factor as usize));
            assert_eq!(info(&result).bit_depth, info(&file).bit_depth);
        }
    }
}

#[test]
fn grayscale_keeps_depth_and_alpha_in_every_kind() {
    for file in kinds() {
        let result = edit(&Edit::Grayscale, &file);
        let mut expected = decode(&file);
        grayscale::in_place(&mut expected.data, 4);
        // What is lost by looking at 8 of 16 bits only.
        let off = decode(&result).data.iter().zip(&expected.data).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(u8::from(info(&file).bit_depth == BitDepth::Sixteen)));
        assert_eq!(info(&result).bit_depth, info(&file).bit_depth);
    }
}

#[test]
fn any_angle_adds_alpha_and_keeps_sixteen_bits() {
    for file in kinds() {
        let (was, is) = (info(&file), info(&edit(&rotate(20), &file)));
        assert!(matches!(is.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba));
        assert_eq!(is.bit_depth == BitDepth::Sixteen, was.bit_depth == BitDepth::Sixteen);
    }
}

#[test]
fn a_colour_that_means_transparent_goes_on_meaning_it() {
    let plain = fixtures::png_of(&[10, 20, 30, 40, 50, 60], 2, 1, ColorType::Rgb, BitDepth::Eight, None);
    let file = fixtures::png_with(&plain, *b"tRNS", &[0, 40, 0, 50, 0, 60]);
    assert_eq!(decode(&file).data, [10, 20, 30, 255, 40, 50, 60, 0]);
    assert_eq!(decode(&edit(&rotate(180), &file)).data, [40, 50, 60, 0, 10, 20, 30, 255]);
    let gray = decode(&edit(&Edit::Grayscale, &file));
    assert_eq!((gray.data[3], gray.data[7]), (255, 0));
    assert_eq!(decode(&edit(&compress(95), &file)).data, decode(&file).data);
}

#[test]
fn compression_above_90_loses_nothing() {
    let opaque: Vec<u8> = fixtures::pixels(40, 30);
    let solid: Vec<u8> = opaque.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    let wide: Vec<u8> = opaque.iter().flat_map(|&sample| [sample; 2]).collect();
    let gray: Vec<u8> = opaque.iter().step_by(3).flat_map(|&sample| [sample; 3]).collect();
    let mut dice = fixtures::Dice(1);
    let few: Vec<u8> = (0..40 * 30).flat_map(|_| [[9, 200, 7], [1, 2, 3], [0; 3]][dice.below(3)]).collect();
    let (eight, sixteen) = (BitDepth::Eight, BitDepth::Sixteen);
    let cases = [
        (fixtures::png_of(&solid, 40, 30, ColorType::Rgba, eight, None), ColorType::Rgb),
        (fixtures::png_of(&wide, 40, 30, ColorType::Rgb, sixteen, None), ColorType::Rgb),
        (fixtures::png_of(&gray, 40, 30, ColorType::Rgb, eight, None), ColorType::Grayscale),
        (fixtures::png_of(&few, 40, 30, ColorType::Rgb, eight, None), ColorType::Indexed),
    ];
    for (file, colour) in cases {
        let smaller = edit(&compress(91), &file);
        assert!(smaller.len() < file.len(), "{} {} {colour:?}", smaller.len(), file.len());
        assert_eq!(decode(&smaller), decode(&file));
        assert_eq!(info(&smaller).color_type, colour);
        assert!(info(&smaller).bit_depth as u8 <= 8);
    }
    for file in kinds() {
        let smaller = edit(&compress(100), &file);
        assert_eq!(decode(&smaller), decode(&file));
    }
}

#[test]
fn compression_from_90_down_makes_a_palette() {
    let mut dice = fixtures::Dice(9);
    let noisy: Vec<u8> =
        fixtures::pixels(90, 60).iter().map(|sample| sample ^ dice.below(32) as u8).collect();
    let file = fixtures::png_of(&noisy, 90, 60, ColorType::Rgb, BitDepth::Eight, None);
    let sizes = [90, 40, 0].map(|quality| {
        let result = edit(&compress(quality), &file);
        assert_eq!(info(&result).color_type, ColorType::Indexed);
        let off = difference(&decode(&result), &decode(&file));
        assert!(off < f64::from(24 - quality / 5), "{off}");
        info(&result).palette.unwrap().len() / 3
    });
    assert!(sizes[0] > 128 && sizes[0] <= 256 && sizes[1] <= 120 && sizes[2] <= 8, "{sizes:?}");
}

#[test]
fn a_palette_keeps_what_is_transparent() {
    let mut pixels: Vec<u8> =
        fixtures::pixels(64, 64).as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    let mut dice = fixtures::Dice(9);
    for sample in &mut pixels {
        *sample ^= dice.below(32) as u8;
    }
    for (i, pixel) in pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        pixel[3] = if i % 64 < 16 {
            0
        } else if i % 64 < 32 {
            (i / 16) as u8
        } else {
            255
        };
    }
    let file = fixtures::png_of(&pixels, 64, 64, ColorType::Rgba, BitDepth::Eight, None);
    let result = decode(&edit(&compress(60), &file));
    for (i, (found, wanted)) in result.data.chunks(4).zip(pixels.chunks(4)).enumerate() {
        match i % 64 {
            0..16 => assert_eq!(found, [0; 4]),
            16..32 => assert!(found[3].abs_diff(wanted[3]) < 60),
            _ => assert_eq!(found[3], 255),
        }
    }
}
