//! What can be done to an image, and the values that say how.

use std::{fmt, str::FromStr};

use super::{Format, Invalid, MAX_SIDE, Size};

/// Most rectangles of one edit.
pub const MAX_AREAS: usize = 64;

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

/// A rectangle of an upright image, in pixels from its upper left corner; no side is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Pixels left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Area {
    /// A rectangle, or [`Invalid::Area`] for one that no image can have.
    pub fn new([x, y, width, height]: [i32; 4]) -> Result<Self, Invalid> {
        let start = |n: i32| u32::try_from(n).map_err(|_| Invalid::Area);
        let area = Self { x: start(x)?, y: start(y)?, width: start(width)?, height: start(height)? };
        let fits = |start: u32, side: u32| side > 0 && start.saturating_add(side) <= MAX_SIDE;
        if fits(area.x, area.width) && fits(area.y, area.height) { Ok(area) } else { Err(Invalid::Area) }
    }
}

/// 1 to [`MAX_AREAS`] rectangles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas(Vec<Area>);

impl Areas {
    /// The rectangles.
    pub fn as_slice(&self) -> &[Area] {
        &self.0
    }
}

impl TryFrom<Vec<Area>> for Areas {
    type Error = Invalid;

    fn try_from(areas: Vec<Area>) -> Result<Self, Invalid> {
        if (1..=MAX_AREAS).contains(&areas.len()) { Ok(Self(areas)) } else { Err(Invalid::Areas) }
    }
}

/// The sides that a resized image shall have, in pixels; one of them may be 0, which keeps the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    width: u32,
    height: u32,
}

impl Sides {
    /// Sides, or [`Invalid::Sides`].
    pub fn new(width: i32, height: i32) -> Result<Self, Invalid> {
        let side = |n: i32| u32::try_from(n).ok().filter(|n| *n <= MAX_SIDE).ok_or(Invalid::Sides);
        let sides = Self { width: side(width)?, height: side(height)? };
        if sides.width == 0 && sides.height == 0 { Err(Invalid::Sides) } else { Ok(sides) }
    }

    /// What they are for an image of this size.
    pub fn of(self, width: u32, height: u32) -> (u64, u64) {
        let kept = |side: u32, other: u32, asked: u32| {
            let (side, other) = (u64::from(side), u64::from(other));
            ((side * u64::from(asked) * 2 + other) / (other * 2)).max(1)
        };
        match (self.width, self.height) {
            (0, asked) => (kept(width, height, asked), u64::from(asked)),
            (asked, 0) => (u64::from(asked), kept(height, width, asked)),
            (across, down) => (u64::from(across), u64::from(down)),
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
            Self::UpscaleNearest(_) => "upscale_image",
            Self::Draw(Drawing::Crop(_)) => "crop_image",
            Self::Draw(Drawing::Resize(_)) => "resize_image",
            Self::Draw(Drawing::Blur(_)) => "blur_image",
            Self::Draw(Drawing::Convert(_)) => "convert_image",
            Self::StripMetadata { .. } => "strip_metadata",
            Self::Avatar(_) => "avatar",
        }
    }

    /// The fewest pixels that the result of an image of this size can have, however it is turned.
    pub fn least_pixels(&self, size: Size) -> u64 {
        match self {
            Self::UpscaleNearest(scale) => size.pixels() * u64::from(scale.factor()).pow(2),
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
            | Self::Draw(Drawing::Crop(_) | Drawing::Resize(_) | Drawing::Blur(_)) => format.written(),
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
            Self::Blur(Areas(areas)) => areas.iter().try_for_each(|area| write!(f, " {area}")),
            Self::Convert(Target { format, quality: None }) => write!(f, " {}", format.name()),
            Self::Convert(Target { format, quality: Some(quality) }) => {
                write!(f, " {} {}", format.name(), quality.get())
            }
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

fn number(word: &str) -> Result<i32, Invalid> {
    word.parse().map_err(|_| Invalid::Edit)
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

impl FromStr for Area {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let numbers = text.split(',').map(number).collect::<Result<Vec<i32>, _>>()?;
        Self::new(numbers.try_into().map_err(|_| Invalid::Area)?)
    }
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
            Edit::CompressTo(Score(70)),
            Edit::UpscaleNearest(Scale(3)),
            Edit::Draw(Drawing::Crop(Area { x: 1, y: 2, width: 3, height: 4 })),
            Edit::Draw(Drawing::Resize(Sides { width: 300, height: 0 })),
            Edit::Draw(Drawing::Blur(Areas(vec![Area { x: 0, y: 0, width: 9, height: 9 }; 2]))),
            Edit::Draw(Drawing::Convert(Target { format: Format::Png, quality: None })),
            Edit::Draw(Drawing::Convert(Target { format: Format::WebP, quality: Some(Quality(80)) })),
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

    #[test]
    fn an_area_is_a_rectangle_that_an_image_may_have() {
        assert!(Area::new([0, 0, 30_000, 30_000]).is_ok());
        for bad in [[-1, 0, 1, 1], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 30_000, 1], [i32::MAX, 0, i32::MAX, 1]]
        {
            assert_eq!(Area::new(bad), Err(Invalid::Area), "{bad:?}");
        }
        let areas = vec![Area { x: 0, y: 0, width: 1, height: 1 }; MAX_AREAS + 1];
        assert_eq!(Areas::try_from(areas), Err(Invalid::Areas));
        assert_eq!(Areas::try_from(Vec::new()), Err(Invalid::Areas));
    }

    #[test]
    fn a_side_that_is_not_given_keeps_the_shape() {
        let of = |width, height| Sides::new(width, height).unwrap().of(400, 300);
        assert_eq!(of(200, 0), (200, 150));
        assert_eq!(of(0, 1), (1, 1));
        assert_eq!(of(7, 9), (7, 9));
        for (width, height) in [(0, 0), (-1, 5), (30_001, 0)] {
            assert_eq!(Sides::new(width, height), Err(Invalid::Sides));
        }
    }
}
