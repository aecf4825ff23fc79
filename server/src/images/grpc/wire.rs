//! Values and failures of images in the contract's words.

use atalaya_proto::{errors::v1::Reason, images::v1 as pb};
use tonic::{Code, Status};

use crate::{
    blobs,
    images::{
        error::Error,
        model::{
            Area, Areas, Drawing, Edit, Enlargement, Excess, Format, Image, Invalid, Limits, MAX_AREAS,
            MAX_IMAGES, MAX_NAME, MAX_SIDE, Quality, Revision, Scale, Score, Style, Target, Usage,
        },
        preflight::Refusal,
    },
    status::{self, failure},
};

/// How long a caller shall wait when uploads take all memory.
const BUSY_DELAY: std::time::Duration = std::time::Duration::from_secs(2);

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let invalid =
            |reason, metadata: &[(&str, &str)]| failure(Code::InvalidArgument, reason, &*text, metadata);
        let precondition =
            |reason, metadata: &[(&str, &str)]| failure(Code::FailedPrecondition, reason, &*text, metadata);
        match error {
            Error::NotFound(id) => not_found(Reason::ImageNotFound, &text, &[("id", &id.to_string())]),
            Error::RevisionNotFound(id, number) => {
                let metadata = [("id", &*id.to_string()), ("revision", &*number.to_string())];
                not_found(Reason::RevisionNotFound, &text, &metadata)
            }
            Error::Busy(id) => precondition(Reason::ImageBusy, &[("id", &id.to_string())]),
            Error::Invalid(value) => invalid_value(value),
            Error::TooLarge(max) => invalid(Reason::ImageTooLarge, &[("max", &max.to_string())]),
            Error::Refused(refusal) => refused(refusal),
            Error::ContentTypeMismatch(declared) => {
                invalid(Reason::ContentTypeMismatch, &[("declared", &declared)])
            }
            Error::Incomplete => invalid(Reason::UploadIncomplete, &[]),
            Error::ServerBusy => status::wait(Reason::ServerBusy, text, BUSY_DELAY),
            Error::Stalled => failure(Code::DeadlineExceeded, Reason::CallTimeout, text, &[]),
            Error::TooMany(max) => {
                let metadata = [("max", &*max.to_string())];
                failure(Code::ResourceExhausted, Reason::TooManyImages, text, &metadata)
            }
            Error::Quota(excess) => {
                let (max, unit) = match excess {
                    Excess::Bytes(max) => (max.to_string(), "bytes"),
                    Excess::Pixels(max) => (max.to_string(), "pixels"),
                };
                failure(
                    Code::ResourceExhausted,
                    Reason::QuotaExceeded,
                    text,
                    &[("max", &max), ("unit", unit)],
                )
            }
            Error::ResultTooLarge(max) => precondition(Reason::ResultTooLarge, &[("max", &max.to_string())]),
            Error::ModelUnavailable => precondition(Reason::ModelUnavailable, &[]),
            Error::Task(cause) => cause.into(),
            Error::Storage(cause) => storage(&cause),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

fn not_found(reason: Reason, text: &str, metadata: &[(&str, &str)]) -> Status {
    failure(Code::NotFound, reason, text, metadata)
}

/// Bytes that a row still names but the store lacks are an accident of ours.
fn storage(cause: &blobs::Error) -> Status {
    match cause {
        blobs::Error::Missing => status::internal(cause),
        blobs::Error::Unavailable(_) => {
            tracing::error!("{cause}");
            failure(Code::Unavailable, Reason::StorageUnavailable, "the byte store does not answer", &[])
        }
    }
}

fn refused(refusal: Refusal) -> Status {
    let refuse = |reason, metadata: &[(&str, &str)]| {
        failure(Code::InvalidArgument, reason, refusal.to_string(), metadata)
    };
    match refusal {
        Refusal::Empty => refuse(Reason::ImageEmpty, &[]),
        Refusal::Unsupported => refuse(Reason::ImageFormatUnsupported, &[]),
        Refusal::Malformed(detail) => refuse(Reason::ImageMalformed, &[("detail", detail)]),
        Refusal::OverLimits(detail) => refuse(Reason::ImageOverLimits, &[("detail", detail)]),
    }
}

fn invalid_value(invalid: Invalid) -> Status {
    let refuse = |reason, text: &str, metadata: &[(&str, &str)]| {
        failure(Code::InvalidArgument, reason, text, metadata)
    };
    match invalid {
        Invalid::Quality => {
            let max = Quality::MAX.to_string();
            refuse(Reason::QualityInvalid, "quality is not 0 to 100", &[("min", "0"), ("max", &max)])
        }
        Invalid::Score => {
            let [min, max] = [Score::RANGE.start(), Score::RANGE.end()].map(ToString::to_string);
            refuse(Reason::QualityInvalid, "a score is not 30 to 95", &[("min", &min), ("max", &max)])
        }
        Invalid::Scale => refuse(Reason::ScaleInvalid, "scale is not 2, 3 or 4", &[]),
        Invalid::Name => {
            let text = "a file name is not blank and has no path and no control characters";
            refuse(Reason::ImageNameInvalid, text, &[("max", &MAX_NAME.to_string())])
        }
        Invalid::Area | Invalid::Areas => {
            let text = "a rectangle is none that an image can have, or there are none or too many";
            refuse(Reason::AreaInvalid, text, &[("max", &MAX_AREAS.to_string())])
        }
        Invalid::Sides => {
            let text = "a side is longer than an image's may be, or both are 0";
            refuse(Reason::SidesInvalid, text, &[("max", &MAX_SIDE.to_string())])
        }
        Invalid::Format | Invalid::Edit => refuse(Reason::RequestInvalid, "no such edit", &[]),
    }
}

/// What is taken, and what may be.
pub(super) fn usage(usage: Usage, limits: Limits) -> pb::Usage {
    pb::Usage {
        images: usage.images,
        bytes: usage.bytes,
        pixels: usage.pixels,
        max_images: MAX_IMAGES,
        max_bytes: limits.bytes,
        max_pixels: limits.pixels,
    }
}

/// A rectangle, which must be there.
pub(super) fn area(area: Option<pb::Rectangle>) -> Result<Area, Status> {
    let pb::Rectangle { x, y, width, height } = area.unwrap_or_default();
    Ok(Area::new([x, y, width, height]).map_err(Error::from)?)
}

/// At least one rectangle.
pub(super) fn areas(areas: &[pb::Rectangle]) -> Result<Areas, Status> {
    let areas = areas.iter().map(|area| self::area(Some(*area))).collect::<Result<Vec<_>, _>>()?;
    Ok(areas.try_into().map_err(Error::from)?)
}

/// What to convert to.
pub(super) fn target(format: pb::ImageFormat, quality: Option<i32>) -> Result<Target, Status> {
    let format = match format {
        pb::ImageFormat::Jpeg => Format::Jpeg,
        pb::ImageFormat::Png => Format::Png,
        pb::ImageFormat::Webp => Format::WebP,
        pb::ImageFormat::Unspecified
        | pb::ImageFormat::Gif
        | pb::ImageFormat::Tiff
        | pb::ImageFormat::Bmp
        | pb::ImageFormat::Avif
        | pb::ImageFormat::Heic => {
            let text = "images are converted to JPEG, PNG or WebP";
            return Err(failure(Code::InvalidArgument, Reason::TargetInvalid, text, &[]));
        }
    };
    let quality = quality.map(Quality::try_from).transpose().map_err(Error::from)?;
    Ok(Target { format, quality })
}

/// The edit that a compression asks for: a quality, or a score if one is given.
pub(super) fn compress(quality: i32, score: i32) -> Result<Edit, Status> {
    let edit = match score {
        0 => Quality::try_from(quality).map(Edit::Compress),
        score => Score::try_from(score).map(Edit::CompressTo),
    };
    Ok(edit.map_err(Error::from)?)
}

/// The edit that an upscale asks for.
pub(super) fn upscale(request: &pb::UpscaleImageRequest) -> Result<Edit, Status> {
    let scale = Scale::try_from(request.scale).map_err(Error::from)?;
    let style = match request.style() {
        pb::UpscaleStyle::Unspecified | pb::UpscaleStyle::Photo => Style::Photo,
        pb::UpscaleStyle::Illustration => Style::Illustration,
        pb::UpscaleStyle::Detail => Style::Detail,
    };
    match request.algorithm() {
        pb::UpscaleAlgorithm::Unspecified => {
            Err(failure(Code::InvalidArgument, Reason::AlgorithmInvalid, "no such algorithm", &[]))
        }
        pb::UpscaleAlgorithm::NearestNeighbour => Ok(Edit::UpscaleNearest(scale)),
        pb::UpscaleAlgorithm::Ai => Ok(Edit::Draw(Drawing::Enlarge(Enlargement { scale, style }))),
    }
}

impl From<Image> for pb::Image {
    fn from(image: Image) -> Self {
        Self {
            id: image.id.to_string(),
            owner: image.owner.to_string(),
            name: image.name.as_str().to_owned(),
            revision: Some(image.revision.into()),
            create_time: Some(image.create_time.into()),
            update_time: Some(image.update_time.into()),
        }
    }
}

impl From<Revision> for pb::Revision {
    fn from(revision: Revision) -> Self {
        Self {
            number: revision.number,
            operation: revision.operation,
            format: pb::ImageFormat::from(revision.format).into(),
            width: revision.size.width as i32,
            height: revision.size.height as i32,
            size: revision.bytes,
            sha256: revision.sha256,
            create_time: Some(revision.create_time.into()),
        }
    }
}

impl From<Format> for pb::ImageFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Jpeg => Self::Jpeg,
            Format::Png => Self::Png,
            Format::WebP => Self::Webp,
            Format::Gif => Self::Gif,
            Format::Tiff => Self::Tiff,
            Format::Bmp => Self::Bmp,
            Format::Avif => Self::Avif,
            Format::Heic => Self::Heic,
        }
    }
}
