//! The words that the PixErase API has for EXIF's numbers (facts 1.3).

use atalaya_proto::images::v1::{ExifFlash, ExifMeteringMode, ExifWhiteBalance};

/// What is not known.
pub(super) const UNKNOWN: &str = "unknown";
/// ISO when it is not known.
pub(super) const DEFAULT_ISO: i32 = 100;
/// The largest ISO that the document has.
pub(super) const MAX_ISO: i32 = 51_200;

/// EXIF's orientations from 1 on: where the first row and the first column are.
const ORIENTATIONS: [&str; 8] = [
    "top left",
    "top right",
    "bottom right",
    "bottom left",
    "left top",
    "right top",
    "right bottom",
    "left bottom",
];

pub(super) fn known(text: Option<String>) -> String {
    text.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A text of at most so many characters.
pub(super) fn text(text: Option<&str>, most: usize) -> String {
    known(text.map(|text| text.chars().take(most).collect()))
}

pub(super) fn orientation(orientation: Option<i32>) -> &'static str {
    let index = orientation.and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
    index.and_then(|index| ORIENTATIONS.get(index)).copied().unwrap_or(UNKNOWN)
}

/// Beyond it, fractions with 1 above are too far apart: 0.8 s would be 1/1 s. As exiftool has it, with room for errors
/// of rounding.
const LONGEST_FRACTION: f64 = 0.250_01;

/// An f-number, without zeros at its end.
pub(super) fn aperture(number: Option<f64>) -> String {
    known(number.map(|number| {
        // Lenses below f/1 differ by less than a tenth.
        let scale = if number < 1.0 { 100.0 } else { 10.0 };
        format!("f/{}", (number * scale).round() / scale)
    }))
}

/// As photographers and exiftool write it: a fraction with 1 above up to a quarter of a second, else seconds.
pub(super) fn seconds(upper: u32, lower: u32) -> String {
    let seconds = f64::from(upper) / f64::from(lower.max(1));
    if seconds < LONGEST_FRACTION && seconds > 0.0 {
        return format!("1/{}s", (1.0 / seconds).round());
    }
    format!("{}s", (seconds * 10.0).round() / 10.0)
}

pub(super) fn metering(mode: Option<ExifMeteringMode>) -> &'static str {
    match mode {
        None | Some(ExifMeteringMode::Unspecified) => UNKNOWN,
        Some(ExifMeteringMode::Average) => "average",
        Some(ExifMeteringMode::CenterWeightedAverage) => "center weighted average",
        Some(ExifMeteringMode::Spot) => "spot",
        Some(ExifMeteringMode::MultiSpot) => "multi spot",
        Some(ExifMeteringMode::Pattern) => "pattern",
        Some(ExifMeteringMode::Partial) => "partial",
        Some(ExifMeteringMode::Other) => "other",
    }
}

pub(super) fn balance(balance: Option<ExifWhiteBalance>) -> &'static str {
    match balance {
        None | Some(ExifWhiteBalance::Unspecified) => UNKNOWN,
        Some(ExifWhiteBalance::Auto) => "auto",
        Some(ExifWhiteBalance::Manual) => "manual",
    }
}

/// Such as `auto fired return detected`, behind `red eye` when it is against red eyes.
pub(super) fn flash(flash: Option<&ExifFlash>) -> String {
    let Some(flash) = flash else { return UNKNOWN.to_owned() };
    let what = match (flash.function_present, flash.fired, flash.return_sensed, flash.return_light) {
        (false, ..) => "no flash function",
        (true, false, ..) => "no flash",
        (true, true, false, _) => "fired",
        (true, true, true, false) => "fired return not detected",
        (true, true, true, true) => "fired return detected",
    };
    let red_eye = if flash.red_eye_reduction { "red eye " } else { "" };
    let auto = if flash.auto { "auto " } else { "" };
    format!("{red_eye}{auto}{what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_photographers_do() {
        assert_eq!(aperture(Some(2.8)), "f/2.8");
        assert_eq!(aperture(Some(4.000_1)), "f/4");
        assert_eq!([0.95, 0.7, 0.999].map(|number| aperture(Some(number))), ["f/0.95", "f/0.7", "f/1"]);
        assert_eq!(aperture(None), "unknown");
        for (upper, lower, text) in [
            (1, 125, "1/125s"),
            (10, 1250, "1/125s"),
            (1, 4, "1/4s"),
            (3, 10, "0.3s"),
            (1, 3, "0.3s"),
            (4, 10, "0.4s"),
            (6, 10, "0.6s"),
            (8, 10, "0.8s"),
            (1, 1, "1s"),
            (2, 1, "2s"),
            (5, 2, "2.5s"),
        ] {
            assert_eq!(seconds(upper, lower), text);
        }
        assert!(seconds(1, u32::MAX).len() <= 15 && seconds(u32::MAX, 1).len() <= 15);
        assert!(aperture(Some(1000.0)).len() <= 10);
    }

    #[test]
    fn orientations_and_flashes_have_the_documents_words() {
        assert_eq!((orientation(Some(1)), orientation(Some(8))), ("top left", "left bottom"));
        assert_eq!(
            (orientation(Some(9)), orientation(Some(-1)), orientation(None)),
            (UNKNOWN, UNKNOWN, UNKNOWN)
        );
        let fired = ExifFlash { fired: true, function_present: true, ..Default::default() };
        assert_eq!(flash(Some(&fired)), "fired");
        let sensed = ExifFlash { auto: true, return_sensed: true, return_light: true, ..fired };
        assert_eq!(flash(Some(&sensed)), "auto fired return detected");
        assert_eq!(flash(Some(&ExifFlash { red_eye_reduction: true, ..fired })), "red eye fired");
        assert_eq!(flash(Some(&ExifFlash::default())), "no flash function");
        assert_eq!(flash(None), UNKNOWN);
    }
}
