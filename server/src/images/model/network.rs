//! What neural networks do to an image.

use std::str::FromStr;

use super::{Invalid, Scale};

/// Most pixels of an image that is enlarged twice, three or four times, by style. Each takes about three minutes of
/// one processor of 2026.
const MAX_INPUT: [(Style, [u64; 3]); 3] = [
    (Style::Photo, [8_000_000, 2_000_000, 2_000_000]),
    (Style::Illustration, [6_000_000, 6_000_000, 6_000_000]),
    (Style::Detail, [262_144, 262_144, 262_144]),
];

/// What the text forms of edits by neural networks are like: `_` is any character, `%` any text.
pub const NETWORK_TASKS: [&str; 2] = ["remove_background_image", "upscale_image _ %"];

/// What the picture is, and so what may be made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Close to what was there: edges become sharp, nothing is invented.
    Photo,
    /// Clean lines and areas.
    Illustration,
    /// Sharp texture, some of it invented.
    Detail,
}

impl Style {
    /// Its name in the text form of an edit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Illustration => "illustration",
            Self::Detail => "detail",
        }
    }
}

impl FromStr for Style {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        let styles = [Self::Photo, Self::Illustration, Self::Detail];
        styles.into_iter().find(|style| style.name() == name).ok_or(Invalid::Edit)
    }
}

/// How an image is enlarged by a neural network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enlargement {
    /// How many times.
    pub scale: Scale,
    /// By which network.
    pub style: Style,
}

impl Enlargement {
    /// The most pixels of an image that is enlarged so.
    pub fn max_input(self) -> u64 {
        let scales = MAX_INPUT.iter().find(|(style, _)| *style == self.style).map(|(_, scales)| scales);
        scales.and_then(|scales| scales.get(self.scale.factor() as usize - 2)).copied().unwrap_or_default()
    }

    /// The most pixels of the result.
    pub fn max_result(self) -> u64 {
        self.max_input() * u64::from(self.scale.factor()).pow(2)
    }

    /// Seconds of one processor of 2026 for a million pixels of the image, measured and rounded up.
    pub fn seconds_per_megapixel(self) -> f64 {
        match (self.style, self.scale.factor()) {
            (Style::Photo, 2) => 20.0,
            (Style::Photo, _) => 90.0,
            (Style::Illustration, _) => 30.0,
            (Style::Detail, _) => 700.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_enlargement_is_larger_than_a_result_may_be_and_none_takes_more_than_four_minutes() {
        for style in [Style::Photo, Style::Illustration, Style::Detail] {
            for scale in [2, 3, 4].map(|scale| Scale::try_from(scale).unwrap()) {
                let enlargement = Enlargement { scale, style };
                assert!(enlargement.max_result() <= super::super::MAX_RESULT_PIXELS, "{enlargement:?}");
                let seconds = enlargement.seconds_per_megapixel() * enlargement.max_input() as f64 / 1e6;
                assert!((100.0..=240.0).contains(&seconds), "{enlargement:?} {seconds}");
            }
        }
    }
}
