//! The lowest bits of lossless pictures: where messages are hidden.

use atalaya_proto::images::v1 as pb;

use crate::images::{
    evidence::read::bytes::Order,
    model::Format,
    operations::Rgb,
    preflight::{Facts, Variant},
};

/// How often a pair of values must be expected to count in the test.
const MIN_EXPECTED: f64 = 5.0;
/// Names of the channels.
const CHANNELS: [&str; 3] = ["red", "green", "blue"];

/// TIFF's compressions without losses, and its ways to hold colours that are no palette (TIFF 6.0).
const LOSSLESS: [&str; 5] = ["1", "5", "8", "32946", "32773"];
const COLOURS: [&str; 3] = ["0", "1", "2"];

/// Whether a file holds the lowest bits of samples of 8 bits: not one with losses, which change them, nor a palette,
/// whose numbers are no shades.
pub(super) fn are_stored(file: &[u8], facts: &Facts, groups: &[pb::MetadataGroup]) -> bool {
    match facts.format {
        // Depth, then the type of colours: 3 is a palette (PNG 3, 11.2.1).
        Format::Png => matches!(file.get(24..26), Some([8, 0 | 2 | 4 | 6])),
        Format::WebP => facts.variant == Variant::Lossless,
        // Bits of a pixel, in the older header and in the others; with fewer there is a palette.
        Format::Bmp => {
            let at = if Order::Little.long(file, 14) == Some(12) { 24 } else { 28 };
            matches!(Order::Little.short(file, at), Some(24 | 32))
        }
        Format::Tiff => {
            let told = |name: &str| {
                let mut fields = groups.iter().filter(|g| g.name == "IFD0").flat_map(|g| &g.fields);
                fields.find(|field| field.name == name).map(|field| field.raw.as_str())
            };
            told("Compression").is_none_or(|kind| LOSSLESS.contains(&kind))
                && told("PhotometricInterpretation").is_some_and(|kind| COLOURS.contains(&kind))
                && told("BitsPerSample").is_some_and(|bits| bits.split(' ').all(|bits| bits == "8"))
        }
        Format::Jpeg | Format::Gif | Format::Avif | Format::Heic => false,
    }
}

/// One entry for each channel; one for a picture that is gray.
pub(super) fn of(picture: &Rgb) -> Vec<pb::LowBits> {
    let pixels = picture.data.as_chunks::<3>().0;
    let gray = pixels.iter().all(|&[r, g, b]| r == g && g == b);
    let channels: &[&str] = if gray { &["gray"] } else { &CHANNELS };
    let told =
        channels.iter().enumerate().map(|(channel, name)| told(name, pixels.iter().map(move |p| p[channel])));
    told.collect()
}

fn told(name: &str, samples: impl Iterator<Item = u8>) -> pb::LowBits {
    let (mut counts, mut pairs, mut before) = ([0_u64; 256], [0_u64; 4], None);
    for sample in samples {
        counts[usize::from(sample)] += 1;
        let bit = sample & 1;
        if let Some(before) = before.replace(bit) {
            pairs[usize::from(before << 1 | bit)] += 1;
        }
    }
    let total: u64 = counts.iter().sum();
    let ones: u64 = counts.iter().skip(1).step_by(2).sum();
    pb::LowBits {
        channel: name.to_owned(),
        ones: ones as f64 / total.max(1) as f64,
        message_probability: probability(&counts),
        entropy: super::tail::entropy(&pairs),
    }
}

/// The chi-square test: a random message makes both values of each pair that differs in the lowest bit alike.
fn probability(counts: &[u64; 256]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0);
    for &[even, odd] in counts.as_chunks::<2>().0 {
        let expected = (even + odd) as f64 / 2.0;
        if expected >= MIN_EXPECTED {
            sum += (even as f64 - expected).powi(2) / expected;
            pairs += 1;
        }
    }
    if pairs < 2 { 0.0 } else { upper_gamma(f64::from(pairs - 1) / 2.0, sum / 2.0) }
}

/// The regularised upper incomplete gamma function, by its series below `a + 1` and by Lentz's continued fraction
/// above (Numerical Recipes, 6.2).
fn upper_gamma(a: f64, x: f64) -> f64 {
    const STEPS: usize = 500;
    const CLOSE: f64 = 1e-12;
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..STEPS {
            term *= x / (a + n as f64);
            sum += term;
            if term < sum * CLOSE {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    (front * fraction(a, x, STEPS, CLOSE)).clamp(0.0, 1.0)
}

/// The continued fraction, evaluated from its front until its steps are closer to 1 than this.
fn fraction(a: f64, x: f64, steps: usize, close: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE / close;
    let mut denominator = x + 1.0 - a;
    let (mut upper, mut lower) = (1.0 / tiny, 1.0 / denominator);
    let mut value = lower;
    for n in 1..steps {
        let numerator = -(n as f64) * (n as f64 - a);
        denominator += 2.0;
        lower = 1.0 / nonzero(numerator * lower + denominator, tiny);
        upper = nonzero(denominator + numerator / upper, tiny);
        value *= lower * upper;
        if (lower * upper - 1.0).abs() < close {
            break;
        }
    }
    value
}

fn nonzero(value: f64, tiny: f64) -> f64 {
    if value.abs() < tiny { tiny } else { value }
}

/// Of a positive number, by Stirling's series after moving up to where that is exact.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 12.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures::Dice;

    #[test]
    fn the_gamma_function_is_that_of_the_tables() {
        for (degrees, chi, expected) in
            [(1.0, 3.841, 0.05), (10.0, 18.307, 0.05), (100.0, 124.342, 0.05), (50.0, 49.335, 0.5)]
        {
            let probability = upper_gamma(degrees / 2.0, chi / 2.0);
            assert!((probability - expected).abs() < 1e-4, "{degrees}: {probability}");
        }
    }

    #[test]
    fn a_random_message_is_told_from_what_a_picture_has_by_itself() {
        let mut dice = Dice(77);
        // Made brighter by a camera's curve: some values occur more often than their neighbours.
        let sample = |dice: &mut Dice| ((0..6).map(|_| dice.below(16)).sum::<usize>() * 13 / 10) as u8;
        let clean: Vec<u8> = (0..30_000).map(|_| sample(&mut dice)).collect();
        let hidden = clean.iter().map(|v| v & 0xfe | dice.below(2) as u8).collect::<Vec<_>>();
        let of = |data: Vec<u8>| {
            let data = data.into_iter().flat_map(|v| [v; 3]).collect();
            super::of(&Rgb { width: 300, height: 100, data }).remove(0)
        };
        let (clean, hidden) = (of(clean), of(hidden));
        assert!(
            clean.message_probability < 0.01 && hidden.message_probability > 0.05,
            "{clean:?} {hidden:?}"
        );
        assert!(hidden.entropy > 1.99 && (hidden.ones - 0.5).abs() < 0.02);
        assert_eq!(clean.channel, "gray");
    }

    #[test]
    fn flat_pictures_say_nothing() {
        let told = of(&Rgb { width: 2, height: 1, data: vec![7; 6] });
        assert_eq!((told[0].message_probability, told[0].entropy), (0.0, 0.0));
    }
}
