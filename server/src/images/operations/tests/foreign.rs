//! GIF, TIFF and BMP become PNGs that show the same.

use super::*;
use crate::images::{
    model::{Drawing, Target},
    preflight::fixtures::foreign::*,
};

const SIZE: (u32, u32) = (24, 16);

/// RGBA of RGB.
fn opaque(rgb: &[u8]) -> Raster {
    let data = rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    Raster { width: 24, height: 16, pixel: 4, data }
}

/// What an edit that moves pixels makes of it, turned back.
fn shown(file: &[u8]) -> Raster {
    let half = edit(&rotate(180), file);
    assert_eq!(facts(&half).format, Format::Png);
    Turn::upright(3).apply(decode(&half))
}

fn tiff_of(page: Page) -> Vec<u8> {
    tiff(true, vec![page])
}

#[test]
fn pixels_stay_what_they_are() {
    let rgb = fixtures::pixels(24, 16);
    assert_eq!(shown(&bmp(24, 16, &rgb)), opaque(&rgb));
    for big in [false, true] {
        assert_eq!(shown(&tiff(big, vec![page(24, 16)])), opaque(&rgb));
    }
    let palette = colours(32);
    let expected: Vec<u8> =
        indices(24, 16, 32).iter().flat_map(|&i| palette[usize::from(i) * 3..][..3].to_vec()).collect();
    assert_eq!(shown(&gif(24, 16, 1)), opaque(&expected));
    let map: Vec<u32> =
        (0..3).flat_map(|c| palette.iter().skip(c).step_by(3).map(|&s| u32::from(s) * 257)).collect();
    let map: Vec<u32> = map.chunks(32).flat_map(|plane| [plane, &[0; 224]].concat()).collect();
    let indexed = Page::new(SIZE, 8, 1, 3, &indices(24, 16, 32)).with(320, SHORT, &map);
    assert_eq!(shown(&tiff_of(indexed)), opaque(&expected));
}

#[test]
fn every_kind_of_tiff_is_shown_in_colours_of_png() {
    let first = |bits, samples, photometric, pixel: &[u8]| {
        let page = Page::new(SIZE, bits, samples, photometric, &pixel.repeat(24 * 16));
        let page =
            if samples == 2 || (samples, photometric) == (4, 2) { page.with(338, SHORT, &[2]) } else { page };
        let data = shown(&tiff_of(page)).data;
        assert!(data.chunks(4).all(|p| p == &data[..4]));
        data[..4].to_vec()
    };
    assert_eq!(first(8, 1, 1, &[9]), [9, 9, 9, 255]);
    assert_eq!(first(8, 1, 0, &[9]), [246, 246, 246, 255]);
    assert_eq!(first(16, 1, 1, &[0x12, 0x34]), [0x12, 0x12, 0x12, 255]);
    assert_eq!(first(8, 2, 1, &[9, 7]), [9, 9, 9, 7]);
    assert_eq!(first(16, 3, 2, &[1, 0, 2, 0, 3, 0]), [1, 2, 3, 255]);
    assert_eq!(first(8, 4, 2, &[1, 2, 3, 4]), [1, 2, 3, 4]);
    assert_eq!(first(8, 4, 5, &[0, 255, 255, 0]), [255, 0, 0, 255]);
    assert_eq!(first(8, 4, 5, &[0, 0, 0, 204]), [51, 51, 51, 255]);
    assert_eq!(first(16, 4, 5, &[0, 0, 0, 0, 0, 0, 204, 204]), [51, 51, 51, 255]);
    let bits = Page::new(SIZE, 1, 1, 1, &[0xff; 3 * 16]);
    assert_eq!(shown(&tiff_of(bits)).data, [255; 24 * 16 * 4]);
}

#[test]
fn wide_samples_stay_wide() {
    let strip = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc].repeat(24 * 16);
    let made = edit(&upscale(2), &tiff_of(Page::new(SIZE, 16, 3, 2, &strip)));
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(&made)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    assert_eq!(reader.next_frame(&mut data).unwrap().bit_depth, BitDepth::Sixteen);
    assert_eq!(data, strip.repeat(4));
}

#[test]
fn planes_are_put_together_and_alpha_is_taken_out_of_colours() {
    let planes: Vec<u8> = [1, 2, 3].iter().flat_map(|&sample| [sample; 24 * 16]).collect();
    let offsets: Vec<u32> = (0..3).map(|plane| 8 + plane * 24 * 16).collect();
    let page = Page::new(SIZE, 8, 3, 2, &planes).with(284, SHORT, &[2]);
    let page = page.with(273, LONG, &offsets).with(279, LONG, &[24 * 16; 3]);
    assert_eq!(shown(&tiff_of(page)), opaque(&[1, 2, 3].repeat(24 * 16)));
    let page = Page::new(SIZE, 8, 4, 2, &[50, 100, 0, 100].repeat(24 * 16)).with(338, SHORT, &[1]);
    assert_eq!(shown(&tiff_of(page)).data[..4], [128, 255, 0, 100]);
}

#[test]
fn orientation_is_applied_and_a_profile_goes_along() {
    let profile = [&[0; 16][..], b"RGB ", &[7; 100]].concat();
    let values: Vec<u32> = profile.iter().map(|&byte| byte.into()).collect();
    for orientation in 1..=8 {
        let page = page(24, 16).with(274, SHORT, &[orientation.into()]).with(34_675, BYTE, &values);
        let made = edit(&rotate(90), &tiff_of(page));
        let turn = Turn::upright(orientation).then(Turn::counter_clockwise(Angle::new(90)).unwrap());
        assert_eq!(decode(&made), turn.apply(opaque(&fixtures::pixels(24, 16))));
        let reader = ::png::Decoder::new(std::io::Cursor::new(&made)).read_info().unwrap();
        assert_eq!(reader.info().icc_profile.as_deref(), Some(profile.as_slice()));
    }
    let inks = Page::new(SIZE, 8, 4, 5, &[0; 24 * 16 * 4]).with(34_675, BYTE, &values);
    let made = edit(&rotate(90), &tiff_of(inks));
    let reader = ::png::Decoder::new(std::io::Cursor::new(&made)).read_info().unwrap();
    assert!(reader.info().icc_profile.is_some(), "what says RGB is for RGB");
    let values: Vec<u32> =
        [&[0; 16][..], b"CMYK", &[7; 100]].concat().iter().map(|&byte| byte.into()).collect();
    let inks = Page::new(SIZE, 8, 4, 5, &[0; 24 * 16 * 4]).with(34_675, BYTE, &values);
    let made = edit(&rotate(90), &tiff_of(inks));
    let reader = ::png::Decoder::new(std::io::Cursor::new(&made)).read_info().unwrap();
    assert!(reader.info().icc_profile.is_none(), "inks are gone, and their profile with them");
}

#[test]
fn a_frame_lies_on_a_transparent_canvas() {
    let frame = |transparent| gif::Frame {
        left: 2,
        top: 1,
        width: 4,
        height: 3,
        transparent,
        buffer: vec![1; 12].into(),
        ..gif::Frame::default()
    };
    for (palette, transparent) in [(colours(32), None), (colours(32), Some(0)), (colours(256), None)] {
        let made = shown(&gif_of((24, 16), &palette, &[frame(transparent)]));
        assert_eq!(made.data[3], 0);
        let inside = &made.data[(24 + 2) * 4..][..16];
        assert_eq!(inside, [palette[3], palette[4], palette[5], 255].repeat(4));
        assert_eq!(made.data.chunks(4).filter(|pixel| pixel[3] == 255).count(), 12);
    }
    let glass = gif::Frame { transparent: Some(1), ..frame(None) };
    assert!(shown(&gif_of((24, 16), &colours(32), &[glass])).data.chunks(4).all(|pixel| pixel[3] == 0));
}

#[test]
fn what_changes_nothing_leaves_the_file_as_it_is() {
    let grays = Page::new(SIZE, 8, 1, 1, &indices(24, 16, 32));
    for file in [gif(24, 16, 1), tiff_of(page(24, 16)), bmp(24, 16, &fixtures::pixels(24, 16))] {
        assert_eq!(edit(&rotate(0), &file), file);
        assert!(edit(&compress(100), &file).len() <= file.len());
    }
    let gray = tiff_of(grays);
    assert_eq!(edit(&Edit::Grayscale, &gray), gray);
    let tiny = gif(1, 1, 1);
    assert_eq!(edit(&compress(50), &tiny), tiny);
}

#[test]
fn what_is_converted_or_cropped_is_upright_and_in_the_format_that_was_asked_for() {
    let file = tiff_of(page(24, 16).with(274, SHORT, &[6]));
    let upright = Turn::upright(6).apply(opaque(&fixtures::pixels(24, 16)));
    for (format, tolerance) in [(Format::Png, 0.0), (Format::WebP, 0.0), (Format::Jpeg, 9.0)] {
        let made = edit(&Edit::Draw(Drawing::Convert(Target { format, quality: None })), &file);
        assert_eq!(facts(&made).format, format);
        assert!(difference(&decode(&made), &upright) <= tolerance);
    }
    let area = crate::images::model::Area::new([2, 3, 4, 5]).unwrap();
    let made = edit(&Edit::Draw(Drawing::Crop(area)), &file);
    assert_eq!((facts(&made).format, facts(&made).size), (Format::Png, Size { width: 4, height: 5 }));
    assert_eq!(decode(&made).data[..4], upright.data[(3 * 16 + 2) * 4..][..4]);
}

#[test]
fn what_moves_has_pages_or_has_no_decoder_is_refused() {
    let apply = |file: &[u8]| apply(&Edit::Grayscale, file, &mut |_| {}).unwrap_err().to_string();
    assert_eq!(apply(&gif(24, 16, 2)), Failure::Animated.to_string());
    assert_eq!(apply(&tiff(false, vec![page(24, 16), page(24, 16)])), Failure::Paged.to_string());
    let known = [(*b"avif", cfg!(feature = "avif")), (*b"heic", cfg!(feature = "heic"))];
    for (brand, _) in known.into_iter().filter(|(_, known)| !known) {
        let told = apply(&heif(brand, (24, 16), 0, None, &[]));
        assert!(told.contains(&String::from_utf8_lossy(&brand).to_uppercase()), "{told}");
    }
}

#[cfg(feature = "avif")]
#[test]
fn an_avif_becomes_a_png() {
    let made = edit(&rotate(90), include_bytes!("../../../../../tests/fuzz/seeds/preflight/still.avif"));
    assert_eq!((facts(&made).format, facts(&made).size.height), (Format::Png, 9));
    let broken = heif(*b"avif", (24, 16), 0, None, &[]);
    assert_eq!(super::apply(&rotate(90), &broken, &mut |_| {}), Err(Failure::Damaged));
}

#[cfg(feature = "heic")]
#[test]
fn a_heic_becomes_a_png_that_shows_the_same() {
    let file = include_bytes!("../../../../../tests/fuzz/seeds/preflight/still.heic");
    assert_eq!((facts(file).size, facts(file).orientation), (Size { width: 24, height: 16 }, 6));
    let scene = |x: u8, y: u8| [x * 10, y * 15, 128, 255];
    let scene: Vec<u8> = (0..16).flat_map(|y| (0..24).flat_map(move |x| scene(x, y))).collect();
    let stored = Raster { width: 24, height: 16, pixel: 4, data: scene };
    let made = edit(&Edit::Draw(Drawing::Convert(Target { format: Format::Png, quality: None })), file);
    assert!(difference(&decode(&made), &Turn::upright(6).apply(stored.clone())) < 2.0);
    let carried = |text: &[u8]| made.windows(text.len()).any(|part| part == text);
    assert!(carried(b"Canon") && carried(b"(c) Mara") && !carried(b"SECRET"));
    assert_eq!(facts(&made).orientation, 1);

    let glass = include_bytes!("../../../../../tests/fuzz/seeds/preflight/alpha.heic");
    let made = decode(&edit(&rotate(180), glass));
    let turned = Turn::upright(3).apply(made);
    assert!((0..24).all(|x| turned.data[x * 4 + 3].abs_diff(255 - 10 * x as u8) <= 3));
    for length in 0..file.len() {
        assert!(super::apply(&rotate(90), &file[..length], &mut |_| {}).is_err());
    }
    let mut dice = fixtures::Dice(13);
    for _ in 0..2_000 {
        if let Ok(made) = super::apply(&rotate(90), &dice.damaged(file), &mut |_| {}) {
            assert!(preflight::inspect_result(&made).is_ok());
        }
    }
}

#[test]
fn damaged_files_are_refused_or_edited_but_nothing_else() {
    let files = [
        gif(24, 16, 1),
        tiff_of(page(24, 16)),
        tiff(false, vec![Page::new(SIZE, 8, 1, 1, &[3; 400]).with(259, SHORT, &[5])]),
        tiff(false, vec![Page::new(SIZE, 8, 1, 1, &[3; 400]).with(259, SHORT, &[32_773])]),
        bmp(24, 16, &fixtures::pixels(24, 16)),
    ];
    let mut dice = fixtures::Dice(11);
    for round in 0..2_000 {
        let file = dice.damaged(&files[round % files.len()]);
        if let Ok(made) = super::apply(&rotate(90), &file, &mut |_| {}) {
            assert!(preflight::inspect_result(&made).is_ok());
        }
    }
}

#[test]
fn what_a_tiff_says_of_its_camera_goes_along() {
    use ::exif::{Context, Field, In, Reader, Tag, Value, experimental::Writer};

    let ascii = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let short = |value: u16| Value::Short(vec![value]);
    let fields: Vec<_> = [
        (Tag::ImageWidth, short(24)),
        (Tag::ImageLength, short(16)),
        (Tag::BitsPerSample, Value::Short(vec![8; 3])),
        (Tag::Compression, short(1)),
        (Tag::PhotometricInterpretation, short(2)),
        (Tag::SamplesPerPixel, short(3)),
        (Tag::RowsPerStrip, short(16)),
        (Tag::Orientation, short(6)),
        (Tag::Make, ascii("Canon")),
        (Tag(Context::Tiff, 700), Value::Byte(b"<x:xmpmeta>SECRET</x:xmpmeta>".to_vec())),
        (Tag::PhotographicSensitivity, short(400)),
        (Tag::PixelXDimension, short(24)),
        (Tag::MakerNote, Value::Undefined(b"SECRET".to_vec(), 0)),
        (Tag::GPSLatitudeRef, ascii("N")),
    ]
    .map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value })
    .into();
    let pixels = fixtures::pixels(24, 16);
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let strips = [pixels.as_slice()];
    writer.set_strips(&strips, In::PRIMARY);
    let mut file = std::io::Cursor::new(Vec::new());
    writer.write(&mut file, true).unwrap();
    let made = edit(&Edit::Grayscale, &file.into_inner());
    assert_eq!((facts(&made).format, facts(&made).size), (Format::Png, Size { width: 16, height: 24 }));
    let reader = ::png::Decoder::new(std::io::Cursor::new(&made)).read_info().unwrap();
    let told = Reader::new().read_raw(reader.info().exif_metadata.clone().unwrap().into_owned()).unwrap();
    let number = |tag| told.get_field(tag, In::PRIMARY).and_then(|field| field.value.get_uint(0));
    assert_eq!((number(Tag::Orientation), number(Tag::PhotographicSensitivity)), (Some(1), Some(400)));
    assert_eq!((number(Tag::PixelXDimension), number(Tag::ImageWidth)), (Some(16), None));
    assert_eq!(told.get_field(Tag::Make, In::PRIMARY).unwrap().display_value().to_string(), "\"Canon\"");
    assert!(told.get_field(Tag::GPSLatitudeRef, In::PRIMARY).is_none());
    assert!(!made.windows(6).any(|part| part == b"SECRET"));
    let stripped = edit(&Edit::StripMetadata { keep_copyright: false }, &made);
    assert!(
        ::png::Decoder::new(std::io::Cursor::new(&stripped))
            .read_info()
            .unwrap()
            .info()
            .exif_metadata
            .is_none()
    );
}
