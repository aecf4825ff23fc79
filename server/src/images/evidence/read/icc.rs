//! Colour profiles: what their headers say, and what they call themselves. Their tables are never read.

use atalaya_proto::images::v1 as pb;

use super::{
    bytes::{Order, clean, hex, latin, part, text},
    container::Part,
    group::Group,
};

/// Most tags of a profile that are looked at.
const MAX_TAGS: usize = 100;
/// Where a profile's tags are listed.
const TAGS: usize = 128;
/// Signatures of four letters in the header (ICC.1, 7.2): name and place.
const SIGNATURES: [(&str, usize); 7] = [
    ("ProfileCMMType", 4),
    ("ProfileClass", 12),
    ("ColorSpaceData", 16),
    ("ProfileConnectionSpace", 20),
    ("ProfileFileSignature", 36),
    ("PrimaryPlatform", 40),
    ("DeviceManufacturer", 48),
];
/// Tags with texts.
const TEXTS: [(&[u8; 4], &str); 4] = [
    (b"desc", "ProfileDescription"),
    (b"cprt", "ProfileCopyright"),
    (b"dmnd", "DeviceMfgDesc"),
    (b"dmdd", "DeviceModelDesc"),
];

/// The header's fields, and the texts.
pub(super) fn group(whole: &Part<'_>) -> pb::MetadataGroup {
    let mut group = Group::of("ICC_Profile", whole);
    let (bytes, place) = (whole.bytes.as_ref(), |at: usize| whole.at.map(|base| base + at));
    if bytes.len() < TAGS || bytes.get(36..40) != Some(b"acsp") {
        group.fault("it is no colour profile");
        return group.done();
    }
    if Order::Big.long(bytes, 0).is_some_and(|length| length as usize != bytes.len()) {
        group.fault("it has another length than it says");
    }
    if let Some(&[major, minor]) = bytes.get(8..10).and_then(|version| version.first_chunk()) {
        group.add("ProfileVersion", format!("{major}.{}.{}", minor >> 4, minor & 0xf), place(8), 4);
    }
    for (name, at) in SIGNATURES {
        let letters = part(bytes, at, 4).map(latin).unwrap_or_default();
        if !letters.trim_matches(['\0', ' ']).is_empty() {
            group.add(name, clean(&letters), place(at), 4);
        }
    }
    let numbers: Vec<_> = (0..6).filter_map(|index| Order::Big.short(bytes, 24 + index * 2)).collect();
    if let [year, month, day, hour, minute, second] = numbers[..]
        && year > 0
    {
        let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        group.add("ProfileDateTime", time, place(24), 12);
    }
    if let Some(id) = part(bytes, 84, 16).filter(|id| id.iter().any(|&b| b != 0)) {
        group.add("ProfileID", hex(id), place(84), 16);
    }
    texts(bytes, &mut group, place);
    group.done()
}

fn texts(bytes: &[u8], group: &mut Group, place: impl Fn(usize) -> Option<usize>) {
    let count = Order::Big.long(bytes, TAGS).unwrap_or_default() as usize;
    for at in (0..count.min(MAX_TAGS)).map(|index| TAGS + 4 + index * 12) {
        let Some(signature) = part(bytes, at, 4) else { return };
        let Some((_, name)) = TEXTS.iter().find(|(known, _)| *known == signature) else { continue };
        let (start, length) = (Order::Big.long(bytes, at + 4), Order::Big.long(bytes, at + 8));
        let Some((start, length)) = start.zip(length) else { return };
        let Some(data) = part(bytes, start as usize, length as usize) else {
            group.fault("a tag lies outside of it");
            continue;
        };
        if let Some(text) = described(data) {
            group.add(*name, text, place(start as usize), data.len());
        }
    }
}

/// A text in one of the three ways that profiles write it (ICC.1, 10.15 and 10.24; ICC.1:2001, 6.5.17).
fn described(data: &[u8]) -> Option<String> {
    match data.get(..4)? {
        b"text" => Some(text(data.get(8..)?)),
        b"desc" => {
            let length = Order::Big.long(data, 8)? as usize;
            Some(text(part(data, 12, length)?))
        }
        b"mluc" => {
            let (length, at) = (Order::Big.long(data, 20)? as usize, Order::Big.long(data, 24)? as usize);
            let units: Vec<u16> = part(data, at, length.min(4096))?
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&pair| u16::from_be_bytes(pair))
                .collect();
            Some(clean(&String::from_utf16_lossy(&units)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::evidence::read::container::Holds;

    fn profile(tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut bytes = vec![0; TAGS];
        bytes[8..10].copy_from_slice(&[4, 0x30]);
        bytes[12..24].copy_from_slice(b"mntrRGB XYZ ");
        bytes[24..36].copy_from_slice(&[0x07, 0xe8, 0, 5, 0, 1, 0, 12, 0, 34, 0, 56]);
        bytes[36..40].copy_from_slice(b"acsp");
        bytes.extend((tags.len() as u32).to_be_bytes());
        let mut at = TAGS + 4 + tags.len() * 12;
        for (name, data) in tags {
            bytes.extend(*name);
            bytes.extend((at as u32).to_be_bytes());
            bytes.extend((data.len() as u32).to_be_bytes());
            at += data.len();
        }
        for (_, data) in tags {
            bytes.extend(data);
        }
        let length = (bytes.len() as u32).to_be_bytes();
        bytes[..4].copy_from_slice(&length);
        bytes
    }

    fn read(bytes: Vec<u8>) -> pb::MetadataGroup {
        group(&Part {
            holds: Holds::Icc,
            source: "APP2".to_owned(),
            at: None,
            bytes: bytes.into(),
            fault: "",
        })
    }

    #[test]
    fn headers_and_both_ways_of_writing_texts_are_read() {
        let old = [b"desc\0\0\0\0\0\0\0\x05sRGB\0".as_slice(), &[0; 70]].concat();
        let new = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\x04\0\0\0\x1c\0P\x003".to_vec();
        let group = read(profile(&[(b"desc", old), (b"cprt", new)]));
        let told: Vec<_> = group.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        for expected in [
            ("ProfileVersion", "4.3.0"),
            ("ProfileClass", "mntr"),
            ("ProfileDateTime", "2024-05-01T12:34:56"),
            ("ProfileDescription", "sRGB"),
            ("ProfileCopyright", "P3"),
        ] {
            assert!(told.contains(&expected), "{told:?}");
        }
        assert_eq!(group.fault, "");
    }

    #[test]
    fn tags_that_lie_and_profiles_that_are_none_do_no_harm() {
        let mut lying = profile(&[(b"desc", b"text\0\0\0\0a".to_vec())]);
        lying[TAGS + 8..TAGS + 16].fill(0xff);
        assert_eq!(read(lying).fault, "a tag lies outside of it");
        let mut many = profile(&[]);
        many[TAGS..].fill(0xff);
        read(many);
        assert_eq!(read(vec![0; 500]).fault, "it is no colour profile");
        assert_eq!(read(Vec::new()).fields.len(), 0);
    }
}
