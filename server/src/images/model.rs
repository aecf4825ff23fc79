//! The nouns of images: formats, edits and their limits. A value that exists is valid.

use std::{fmt, str::FromStr};

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 32 << 20;
/// Most pixels of an upload.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Most pixels of a result.
pub const MAX_RESULT_PIXELS: u64 = 100_000_000;
/// Longest side of an upload or a result, in pixels.
pub const MAX_SIDE: u32 = 30_000;

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
}

impl FromStr for Format {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        [Self::Jpeg, Self::Png, Self::WebP]
            .into_iter()
            .find(|f| f.name() == name)
            .ok_or(Invalid::Format)
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Turn counter-clockwise.
    Rotate(Angle),
    /// Take the colour out.
    Grayscale,
    /// Make the file smaller.
    Compress(Quality),
    /// Repeat each pixel.
    UpscaleNearest(Scale),
}

impl Edit {
    /// The operation's name, the first half of a task's name.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Rotate(_) => "rotate_image",
            Self::Grayscale => "grayscale_image",
            Self::Compress(_) => "compress_image",
            Self::UpscaleNearest(_) => "upscale_image",
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::Rotate(angle) => write!(f, " {}", angle.degrees()),
            Self::Grayscale => Ok(()),
            Self::Compress(quality) => write!(f, " {}", quality.get()),
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
    fn angles_count_modulo_360() {
        assert_eq!(Angle::new(450).degrees(), 90);
        assert_eq!(Angle::new(i32::MIN).degrees(), 232);
    }
}
