//! What a report's parts give away: names of programs, places and times that disagree, marks.

use atalaya_proto::images::v1 as pb;

use super::{
    programs,
    times::{DAY, is_later, knows_its_zone, seconds},
};
use crate::images::{evidence::read::bytes::clean, model::Size};

/// A kind of line and what was seen.
pub(super) type Found = Vec<(&'static str, String)>;

/// Texts that generators leave (tools' own documentation).
const PARAMETERS: [&str; 8] = [
    "parameters",
    "workflow",
    "prompt",
    "Dream",
    "sd-metadata",
    "invokeai_metadata",
    "generation_data",
    "Comment",
];
/// What generators' parameters are full of; a text of another origin is not.
const OF_PARAMETERS: [&str; 6] = ["Steps: ", "\"steps\"", "class_type", "Sampler", "cfg_scale", "\"prompt\""];
/// IPTC's digital source types of what machines made.
const SOURCE_TYPES: [&str; 2] = ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"];
/// Fields that name programs.
const PROGRAM_FIELDS: [&str; 7] = [
    "Software",
    "ProcessingSoftware",
    "HostComputer",
    "xmp:CreatorTool",
    "OriginatingProgram",
    "pdf:Producer",
    "tiff:Software",
];
const SERIAL_FIELDS: [&str; 5] = [
    "BodySerialNumber",
    "LensSerialNumber",
    "aux:SerialNumber",
    "exifEX:BodySerialNumber",
    "CameraSerialNumber",
];
/// What Facebook writes into IPTC's special instructions.
const FACEBOOK: &str = "FBMD";
/// Degrees below which a place is nowhere.
const NOWHERE: f64 = 1e-6;
/// Hours by which local times differ from UTC at most, as seconds.
const ZONES: i64 = 14 * 3_600;

/// What metadata give away.
pub(super) fn of_metadata(groups: &[pb::MetadataGroup], found: &mut Found) {
    for group in groups {
        if !group.fault.is_empty() {
            found.push(("metadata_faulty", format!("{}: {}", group.name, group.fault)));
        }
        if group.name == "Photoshop" {
            found.push(("photoshop_resources", format!("{} resources", group.fields.len())));
        }
        for field in &group.fields {
            of_field(group, field, found);
        }
    }
}

fn of_field(group: &pb::MetadataGroup, field: &pb::MetadataField, found: &mut Found) {
    let (name, value) = (field.name.as_str(), field.value.as_str());
    let last = name.rsplit('/').next().unwrap_or(name);
    if PROGRAM_FIELDS.contains(&last) || last.ends_with("softwareAgent") {
        found.extend(programs::kind(value).map(|kind| (kind, value.to_owned())));
    }
    if SOURCE_TYPES.iter().any(|kind| last.ends_with("igitalSourceType") && value.ends_with(kind)) {
        found.push(("generator_declared", value.to_owned()));
    }
    if group.name == "PNG"
        && PARAMETERS.contains(&name)
        && OF_PARAMETERS.iter().any(|mark| field.raw.contains(mark))
    {
        found.push(("generator_parameters", format!("{name}: {value}")));
    }
    if last == "UserComment" && OF_PARAMETERS.iter().any(|mark| field.raw.contains(mark)) {
        found.push(("generator_parameters", format!("{name}: {value}")));
    }
    if name.starts_with("xmpMM:History[") && (last.ends_with("action") || last.ends_with("softwareAgent")) {
        found.push(("xmp_history", format!("{last}: {value}")));
    }
    if name.starts_with("xmpMM:DerivedFrom/") {
        found.push(("xmp_derived", format!("{last}: {value}")));
    }
    if SERIAL_FIELDS.contains(&last) && !value.is_empty() {
        found.push(("serial_number", value.to_owned()));
    }
    if name == "SpecialInstructions" && value.starts_with(FACEBOOK) {
        found.push(("platform_mark", "Facebook or Instagram".to_owned()));
    }
    if name == "C2PA" {
        found.push(("c2pa_present", String::new()));
    }
    if (group.name.as_str(), name) == ("MPF", "NumberOfImages") && value != "1" {
        found.push(("several_images", format!("{value} pictures")));
    }
}

/// What EXIF gives away beside the picture of this size.
pub(super) fn of_exif(exif: &pb::Exif, groups: &[pb::MetadataGroup], size: Size, found: &mut Found) {
    let make = exif.camera.as_ref().and_then(|camera| camera.make.as_deref());
    let has = |name: &str| groups.iter().any(|group| group.name == name);
    match make {
        None if !has("ExifIFD") => found.push(("no_camera_metadata", String::new())),
        Some(make) if has("ExifIFD") && !has("MakerNote") => {
            found.push(("maker_note_missing", make.to_owned()));
        }
        _ => {}
    }
    let told = |name: &str| {
        let fields = groups.iter().filter(|group| group.name == "ExifIFD").flat_map(|group| &group.fields);
        fields.into_iter().find(|field| field.name == name).and_then(|field| field.raw.parse::<u32>().ok())
    };
    if let Some((width, height)) = told("PixelXDimension").zip(told("PixelYDimension")) {
        let same =
            (width, height) == (size.width, size.height) || (height, width) == (size.width, size.height);
        // Nobody's picture has no pixels: that is what some programs write for "not known".
        if !same && width > 0 && height > 0 {
            found.push((
                "dimensions_differ",
                format!("{width} x {height} in EXIF, {} x {} in the picture", size.width, size.height),
            ));
        }
    }
    let times = exif.times.clone().unwrap_or_default();
    if let (Some(modified), Some(original)) = (&times.modified, &times.original)
        && is_later(modified, original)
    {
        found.push(("times_disagree", format!("taken {original}, changed {modified}")));
    }
    if let Some(place) = &exif.location {
        of_place(place, make.is_some(), times.original.as_deref(), found);
    }
}

fn of_place(place: &pb::ExifLocation, has_camera: bool, taken: Option<&str>, found: &mut Found) {
    if let (Some(latitude), Some(longitude)) = (place.latitude, place.longitude) {
        if latitude.abs() < NOWHERE && longitude.abs() < NOWHERE {
            found.push(("gps_null_island", String::new()));
        } else {
            found.push(("gps_present", format!("{latitude:.6}, {longitude:.6}")));
        }
        if !has_camera {
            found.push(("gps_without_camera", String::new()));
        }
    }
    let skew = place.time.as_deref().and_then(seconds).zip(taken.and_then(seconds));
    if let Some((satellites, camera)) = skew {
        // A camera that does not say its time zone may be in any.
        let doubt = if taken.is_some_and(knows_its_zone) { 0 } else { ZONES };
        let apart = (satellites - camera).abs();
        if apart > DAY + doubt {
            found.push(("gps_time_skew", format!("{} hours", apart / 3_600)));
        }
    }
}

/// What the rest of a report gives away.
pub(super) fn of_report(report: &pb::EvidenceReport, found: &mut Found) {
    if let Some(jpeg) = &report.jpeg {
        if jpeg.standard_tables {
            found.push(("standard_tables", format!("quality {}", jpeg.estimated_quality)));
        }
        if jpeg.progressive {
            found.push(("progressive", format!("{} scans", jpeg.scans)));
        }
        if let Some(twice) = jpeg.double_compression.as_ref().filter(|twice| is_clear(twice)) {
            let (clear, all) = (twice.periodic_coefficients, twice.coefficients);
            found.push(("double_compression", format!("{clear} of {all} coefficients repeat themselves")));
        }
    }
    if let Some(thumbnail) = &report.thumbnail {
        const OTHER: i32 = 12;
        if thumbnail.distance > OTHER {
            found.push(("thumbnail_differs", format!("{} of 64 bits differ", thumbnail.distance)));
        }
        if thumbnail.aspect_differs {
            found.push(("thumbnail_aspect", format!("{} x {}", thumbnail.width, thumbnail.height)));
        }
    }
    for bits in
        report.low_bits.iter().filter(|bits| bits.message_probability > LIKELY && bits.entropy > RANDOM)
    {
        found.push(("hidden_message", format!("{}: {:.2}", bits.channel, bits.message_probability)));
    }
    if let Some(tail) = &report.tail {
        let code = if tail.kinds.is_empty() { "trailing_data" } else { "trailing_file" };
        found.push((code, format!("{} bytes at {}", tail.size, tail.offset)));
        found.extend(tail.kinds.iter().map(|kind| (code, clean(kind))));
    }
}

/// From which probability on, and with how much entropy, a message is likely.
const LIKELY: f64 = 0.9;
const RANDOM: f64 = 1.9;

/// Whether at least half of the coefficients that could be judged repeat themselves.
fn is_clear(twice: &pb::DoubleCompression) -> bool {
    twice.coefficients >= 3 && twice.periodic_coefficients * 2 >= twice.coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, fields: &[(&str, &str)]) -> pb::MetadataGroup {
        let field = |(name, value): &(&str, &str)| pb::MetadataField {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            raw: (*value).to_owned(),
            ..Default::default()
        };
        pb::MetadataGroup {
            name: name.to_owned(),
            fields: fields.iter().map(field).collect(),
            ..Default::default()
        }
    }

    fn codes(found: &Found) -> Vec<&'static str> {
        found.iter().map(|(code, _)| *code).collect()
    }

    #[test]
    fn programs_and_marks_are_known_by_their_names() {
        for (name, field, value, code) in [
            ("IFD0", "Software", "Adobe Photoshop 25.0 (Windows)", "editor_software"),
            ("XMP", "xmp:CreatorTool", "GIMP 2.10", "editor_software"),
            ("IFD0", "Software", "Stable Diffusion XL", "generator_software"),
            ("XMP", "xmpMM:History[1]/stEvt:softwareAgent", "Adobe Lightroom", "editor_software"),
            ("XMP", "xmpMM:DerivedFrom/stRef:documentID", "7", "xmp_derived"),
            ("IPTC", "SpecialInstructions", "FBMD01000abc", "platform_mark"),
            ("PNG", "parameters", "a castle\nSteps: 20, Sampler: Euler", "generator_parameters"),
            ("PNG", "workflow", "{\"1\":{\"class_type\":\"KSampler\"}}", "generator_parameters"),
            ("ExifIFD", "BodySerialNumber", "42", "serial_number"),
            ("JUMBF", "C2PA", "present, not verified", "c2pa_present"),
            (
                "XMP",
                "Iptc4xmpExt:DigitalSourceType",
                "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                "generator_declared",
            ),
        ] {
            let mut found = Found::new();
            of_metadata(&[group(name, &[(field, value)])], &mut found);
            assert!(codes(&found).contains(&code), "{value}: {found:?}");
        }
        let innocent = [
            group("IFD0", &[("Software", "Firmware 1.8")]),
            group("IFD0", &[("Software", "Editor de imagen 2")]),
            group(
                "IFD0",
                &[("HostComputer", "Influx Canvas"), ("ProcessingSoftware", "Hawkeye Firefly 8SE")],
            ),
            group("PNG", &[("Comment", "hello")]),
            group("MPF", &[("NumberOfImages", "1")]),
        ];
        let mut found = Found::new();
        of_metadata(&innocent, &mut found);
        assert_eq!(found, []);
    }

    #[test]
    fn a_place_and_its_time_are_held_against_the_camera() {
        let skewed = |satellites: &str, taken: &str| {
            let place = pb::ExifLocation { time: Some(satellites.to_owned()), ..Default::default() };
            let mut found = Found::new();
            of_place(&place, true, Some(taken), &mut found);
            codes(&found) == ["gps_time_skew"]
        };
        assert!(!skewed("2024-05-01T10:34:50Z", "2024-05-01T12:34:56+02:00"));
        assert!(!skewed("2024-05-01T10:34:50Z", "2024-05-02T23:00:00"));
        assert!(skewed("2024-05-01T10:34:50Z", "2024-05-02T12:34:56+00:00"));
        assert!(skewed("2024-03-01T00:00:00Z", "2024-02-28T00:00:00-11:00"));
        let nowhere = pb::ExifLocation { latitude: Some(0.0), longitude: Some(0.0), ..Default::default() };
        let mut found = Found::new();
        of_place(&nowhere, false, None, &mut found);
        assert_eq!(codes(&found), ["gps_null_island", "gps_without_camera"]);
    }
}
