//! `GET exif`: what an image's EXIF says (facts 1.3). Every field is always there: text that is not known is
//! `unknown`, numbers have the document's defaults, dates are null.

use atalaya_client::Error;
use atalaya_proto::images::v1::{self as pb, GetExifRequest};
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase,
    error::Answer,
    exif_words as words,
    form::Valid,
    image_forms::ImageId,
    responses::{NotAuthenticated, NotFound, TooMany, Unavailable, WrongShape},
};
use crate::{Door, dialect::Caller};

/// Most characters of a maker's or a model's name.
const MAX_NAME: usize = 50;

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 1] {
    [routes!(read)]
}

/// What is known of how an image was taken.
#[derive(Serialize, ToSchema)]
pub(super) struct ImageExif {
    #[schema(minimum = 1, maximum = 30000, example = 4000)]
    width: i32,
    #[schema(minimum = 1, maximum = 30000, example = 3000)]
    height: i32,
    /// Told by the bytes.
    #[schema(max_length = 10, example = "JPEG")]
    format: String,
    is_animated: bool,
    #[schema(inline)]
    camera_settings: CameraSettings,
    #[schema(inline)]
    exposure_settings: ExposureSettings,
    #[schema(inline)]
    flash_info: FlashInfo,
    #[schema(inline)]
    gps_info: GpsInfo,
    #[schema(inline)]
    datetime_info: DatetimeInfo,
}

#[derive(Serialize, ToSchema)]
struct CameraSettings {
    #[schema(max_length = 50, example = "Canon")]
    make: String,
    #[schema(max_length = 50, example = "Canon EOS R5")]
    model: String,
    #[schema(example = "top left")]
    orientation: &'static str,
    #[schema(max_length = 20, example = "50.0mm")]
    focal_length: String,
    #[schema(max_length = 20, example = "75mm")]
    focal_length_35mm: String,
    #[schema(max_length = 10, example = "f/1.8")]
    max_aperture: String,
    #[schema(max_length = 10, example = "f/2.8")]
    aperture_value: String,
}

#[derive(Serialize, ToSchema)]
struct ExposureSettings {
    #[schema(max_length = 15, example = "1/125s")]
    exposure_time: String,
    #[schema(max_length = 10, example = "f/2.8")]
    aperture: String,
    /// 100 when it is not known.
    #[schema(minimum = 1, maximum = 51200, example = 200)]
    iso: i32,
    #[schema(max_length = 10, example = "+0.0 EV")]
    exposure_bias: String,
    #[schema(example = "pattern")]
    metering_mode: &'static str,
    #[schema(example = "auto")]
    white_balance: &'static str,
}

#[expect(clippy::struct_excessive_bools, reason = "the document has them")]
#[derive(Serialize, ToSchema)]
struct FlashInfo {
    fired: bool,
    #[schema(example = "auto fired")]
    mode: String,
    return_light: bool,
    function_present: bool,
    red_eye_reduction: bool,
}

#[derive(Serialize, ToSchema)]
struct GpsInfo {
    /// 0 when it is not known.
    #[schema(minimum = -90, maximum = 90, example = 48.8584)]
    latitude: f64,
    /// 0 when it is not known.
    #[schema(minimum = -180, maximum = 180, example = 2.2945)]
    longitude: f64,
    /// Metres; 0 when it is not known.
    #[schema(example = 35.0)]
    altitude: f64,
    #[schema(example = "N")]
    latitude_ref: &'static str,
    #[schema(example = "E")]
    longitude_ref: &'static str,
}

/// By the clock of the camera, in ISO's way; with an offset from UTC where the camera knew it.
#[derive(Serialize, ToSchema)]
struct DatetimeInfo {
    #[schema(required, example = "2024-05-01T12:34:56")]
    created: Option<String>,
    #[schema(required, example = "2024-05-01T12:34:56")]
    digitized: Option<String>,
    #[schema(required, example = "2024-05-01T12:34:56")]
    original: Option<String>,
}

/// Retrieves EXIF metadata from an image.
#[utoipa::path(
    get, path = "/api/v1/image/id/{image_id}/exif/", tag = "Image Processing", operation_id = "read_image_exif",
    params(ImageId), security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = ImageExif), NotAuthenticated, NotFound, WrongShape, TooMany, Unavailable)
)]
async fn read(caller: Caller<Pixerase>, Valid(image): Valid<ImageId>) -> Answer<Json<ImageExif>> {
    let request = GetExifRequest { id: image.image_id, revision: 0 };
    let exif = caller.evidence().get_exif(request).await?.into_inner().exif;
    Ok(Json(exif.ok_or_else(|| Error::missing("exif"))?.into()))
}

impl From<pb::Exif> for ImageExif {
    fn from(exif: pb::Exif) -> Self {
        let format = exif.format().as_str_name().trim_start_matches("IMAGE_FORMAT_");
        Self {
            width: exif.width,
            height: exif.height,
            format: if format == "UNSPECIFIED" { "UNKNOWN".to_owned() } else { format.to_owned() },
            is_animated: exif.animated,
            camera_settings: exif.camera.unwrap_or_default().into(),
            exposure_settings: exif.exposure.unwrap_or_default().into(),
            flash_info: exif.flash.into(),
            gps_info: exif.location.unwrap_or_default().into(),
            datetime_info: exif.times.unwrap_or_default().into(),
        }
    }
}

impl From<pb::ExifCamera> for CameraSettings {
    fn from(camera: pb::ExifCamera) -> Self {
        Self {
            make: words::text(camera.make.as_deref(), MAX_NAME),
            model: words::text(camera.model.as_deref(), MAX_NAME),
            orientation: words::orientation(camera.orientation),
            focal_length: words::known(camera.focal_length.map(|mm| format!("{mm:.1}mm"))),
            focal_length_35mm: words::known(camera.focal_length_35mm.map(|mm| format!("{mm}mm"))),
            max_aperture: words::aperture(camera.max_aperture),
            aperture_value: words::aperture(camera.aperture_value),
        }
    }
}

impl From<pb::ExifExposure> for ExposureSettings {
    fn from(exposure: pb::ExifExposure) -> Self {
        let mode = exposure.metering_mode.and_then(|mode| pb::ExifMeteringMode::try_from(mode).ok());
        let balance = exposure.white_balance.and_then(|mode| pb::ExifWhiteBalance::try_from(mode).ok());
        let time = exposure.time_numerator.zip(exposure.time_denominator);
        Self {
            exposure_time: words::known(time.map(|(upper, lower)| words::seconds(upper, lower))),
            aperture: words::aperture(exposure.aperture),
            iso: exposure.iso.map_or(words::DEFAULT_ISO, |iso| iso.clamp(1, words::MAX_ISO)),
            exposure_bias: words::known(exposure.bias.map(|bias| format!("{bias:+.1} EV"))),
            metering_mode: words::metering(mode),
            white_balance: words::balance(balance),
        }
    }
}

impl From<Option<pb::ExifFlash>> for FlashInfo {
    fn from(flash: Option<pb::ExifFlash>) -> Self {
        let mode = words::flash(flash.as_ref());
        let flash = flash.unwrap_or_default();
        Self {
            fired: flash.fired,
            mode,
            return_light: flash.return_light,
            function_present: flash.function_present,
            red_eye_reduction: flash.red_eye_reduction,
        }
    }
}

impl From<pb::ExifLocation> for GpsInfo {
    fn from(place: pb::ExifLocation) -> Self {
        let half = |degrees: Option<f64>, above, below| match degrees {
            None => words::UNKNOWN,
            Some(degrees) if degrees < 0.0 => below,
            Some(_) => above,
        };
        Self {
            latitude: place.latitude.unwrap_or_default(),
            longitude: place.longitude.unwrap_or_default(),
            altitude: place.altitude.unwrap_or_default(),
            latitude_ref: half(place.latitude, "N", "S"),
            longitude_ref: half(place.longitude, "E", "W"),
        }
    }
}

impl From<pb::ExifTimes> for DatetimeInfo {
    fn from(times: pb::ExifTimes) -> Self {
        Self { created: times.modified, digitized: times.digitized, original: times.original }
    }
}
