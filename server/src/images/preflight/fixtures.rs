//! Real files of every format, made on the spot, for tests.

pub(crate) mod foreign;

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// RGB pixels of a smooth picture in which no side or corner looks like another.
pub(crate) fn pixels(width: usize, height: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (across, down) = (x * 255 / width, y * 255 / height);
            data.extend([across as u8, down as u8, ((across * 2 + down) / 3) as u8 / 2 + 40]);
        }
    }
    data
}

/// A JPEG of [`pixels`].
pub(crate) fn jpeg(width: usize, height: usize, sampling: Subsamp) -> Vec<u8> {
    jpeg_of(&pixels(width, height), width, height, PixelFormat::RGB, sampling, false)
}

/// A JPEG of these pixels, at quality 92.
pub(crate) fn jpeg_of(
    pixels: &[u8],
    width: usize,
    height: usize,
    format: PixelFormat,
    sampling: Subsamp,
    progressive: bool,
) -> Vec<u8> {
    let mut encoder = Compressor::new().unwrap();
    encoder.set_quality(92).unwrap();
    encoder.set_subsamp(sampling).unwrap();
    encoder.set_progressive(progressive).unwrap();
    let pitch = width * format.size();
    encoder.compress_to_vec(Image { pixels, width, pitch, height, format }).unwrap()
}

/// An RGB PNG of [`pixels`].
pub(crate) fn png(width: usize, height: usize) -> Vec<u8> {
    let eight = png::BitDepth::Eight;
    png_of(&pixels(width, height), width, height, png::ColorType::Rgb, eight, None)
}

/// A PNG of these samples, packed as PNG packs them.
pub(crate) fn png_of(
    samples: &[u8],
    width: usize,
    height: usize,
    colour: png::ColorType,
    depth: png::BitDepth,
    palette: Option<(&[u8], &[u8])>,
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if let Some((colours, alphas)) = palette {
        encoder.set_palette(colours.to_vec());
        encoder.set_trns(alphas.to_vec());
    }
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    file
}

/// A WebP of [`pixels`].
pub(crate) fn webp(width: usize, height: usize, lossless: bool) -> Vec<u8> {
    let pixels = pixels(width, height);
    let encoder = webp::Encoder::from_rgb(&pixels, width as u32, height as u32);
    encoder.encode_simple(lossless, 90.0).unwrap().to_vec()
}

/// EXIF of an image whose thumbnail is as small as can be: orientation, sizes, a second directory.
pub(crate) fn exif(orientation: u16, width: u32, height: u32) -> Vec<u8> {
    const THUMBNAIL: &[u8] = &[0xff, 0xd8, 0xff, 0xd9];
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    let mut directory = |entries: &[(u16, u16, u32)], next: u32| {
        tiff.extend((entries.len() as u16).to_be_bytes());
        for &(tag, kind, value) in entries {
            tiff.extend(tag.to_be_bytes());
            tiff.extend(kind.to_be_bytes());
            tiff.extend(1_u32.to_be_bytes());
            tiff.extend(if kind == 3 { value << 16 } else { value }.to_be_bytes());
        }
        tiff.extend(next.to_be_bytes());
    };
    // Directories of two entries take 30 bytes; the first begins at 8.
    directory(&[(0x0112, 3, orientation.into()), (0x8769, 4, 38)], 68);
    directory(&[(0xa002, 4, width), (0xa003, 4, height)], 0);
    directory(&[(0x0201, 4, 98), (0x0202, 4, THUMBNAIL.len() as u32)], 0);
    tiff.extend(THUMBNAIL);
    tiff
}

/// A JPEG with a segment right after its beginning.
pub(crate) fn jpeg_with(file: &[u8], marker: u8, payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, marker], &length, &payload, &file[2..]].concat()
}

/// A PNG with a chunk right after its header.
pub(crate) fn png_with(file: &[u8], name: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&file[..33], &png_chunk(name, data), &file[33..]].concat()
}

/// A chunk of a PNG, with its checksum.
pub(crate) fn png_chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&name, data].concat();
    let checksum = crc32fast::hash(&body).to_be_bytes();
    [&(data.len() as u32).to_be_bytes(), body.as_slice(), &checksum].concat()
}

/// A still WebP of 24 by 16, or whatever the canvas says, with chunks before and after its picture.
pub(crate) fn webp_with(
    file: &[u8],
    flags: u8,
    (width, height): (u32, u32),
    before: &[u8],
    after: &[u8],
) -> Vec<u8> {
    let [w, h] = [width - 1, height - 1].map(u32::to_le_bytes);
    let header = webp_chunk(*b"VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
    riff(&[&header, before, &file[12..], after].concat())
}

/// A chunk of a WebP, padded.
pub(crate) fn webp_chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    [&name, (data.len() as u32).to_le_bytes().as_slice(), data, padding].concat()
}

/// A WebP of these chunks.
pub(crate) fn riff(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", (chunks.len() as u32 + 4).to_le_bytes().as_slice(), b"WEBP", chunks].concat()
}

/// The same numbers every time: xorshift64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// The bytes with a few of them changed, some cut out, or the end cut off.
    pub(crate) fn damaged(&mut self, file: &[u8]) -> Vec<u8> {
        let mut bytes = file.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            bytes[at] = [0, 0xff, self.below(256) as u8][self.below(3)];
        }
        match self.below(4) {
            0 => bytes.truncate(self.below(file.len())),
            1 => drop(bytes.drain(self.below(file.len())..)),
            2 => {
                let start = self.below(file.len());
                let end = start + self.below(file.len() - start);
                bytes.drain(start..end);
            }
            _ => {}
        }
        bytes
    }
}
