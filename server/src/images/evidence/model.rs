//! The nouns of evidence: analyses, maps, fingerprints.

use std::{fmt, str::FromStr, time::SystemTime};

use uuid::Uuid;

/// Most analyses that are kept of an image; beyond, the oldest go.
pub const MAX_ANALYSES: i64 = 20;
/// The operation of the tasks that make analyses.
pub const ANALYZE: &str = "analyze_image";
/// The text form of [`Look::Fingerprint`].
const FINGERPRINT: &str = "fingerprint";
/// The text form of [`Look::Comparison`].
const COMPARISON: &str = "compare_images";

/// A picture that an analysis can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// How much each place changes when the picture is saved once more.
    ErrorLevels,
    /// What a median filter takes away.
    Noise,
}

impl Map {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ErrorLevels, Self::Noise];

    /// The name that the database and tasks use.
    pub fn name(self) -> &'static str {
        match self {
            Self::ErrorLevels => "error_levels",
            Self::Noise => "noise",
        }
    }
}

impl FromStr for Map {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|map| map.name() == name).ok_or(Invalid::Map)
    }
}

/// Maps, each at most once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maps(Vec<Map>);

impl Maps {
    /// Maps, or [`Invalid::Map`] when one comes twice.
    pub fn new(maps: Vec<Map>) -> Result<Self, Invalid> {
        let twice = maps.iter().enumerate().any(|(index, map)| maps[..index].contains(map));
        if twice { Err(Invalid::Map) } else { Ok(Self(maps)) }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of asking.
    pub fn iter(&self) -> impl Iterator<Item = Map> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Maps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|map| map.name()).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Maps {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

/// What is looked for in an image, in the sandbox. Its text form is `analyze_image noise`, `fingerprint` or
/// `compare_images`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// A report with these maps.
    Report(Maps),
    /// The perceptual hashes alone.
    Fingerprint,
    /// How far a second image is from the first.
    Comparison,
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report(maps) if maps.is_empty() => f.write_str(ANALYZE),
            Self::Report(maps) => write!(f, "{ANALYZE} {maps}"),
            Self::Fingerprint => f.write_str(FINGERPRINT),
            Self::Comparison => f.write_str(COMPARISON),
        }
    }
}

impl FromStr for Look {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        match name {
            ANALYZE => Ok(Self::Report(rest.parse()?)),
            FINGERPRINT if rest.is_empty() => Ok(Self::Fingerprint),
            COMPARISON if rest.is_empty() => Ok(Self::Comparison),
            _ => Err(Invalid::Look),
        }
    }
}

/// What a task that analyses has to do. Its text form is `analyze_image 3 error_levels noise`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Which state of the image.
    pub revision: i32,
    /// The maps to make.
    pub maps: Maps,
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ANALYZE} {}", self.revision)?;
        if self.maps.is_empty() { Ok(()) } else { write!(f, " {}", self.maps) }
    }
}

impl FromStr for Assignment {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let rest = text.strip_prefix(ANALYZE).and_then(|rest| rest.strip_prefix(' ')).ok_or(Invalid::Look)?;
        let (revision, maps) = rest.split_once(' ').unwrap_or((rest, ""));
        Ok(Self { revision: revision.parse().map_err(|_| Invalid::Look)?, maps: maps.parse()? })
    }
}

/// An analysis that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The id of the task that made it.
    pub id: Uuid,
    /// The image.
    pub image: Uuid,
    /// Which state of it was looked at.
    pub revision: i32,
    /// SHA-256 of the bytes that were looked at, in lower-case hexadecimal.
    pub sha256: String,
    /// The key of its report in the byte store.
    pub blob: String,
    /// Its maps, and the keys of their bytes.
    pub maps: Vec<(Map, String)>,
    /// Of report and maps; 0 of those that were made before this was counted.
    pub bytes: i64,
    /// When it was made.
    pub create_time: SystemTime,
}

impl Analysis {
    /// Every key of bytes that it has.
    pub fn blobs(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.blob).chain(self.maps.iter().map(|(_, blob)| blob))
    }
}

/// Perceptual hashes of a picture that stands upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of low frequencies.
    pub phash: u64,
    /// Of rises of brightness.
    pub dhash: u64,
}

impl Fingerprint {
    /// Bits in which the first hashes differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.phash ^ other.phash).count_ones()
    }

    /// Both, one after the other.
    pub fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.phash) << 64) | u128::from(self.dhash)).to_be_bytes()
    }

    /// What [`Self::to_bytes`] has made.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self { phash: (both >> 64) as u64, dhash: both as u64 }
    }
}

/// Most bits in which hashes of similar pictures may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distance(u32);

impl Distance {
    /// The most that can be asked for: beyond, everything is similar.
    pub const MAX: i32 = 32;
    /// Up to which pictures are similar to most eyes.
    pub const DEFAULT: Self = Self(10);

    /// Bits, 0 to [`Self::MAX`].
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl TryFrom<i32> for Distance {
    type Error = Invalid;

    fn try_from(bits: i32) -> Result<Self, Invalid> {
        match u32::try_from(bits) {
            Ok(n) if bits <= Self::MAX => Ok(Self(n)),
            _ => Err(Invalid::Distance),
        }
    }
}

/// A value that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not a map, or one that comes twice.
    Map,
    /// Not 0 to 32.
    Distance,
    /// Not a text form of ours.
    Look,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        let maps = Maps::new(vec![Map::Noise, Map::ErrorLevels]).unwrap();
        let reports = [Look::Report(Maps::default()), Look::Report(maps.clone())];
        for look in [Look::Fingerprint, Look::Comparison].into_iter().chain(reports) {
            assert_eq!(look.to_string().parse(), Ok(look));
        }
        for maps in [Maps::default(), maps] {
            let assignment = Assignment { revision: 7, maps };
            assert_eq!(assignment.to_string().parse(), Ok(assignment));
        }
        for text in ["", "analyze", "analyze_image noise", "analyze_image 1 noise noise", "fingerprint 1"] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
        assert_eq!("analyze_image noise noise".parse::<Look>(), Err(Invalid::Map));
    }

    #[test]
    fn fingerprints_and_distances_have_their_bits() {
        let one = Fingerprint { phash: 0xff, dhash: u64::MAX - 5 };
        assert_eq!(Fingerprint::from_bytes(one.to_bytes()), one);
        assert_eq!(one.distance(Fingerprint { phash: 0xf0, dhash: 0 }), 4);
        assert_eq!(
            (Distance::try_from(33), Distance::try_from(-1)),
            (Err(Invalid::Distance), Err(Invalid::Distance))
        );
        assert_eq!(Distance::try_from(0).map(Distance::bits), Ok(0));
    }
}
