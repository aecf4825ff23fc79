//! What each line of evidence means, and where its meaning ends.

use atalaya_proto::images::v1::{EvidenceLine, EvidenceStrength as Strength};

/// Most details of a line, and most characters of one.
const MAX_DETAILS: usize = 20;
const MAX_DETAIL: usize = 256;

/// The words of a kind of line.
struct Words {
    code: &'static str,
    strength: Strength,
    title: &'static str,
    meaning: &'static str,
    limits: &'static str,
}

/// Every kind of line, the strongest first.
const WORDS: [Words; 28] = [
    words(
        "generator_declared",
        Strength::Strong,
        "The file says that a machine made it",
        "Its metadata declare a digital source type of trained or composite algorithmic media.",
        "Whoever can write the file can write or delete this; its absence says nothing.",
    ),
    words(
        "generator_parameters",
        Strength::Strong,
        "A generator's parameters are in the file",
        "Programs that generate pictures leave the prompt or the workflow in a text of the file.",
        "Such a text can be put into any picture.",
    ),
    words(
        "generator_software",
        Strength::Strong,
        "A generator of pictures is named",
        "The program that the metadata name generates pictures from texts.",
        "Names in metadata can be written by anybody; some such programs also edit photos.",
    ),
    words(
        "trailing_file",
        Strength::Strong,
        "Another file follows the picture",
        "Behind the end of the picture another file begins or is contained.",
        "Phones append previews, depth maps and videos on purpose; look at what it is.",
    ),
    words(
        "c2pa_present",
        Strength::Moderate,
        "Content Credentials are in the file: present, not verified",
        "A C2PA manifest says who made the picture and what was done to it.",
        "Its signature was not verified here; a manifest can be copied from another file.",
    ),
    words(
        "thumbnail_differs",
        Strength::Moderate,
        "The thumbnail shows another picture",
        "The preview in the metadata is not of this picture: it may show what was there before a change.",
        "Black bars around a thumbnail and effects of the camera make them differ too.",
    ),
    words(
        "thumbnail_aspect",
        Strength::Moderate,
        "The thumbnail has another shape",
        "The picture may have been cropped after the thumbnail was made.",
        "Cameras make thumbnails of 4:3 for pictures of any shape.",
    ),
    words(
        "dimensions_differ",
        Strength::Moderate,
        "The metadata tell another size",
        "EXIF was written for a picture of another size: this one may have been resized or cropped.",
        "Some programs turn or resize pictures and leave these numbers as they were.",
    ),
    words(
        "editor_software",
        Strength::Moderate,
        "An editor is named",
        "A program for editing pictures has saved the file.",
        "Developing, cropping and resizing name it as well; it does not say what was changed.",
    ),
    words(
        "xmp_history",
        Strength::Moderate,
        "There is a history of edits",
        "XMP lists when and by which programs the file was saved or derived.",
        "The list may be incomplete, and can be written by anybody.",
    ),
    words(
        "xmp_derived",
        Strength::Moderate,
        "The file was derived from another",
        "XMP names a document that this one was made from.",
        "Exports of untouched photos name their originals too.",
    ),
    words(
        "double_compression",
        Strength::Moderate,
        "It may have been compressed more than once",
        "The coefficients are distributed as they are after two compressions with different tables.",
        "Every save does that, without any change of the picture; pictures with few colours can look the same.",
    ),
    words(
        "gps_time_skew",
        Strength::Moderate,
        "The satellites' clock and the camera's differ by more than a day",
        "Camera and satellites disagree on when the picture was taken.",
        "Clocks of cameras are often set wrong, and a position may be an old one.",
    ),
    words(
        "gps_null_island",
        Strength::Moderate,
        "The place is 0 degrees, 0 degrees",
        "The place was probably written without being known.",
        "Programs write this for a place that they do not know; in truth there is only the sea.",
    ),
    words(
        "times_disagree",
        Strength::Moderate,
        "It was changed after it was taken",
        "The file's time of change is later than the time at which the picture was taken.",
        "Rating, turning and copying a picture by some programs changes it too, and clocks may have been set anew.",
    ),
    words(
        "hidden_message",
        Strength::Moderate,
        "The lowest bits look like a random message",
        "Pairs of values occur as often as each other, as they do after a message was hidden in the lowest bits.",
        "Noise, dithering and pictures that were made brighter can look the same.",
    ),
    words(
        "metadata_faulty",
        Strength::Moderate,
        "Metadata are damaged",
        "Some metadata break their format's rules, as after a change by a careless program.",
        "Firmware writes faulty metadata too.",
    ),
    words(
        "trailing_data",
        Strength::Moderate,
        "Bytes follow the end of the picture",
        "No viewer shows what comes after the end; it may be padding, or something hidden.",
        "Cameras and phones pad their files and append data of their own.",
    ),
    words(
        "several_images",
        Strength::Weak,
        "The file has several pictures",
        "It lists more than one picture, such as previews or depth.",
        "That is how many phones store pictures.",
    ),
    words(
        "gps_present",
        Strength::Weak,
        "It says where it was taken",
        "The metadata tell a place.",
        "Places can be written by anybody, and positions indoors are coarse.",
    ),
    words(
        "gps_without_camera",
        Strength::Weak,
        "A place is told, but no camera",
        "The place may have been added by a program.",
        "Some programs delete the camera and keep the place.",
    ),
    words(
        "platform_mark",
        Strength::Weak,
        "A platform's mark is in it",
        "A social network has marked the file when it was downloaded there.",
        "Marks survive some edits and not others.",
    ),
    words(
        "photoshop_resources",
        Strength::Weak,
        "It has Photoshop's resources",
        "A program that writes Photoshop's format has saved the file.",
        "Agencies' software writes captions that way without touching the picture.",
    ),
    words(
        "no_camera_metadata",
        Strength::Weak,
        "Nothing tells of a camera",
        "There is no EXIF of a camera, as in screenshots, drawings, and what was sent by messengers.",
        "Metadata are lost easily; it says nothing about the picture.",
    ),
    words(
        "maker_note_missing",
        Strength::Weak,
        "A camera is named, but its maker's note is missing",
        "Cameras write a note of their maker's; programs drop it.",
        "Some phones write none.",
    ),
    words(
        "standard_tables",
        Strength::Weak,
        "It was saved by a common library",
        "The tables are those of libjpeg, which most programs use and most cameras do not.",
        "Some cameras use them too.",
    ),
    words(
        "progressive",
        Strength::Weak,
        "It is progressive",
        "Websites and programs for the web save that way; cameras do not.",
        "It says nothing about a change of the picture.",
    ),
    words(
        "serial_number",
        Strength::Weak,
        "A serial number is in it",
        "The metadata name one camera or lens among all of its model: other pictures of it can be found by that.",
        "Numbers can be written by anybody.",
    ),
];

const fn words(
    code: &'static str,
    strength: Strength,
    title: &'static str,
    meaning: &'static str,
    limits: &'static str,
) -> Words {
    Words { code, strength, title, meaning, limits }
}

/// The lines of what was found, the strongest first; each kind once, with all of its details.
pub(super) fn lines(found: &[(&'static str, String)]) -> Vec<EvidenceLine> {
    let mut lines = Vec::new();
    for words in &WORDS {
        let mut details: Vec<String> = Vec::new();
        let mut seen = false;
        for (_, detail) in found.iter().filter(|(code, _)| *code == words.code) {
            seen = true;
            let detail: String = detail.chars().take(MAX_DETAIL).collect();
            if !detail.is_empty() && !details.contains(&detail) && details.len() < MAX_DETAILS {
                details.push(detail);
            }
        }
        if seen {
            lines.push(EvidenceLine {
                code: words.code.to_owned(),
                title: words.title.to_owned(),
                meaning: words.meaning.to_owned(),
                limits: words.limits.to_owned(),
                strength: words.strength.into(),
                details,
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_words_once_and_the_strongest_come_first() {
        let mut codes: Vec<_> = WORDS.iter().map(|words| words.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), WORDS.len());
        assert!(WORDS.is_sorted_by_key(|words| -(words.strength as i32)));
        for words in &WORDS {
            for text in [words.title, words.meaning, words.limits] {
                assert!(!text.is_empty(), "{}", words.code);
            }
        }
    }

    #[test]
    fn details_of_a_kind_are_gathered_without_repetition() {
        let found = [("gps_present", "1"), ("editor_software", "GIMP"), ("editor_software", "GIMP")];
        let told = lines(&found.map(|(code, detail)| (code, detail.to_owned())));
        let codes: Vec<_> = told.iter().map(|line| line.code.as_str()).collect();
        assert_eq!(codes, ["editor_software", "gps_present"]);
        assert_eq!(told[0].details, ["GIMP"]);
    }
}
