//! EXIF made anew for what an edit writes: what the camera did and who has the rights, true for the new picture.
//!
//! What goes along is named, and nothing else does: no place, no serial number, no owner's name, no maker note, no
//! thumbnail, nothing that nobody understands. The upload keeps them all.

use crate::images::{
    evidence::tiff::{self, Directory, Entry, Order, Walked},
    model::Size,
};

const ORIENTATION: u16 = 0x0112;
const EXIF_POINTER: u16 = 0x8769;
const INTEROP_POINTER: u16 = 0xa005;
const WIDTH: u16 = 0xa002;
const HEIGHT: u16 = 0xa003;
/// What is taken of the picture's directory (EXIF 2.32, 4.6.4): its caption, camera, resolution, program, date,
/// colours and rights. HostComputer, which is often somebody's name, and the texts of Windows are not.
const PICTURE: [u16; 16] = [
    0x010e,
    0x010f,
    0x0110,
    ORIENTATION,
    0x011a,
    0x011b,
    0x0128,
    0x0131,
    0x0132,
    0x013b,
    0x013e,
    0x013f,
    0x0211,
    0x0213,
    0x0214,
    0x8298,
];
/// What is taken of EXIF's own (4.6.5): exposure, dates, colours, the lens and its kind. What is not: MakerNote,
/// UserComment, SubjectArea and SubjectLocation, which are places in the picture as it was, ImageUniqueID,
/// CameraOwnerName, both serial numbers, and the weather (0x9400 to 0x9405).
const EXPOSURE: [u16; 60] = [
    0x829a, 0x829d, 0x8822, 0x8824, 0x8827, 0x8830, 0x8831, 0x8832, 0x8833, 0x8834, 0x8835, 0x9000, 0x9003,
    0x9004, 0x9010, 0x9011, 0x9012, 0x9101, 0x9102, 0x9201, 0x9202, 0x9203, 0x9204, 0x9205, 0x9206, 0x9207,
    0x9208, 0x9209, 0x920a, 0x9290, 0x9291, 0x9292, 0xa000, 0xa001, WIDTH, HEIGHT, 0xa20b, 0xa20e, 0xa20f,
    0xa210, 0xa215, 0xa217, 0xa300, 0xa301, 0xa302, 0xa401, 0xa402, 0xa403, 0xa404, 0xa405, 0xa406, 0xa407,
    0xa408, 0xa409, 0xa40a, 0xa432, 0xa433, 0xa434, 0xa460, 0xa500,
];
/// What is taken of the directory of interoperability (4.6.7): it tells sRGB from Adobe RGB.
const COLOURS: [u16; 2] = [0x0001, 0x0002];
/// Most bytes of a value that is taken: a caption of some pages.
const MAX_VALUE: usize = 8 << 10;
/// Most bytes of all values together, so that a JPEG's segment can hold them.
const MAX_VALUES: usize = 60_000;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const ENTRY: usize = 12;
/// Bytes of TIFF's header.
const HEADER: usize = 8;
/// What JPEG, and some WebP writers, put before the TIFF structure.
const PREFIX: &[u8] = b"Exif\0\0";

/// A TIFF structure of what is harmless in another, with or without JPEG's prefix, for a picture of this size that lies
/// as `orientation` says; nothing if there is nothing to say.
pub(super) fn harmless(exif: &[u8], size: Size, orientation: u8) -> Option<Vec<u8>> {
    let bytes = exif.strip_prefix(PREFIX).unwrap_or(exif);
    let walked = tiff::walk(bytes);
    let mut source = Source { bytes, walked: &walked, left: MAX_VALUES };
    let mut picture = source.taken(Directory::Main(0), &PICTURE);
    let mut exposure = source.taken(Directory::Exif, &EXPOSURE);
    let colours = source.taken(Directory::Interop, &COLOURS);
    if picture.iter().any(|field| field.tag == ORIENTATION) || orientation != 1 {
        replace(&mut picture, Field::short(walked.order, ORIENTATION, orientation.into()));
    }
    for (tag, side) in [(WIDTH, size.width), (HEIGHT, size.height)] {
        if exposure.iter().any(|field| field.tag == tag) {
            replace(&mut exposure, Field::long(walked.order, tag, side));
        }
    }
    Some(written(walked.order, picture, exposure, colours)).filter(|tiff| tiff.len() > HEADER)
}

/// An entry to be written.
struct Field {
    tag: u16,
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

impl Field {
    fn short(order: Order, tag: u16, value: u16) -> Self {
        Self { tag, kind: SHORT, count: 1, value: order.of_short(value).to_vec() }
    }

    fn long(order: Order, tag: u16, value: u32) -> Self {
        Self { tag, kind: LONG, count: 1, value: order.of_long(value).to_vec() }
    }
}

/// Puts a field at its place, instead of another with its tag.
fn replace(fields: &mut Vec<Field>, field: Field) {
    fields.retain(|other| other.tag != field.tag);
    let at = fields.partition_point(|other| other.tag < field.tag);
    fields.insert(at, field);
}

struct Source<'a> {
    bytes: &'a [u8],
    walked: &'a Walked,
    /// How many bytes of values may still be taken.
    left: usize,
}

impl Source<'_> {
    /// The fields of a directory with these tags, the first of each, in the order of the tags.
    fn taken(&mut self, directory: Directory, tags: &[u16]) -> Vec<Field> {
        let of = |tag| move |e: &&Entry| e.directory == directory && e.chain == 0 && e.tag == tag;
        tags.iter().filter_map(|&tag| self.field(self.walked.entries.iter().find(of(tag))?)).collect()
    }

    fn field(&mut self, entry: &Entry) -> Option<Field> {
        let width = tiff::width(entry.kind);
        let value = entry.value(self.bytes).filter(|value| (1..=MAX_VALUE).contains(&value.len()))?;
        self.left = self.left.checked_sub(value.len())?;
        let count = u32::try_from(value.len().checked_div(width)?).ok()?;
        Some(Field { tag: entry.tag, kind: entry.kind, count, value: value.to_vec() })
    }
}

/// The structure: its directories one after the other, each before its values.
fn written(order: Order, mut picture: Vec<Field>, mut exposure: Vec<Field>, colours: Vec<Field>) -> Vec<u8> {
    let mut tiff = match order {
        Order::Little => b"II*\0".to_vec(),
        Order::Big => b"MM\0*".to_vec(),
    };
    tiff.extend(order.of_long(HEADER as u32));
    if !colours.is_empty() {
        replace(&mut exposure, Field::long(order, INTEROP_POINTER, 0));
    }
    if !exposure.is_empty() {
        replace(&mut picture, Field::long(order, EXIF_POINTER, 0));
    }
    if picture.is_empty() {
        return tiff;
    }
    let second = HEADER + length(&picture);
    let third = second + length(&exposure);
    point(order, &mut picture, EXIF_POINTER, second);
    point(order, &mut exposure, INTEROP_POINTER, third);
    for directory in [picture, exposure, colours] {
        put(&mut tiff, order, &directory);
    }
    tiff
}

fn point(order: Order, fields: &mut [Field], tag: u16, at: usize) {
    if let Some(field) = fields.iter_mut().find(|field| field.tag == tag) {
        field.value = order.of_long(at as u32).to_vec();
    }
}

/// Bytes of a directory and its values; none of an empty one, for it is not written.
fn length(fields: &[Field]) -> usize {
    let values = fields.iter().map(|field| field.value.len()).filter(|&length| length > 4);
    let values: usize = values.map(|length| length.next_multiple_of(2)).sum();
    if fields.is_empty() { 0 } else { 2 + fields.len() * ENTRY + 4 + values }
}

fn put(tiff: &mut Vec<u8>, order: Order, fields: &[Field]) {
    if fields.is_empty() {
        return;
    }
    let mut at = tiff.len() + 2 + fields.len() * ENTRY + 4;
    let mut values = Vec::new();
    tiff.extend(order.of_short(fields.len() as u16));
    for field in fields {
        tiff.extend([field.tag, field.kind].map(|number| order.of_short(number)).as_flattened());
        tiff.extend(order.of_long(field.count));
        let mut value = field.value.clone();
        if value.len() > 4 {
            value.resize(value.len().next_multiple_of(2), 0);
            tiff.extend(order.of_long(at as u32));
            at += value.len();
            values.extend(value);
        } else {
            value.resize(4, 0);
            tiff.extend(value);
        }
    }
    tiff.extend([0; 4]);
    tiff.extend(values);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures;

    const SIZE: Size = Size { width: 5, height: 6 };

    fn made(exif: &[u8]) -> Vec<u8> {
        harmless(exif, SIZE, 1).unwrap_or_default()
    }

    fn tags(tiff: &[u8]) -> Vec<(Directory, u16)> {
        tiff::walk(tiff).entries.iter().map(|e| (e.directory, e.tag)).collect()
    }

    fn text(tag: u16, text: &[u8]) -> Field {
        Field { tag, kind: 2, count: text.len() as u32, value: text.to_vec() }
    }

    /// What cameras write, with secrets among it.
    fn full(order: Order) -> Vec<u8> {
        let picture = vec![
            text(0x010f, b"Canon\0"),
            Field::short(order, ORIENTATION, 6),
            text(0x013c, b"SECRET host\0"),
            text(0x8298, b"(c) Mara\0"),
            text(0x9c9d, b"SECRET author\0"),
            text(0xc62f, b"SECRET serial\0"),
        ];
        let exposure = vec![
            Field::short(order, 0x8827, 400),
            text(0x9003, b"2024:05:01 12:34:56\0"),
            text(0x927c, b"SECRET maker note\0"),
            text(0x9286, b"SECRET comment\0"),
            Field::short(order, WIDTH, 48),
            Field::short(order, HEIGHT, 32),
            text(0xa420, b"SECRET id\0"),
            text(0xa430, b"SECRET owner\0"),
            text(0xa431, b"SECRET body\0"),
            text(0xa434, b"24-70mm\0"),
            text(0xa435, b"SECRET lens\0"),
        ];
        written(order, picture, exposure, vec![text(1, b"R03\0")])
    }

    #[test]
    fn what_the_camera_did_stays_and_secrets_go() {
        for order in [Order::Big, Order::Little] {
            let tiff = made(&[PREFIX, &full(order)].concat());
            let expected = [
                (Directory::Main(0), 0x010f),
                (Directory::Main(0), ORIENTATION),
                (Directory::Main(0), 0x8298),
                (Directory::Main(0), EXIF_POINTER),
                (Directory::Exif, 0x8827),
                (Directory::Exif, 0x9003),
                (Directory::Exif, WIDTH),
                (Directory::Exif, HEIGHT),
                (Directory::Exif, INTEROP_POINTER),
                (Directory::Interop, 1),
                (Directory::Exif, 0xa434),
            ];
            assert_eq!(tags(&tiff), expected);
            assert!(!tiff.windows(6).any(|window| window == b"SECRET"));
            let walked = tiff::walk(&tiff);
            assert_eq!((walked.fault, walked.order), ("", order));
            let number = |directory, tag| walked.number(&tiff, directory, tag);
            assert_eq!(number(Directory::Main(0), ORIENTATION), Some(1));
            assert_eq!((number(Directory::Exif, WIDTH), number(Directory::Exif, HEIGHT)), (Some(5), Some(6)));
            assert_eq!(made(&tiff), tiff, "a second time changes nothing");
        }
    }
    /// The block that [`fixtures::exif`] makes, in the other byte order, without its thumbnail.
    fn little(orientation: u8, width: u8, height: u8) -> Vec<u8> {
        let entry = |tag: [u8; 2], kind, value| [tag[1], tag[0], kind, 0, 1, 0, 0, 0, value, 0, 0, 0];
        [
            &b"II*\0\x08\0\0\0\x02\0"[..],
            &entry([0x01, 0x12], 3, orientation),
            &entry([0x87, 0x69], 4, 38),
            &[0, 0, 0, 0, 2, 0],
            &entry([0xa0, 0x02], 4, width),
            &entry([0xa0, 0x03], 4, height),
            &[0; 4],
        ]
        .concat()
    }

    #[test]
    fn the_thumbnail_and_the_places_behind_pointers_go() {
        assert_eq!(made(&little(6, 48, 32)), little(1, 5, 6));
        let big = made(&fixtures::exif(6, 48, 32));
        assert_eq!((&big[..34], &big[34..38]), (&fixtures::exif(1, 5, 6)[..34], &[0; 4][..]));
        assert_eq!(big.len(), 68);
        // A pointer to places instead of exposure.
        let mut places = little(6, 48, 32);
        places[22..24].copy_from_slice(&[0x25, 0x88]);
        assert_eq!(tags(&made(&places)), [(Directory::Main(0), ORIENTATION)]);
    }

    #[test]
    fn a_picture_that_still_lies_says_so() {
        assert_eq!(harmless(&little(1, 48, 32), SIZE, 6), Some(little(6, 5, 6)));
        assert_eq!(tags(&harmless(b"", SIZE, 6).unwrap()), [(Directory::Main(0), ORIENTATION)]);
    }

    #[test]
    fn values_are_bounded() {
        let long = vec![b'a'; MAX_VALUE + 1];
        let tiff = written(Order::Big, vec![text(0x010e, &long), text(0x010f, b"Canon\0")], vec![], vec![]);
        assert_eq!(tags(&made(&tiff)), [(Directory::Main(0), 0x010f)]);
        let fields = |tags: &[u16]| tags.iter().map(|&tag| text(tag, &long[1..])).collect();
        let tiff = written(Order::Big, fields(&PICTURE), fields(&EXPOSURE), vec![]);
        assert!((MAX_VALUES / 2..65_500).contains(&made(&tiff).len()));
    }

    #[test]
    fn what_is_not_understood_goes() {
        for bytes in [&b""[..], b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08", b"no TIFF at all"]
        {
            assert_eq!(harmless(bytes, SIZE, 1), None);
        }
        let (file, mut dice) = (full(Order::Little), fixtures::Dice(77));
        for _ in 0..3000 {
            let once = made(&dice.damaged(&file));
            assert_eq!(made(&once), once);
        }
    }
}
