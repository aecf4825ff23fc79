//! What becomes an avatar, and how.

use super::*;

fn avatar(quality: i32) -> Edit {
    Edit::Avatar(Quality::try_from(quality).unwrap())
}

/// Half of it transparent, so that its alpha can be seen.
fn glass(width: usize, height: usize) -> Vec<u8> {
    let rgb = fixtures::pixels(width, height);
    let pixels: Vec<u8> = rgb
        .as_chunks::<3>()
        .0
        .iter()
        .enumerate()
        .flat_map(|(i, &[r, g, b])| [r, g, b, if i % width < width / 2 { 255 } else { 0 }])
        .collect();
    ::webp::Encoder::from_rgba(&pixels, width as u32, height as u32)
        .encode_simple(true, 90.0)
        .unwrap()
        .to_vec()
}

#[test]
fn any_picture_becomes_a_small_webp() {
    for file in [
        fixtures::jpeg(900, 300, Subsamp::Sub2x2),
        fixtures::png(900, 300),
        fixtures::webp(900, 300, false),
        fixtures::webp(900, 300, true),
    ] {
        let made = edit(&avatar(30), &file);
        let Facts { format, size, variant, .. } = facts(&made);
        assert_eq!((format, size), (Format::WebP, Size { width: 450, height: 150 }));
        assert_eq!(variant, preflight::Variant::Plain);
    }
}

#[test]
fn a_small_picture_keeps_its_size_and_its_looks() {
    let file = fixtures::png(48, 32);
    let made = edit(&avatar(100), &file);
    assert!(difference(&decode(&made), &decode(&file)) < 6.0);
}

#[test]
fn better_quality_is_a_larger_file() {
    let file = fixtures::jpeg(600, 600, Subsamp::None);
    assert!(edit(&avatar(100), &file).len() > edit(&avatar(30), &file).len());
}

#[test]
fn alpha_is_kept() {
    let made = decode(&edit(&avatar(30), &glass(900, 600)));
    assert_eq!((made.width, made.height), (450, 300));
    assert_eq!((made.data[3], made.data[449 * 4 + 3]), (255, 0));
}
