//! File formats: their names, and the content types that can mean them.

use std::str::FromStr;

use super::model::Invalid;

/// A file format, told by the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: baseline or progressive, 8 bits.
    Jpeg,
    /// PNG.
    Png,
    /// WebP: lossy or lossless.
    WebP,
    /// GIF.
    Gif,
    /// TIFF of one page or more.
    Tiff,
    /// BMP of Windows or OS/2.
    Bmp,
    /// AVIF: pictures coded with AV1 in HEIF's container.
    Avif,
    /// HEIC: pictures coded with HEVC, mostly, in HEIF's container.
    Heic,
}

impl Format {
    const ALL: [Self; 8] =
        [Self::Jpeg, Self::Png, Self::WebP, Self::Gif, Self::Tiff, Self::Bmp, Self::Avif, Self::Heic];

    /// The name that the database, logs and made-up file names use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::Bmp => "bmp",
            Self::Avif => "avif",
            Self::Heic => "heic",
        }
    }

    /// The format that an edit of this one writes: itself, or PNG where it is only read.
    #[must_use]
    pub fn written(self) -> Self {
        match self {
            Self::Jpeg | Self::Png | Self::WebP => self,
            Self::Gif | Self::Tiff | Self::Bmp | Self::Avif | Self::Heic => Self::Png,
        }
    }

    /// Whether a declared content type can mean this format. None, or one that says nothing, can.
    pub fn agrees_with(self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "" | "application/octet-stream" | "image/*" => true,
            "image/jpeg" | "image/jpg" | "image/pjpeg" => self == Self::Jpeg,
            "image/png" | "image/x-png" | "image/apng" => self == Self::Png,
            "image/webp" => self == Self::WebP,
            "image/gif" => self == Self::Gif,
            "image/tiff" | "image/x-tiff" | "image/tif" => self == Self::Tiff,
            "image/bmp" | "image/x-bmp" | "image/x-ms-bmp" => self == Self::Bmp,
            "image/avif" | "image/avif-sequence" => self == Self::Avif,
            "image/heic" | "image/heic-sequence" => self == Self::Heic,
            // The container's own names say nothing of the codec.
            "image/heif" | "image/heif-sequence" => matches!(self, Self::Heic | Self::Avif),
            _ => false,
        }
    }
}

impl FromStr for Format {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|f| f.name() == name).ok_or(Invalid::Format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_agrees_with_its_own_format_only() {
        assert!(Format::Jpeg.agrees_with("image/JPG; charset=binary"));
        assert!(Format::Png.agrees_with(""));
        assert!(!Format::Png.agrees_with("image/jpeg"));
        assert!(!Format::Png.agrees_with("text/plain"));
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            let own = format!("image/{}", format.name());
            let takers: Vec<_> = Format::ALL.into_iter().filter(|f| f.agrees_with(&own)).collect();
            assert_eq!(takers, [format]);
        }
        assert!(Format::Avif.agrees_with("image/heif") && Format::Heic.agrees_with("image/heif"));
    }

    #[test]
    fn what_is_only_read_becomes_a_png() {
        let written: Vec<_> = Format::ALL.into_iter().map(Format::written).collect();
        assert_eq!(written[..3], Format::ALL[..3]);
        assert!(written[3..].iter().all(|format| *format == Format::Png));
    }
}
