//! What a TIFF says beside its picture, by itself, for files that hold the picture in another way.

use std::io::Cursor;

use exif::{Context, Field, In, Tag, Value, experimental::Writer};

use super::{
    container::{self, Holds},
    exif::Decoded,
};

/// Most bytes of EXIF and of XMP that are taken along.
const MAX_BYTES: usize = 1 << 20;
/// TIFF's own tags that describe no strips: those of EXIF 2.32, 4.6.4, A to D, that other formats have too.
const DESCRIPTIVE: [Tag; 12] = [
    Tag::ImageDescription,
    Tag::Make,
    Tag::Model,
    Tag::Orientation,
    Tag::XResolution,
    Tag::YResolution,
    Tag::ResolutionUnit,
    Tag::Software,
    Tag::DateTime,
    Tag::Artist,
    Tag(Context::Tiff, 0x013c),
    Tag::Copyright,
];

/// EXIF as a TIFF structure with no picture, and XMP, of a TIFF. Maker notes, whose places in the file are part of what
/// they say, are left out, and so is what is absurdly long.
pub(in crate::images) fn alone(tiff: &[u8]) -> (Option<Vec<u8>>, Option<String>) {
    let parts = container::parts(tiff);
    let xmp = parts.iter().find(|part| part.holds == Holds::Xmp && part.bytes.len() <= MAX_BYTES);
    let xmp = xmp.and_then(|part| String::from_utf8(part.bytes.to_vec()).ok());
    (exif(&Decoded::new(tiff)).filter(|exif| exif.len() <= MAX_BYTES), xmp)
}

fn exif(decoded: &Decoded<'_>) -> Option<Vec<u8>> {
    let mut writer = Writer::new();
    let mut some = false;
    for field in decoded.fields().filter(|field| is_taken(field)) {
        writer.push_field(field);
        some = true;
    }
    let mut file = Cursor::new(Vec::new());
    // Values that can't be written are such that nobody could read.
    let written = some.then(|| writer.write(&mut file, false))?;
    written.is_ok().then(|| file.into_inner())
}

fn is_taken(field: &Field) -> bool {
    let describes = match field.tag.context() {
        Context::Tiff => DESCRIPTIVE.contains(&field.tag),
        Context::Exif => field.tag != Tag::MakerNote,
        Context::Gps | Context::Interop | _ => true,
    };
    describes && field.ifd_num == In::PRIMARY && !matches!(field.value, Value::Unknown(..))
}
