//! Pictures in formats that are read and not written.

use gif::{Encoder, Frame};

use super::Pixels;

/// A GIF of so many frames, all of them the picture, which must have no more than 256 colours.
pub fn gif(picture: &Pixels, frames: usize) -> Vec<u8> {
    let mut palette: Vec<[u8; 3]> = Vec::new();
    let mut indices = Vec::new();
    for colour in picture.samples.as_chunks::<3>().0 {
        let index = palette.iter().position(|known| known == colour).unwrap_or_else(|| {
            palette.push(*colour);
            palette.len() - 1
        });
        indices.push(u8::try_from(index).expect("few colours"));
    }
    let side = |length: usize| u16::try_from(length).expect("a side");
    let (width, height) = (side(picture.width), side(picture.height));
    let frame = Frame { width, height, buffer: indices.into(), ..Frame::default() };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height, palette.as_flattened()).expect("a header");
    for _ in 0..frames {
        encoder.write_frame(&frame).expect("a frame");
    }
    drop(encoder);
    file
}

/// A TIFF in RGB, not compressed, of so many pages, with this orientation (TIFF 6.0, sections 2 and 8).
pub fn tiff(picture: &Pixels, orientation: u16, pages: usize) -> Vec<u8> {
    let mut file = b"II*\0".to_vec();
    let strip = 8;
    let start = strip + picture.samples.len().next_multiple_of(2);
    file.extend(long(start));
    file.extend(&picture.samples);
    file.resize(start, 0);
    for page in 1..=pages {
        let bits = file.len();
        file.extend([8, 0, 8, 0, 8, 0]);
        let entries: [(u16, u16, usize, usize); 10] = [
            (256, 4, 1, picture.width),
            (257, 4, 1, picture.height),
            (258, 3, 3, bits),
            (259, 3, 1, 1),
            (262, 3, 1, 2),
            (273, 4, 1, strip),
            (274, 3, 1, orientation.into()),
            (277, 3, 1, 3),
            (278, 4, 1, picture.height),
            (279, 4, 1, picture.samples.len()),
        ];
        let here = file.len();
        file.extend(10_u16.to_le_bytes());
        for (tag, kind, count, value) in entries {
            file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            file.extend([long(count), long(value)].concat());
        }
        let next = file.len() + 4;
        file.extend(long(if page < pages { next + 6 } else { 0 }));
        if page == 1 {
            file[4..8].copy_from_slice(&long(here));
        }
    }
    file
}

/// A BMP of 24 bits.
pub fn bmp(picture: &Pixels) -> Vec<u8> {
    let mut rows = Vec::new();
    for row in picture.samples.chunks_exact(picture.width * 3).rev() {
        rows.extend(row.as_chunks::<3>().0.iter().flat_map(|&[red, green, blue]| [blue, green, red]));
        rows.resize(rows.len().next_multiple_of(4), 0);
    }
    let sizes = [long(40), long(picture.width), long(picture.height)].concat();
    let head =
        [b"BM", &long(54 + rows.len())[..], &[0; 4], &long(54), &sizes, &[1, 0, 24, 0], &[0; 24]].concat();
    [head, rows].concat()
}

/// The container of an AVIF or a HEIC, by its brand, around a picture that is none.
pub fn heif(brand: [u8; 4], width: usize, height: usize) -> Vec<u8> {
    let content = b"pixels";
    let file = |start: usize| {
        let size = boxed(*b"ispe", &[&[0; 4], &big(width), &big(height)]);
        let properties = [boxed(*b"ipco", &[&size]), boxed(*b"ipma", &[&[0; 4], &big(1), &[0, 1, 1, 1]])];
        let place = [&[0, 1, 0, 0, 0, 1][..], &big(start), &big(content.len())].concat();
        let lists = [
            boxed(*b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
            boxed(*b"iloc", &[&[0, 0, 0, 0, 0x44, 0, 0, 1], &place]),
            boxed(*b"iprp", &[&properties.concat()]),
        ];
        let head = boxed(*b"ftyp", &[&brand, &[0; 4], b"mif1"]);
        [head, boxed(*b"meta", &[&[0; 4], &lists.concat()]), boxed(*b"mdat", &[content])].concat()
    };
    file(file(0).len() - content.len())
}

fn boxed(name: [u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&big(content.len() + 8)[..], &name, &content].concat()
}

fn long(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("a short file").to_le_bytes()
}

fn big(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("a short file").to_be_bytes()
}
