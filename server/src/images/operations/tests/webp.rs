//! What edits make of WebP files.

use super::*;

fn with_alpha(width: usize, height: usize, lossless: bool) -> Vec<u8> {
    let rgb = fixtures::pixels(width, height);
    let pixels: Vec<u8> = rgb
        .as_chunks::<3>()
        .0
        .iter()
        .enumerate()
        .flat_map(|(i, &[r, g, b])| [r, g, b, if i % width < width / 2 { 255 } else { 90 }])
        .collect();
    let encoder = ::webp::Encoder::from_rgba(&pixels, width as u32, height as u32);
    encoder.encode_simple(lossless, 90.0).unwrap().to_vec()
}

#[test]
fn lossless_stays_lossless_and_exact() {
    for file in [fixtures::webp(33, 21, true), with_alpha(33, 21, true)] {
        let turned = edit(&rotate(90), &file);
        let turn = Turn::counter_clockwise(Angle::new(90)).unwrap();
        assert_eq!(decode(&turned), turn.apply(decode(&file)));
        assert_eq!(decode(&edit(&upscale(3), &file)), nearest::scale(&decode(&file), 3));
        assert_eq!(facts(&turned).variant, preflight::Variant::Lossless);
    }
}

#[test]
fn lossy_stays_lossy_and_near() {
    for file in [fixtures::webp(48, 32, false), with_alpha(48, 32, false)] {
        let turned = edit(&rotate(270), &file);
        let turn = Turn::counter_clockwise(Angle::new(270)).unwrap();
        assert!(difference(&decode(&turned), &turn.apply(decode(&file))) < 3.0);
        assert_eq!(facts(&turned).variant, preflight::Variant::Plain);
    }
}

#[test]
fn alpha_is_kept_by_every_edit() {
    for file in [with_alpha(48, 32, true), with_alpha(48, 32, false)] {
        for what in [rotate(180), Edit::Grayscale, compress(40), upscale(2)] {
            let result = decode(&edit(&what, &file));
            let alphas = [result.data[3], result.data[result.width * 4 - 1]];
            let mut expected = [255, 90];
            if what == rotate(180) {
                expected.reverse();
            }
            assert_eq!(alphas, expected, "{what}");
        }
    }
}

#[test]
fn any_angle_adds_alpha() {
    let result = edit(&rotate(45), &fixtures::webp(48, 32, false));
    assert!(::webp::BitstreamFeatures::new(&result).unwrap().has_alpha());
    assert_eq!(decode(&result).data[3], 0);
}
