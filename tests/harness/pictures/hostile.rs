//! Files that are no pictures, or that cost whoever believes them dearly.

mod bombs;

use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::Write;

pub use self::bombs::{Bomb, Fate, all};

/// What PNG files begin with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A PNG that is sound in every chunk and says to be this large; its pixels are missing.
pub fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut file = PNG.to_vec();
    file.extend(header(width, height));
    file.extend(chunk(*b"IDAT", &packed(b"")));
    file.extend(chunk(*b"IEND", b""));
    file
}

/// A PNG of one pixel whose compressed comment unpacks to so many bytes.
pub fn png_with_comment(unpacked: usize) -> Vec<u8> {
    let mut comment = b"Comment\0\0".to_vec();
    comment.extend(packed(&vec![b' '; unpacked]));
    let mut file = PNG.to_vec();
    file.extend(header(1, 1));
    file.extend(chunk(*b"zTXt", &comment));
    file.extend(chunk(*b"IDAT", &packed(&[0, 1, 2, 3])));
    file.extend(chunk(*b"IEND", b""));
    file
}

/// A PNG of one pixel that says to be an animation of so many frames.
pub fn png_of_frames(frames: u32) -> Vec<u8> {
    let mut file = PNG.to_vec();
    file.extend(header(1, 1));
    file.extend(chunk(*b"acTL", &[frames.to_be_bytes(), [0; 4]].concat()));
    for _ in 0..frames {
        file.extend(chunk(*b"fcTL", &[0; 26]));
    }
    file.extend(chunk(*b"IDAT", &packed(&[0, 1, 2, 3])));
    file.extend(chunk(*b"IEND", b""));
    file
}

/// A JPEG of so many scans, each of which has its decoder go over the whole picture.
pub fn jpeg_of_scans(scans: usize) -> Vec<u8> {
    // SOI; SOF2: 8 bits, 4096 x 4096, one component.
    let mut file = b"\xff\xd8\xff\xc2\0\x0b\x08\x10\0\x10\0\x01\x01\x11\0".to_vec();
    for _ in 0..scans {
        file.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0");
    }
    file.extend(b"\xff\xd9");
    file
}

/// A lossless WebP of this size whose pixels are missing (RFC 9649, 3.4: 14 bits for each side, less one).
pub fn webp_of(width: u32, height: u32) -> Vec<u8> {
    let sides = (width - 1) | (height - 1) << 14;
    let data = [&[0x2f][..], &sides.to_le_bytes(), &[0; 5]].concat();
    let length = |bytes: usize| u32::try_from(bytes).expect("few bytes").to_le_bytes();
    [&b"RIFF"[..], &length(12 + data.len()), b"WEBPVP8L", &length(data.len()), &data].concat()
}

/// Of 8 bits, in RGB.
fn header(width: u32, height: u32) -> Vec<u8> {
    header_of(width, height, 8, 2)
}

fn header_of(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    // Not interlaced.
    chunk(*b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat())
}

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a short chunk").to_be_bytes();
    let mut crc = Crc::new();
    crc.update(&name);
    crc.update(data);
    [&length[..], &name, data, &crc.sum().to_be_bytes()].concat()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
