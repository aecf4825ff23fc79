//! The nouns of images: formats, edits and their limits. A value that exists is valid.

use std::{fmt, str::FromStr, time::SystemTime};

use uuid::Uuid;

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 32 << 20;
/// Most pixels of an upload.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Most pixels of a result.
pub const MAX_RESULT_PIXELS: u64 = 100_000_000;
/// Longest side of an upload or a result, in pixels.
pub const MAX_SIDE: u32 = 30_000;

/// Longest side of an avatar, in pixels.
pub const AVATAR_SIDE: u32 = 450;

/// Most images of one account.
pub const MAX_IMAGES: i64 = 10_000;
/// Most states kept of one image; beyond, the oldest but the upload goes.
pub const MAX_REVISIONS: i32 = 1_000;
/// Most characters of a file name.
pub const MAX_NAME: usize = 255;

/// An image under one id, with one of its states.
#[derive(Debug, Clone)]
pub struct Image {
    /// Made by the server.
    pub id: Uuid,
    /// Whose it is.
    pub owner: Uuid,
    /// The file name that it came with, or one made by the server.
    pub name: FileName,
    /// The newest state, or the one that was asked for.
    pub revision: Revision,
    /// When it was uploaded.
    pub create_time: SystemTime,
    /// When it last changed.
    pub update_time: SystemTime,
}

/// One state of an image.
#[derive(Debug, Clone)]
pub struct Revision {
    /// 1 is the upload.
    pub number: i32,
    /// What made it.
    pub operation: String,
    /// The key of its bytes in the byte store.
    pub blob: String,
    /// Of the bytes.
    pub format: Format,
    /// As stored.
    pub size: Size,
    /// How many bytes.
    pub bytes: i64,
    /// SHA-256 of the bytes in lower-case hexadecimal.
    pub sha256: String,
    /// Whether more than one frame may be shown.
    pub animated: bool,
    /// When it was made.
    pub create_time: SystemTime,
}

/// A file name: 1 to [`MAX_NAME`] characters, no control characters, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The name of an image that came without one.
    pub fn of(id: Uuid, format: Format) -> Self {
        Self(format!("{id}.{}", format.name()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

impl TryFrom<&str> for FileName {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        let plain = !text.trim().is_empty() && !text.chars().any(|c| c.is_control() || c == '/' || c == '\\');
        if plain && text.chars().count() <= MAX_NAME { Ok(Self(text.to_owned())) } else { Err(Invalid::Name) }
    }
}

/// A file format, told by the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: baseline or progressive, 8 bits.
    Jpeg,
    /// PNG.
    Png,
    /// WebP: lossy or lossless.
    WebP,
}

impl Format {
    /// The name that the database and logs use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
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
            _ => false,
        }
    }
}

impl FromStr for Format {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        [Self::Jpeg, Self::Png, Self::WebP].into_iter().find(|f| f.name() == name).ok_or(Invalid::Format)
    }
}

/// Pixels across and down, each 1 to [`MAX_SIDE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Size {
    /// How many pixels that is.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Degrees counter-clockwise, 0 to 359.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Angle(u16);

impl Angle {
    /// Any whole angle, counted modulo 360.
    pub fn new(degrees: i32) -> Self {
        Self(degrees.rem_euclid(360) as u16)
    }

    /// Degrees counter-clockwise, 0 to 359.
    pub fn degrees(self) -> u16 {
        self.0
    }
}

/// How good a compressed picture shall be: 0 (smallest) to 100 (best).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality(u8);

impl Quality {
    /// The best.
    pub const MAX: i32 = 100;

    /// Of most avatars.
    pub const AVATAR: Self = Self(30);

    /// Of the avatars of those who have a subscription.
    pub const FINE_AVATAR: Self = Self(100);

    /// The number, 0 to 100.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i32> for Quality {
    type Error = Invalid;

    fn try_from(value: i32) -> Result<Self, Invalid> {
        match u8::try_from(value) {
            Ok(n) if value <= Self::MAX => Ok(Self(n)),
            _ => Err(Invalid::Quality),
        }
    }
}

/// How many times as wide and high: 2, 3 or 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale(u8);

impl Scale {
    /// The factor, 2 to 4.
    pub fn factor(self) -> u32 {
        u32::from(self.0)
    }
}

impl TryFrom<i32> for Scale {
    type Error = Invalid;

    fn try_from(value: i32) -> Result<Self, Invalid> {
        match value {
            2 => Ok(Self(2)),
            3 => Ok(Self(3)),
            4 => Ok(Self(4)),
            _ => Err(Invalid::Scale),
        }
    }
}

/// What can be done to an image. Its text form, such as `rotate_image 90`, is what tasks keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Turn counter-clockwise.
    Rotate(Angle),
    /// Take the colour out.
    Grayscale,
    /// Make the file smaller.
    Compress(Quality),
    /// Repeat each pixel.
    UpscaleNearest(Scale),
    /// Make it fit into a square of [`AVATAR_SIDE`], as a lossy WebP without metadata.
    Avatar(Quality),
}

impl Edit {
    /// The operation's name, the first half of a task's name.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Rotate(_) => "rotate_image",
            Self::Grayscale => "grayscale_image",
            Self::Compress(_) => "compress_image",
            Self::UpscaleNearest(_) => "upscale_image",
            Self::Avatar(_) => "avatar",
        }
    }

    /// The format of the result of an image of this format.
    pub fn result_format(&self, format: Format) -> Format {
        match self {
            Self::Rotate(_) | Self::Grayscale | Self::Compress(_) | Self::UpscaleNearest(_) => format,
            Self::Avatar(_) => Format::WebP,
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::Rotate(angle) => write!(f, " {}", angle.degrees()),
            Self::Grayscale => Ok(()),
            Self::Compress(quality) | Self::Avatar(quality) => write!(f, " {}", quality.get()),
            Self::UpscaleNearest(scale) => write!(f, " {}", scale.factor()),
        }
    }
}

impl FromStr for Edit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (operation, number) = text.split_once(' ').unwrap_or((text, "0"));
        let number: i32 = number.parse().map_err(|_| Invalid::Edit)?;
        match operation {
            "rotate_image" => Ok(Self::Rotate(Angle::new(number))),
            "grayscale_image" => Ok(Self::Grayscale),
            "compress_image" => Ok(Self::Compress(number.try_into()?)),
            "upscale_image" => Ok(Self::UpscaleNearest(number.try_into()?)),
            "avatar" => Ok(Self::Avatar(number.try_into()?)),
            _ => Err(Invalid::Edit),
        }
    }
}

/// A value that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not a format that we know.
    Format,
    /// Not 0 to 100.
    Quality,
    /// Not 2, 3 or 4.
    Scale,
    /// Not an edit's text form.
    Edit,
    /// Blank, longer than [`MAX_NAME`], or with control characters or a path.
    Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_reads_back_from_its_text() {
        let edits = [
            Edit::Rotate(Angle::new(-90)),
            Edit::Grayscale,
            Edit::Compress(Quality(85)),
            Edit::UpscaleNearest(Scale(3)),
            Edit::Avatar(Quality(30)),
        ];
        for edit in edits {
            assert_eq!(edit.to_string().parse(), Ok(edit));
        }
        assert_eq!(Edit::Rotate(Angle::new(-90)).to_string(), "rotate_image 270");
    }

    #[test]
    fn values_out_of_range_are_none() {
        assert_eq!(Quality::try_from(101), Err(Invalid::Quality));
        assert_eq!(Quality::try_from(-1), Err(Invalid::Quality));
        assert_eq!(Scale::try_from(5), Err(Invalid::Scale));
        assert_eq!("sharpen_image 3".parse::<Edit>(), Err(Invalid::Edit));
    }

    #[test]
    fn a_declared_type_agrees_with_its_own_format_only() {
        assert!(Format::Jpeg.agrees_with("image/JPG; charset=binary"));
        assert!(Format::Png.agrees_with(""));
        assert!(!Format::Png.agrees_with("image/jpeg"));
        assert!(!Format::Png.agrees_with("text/plain"));
    }

    #[test]
    fn a_file_name_is_no_path() {
        assert!(FileName::try_from("фото 1.jpg").is_ok());
        for bad in ["", "  ", "a/b.jpg", "..\\b", "a\nb", &"x".repeat(256)] {
            assert_eq!(FileName::try_from(bad), Err(Invalid::Name), "{bad}");
        }
    }

    #[test]
    fn angles_count_modulo_360() {
        assert_eq!(Angle::new(450).degrees(), 90);
        assert_eq!(Angle::new(i32::MIN).degrees(), 232);
    }
}
