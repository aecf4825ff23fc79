//! What EXIF says of how a picture was taken, as the contract tells it. What is senseless is left out.

use atalaya_proto::images::v1 as pb;
use exif::{Tag, Value};

use super::{
    bytes::{clean, text},
    exif::Decoded,
};

/// Largest f-number that is believed.
const MAX_APERTURE: f64 = 1_000.0;
/// Largest focal length that is believed, in millimetres: of telescopes.
const MAX_FOCAL_LENGTH: f64 = 100_000.0;
/// Largest distance from sea level that is believed, in metres: beyond satellites that are low.
const MAX_ALTITUDE: f64 = 1_000_000.0;
/// What 16 bits hold for "more than that" in ISO speeds.
const ISO_OVERFLOW: u32 = 65_535;
/// Largest exposure bias that is believed, in EV.
const MAX_BIAS: f64 = 100.0;

/// Everything but the picture's size, its format and whether it moves.
pub(crate) fn summary(decoded: &Decoded<'_>) -> pb::Exif {
    let reader = Reader(decoded);
    pb::Exif {
        camera: Some(reader.camera()),
        exposure: Some(reader.exposure()),
        flash: reader.flash(),
        location: reader.location(),
        times: Some(reader.times()),
        ..Default::default()
    }
}

struct Reader<'a>(&'a Decoded<'a>);

impl Reader<'_> {
    fn camera(&self) -> pb::ExifCamera {
        pb::ExifCamera {
            make: self.text(Tag::Make),
            model: self.text(Tag::Model),
            orientation: self.whole(Tag::Orientation).filter(|o| (1..=8).contains(o)).map(|o| o as i32),
            focal_length: self.within(Tag::FocalLength, f64::MIN_POSITIVE, MAX_FOCAL_LENGTH),
            focal_length_35mm: self
                .whole(Tag::FocalLengthIn35mmFilm)
                .filter(|&mm| mm > 0)
                .map(|mm| mm as i32),
            max_aperture: self.opening(Tag::MaxApertureValue),
            aperture_value: self.opening(Tag::ApertureValue),
        }
    }

    fn exposure(&self) -> pb::ExifExposure {
        let time = self.fraction(Tag::ExposureTime);
        pb::ExifExposure {
            time_numerator: time.map(|(upper, _)| upper),
            time_denominator: time.map(|(_, lower)| lower),
            aperture: self.within(Tag::FNumber, f64::MIN_POSITIVE, MAX_APERTURE),
            iso: self.iso(),
            bias: self.within(Tag::ExposureBiasValue, -MAX_BIAS, MAX_BIAS),
            metering_mode: self.whole(Tag::MeteringMode).map(|mode| {
                let known =
                    i32::try_from(mode).ok().and_then(|mode| pb::ExifMeteringMode::try_from(mode).ok());
                known.unwrap_or(pb::ExifMeteringMode::Other).into()
            }),
            white_balance: self.whole(Tag::WhiteBalance).and_then(|mode| match mode {
                0 => Some(pb::ExifWhiteBalance::Auto.into()),
                1 => Some(pb::ExifWhiteBalance::Manual.into()),
                _ => None,
            }),
        }
    }

    /// The 16 bits of the old tag say that they overflow; newer tags say what is meant then.
    fn iso(&self) -> Option<i32> {
        let old = self.whole(Tag::PhotographicSensitivity).filter(|&iso| iso > 0 && iso != ISO_OVERFLOW);
        let newer = [Tag::RecommendedExposureIndex, Tag::StandardOutputSensitivity, Tag::ISOSpeed];
        let iso = old.or_else(|| newer.into_iter().find_map(|tag| self.whole(tag)).filter(|&iso| iso > 0))?;
        i32::try_from(iso).ok()
    }

    fn flash(&self) -> Option<pb::ExifFlash> {
        let value = self.whole(Tag::Flash).filter(|&value| value <= 0xffff)?;
        Some(pb::ExifFlash {
            value: value as i32,
            fired: value & 1 != 0,
            return_sensed: value >> 1 & 0b11 >= 0b10,
            return_light: value >> 1 & 0b11 == 0b11,
            auto: value >> 3 & 0b11 == 0b11,
            function_present: value & 1 << 5 == 0,
            red_eye_reduction: value & 1 << 6 != 0,
        })
    }

    fn location(&self) -> Option<pb::ExifLocation> {
        let latitude = self.degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, *b"Ss", 90.0);
        let longitude = self.degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, *b"Ww", 180.0);
        let place = latitude.zip(longitude);
        let location = pb::ExifLocation {
            latitude: place.map(|(latitude, _)| latitude),
            longitude: place.map(|(_, longitude)| longitude),
            altitude: self.altitude(),
            direction: self.within(Tag::GPSImgDirection, 0.0, 360.0),
            direction_is_magnetic: self.letter(Tag::GPSImgDirectionRef) == Some(b'M'),
            time: self.satellite_time(),
        };
        let empty =
            pb::ExifLocation { direction_is_magnetic: location.direction_is_magnetic, ..Default::default() };
        (location != empty).then_some(location)
    }

    /// Degrees, minutes and seconds, with the letter of the half that is counted below 0.
    fn degrees(&self, tag: Tag, letter: Tag, negative: [u8; 2], most: f64) -> Option<f64> {
        let Value::Rational(parts) = self.0.value(tag)? else { return None };
        // Nobody writes 0/0 for anything but "not known".
        let part = |index: usize| match parts.get(index) {
            Some(part) if part.denom != 0 => Some(part.to_f64()),
            Some(_) => None,
            None => Some(0.0),
        };
        let degrees = part(0)? + part(1).unwrap_or_default() / 60.0 + part(2).unwrap_or_default() / 3600.0;
        let below = self.letter(letter).is_some_and(|letter| negative.contains(&letter));
        (degrees <= most && !parts.is_empty()).then_some(if below { -degrees } else { degrees })
    }

    fn altitude(&self) -> Option<f64> {
        let metres = self.within(Tag::GPSAltitude, -MAX_ALTITUDE, MAX_ALTITUDE)?;
        // 3 is below the sea by another measure (EXIF 3.0).
        let below = matches!(self.whole(Tag::GPSAltitudeRef), Some(1 | 3)) && metres > 0.0;
        Some(if below { -metres } else { metres })
    }

    fn satellite_time(&self) -> Option<String> {
        let date = self.text(Tag::GPSDateStamp)?;
        let Value::Rational(parts) = self.0.value(Tag::GPSTimeStamp)? else { return None };
        let [hour, minute, second] = parts.first_chunk::<3>()?;
        if [hour, minute, second].iter().any(|part| part.denom == 0) {
            return None;
        }
        let [hour, minute, second] = [hour, minute, second].map(|part| part.to_f64() as u32);
        let stamp = format!("{date} {hour:02}:{minute:02}:{second:02}");
        Some(format!("{}Z", iso_time(stamp.as_bytes())?))
    }

    fn times(&self) -> pb::ExifTimes {
        pb::ExifTimes {
            modified: self.time(Tag::DateTime, Tag::SubSecTime, Tag::OffsetTime),
            original: self.time(Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal),
            digitized: self.time(Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized),
        }
    }

    fn time(&self, tag: Tag, fraction: Tag, offset: Tag) -> Option<String> {
        let mut time = iso_time(self.text(tag)?.as_bytes())?;
        let digits = self.text(fraction).filter(|d| d.len() <= 9 && d.bytes().all(|b| b.is_ascii_digit()));
        if let Some(digits) = digits.filter(|digits| !digits.is_empty()) {
            time = format!("{time}.{digits}");
        }
        let offset = self.text(offset).filter(|offset| is_offset(offset.as_bytes()));
        Some(format!("{time}{}", offset.unwrap_or_default()))
    }

    fn text(&self, tag: Tag) -> Option<String> {
        let Value::Ascii(parts) = self.0.value(tag)? else { return None };
        Some(text(parts.first()?)).map(|text| clean(text.trim())).filter(|text| !text.is_empty())
    }

    fn letter(&self, tag: Tag) -> Option<u8> {
        let Value::Ascii(parts) = self.0.value(tag)? else { return None };
        parts.first()?.first().copied()
    }

    fn whole(&self, tag: Tag) -> Option<u32> {
        self.0.value(tag)?.get_uint(0)
    }

    /// A number of any kind within bounds.
    fn within(&self, tag: Tag, least: f64, most: f64) -> Option<f64> {
        let value = self.0.value(tag)?;
        let number = if let Value::Rational(parts) = value {
            parts.first().filter(|part| part.denom != 0)?.to_f64()
        } else if let Value::SRational(parts) = value {
            parts.first().filter(|part| part.denom != 0)?.to_f64()
        } else {
            f64::from(value.get_uint(0)?)
        };
        (least..=most).contains(&number).then_some(number)
    }

    /// An opening in APEX units as an f-number: the square root of two to its power.
    fn opening(&self, tag: Tag) -> Option<f64> {
        let apex = self.within(tag, 0.0, 20.0)?;
        Some((apex / 2.0).exp2())
    }

    fn fraction(&self, tag: Tag) -> Option<(u32, u32)> {
        let Value::Rational(parts) = self.0.value(tag)? else { return None };
        parts.first().filter(|part| part.denom != 0 && part.num != 0).map(|part| (part.num, part.denom))
    }
}

/// `2024:05:01 12:34:56`, as EXIF writes it, in ISO's way. Blanks and zeros mean that it is not known.
fn iso_time(text: &[u8]) -> Option<String> {
    let parsed = exif::DateTime::from_ascii(text.get(..19)?).ok()?;
    let sound = (1..=12).contains(&parsed.month)
        && (1..=days(parsed.year, parsed.month)).contains(&parsed.day)
        && parsed.hour < 24
        && parsed.minute < 60
        && parsed.second <= 60;
    sound.then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            parsed.year,
            parsed.month,
            parsed.day,
            parsed.hour,
            parsed.minute,
            parsed.second.min(59)
        )
    })
}

/// Days of a month; of none in the year 0, which is how "not known" begins.
fn days(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        _ if year == 0 => 0,
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `+02:00`.
fn is_offset(text: &[u8]) -> bool {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    text.len() == 6
        && matches!(text.first(), Some(b'+' | b'-'))
        && text.get(3) == Some(&b':')
        && digits(1..3)
        && digits(4..6)
}

#[cfg(test)]
mod tests {
    use exif::{Field, In, Rational, experimental::Writer};

    use super::*;

    fn tiff(fields: Vec<(Tag, Value)>) -> Vec<u8> {
        let fields: Vec<_> =
            fields.into_iter().map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value }).collect();
        let mut writer = Writer::new();
        for field in &fields {
            writer.push_field(field);
        }
        let mut file = std::io::Cursor::new(Vec::new());
        writer.write(&mut file, false).unwrap();
        file.into_inner()
    }

    fn ascii(text: &str) -> Value {
        Value::Ascii(vec![text.as_bytes().to_vec()])
    }

    fn ratios(parts: &[(u32, u32)]) -> Value {
        Value::Rational(parts.iter().map(|&(num, denom)| Rational { num, denom }).collect())
    }

    #[test]
    fn a_photo_tells_of_its_camera() {
        let file = tiff(vec![
            (Tag::Make, ascii("Canon ")),
            (Tag::Orientation, Value::Short(vec![6])),
            (Tag::FocalLength, ratios(&[(50, 1)])),
            (Tag::ApertureValue, ratios(&[(3, 1)])),
            (Tag::ExposureTime, ratios(&[(1, 125)])),
            (Tag::FNumber, ratios(&[(28, 10)])),
            (Tag::PhotographicSensitivity, Value::Short(vec![65_535])),
            (Tag::RecommendedExposureIndex, Value::Long(vec![102_400])),
            (Tag::Flash, Value::Short(vec![0x5f])),
            (Tag::DateTimeOriginal, ascii("2024:02:29 12:34:56")),
            (Tag::SubSecTimeOriginal, ascii("120")),
            (Tag::OffsetTimeOriginal, ascii("+02:00")),
            (Tag::DateTime, ascii("2023:02:29 12:34:56")),
        ]);
        let exif = summary(&Decoded::new(&file));
        let camera = exif.camera.unwrap();
        assert_eq!(
            (camera.make.as_deref(), camera.model, camera.orientation),
            (Some("Canon"), None, Some(6))
        );
        assert_eq!((camera.focal_length, camera.focal_length_35mm), (Some(50.0), None));
        assert!((camera.aperture_value.unwrap() - 2.828).abs() < 0.001);
        let exposure = exif.exposure.unwrap();
        assert_eq!((exposure.time_numerator, exposure.time_denominator), (Some(1), Some(125)));
        assert_eq!((exposure.aperture, exposure.iso), (Some(2.8), Some(102_400)));
        let flash = exif.flash.unwrap();
        assert!(
            flash.fired && flash.return_sensed && flash.return_light && flash.auto && flash.red_eye_reduction
        );
        assert!(flash.function_present);
        let times = exif.times.unwrap();
        assert_eq!(times.original.as_deref(), Some("2024-02-29T12:34:56.120+02:00"));
        assert_eq!((times.modified, times.digitized, exif.location), (None, None, None));
    }

    #[test]
    fn a_place_is_told_in_degrees_with_its_signs() {
        let file = tiff(vec![
            (Tag::GPSLatitude, ratios(&[(33, 1), (30, 1), (36, 1)])),
            (Tag::GPSLatitudeRef, ascii("S")),
            (Tag::GPSLongitude, ratios(&[(70, 1), (3600, 100), (0, 1)])),
            (Tag::GPSLongitudeRef, ascii("W")),
            (Tag::GPSAltitude, ratios(&[(25, 2)])),
            (Tag::GPSAltitudeRef, Value::Byte(vec![1])),
            (Tag::GPSImgDirection, ratios(&[(270, 1)])),
            (Tag::GPSImgDirectionRef, ascii("M")),
            (Tag::GPSDateStamp, ascii("2024:05:01")),
            (Tag::GPSTimeStamp, ratios(&[(9, 1), (5, 1), (7, 1)])),
        ]);
        let place = summary(&Decoded::new(&file)).location.unwrap();
        assert_eq!(
            (place.latitude, place.longitude, place.altitude),
            (Some(-33.51), Some(-70.6), Some(-12.5))
        );
        assert_eq!((place.direction, place.direction_is_magnetic), (Some(270.0), true));
        assert_eq!(place.time.as_deref(), Some("2024-05-01T09:05:07Z"));
    }

    #[test]
    fn senseless_values_are_left_out() {
        let file = tiff(vec![
            (Tag::Orientation, Value::Short(vec![9])),
            (Tag::FocalLength, ratios(&[(0, 0)])),
            (Tag::ExposureTime, ratios(&[(1, 0)])),
            (Tag::GPSLatitude, ratios(&[(91, 1), (0, 1), (0, 1)])),
            (Tag::GPSLongitude, ratios(&[(0, 0), (0, 0), (0, 0)])),
            (Tag::DateTimeOriginal, ascii("0000:00:00 00:00:00")),
            (Tag::Make, ascii("   ")),
        ]);
        let exif = summary(&Decoded::new(&file));
        assert_eq!(exif.camera, Some(pb::ExifCamera::default()));
        assert_eq!(exif.exposure, Some(pb::ExifExposure::default()));
        assert_eq!((exif.location, exif.times), (None, Some(pb::ExifTimes::default())));
    }
}
