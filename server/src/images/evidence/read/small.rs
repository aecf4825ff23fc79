//! The small kinds of metadata: JFIF, Adobe's mark, texts, comments, lists of pictures, C2PA's boxes.

use atalaya_proto::images::v1 as pb;

use super::{
    bytes::{Order, find, latin, part, text},
    container::{Holds, Part},
    group::Group,
};

/// Most JUMBF labels that are told.
const MAX_LABELS: usize = 20;
/// What C2PA's boxes are labelled with.
pub(crate) const C2PA: &str = "c2pa";
/// What is said of Content Credentials: we hold no list of those whom to trust.
pub(crate) const NOT_VERIFIED: &str = "present, not verified";

/// Version, unit, densities, the size of a thumbnail (JFIF 1.02).
pub(super) fn jfif(whole: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("JFIF", whole);
    let place = |at: usize| whole.at.map(|base| base + at);
    let bytes = &whole.bytes;
    if let Some(&[major, minor, unit, x1, x0, y1, y0, across, down]) = bytes.first_chunk::<9>() {
        group.add("JFIFVersion", format!("{major}.{minor:02}"), place(0), 2);
        group.add("ResolutionUnit", unit.to_string(), place(2), 1);
        group.add("XResolution", u16::from_be_bytes([x1, x0]).to_string(), place(3), 2);
        group.add("YResolution", u16::from_be_bytes([y1, y0]).to_string(), place(5), 2);
        if across > 0 && down > 0 {
            group.add("Thumbnail", format!("{across} x {down}"), place(7), 2);
        }
    } else {
        group.fault("it is cut off");
    }
    group.done()
}

/// Which colours Adobe's encoders say that a JPEG has.
pub(super) fn adobe(whole: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("Adobe", whole);
    let place = |at: usize| whole.at.map(|base| base + at);
    let numbers: Option<Vec<u16>> = (0..3).map(|index| Order::Big.short(&whole.bytes, index * 2)).collect();
    match (numbers.as_deref(), whole.bytes.get(6)) {
        (Some(&[version, flags0, flags1]), Some(transform)) => {
            group.add("DCTEncodeVersion", version.to_string(), place(0), 2);
            group.add("APP14Flags0", flags0.to_string(), place(2), 2);
            group.add("APP14Flags1", flags1.to_string(), place(4), 2);
            group.add("ColorTransform", transform.to_string(), place(6), 1);
        }
        _ => group.fault("it is cut off"),
    }
    group.done()
}

/// A text with a name, a comment, a density or a time, as ExifTool names them.
pub(super) fn named(whole: &Part<'_>) -> pb::MetadataGroup {
    let file = if whole.source == "COM" || whole.source == "comment" { "File" } else { "PNG" };
    let mut group = Group::of(file, whole);
    let (bytes, at, length) = (&whole.bytes, whole.at, whole.bytes.len());
    match &whole.holds {
        // The names are Latin-1, and so are texts that don't say otherwise; writers of UTF-8 abound.
        Holds::Text(name) => group.add(super::bytes::clean(name), text(bytes), at, length),
        Holds::Density => {
            let unit = bytes.get(8).map(u8::to_string).unwrap_or_default();
            for (name, place) in [("PixelsPerUnitX", 0), ("PixelsPerUnitY", 4)] {
                let number = Order::Big.long(bytes, place).map(|n| n.to_string()).unwrap_or_default();
                group.add(name, number, at.map(|base| base + place), 4);
            }
            group.add("PixelUnits", unit, at.map(|base| base + 8), 1);
        }
        Holds::Time => {
            if let Some(&[y1, y0, month, day, hour, minute, second]) = bytes.first_chunk::<7>() {
                let year = u16::from_be_bytes([y1, y0]);
                let time = format!("{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}");
                group.add("ModifyDate", time, at, length);
            }
        }
        Holds::Comment
        | Holds::Exif
        | Holds::Xmp
        | Holds::Photoshop
        | Holds::Iptc
        | Holds::Icc
        | Holds::Jfif
        | Holds::Jfxx
        | Holds::Adobe
        | Holds::MultiPicture
        | Holds::Jumbf
        | Holds::Private => group.add("Comment", text(bytes), at, length),
    }
    group.done()
}

/// What nobody knows: the letters that it begins with and its size.
pub(super) fn private(whole: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("Unknown", whole);
    let letters = whole.bytes.iter().take(32).take_while(|b| b.is_ascii_graphic() || **b == b' ');
    let letters: Vec<u8> = letters.copied().collect();
    let shown = if letters.is_empty() { "binary".to_owned() } else { latin(&letters) };
    group.add(
        whole.source.clone(),
        format!("{shown} ({} bytes)", whole.bytes.len()),
        whole.at,
        whole.bytes.len(),
    );
    group.done()
}

/// How many pictures the file says to have (CIPA DC-007).
pub(super) fn multi_picture(whole: &Part<'_>) -> pb::MetadataGroup {
    const NUMBER: u16 = 0xb001;
    let mut group = Group::of("MPF", whole);
    let walked = super::tiff::walk(&whole.bytes);
    let number = walked.number(&whole.bytes, super::tiff::Directory::Main(0), NUMBER);
    match number {
        Some(number) => group.add("NumberOfImages", number.to_string(), whole.at, 4),
        None => group.fault("it does not say how many pictures there are"),
    }
    group.done()
}

/// The labels of JUMBF's description boxes (ISO/IEC 19566-5, A.3): a type of 16 bytes, flags, then the label.
pub(super) fn jumbf(whole: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("JUMBF", whole);
    let (bytes, mut from, mut credentials) = (&whole.bytes, 0, false);
    for _ in 0..MAX_LABELS {
        let Some(at) = find(bytes, b"jumd", from) else { break };
        from = at + 4;
        let labelled = bytes.get(from + 16).is_some_and(|flags| flags & 0b10 != 0);
        let label = part(bytes, from + 17, 1).and_then(|_| bytes.get(from + 17..)?.split(|&b| b == 0).next());
        if let Some(label) = label.filter(|label| labelled && !label.is_empty()) {
            credentials |= label.starts_with(C2PA.as_bytes());
            group.add("Label", text(label), whole.at.map(|base| base + from + 17), label.len());
        }
    }
    if credentials {
        group.add("C2PA", NOT_VERIFIED, whole.at, bytes.len());
    }
    group.done()
}
