//! Doors for the fuzzer into the readers of metadata.

use std::borrow::Cow;

use super::read::{
    self,
    container::{Holds, Part},
};

/// Reads all metadata of a file, and what of it tells how the picture was taken.
pub fn metadata(file: &[u8]) {
    let told = read::metadata(file);
    assert!(told.iter().all(|group| group.fields.len() <= 2_000), "a group has too many fields");
    for field in told.iter().flat_map(|group| &group.fields) {
        assert!(
            field.value.chars().count() <= 1024 && field.raw.chars().count() <= 1024,
            "a value is too long"
        );
        let end = field.offset.saturating_add(field.size);
        assert!(
            field.offset == -1 || end <= file.len() as i64 || field.size == 0,
            "a field is outside of the file"
        );
    }
    read::exif_of(file);
    let (mut arriving, whole) = (read::Arriving::default(), read::Arriving::default().is_enough(file));
    let pieces = (0..=file.len()).step_by(7).chain([file.len()]);
    let enough = pieces.map(|length| arriving.is_enough(&file[..length])).any(|enough| enough);
    assert_eq!(enough, whole, "a head in pieces is another");
    read::rights(file);
}

/// Reads a TIFF structure.
pub fn exif(tiff: &[u8]) {
    part(Holds::Exif, tiff);
}

/// Reads a packet of XMP.
pub fn xmp(packet: &[u8]) {
    part(Holds::Xmp, packet);
}

/// Reads a colour profile.
pub fn icc(profile: &[u8]) {
    part(Holds::Icc, profile);
}

/// Reads Photoshop's resources, and IPTC's records inside.
pub fn photoshop(resources: &[u8]) {
    part(Holds::Photoshop, resources);
}

fn part(holds: Holds, bytes: &[u8]) {
    let part = Part { holds, source: String::new(), at: Some(0), bytes: Cow::Borrowed(bytes), fault: "" };
    let parts = [part];
    read::groups(&parts);
    read::summary(&parts);
}
