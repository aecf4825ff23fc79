//! Pictures as files, and files as pictures.

use std::io::Cursor;

use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, Subsamp};
use webp::{Decoder, Encoder};

use super::Pixels;

/// A JPEG, colours not subsampled; 0 is the smallest, 100 the best.
pub fn jpeg(picture: &Pixels, quality: i32) -> Vec<u8> {
    let (format, subsampling) = match picture.channels {
        1 => (PixelFormat::GRAY, Subsamp::Gray),
        3 => (PixelFormat::RGB, Subsamp::None),
        other => panic!("no JPEG has {other} channels"),
    };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_quality(quality).expect("a quality");
    compressor.set_subsamp(subsampling).expect("a subsampling");
    let pitch = picture.width * picture.channels;
    let Pixels { width, height, samples, .. } = picture;
    let image = Image { pixels: samples.as_slice(), width: *width, pitch, height: *height, format };
    compressor.compress_to_vec(image).expect("a JPEG")
}

/// A JPEG whose EXIF says this orientation, 1 to 8.
pub fn jpeg_with_orientation(picture: &Pixels, quality: i32, orientation: u8) -> Vec<u8> {
    // TIFF 6.0: big-endian, one directory, one entry: tag 0x0112, a SHORT.
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    let whole = jpeg(picture, quality);
    let (start, rest) = whole.split_at(2);
    [start, &[0xff, 0xe1], &length, &exif, rest].concat()
}

/// A PNG of 8 bits a sample.
pub fn png(picture: &Pixels) -> Vec<u8> {
    let side = |length: usize| u32::try_from(length).expect("a side");
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(picture.width), side(picture.height));
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match picture.channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&picture.samples).expect("pixels");
    writer.finish().expect("an end");
    file
}

/// A lossy WebP; 0 is the smallest, 100 the best.
pub fn webp(picture: &Pixels, quality: f32) -> Vec<u8> {
    encoder(picture).encode(quality).to_vec()
}

/// A lossless WebP.
pub fn webp_lossless(picture: &Pixels) -> Vec<u8> {
    encoder(picture).encode_lossless().to_vec()
}

fn encoder(picture: &Pixels) -> Encoder<'_> {
    let side = |length: usize| u32::try_from(length).expect("a side");
    let (width, height) = (side(picture.width), side(picture.height));
    match picture.channels {
        3 => Encoder::from_rgb(&picture.samples, width, height),
        4 => Encoder::from_rgba(&picture.samples, width, height),
        other => panic!("no WebP has {other} channels"),
    }
}

/// The picture in a JPEG, PNG or WebP, as it is stored: its orientation is not applied. A grey JPEG and a grey
/// PNG have one channel; palettes are resolved.
pub fn decode(file: &[u8]) -> Pixels {
    match file {
        [0xff, 0xd8, ..] => decode_jpeg(file),
        [0x89, b'P', ..] => decode_png(file),
        _ => decode_webp(file),
    }
}

fn decode_jpeg(file: &[u8]) -> Pixels {
    let mut decompressor = Decompressor::new().expect("a decompressor");
    let header = decompressor.read_header(file).expect("a JPEG");
    let grey = header.subsamp == Subsamp::Gray;
    let (format, channels) = if grey { (PixelFormat::GRAY, 1) } else { (PixelFormat::RGB, 3) };
    let (width, height) = (header.width, header.height);
    let mut samples = vec![0; width * height * channels];
    let image = Image { pixels: samples.as_mut_slice(), width, pitch: width * channels, height, format };
    decompressor.decompress(file, image).expect("a whole JPEG");
    Pixels { width, height, channels, samples }
}

fn decode_png(file: &[u8]) -> Pixels {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut samples = vec![0; reader.output_buffer_size().expect("a sane size")];
    let frame = reader.next_frame(&mut samples).expect("a whole PNG");
    samples.truncate(frame.buffer_size());
    let (width, height) = (frame.width as usize, frame.height as usize);
    Pixels { width, height, channels: frame.color_type.samples(), samples }
}

fn decode_webp(file: &[u8]) -> Pixels {
    let image = Decoder::new(file).decode().expect("a WebP");
    let (width, height) = (image.width() as usize, image.height() as usize);
    Pixels { width, height, channels: if image.is_alpha() { 4 } else { 3 }, samples: image.to_vec() }
}
