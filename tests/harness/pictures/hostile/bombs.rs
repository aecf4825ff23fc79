//! Every kind of file that costs a credulous reader its memory or its time, and a few that only look like it.

use super::{PNG, chunk, header_of, jpeg_of_scans, packed, png_of_frames};
use crate::pictures::{Pixels, bmp, gif, heif, jpeg, png, tiff};

/// What is to become of a file at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is refused.
    Refused,
    /// It is taken, for it is odd and nothing worse.
    Taken,
}

/// A file by its name.
pub struct Bomb {
    /// For whoever reads of a failure.
    pub name: &'static str,
    /// Its bytes.
    pub file: Vec<u8>,
    /// What becomes of it.
    pub fate: Fate,
}

/// All of them.
pub fn all() -> Vec<Bomb> {
    let refused = pngs().into_iter().chain(jpegs()).chain(others()).chain(containers());
    let refused = refused.map(|(name, file)| Bomb { name, file, fate: Fate::Refused });
    refused
        .chain(odd().into_iter().chain(metadata()).map(|(name, file)| Bomb { name, file, fate: Fate::Taken }))
        .collect()
}

type Named = (&'static str, Vec<u8>);

fn pngs() -> Vec<Named> {
    let comment = |name: [u8; 4], start: &[u8]| {
        let data = [start, &zeros(300 << 20)].concat();
        [
            PNG,
            &header_of(8, 8, 8, 2),
            &chunk(name, &data),
            &chunk(*b"IDAT", &zeros(200)),
            &chunk(*b"IEND", b""),
        ]
        .concat()
    };
    vec![
        ("a PNG of 20,000 x 20,000 in 1 bit", large_png(1, 0, 50 << 20)),
        ("a PNG of 20,000 x 20,000 in RGB", large_png(8, 2, 1_200 << 20)),
        ("a PNG of 20,000 x 20,000 in RGB of 16 bits", large_png(16, 2, 2_400 << 20)),
        ("a PNG with a profile of 300 MB", comment(*b"iCCP", b"p\0\0")),
        ("a PNG with a comment of 300 MB", comment(*b"zTXt", b"k\0\0")),
        ("a PNG with a text of 300 MB", comment(*b"iTXt", b"k\0\x01\0\0\0")),
        ("a PNG of 100,000 frames", png_of_frames(100_000)),
        ("a PNG with the start of a JPEG", [b"\xff\xd8\xff", &png(&Pixels::flat(8, 8))[3..]].concat()),
        ("a PNG that is 41 bytes long", [PNG, &chunk(*b"IHDR", &[0x7f; 13]), &[0; 8]].concat()),
    ]
}

fn large_png(depth: u8, colour: u8, unpacked: usize) -> Vec<u8> {
    let header = header_of(20_000, 20_000, depth, colour);
    [PNG, &header, &chunk(*b"IDAT", &zeros(unpacked)), &chunk(*b"IEND", b"")].concat()
}

fn jpegs() -> Vec<Named> {
    let sound = jpeg(&Pixels::flat(16, 16), 90);
    let frame = sound.windows(2).position(|bytes| bytes == [0xff, 0xc0]).expect("a frame");
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = sound.clone();
        file[frame + at..frame + at + bytes.len()].copy_from_slice(bytes);
        file
    };
    // Sides of 30,000, and as much as they are in the shortest codes.
    let mut large = changed(5, &[0x75, 0x30, 0x75, 0x30]);
    let end = large.len() - 2;
    large.splice(end..end, std::iter::repeat_n(0, 10_500_000));
    let metadata = [&[0xff, 0xe5, 0xff, 0xff][..], &vec![0; 65_533]].concat();
    vec![
        ("a JPEG of 30,000 x 30,000", large),
        ("a JPEG of 2,000 scans", jpeg_of_scans(2_000)),
        ("a JPEG of 12 bits", changed(4, &[12])),
        ("a JPEG in arithmetic coding", changed(1, &[0xc9])),
        ("a JPEG without loss", changed(1, &[0xc3])),
        ("a JPEG with 20 MB of metadata", [&sound[..2], &metadata.repeat(320), &sound[2..]].concat()),
    ]
}

fn others() -> Vec<Named> {
    let screen =
        |side: u16| [b"GIF89a", &side.to_le_bytes()[..], &side.to_le_bytes(), &[0, 0, 0, b';']].concat();
    let mut blocks = gif(&Pixels::flat(8, 8), 1);
    blocks.pop();
    blocks.extend([0x21, 0xfe, 0].repeat(1_000_000));
    vec![
        ("a WebP of 16,383 x 16,383", super::webp_of(16_383, 16_383)),
        ("a GIF of 65,535 x 65,535", screen(65_535)),
        ("a GIF of 20,000 frames", gif(&Pixels::flat(1, 1), 20_000)),
        ("a GIF of a million empty comments", blocks),
        ("a BMP of 30,000 x 30,000", bmp_of(30_000, 1)),
        ("a BMP of 7,000 x 7,000 without pixels", bmp_of(7_000, 0)),
    ]
}

fn containers() -> Vec<Named> {
    let exif = [heif(*b"avif", 30_000, 30_000), heif(*b"heic", 7_000, 30_000)];
    let [avif, heic] = exif;
    vec![
        ("a TIFF whose directory follows itself", circle(1)),
        ("a TIFF whose directories follow one another", circle(2)),
        ("a TIFF of 5,000 pages", tiff(&Pixels::flat(1, 1), 1, 5_000)),
        ("a TIFF of 65,535 entries", [&b"II*\0\x08\0\0\0\xff\xff"[..], &vec![1; 65_535 * 12 + 4]].concat()),
        ("a TIFF with a value of 4 GB", tiff_with(700, 1, u32::MAX, 8)),
        ("a TIFF of 4,294,967,295 strips", tiff_with(273, 4, u32::MAX, 8)),
        ("a TIFF of 30,000 x 30,000", tiff_of(&[(256, 30_000), (257, 30_000)])),
        ("a TIFF with a directory beyond its end", b"MM\0*\xff\xff\xff\xf0".to_vec()),
        ("an AVIF of 30,000 x 30,000", avif),
        ("a HEIC of 7,000 x 30,000", heic),
        ("a HEIC of a million boxes", [heif(*b"heic", 8, 8), b"\0\0\0\x08free".repeat(1_000_000)].concat()),
    ]
}

/// Odd, and nothing worse.
fn odd() -> Vec<Named> {
    let small = heif(*b"avif", 8, 8);
    let deep = (0..5_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let length = u32::try_from(inner.len() + 8).expect("a short box").to_be_bytes();
        [&length[..], b"moov", &inner].concat()
    });
    let mut xmp = jpeg(&Pixels::flat(8, 8), 90);
    let packet =
        [&[0xff, 0xe1, 0xff, 0xff][..], b"http://ns.adobe.com/xap/1.0/\0", &vec![b' '; 65_504]].concat();
    xmp.splice(2..2, packet.repeat(160));
    vec![
        ("a PNG of 1 x 1", png(&Pixels::flat(1, 1))),
        ("a PNG of 30,000 x 1", png(&Pixels::flat(30_000, 1))),
        ("a JPEG of 1 x 30,000", jpeg(&Pixels::flat(1, 30_000), 90)),
        ("a GIF of 1 x 1", gif(&Pixels::flat(1, 1), 1)),
        ("a TIFF of 30,000 x 1", tiff(&Pixels::flat(30_000, 1), 1, 1)),
        ("a BMP of 1 x 30,000", bmp(&Pixels::flat(1, 30_000))),
        ("a BMP of 7,000 x 7,000 in runs that end at once", runs()),
        ("a JPEG with 10 MB of XMP", xmp),
        ("an AVIF of boxes in boxes", [small, deep].concat()),
    ]
}

/// Sound pictures whose metadata would keep its reader for ever, or cost it all of its memory.
fn metadata() -> Vec<Named> {
    let with = |marker: u8, payload: &[&[u8]]| {
        let (mut file, payload) = (jpeg(&Pixels::flat(8, 8), 90), payload.concat());
        let length = u16::try_from(payload.len() + 2).expect("a short segment").to_be_bytes();
        file.splice(2..2, [&[0xff, marker][..], &length, &payload].concat());
        file
    };
    let exif = |tiff: &[u8]| with(0xe1, &[b"Exif\0\0", tiff]);
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let one = |entry: &[u8], next: u32| [b"II*\0\x08\0\0\0\x01\0", entry, &next.to_le_bytes()].concat();
    // Each directory begins inside the one before, and has as many entries as it can.
    let nested: Vec<u8> = (0..5_000).flat_map(|n| entry(0x8769, 4, 1, 10 + n * 12)).collect();
    let tags = [&[0; 36][..], b"acsp", &[0; 88], &u32::MAX.to_be_bytes()].concat();
    vec![
        ("a JPEG whose EXIF follows itself", exif(&one(&entry(0x0112, 3, 1, 1), 8))),
        ("a JPEG whose EXIF points to itself", exif(&one(&entry(0x8769, 4, 1, 8), 0))),
        ("a JPEG with EXIF of 4 GB", exif(&one(&entry(0x010f, 2, u32::MAX, 8), 0))),
        ("a JPEG with EXIF of 65,535 entries", exif(&[b"II*\0\x08\0\0\0\xff\xff", &nested[..]].concat())),
        ("a JPEG with a profile of 4,294,967,295 tags", with(0xe2, &[b"ICC_PROFILE\0\x01\x01", &tags])),
        (
            "a JPEG with 65,500 bytes of brackets for XMP",
            with(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", &[b'<'; 65_500]]),
        ),
    ]
}

/// A zlib stream of so many zeros, in whole times 32 MiB but for the last part, and a wrong checksum.
fn zeros(length: usize) -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    const PART: usize = 32 << 20;
    if length <= PART {
        return packed(&vec![0; length]);
    }
    let mut part = Vec::with_capacity(1 << 20);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; PART], &mut part, FlushCompress::Full)
        .expect("memory");
    // The header, the parts, an empty last block, the checksum.
    [&[0x78, 0xda][..], &part.repeat(length / PART), &[3, 0, 0, 0, 0, 0]].concat()
}

/// A BMP of this side: no pixels, in one bit.
fn bmp_of(side: u32, rows: usize) -> Vec<u8> {
    let side = side.to_le_bytes();
    let row = vec![0; 3_752];
    let head =
        [b"BM", &[0; 8][..], &[62, 0, 0, 0, 40, 0, 0, 0], &side, &side, &[1, 0, 1, 0], &[0; 24], &[0; 8]]
            .concat();
    [head, row.repeat(rows)].concat()
}

/// A BMP in runs of 8 bits that has no run.
fn runs() -> Vec<u8> {
    let side = 7_000_u32.to_le_bytes();
    let start = [54 + 1_024_u32, 40].map(u32::to_le_bytes).concat();
    let head = [b"BM", &[0; 8][..], &start, &side, &side, &[1, 0, 8, 0, 1, 0, 0, 0], &[0; 20]].concat();
    [head, vec![0; 1_024], vec![0, 1]].concat()
}

/// A TIFF of one directory of long values.
fn tiff_of(entries: &[(u16, u32)]) -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend(u16::try_from(entries.len()).expect("few entries").to_le_bytes());
    for (tag, value) in entries {
        file.extend([&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file
}

/// A sound TIFF with another entry for what it says of the height of its strips.
fn tiff_with(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    let mut file = tiff(&Pixels::flat(8, 8), 1, 1);
    let entry = file.windows(2).rposition(|bytes| bytes == 278_u16.to_le_bytes()).expect("an entry");
    let new =
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat();
    file[entry..entry + 12].copy_from_slice(&new);
    file
}

/// So many pages, the last of which is followed by the first.
fn circle(pages: usize) -> Vec<u8> {
    let mut file = tiff(&Pixels::flat(8, 8), 1, pages);
    let (first, end) = (file[4..8].to_vec(), file.len() - 4);
    file[end..].copy_from_slice(&first);
    file
}
