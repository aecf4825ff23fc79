//! Photoshop's image resources, and IPTC's records inside of them.

use atalaya_proto::images::v1 as pb;

use super::{
    bytes::{Order, hex, part, text},
    container::{Holds, Part},
    group::Group,
};

const IPTC: u16 = 0x0404;
const ICC: u16 = 0x040f;
const EXIF: u16 = 0x0422;
const XMP: u16 = 0x0424;
/// Most resources that are read.
const MAX_RESOURCES: usize = 200;

/// Resources that we know (Photoshop File Formats, image resource ids).
const RESOURCES: [(u16, &str); 24] = [
    (0x03ed, "ResolutionInfo"),
    (0x03f3, "PrintFlags"),
    (0x03f5, "ColorHalftoningInfo"),
    (0x03f8, "ColorTransferFuncs"),
    (0x0404, "IPTCData"),
    (0x0406, "JPEG_Quality"),
    (0x0408, "GridGuidesInfo"),
    (0x0409, "PhotoshopBGRThumbnail"),
    (0x040a, "CopyrightFlag"),
    (0x040b, "URL"),
    (0x040c, "PhotoshopThumbnail"),
    (0x040d, "GlobalAngle"),
    (0x040f, "ICC_Profile"),
    (0x0414, "IDsBaseValue"),
    (0x0419, "GlobalAltitude"),
    (0x041a, "SliceInfo"),
    (0x041e, "URL_List"),
    (0x0421, "VersionInfo"),
    (0x0422, "EXIFInfo"),
    (0x0424, "XMP"),
    (0x0425, "IPTCDigest"),
    (0x0426, "PrintScaleInfo"),
    (0x0428, "PixelInfo"),
    (0x0bb7, "ClippingPathName"),
];

/// IPTC's application record (IIM 4.2, chapter 6).
const DATASETS: [(u8, &str); 47] = [
    (0, "ApplicationRecordVersion"),
    (3, "ObjectTypeReference"),
    (4, "ObjectAttributeReference"),
    (5, "ObjectName"),
    (7, "EditStatus"),
    (10, "Urgency"),
    (12, "SubjectReference"),
    (15, "Category"),
    (20, "SupplementalCategories"),
    (22, "FixtureIdentifier"),
    (25, "Keywords"),
    (26, "ContentLocationCode"),
    (27, "ContentLocationName"),
    (30, "ReleaseDate"),
    (35, "ReleaseTime"),
    (37, "ExpirationDate"),
    (38, "ExpirationTime"),
    (40, "SpecialInstructions"),
    (42, "ActionAdvised"),
    (45, "ReferenceService"),
    (47, "ReferenceDate"),
    (50, "ReferenceNumber"),
    (55, "DateCreated"),
    (60, "TimeCreated"),
    (62, "DigitalCreationDate"),
    (63, "DigitalCreationTime"),
    (65, "OriginatingProgram"),
    (70, "ProgramVersion"),
    (75, "ObjectCycle"),
    (80, "By-line"),
    (85, "By-lineTitle"),
    (90, "City"),
    (92, "Sub-location"),
    (95, "Province-State"),
    (100, "Country-PrimaryLocationCode"),
    (101, "Country-PrimaryLocationName"),
    (103, "OriginalTransmissionReference"),
    (105, "Headline"),
    (110, "Credit"),
    (115, "Source"),
    (116, "CopyrightNotice"),
    (118, "Contact"),
    (120, "Caption-Abstract"),
    (121, "LocalCaption"),
    (122, "Writer-Editor"),
    (130, "ImageType"),
    (135, "LanguageIdentifier"),
];

/// A resource: its number, where its data is, the data.
type Resource<'a> = (u16, usize, &'a [u8]);

/// The resources: a mark, a number, a name, the data, all of them padded to even lengths.
pub(crate) fn resources(bytes: &[u8]) -> impl Iterator<Item = Resource<'_>> {
    let mut at = 0;
    let resources = std::iter::from_fn(move || {
        matches!(part(bytes, at, 4)?, b"8BIM" | b"PHUT" | b"DCSR" | b"AgHg" | b"MeSa").then_some(())?;
        let id = Order::Big.short(bytes, at + 4)?;
        let name = usize::from(*bytes.get(at + 6)?) + 1;
        let length_at = at + 6 + name.next_multiple_of(2);
        let length = Order::Big.long(bytes, length_at)? as usize;
        let data = part(bytes, length_at + 4, length)?;
        at = length_at + 4 + length.next_multiple_of(2);
        Some((id, length_at + 4, data))
    });
    resources.take(MAX_RESOURCES)
}

/// The resources that are metadata of another kind, as parts.
pub(super) fn nested<'a>(outer: &'a Part<'_>) -> Vec<Part<'a>> {
    let inner = resources(&outer.bytes).filter_map(|(id, at, data)| {
        let holds = match id {
            IPTC => Holds::Iptc,
            ICC => Holds::Icc,
            EXIF => Holds::Exif,
            XMP => Holds::Xmp,
            _ => return None,
        };
        let source = format!("{} resource 0x{id:04x}", outer.source);
        Some(Part { holds, source, at: outer.at.map(|base| base + at), bytes: data.into(), fault: "" })
    });
    inner.collect()
}

/// Which resources there are.
pub(super) fn group(part: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("Photoshop", part);
    for (id, at, data) in resources(&part.bytes) {
        let name = RESOURCES.iter().find(|(known, _)| *known == id);
        let name = name.map_or_else(|| format!("0x{id:04x}"), |(_, name)| (*name).to_owned());
        let value = match id {
            0x040b => text(data),
            0x0425 => hex(data.get(..16).unwrap_or(data)),
            0x040a => data.first().map(u8::to_string).unwrap_or_default(),
            0x040d | 0x0419 | 0x0414 => Order::Big.long(data, 0).map(|n| n.to_string()).unwrap_or_default(),
            0x0406 => quality(data).unwrap_or_default(),
            _ => format!("{} bytes", data.len()),
        };
        group.add(name, value, part.at.map(|base| base + at), data.len());
    }
    if group.is_empty() && !part.bytes.is_empty() {
        group.fault("it holds no image resources");
    }
    group.done()
}

/// Photoshop's own scale of qualities begins at -4.
fn quality(data: &[u8]) -> Option<String> {
    let stored = Order::Big.short(data, 0)?.cast_signed();
    Some(stored.saturating_add(4).to_string())
}

/// The records: each begins with 0x1c, a record's number, a data set's number, a length.
pub(super) fn iptc(part: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("IPTC", part);
    let (bytes, mut at, mut utf8) = (&part.bytes, 0, false);
    while let Some(&[0x1c, record, dataset]) = bytes.get(at..at + 3).and_then(|head| head.first_chunk()) {
        let Some((start, length)) = extent(bytes, at + 3) else { break };
        let Some(data) = super::bytes::part(bytes, start, length) else {
            group.fault("a record is cut off");
            break;
        };
        at = start + length;
        utf8 |= (record, dataset) == (1, 90) && data == b"\x1b%G";
        let name = match record {
            2 => DATASETS.iter().find(|(known, _)| *known == dataset).map(|(_, name)| (*name).to_owned()),
            1 if dataset == 90 => Some("CodedCharacterSet".to_owned()),
            _ => None,
        };
        let value = match (record, dataset) {
            (1 | 2, 0) => Order::Big.short(data, 0).map(|n| n.to_string()).unwrap_or_default(),
            (1, 90) if utf8 => "UTF8".to_owned(),
            _ if utf8 => text(data),
            _ => text(data.get(..4096).unwrap_or(data)),
        };
        let name = name.unwrap_or_else(|| format!("{record}:{dataset}"));
        group.add(name, value, part.at.map(|base| base + start), length);
        if group.is_full() {
            break;
        }
    }
    group.done()
}

/// A length has two bytes, or says how many it has.
fn extent(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let short = Order::Big.short(bytes, at)?;
    if short & 0x8000 == 0 {
        return Some((at + 2, short.into()));
    }
    let width = usize::from(short & 0x7fff);
    let digits = part(bytes, at + 2, width).filter(|_| width <= 4)?;
    Some((at + 2 + width, digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(dataset: u8, text: &[u8]) -> Vec<u8> {
        [&[0x1c, 2, dataset], (text.len() as u16).to_be_bytes().as_slice(), text].concat()
    }

    fn resource(id: u16, data: &[u8]) -> Vec<u8> {
        let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
        [b"8BIM", id.to_be_bytes().as_slice(), &[0, 0], &(data.len() as u32).to_be_bytes(), data, padding]
            .concat()
    }

    fn whole(bytes: Vec<u8>) -> Part<'static> {
        Part {
            holds: Holds::Photoshop,
            source: "APP13".to_owned(),
            at: Some(50),
            bytes: bytes.into(),
            fault: "",
        }
    }

    #[test]
    fn records_are_found_inside_of_resources() {
        let iim = [record(5, b"Tower"), record(25, b"one"), record(25, "zwölf".as_bytes())].concat();
        let part = whole([resource(0x0404, &iim), resource(0x040a, &[1])].concat());
        let shown = group(&part);
        let names: Vec<_> = shown.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(names, [("IPTCData", "29 bytes"), ("CopyrightFlag", "1")]);
        let inner = nested(&part);
        assert_eq!((inner.len(), inner[0].at), (1, Some(62)));
        let records = iptc(&inner[0]);
        let values: Vec<_> = records.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(values, [("ObjectName", "Tower"), ("Keywords", "one"), ("Keywords", "zwölf")]);
        assert_eq!(records.fields[0].offset, 67);
    }

    #[test]
    fn long_lengths_and_cut_off_records_end_the_reading() {
        let long = [&[0x1c, 2, 120, 0x80, 4, 0, 0, 0, 3][..], b"abc"].concat();
        assert_eq!(iptc(&whole(long)).fields[0].value, "abc");
        let cut = iptc(&whole(vec![0x1c, 2, 5, 0, 9, b'x']));
        assert_eq!((cut.fields.len(), cut.fault.as_str()), (0, "a record is cut off"));
        assert_eq!(iptc(&whole(vec![0x1c, 2, 5, 0xff, 0xff])).fields.len(), 0);
        let huge = [b"8BIM\x04\x04\0\0\xff\xff\xff\xff".as_slice(), b"x"].concat();
        assert_eq!(group(&whole(huge)).fault, "it holds no image resources");
    }
}
