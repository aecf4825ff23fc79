//! What can be done to an image, and the values that say how.

use std::{fmt, str::FromStr};

use super::{Area, Areas, Enlargement, Format, Invalid, MAX_RESULT_PIXELS, Sides, Size};

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

impl Quality {
    /// The best there is.
    pub const BEST: Self = Self(100);

    /// The nearest there is to a number.
    pub fn of(number: u8) -> Self {
        Self(number.min(Self::BEST.0))
    }
}

/// How alike a compressed picture shall look, as SSIMULACRA2 counts: 30 (poor) to 95 (nobody sees a difference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score(u8);

impl Score {
    /// The least and the most that can be asked for.
    pub const RANGE: std::ops::RangeInclusive<i32> = 30..=95;

    /// The number, 30 to 95.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i32> for Score {
    type Error = Invalid;

    fn try_from(value: i32) -> Result<Self, Invalid> {
        let within = Self::RANGE.contains(&value).then_some(value).ok_or(Invalid::Score)?;
        u8::try_from(within).map(Self).map_err(|_| Invalid::Score)
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

/// What an image shall be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The format, one that is written.
    pub format: Format,
    /// How good. Without it: lossless WebP, JPEG at 90. It means nothing to PNG.
    pub quality: Option<Quality>,
}

/// What is done with nothing but pixels, whatever format they are stored in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawing {
    /// Keep a rectangle of it.
    Crop(Area),
    /// Make it larger or smaller.
    Resize(Sides),
    /// Make rectangles of it unrecognisable.
    Blur(Areas),
    /// Say the same in another format.
    Convert(Target),
    /// Enlarge it by a neural network.
    Enlarge(Enlargement),
    /// Take the background away.
    CutOut,
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
    /// Make the file as small as it can be and still look like this.
    CompressTo(Score),
    /// Repeat each pixel.
    UpscaleNearest(Scale),
    /// Draw it anew from its pixels.
    Draw(Drawing),
    /// Take metadata out, but for colour profile and orientation.
    StripMetadata {
        /// Whether to keep who has the rights.
        keep_copyright: bool,
    },
    /// Make it fit into a square of [`AVATAR_SIDE`](super::AVATAR_SIDE), as a lossy WebP without metadata.
    Avatar(Quality),
}

impl Edit {
    /// The operation's name, the first half of a task's name.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Rotate(_) => "rotate_image",
            Self::Grayscale => "grayscale_image",
            Self::Compress(_) | Self::CompressTo(_) => "compress_image",
            Self::UpscaleNearest(_) | Self::Draw(Drawing::Enlarge(_)) => "upscale_image",
            Self::Draw(Drawing::Crop(_)) => "crop_image",
            Self::Draw(Drawing::Resize(_)) => "resize_image",
            Self::Draw(Drawing::Blur(_)) => "blur_image",
            Self::Draw(Drawing::Convert(_)) => "convert_image",
            Self::StripMetadata { .. } => "strip_metadata",
            Self::Draw(Drawing::CutOut) => "remove_background_image",
            Self::Avatar(_) => "avatar",
        }
    }

    /// Whether a neural network does it.
    pub fn needs_network(&self) -> bool {
        matches!(self, Self::Draw(Drawing::Enlarge(_) | Drawing::CutOut))
    }

    /// The most pixels that its result may have.
    pub fn max_pixels(&self) -> u64 {
        if let Self::Draw(Drawing::Enlarge(enlargement)) = self {
            enlargement.max_result()
        } else {
            MAX_RESULT_PIXELS
        }
    }

    /// The fewest pixels that the result of an image of this size can have, however it is turned.
    pub fn least_pixels(&self, size: Size) -> u64 {
        match self {
            Self::UpscaleNearest(scale) | Self::Draw(Drawing::Enlarge(Enlargement { scale, .. })) => {
                size.pixels() * u64::from(scale.factor()).pow(2)
            }
            Self::Draw(Drawing::Resize(sides)) => {
                let upright = sides.of(size.width, size.height);
                let lying = sides.of(size.height, size.width);
                [upright, lying].map(|(width, height)| width * height).into_iter().min().unwrap_or_default()
            }
            Self::Rotate(_)
            | Self::Grayscale
            | Self::Compress(_)
            | Self::CompressTo(_)
            | Self::Avatar(_)
            | Self::StripMetadata { .. }
            | Self::Draw(_) => 0,
        }
    }

    /// The format of the result of an image of this format, unless the edit leaves it as it is.
    pub fn result_format(&self, format: Format) -> Format {
        match self {
            Self::Rotate(_)
            | Self::Grayscale
            | Self::Compress(_)
            | Self::CompressTo(_)
            | Self::UpscaleNearest(_)
            | Self::StripMetadata { .. }
            | Self::Draw(Drawing::Crop(_) | Drawing::Resize(_) | Drawing::Blur(_) | Drawing::Enlarge(_)) => {
                format.written()
            }
            // JPEG has no place for what is transparent.
            Self::Draw(Drawing::CutOut) if format.written() == Format::WebP => Format::WebP,
            Self::Draw(Drawing::CutOut) => Format::Png,
            Self::Draw(Drawing::Convert(target)) => target.format,
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
            Self::CompressTo(score) => write!(f, " score {}", score.get()),
            Self::Draw(drawing) => drawing.fmt(f),
            Self::StripMetadata { keep_copyright } => write!(f, " {}", u8::from(*keep_copyright)),
        }
    }
}

/// The values, without the operation's name.
impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crop(area) => write!(f, " {area}"),
            Self::Resize(sides) => write!(f, " {} {}", sides.width, sides.height),
            Self::Blur(areas) => areas.as_slice().iter().try_for_each(|area| write!(f, " {area}")),
            Self::Convert(Target { format, quality: None }) => write!(f, " {}", format.name()),
            Self::Convert(Target { format, quality: Some(quality) }) => {
                write!(f, " {} {}", format.name(), quality.get())
            }
            Self::Enlarge(Enlargement { scale, style }) => write!(f, " {} {}", scale.factor(), style.name()),
            Self::CutOut => Ok(()),
        }
    }
}

impl FromStr for Edit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut words = text.split(' ');
        let operation = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        match (operation, words.as_slice()) {
            ("rotate_image", [degrees]) => Ok(Self::Rotate(Angle::new(number(degrees)?))),
            ("grayscale_image", []) => Ok(Self::Grayscale),
            ("compress_image", [quality]) => Ok(Self::Compress(number(quality)?.try_into()?)),
            ("compress_image", ["score", score]) => Ok(Self::CompressTo(number(score)?.try_into()?)),
            ("upscale_image", [scale]) => Ok(Self::UpscaleNearest(number(scale)?.try_into()?)),
            ("strip_metadata", ["0"]) => Ok(Self::StripMetadata { keep_copyright: false }),
            ("strip_metadata", ["1"]) => Ok(Self::StripMetadata { keep_copyright: true }),
            ("avatar", [quality]) => Ok(Self::Avatar(number(quality)?.try_into()?)),
            _ => drawing(operation, &words).map(Self::Draw),
        }
    }
}

fn drawing(operation: &str, words: &[&str]) -> Result<Drawing, Invalid> {
    match (operation, words) {
        ("upscale_image", [scale, style]) => {
            let scale = number(scale)?.try_into()?;
            Ok(Drawing::Enlarge(Enlargement { scale, style: style.parse()? }))
        }
        ("remove_background_image", []) => Ok(Drawing::CutOut),
        ("crop_image", [area]) => Ok(Drawing::Crop(area.parse()?)),
        ("resize_image", [width, height]) => {
            Ok(Drawing::Resize(Sides::new(number(width)?, number(height)?)?))
        }
        ("blur_image", areas) => {
            let areas: Vec<Area> = areas.iter().map(|area| area.parse()).collect::<Result<_, _>>()?;
            Ok(Drawing::Blur(areas.try_into()?))
        }
        ("convert_image", [format, quality @ ..]) if quality.len() <= 1 => {
            let quality = quality.first().map(|quality| number(quality)?.try_into()).transpose()?;
            let format: Format = format.parse()?;
            if format == format.written() {
                Ok(Drawing::Convert(Target { format, quality }))
            } else {
                Err(Invalid::Format)
            }
        }
        _ => Err(Invalid::Edit),
    }
}

pub(super) fn number(word: &str) -> Result<i32, Invalid> {
    word.parse().map_err(|_| Invalid::Edit)
}

#[cfg(test)]
mod tests {
    use super::{super::Style, *};

    #[test]
    fn every_edit_reads_back_from_its_text() {
        let edits = [
            Edit::Rotate(Angle::new(-90)),
            Edit::Grayscale,
            Edit::Compress(Quality(85)),
            Edit::CompressTo(Score(70)),
            Edit::UpscaleNearest(Scale(3)),
            Edit::Draw(Drawing::Crop(Area { x: 1, y: 2, width: 3, height: 4 })),
            Edit::Draw(Drawing::Resize(Sides::new(300, 0).unwrap())),
            Edit::Draw(Drawing::Blur(vec![Area { x: 0, y: 0, width: 9, height: 9 }; 2].try_into().unwrap())),
            Edit::Draw(Drawing::Convert(Target { format: Format::Png, quality: None })),
            Edit::Draw(Drawing::Convert(Target { format: Format::WebP, quality: Some(Quality(80)) })),
            Edit::Draw(Drawing::Enlarge(Enlargement { scale: Scale(3), style: Style::Illustration })),
            Edit::Draw(Drawing::CutOut),
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
        assert_eq!(Score::try_from(29), Err(Invalid::Score));
        assert_eq!(Score::try_from(96), Err(Invalid::Score));
        assert_eq!(Scale::try_from(5), Err(Invalid::Scale));
        assert_eq!("sharpen_image 3".parse::<Edit>(), Err(Invalid::Edit));
    }

    #[test]
    fn angles_count_modulo_360() {
        assert_eq!(Angle::new(450).degrees(), 90);
        assert_eq!(Angle::new(i32::MIN).degrees(), 232);
    }
}
