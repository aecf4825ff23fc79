//! What a network of the operator's own takes and gives: how pictures become its input, and its output a picture.

use std::{fmt, str::FromStr};

/// Longest side of the pieces in which a picture is enlarged, in pixels.
const TILES: std::ops::RangeInclusive<u16> = 16..=1024;
/// Most pixels around a piece.
const MAX_CONTEXT: u16 = 64;
/// Sides of what a network that knows foregrounds sees of a picture, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 32..=2048;

/// A network that enlarges: RGB of 0 to 1 as `[1, 3, height, width]` in, for any height and width, and the same
/// enlarged out. Its text form is `scale=4,tile=192,context=10`, of which each part may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enlarger {
    /// How many times: 2 or 4.
    pub scale: u8,
    /// Longest side of a piece, in pixels.
    pub tile: u16,
    /// Pixels around a piece that its result depends on.
    pub context: u16,
}

/// Of realesrgan-x4plus; smaller pieces would cost time in what overlaps.
impl Default for Enlarger {
    fn default() -> Self {
        Self { scale: 4, tile: 192, context: 10 }
    }
}

/// How the output of a network that knows foregrounds becomes a mask of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// Its smallest value is nothing, its largest is all.
    MinMax,
    /// By the logistic function.
    Sigmoid,
    /// It is one already.
    None,
}

impl Levels {
    const ALL: [(Self, &str); 3] =
        [(Self::MinMax, "minmax"), (Self::Sigmoid, "sigmoid"), (Self::None, "none")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(levels, _)| *levels == self).map_or("none", |(_, name)| name)
    }
}

/// A network that knows foregrounds: RGB as `[1, 3, side, side]` in, each sample divided by the picture's largest, less
/// the mean, divided by the deviation; a mask as `[1, 1, ..]` out. Its text form is
/// `side=320,mean=0.485/0.456/0.406,deviation=0.229/0.224/0.225,output=minmax`, of which each part may be left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Masker {
    /// Pixels across and down that it sees of a picture.
    pub side: u32,
    /// Of red, green and blue.
    pub mean: [f32; 3],
    /// Of red, green and blue.
    pub deviation: [f32; 3],
    /// What its output means.
    pub output: Levels,
}

/// Of U-2-Net, which was trained on pictures of this size and these colours; on larger ones it is worse.
impl Default for Masker {
    fn default() -> Self {
        let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        Self { side: 320, mean, deviation, output: Levels::MinMax }
    }
}

/// What the networks are like that an operator can put in the place of ours.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Contracts {
    /// Of the style `detail`.
    pub enlarger: Enlarger,
    /// Of background removal.
    pub masker: Masker,
}

impl fmt::Display for Enlarger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scale={},tile={},context={}", self.scale, self.tile, self.context)
    }
}

impl FromStr for Enlarger {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut told = Self::default();
        for (name, value) in parts(text)? {
            match name {
                "scale" => told.scale = number(value)?,
                "tile" => told.tile = number(value)?,
                "context" => told.context = number(value)?,
                other => return Err(format!("`{other}` is none of scale, tile, context")),
            }
        }
        if !matches!(told.scale, 2 | 4) {
            return Err("scale is neither 2 nor 4".to_owned());
        }
        if !TILES.contains(&told.tile) {
            return Err(format!("tile is not {} to {}", TILES.start(), TILES.end()));
        }
        if told.context > MAX_CONTEXT {
            return Err(format!("context is not 0 to {MAX_CONTEXT}"));
        }
        Ok(told)
    }
}

impl fmt::Display for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.mean;
        let [dr, dg, db] = self.deviation;
        let output = self.output.name();
        write!(f, "side={},mean={r}/{g}/{b},deviation={dr}/{dg}/{db},output={output}", self.side)
    }
}

impl FromStr for Masker {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut told = Self::default();
        for (name, value) in parts(text)? {
            match name {
                "side" => told.side = number(value)?,
                "mean" => told.mean = colours(value)?,
                "deviation" => told.deviation = colours(value)?,
                "output" => {
                    let known = Levels::ALL.iter().find(|(_, name)| *name == value);
                    told.output =
                        known.map(|(levels, _)| *levels).ok_or("output is none of minmax, sigmoid, none")?;
                }
                other => return Err(format!("`{other}` is none of side, mean, deviation, output")),
            }
        }
        if !SIDES.contains(&told.side) {
            return Err(format!("side is not {} to {}", SIDES.start(), SIDES.end()));
        }
        if told.deviation.iter().any(|deviation| *deviation <= 0.0) {
            return Err("deviation is not above 0".to_owned());
        }
        Ok(told)
    }
}

/// `name=value` with commas between; nothing of an empty text.
fn parts(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let parts = text.split(',').filter(|_| !text.is_empty());
    parts.map(|part| part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=VALUE"))).collect()
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no such number"))
}

fn colours(text: &str) -> Result<[f32; 3], String> {
    let numbers = text.split('/').map(number::<f32>).collect::<Result<Vec<_>, _>>()?;
    let finite = numbers.iter().all(|number| number.is_finite());
    let three = numbers.try_into().ok().filter(|_| finite);
    three.ok_or_else(|| format!("`{text}` is not three numbers with slashes between"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_with_our_own_networks() {
        assert_eq!("".parse(), Ok(Enlarger::default()));
        assert_eq!("scale=2,tile=64".parse(), Ok(Enlarger { scale: 2, tile: 64, context: 10 }));
        let isnet = "side=1024,mean=0.5/0.5/0.5,deviation=1/1/1".parse::<Masker>().unwrap();
        assert_eq!((isnet.side, isnet.mean, isnet.output), (1024, [0.5; 3], Levels::MinMax));
    }

    #[test]
    fn texts_read_back() {
        for enlarger in [Enlarger::default(), Enlarger { scale: 2, tile: 16, context: 0 }] {
            assert_eq!(enlarger.to_string().parse(), Ok(enlarger));
        }
        let other = Masker { side: 512, mean: [0.1, 0.2, 0.3], deviation: [1.0; 3], output: Levels::Sigmoid };
        for masker in [Masker::default(), other, Masker { output: Levels::None, ..other }] {
            assert_eq!(masker.to_string().parse(), Ok(masker));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["scale=3", "tile=8", "tile=2000", "context=65", "scale", "depth=4", "scale=4,,tile=64"] {
            assert!(text.parse::<Enlarger>().is_err(), "{text}");
        }
        for text in [
            "side=16",
            "side=4096",
            "mean=1/2",
            "mean=1/2/3/4",
            "mean=NaN/0/0",
            "deviation=1/0/1",
            "deviation=-1/1/1",
            "output=softmax",
        ] {
            assert!(text.parse::<Masker>().is_err(), "{text}");
        }
    }
}
