//! Tables of divisors, and those that libjpeg makes for each quality.

/// 64 divisors in the order of rows.
pub(super) type Table = [u16; 64];

/// The tables of JPEG's Annex K, K.1, in the order of rows: of brightness and of colours.
const BRIGHTNESS: Table = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const COLOURS: Table = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];
/// Where each divisor of a file stands in rows: files have them in zigzag order (Figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The divisors as a file has them, put into rows.
pub(super) fn in_rows(divisors: &[u8], wide: bool) -> Table {
    let mut table = [0; 64];
    for (index, &place) in ZIGZAG.iter().enumerate() {
        let at = |index: usize| u16::from(divisors.get(index).copied().unwrap_or_default());
        table[place] = if wide { at(index * 2) << 8 | at(index * 2 + 1) } else { at(index) };
    }
    table
}

/// The quality, 1 to 100, at which libjpeg makes the table that is nearest to this one, and how much all divisors
/// differ together. Table 0 is of brightness, the others are of colours.
pub(super) fn nearest(table: &Table, id: u8) -> (i32, u32) {
    let base = if id == 0 { &BRIGHTNESS } else { &COLOURS };
    let difference = |quality: i32| {
        let pairs = table.iter().zip(base);
        pairs.map(|(&divisor, &base)| u32::from(divisor.abs_diff(scaled(base, quality)))).sum()
    };
    // Of equals the highest, which is what people mean.
    let best = (1..=100)
        .rev()
        .map(|quality| (quality, difference(quality)))
        .min_by_key(|(_, difference)| *difference);
    best.unwrap_or_default()
}

/// libjpeg's rule (jcparam.c, `jpeg_quality_scaling`).
fn scaled(base: u16, quality: i32) -> u16 {
    let percent = if quality < 50 { 5000 / quality } else { 200 - quality * 2 };
    ((i32::from(base) * percent + 50) / 100).clamp(1, 255) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quality_knows_itself() {
        for quality in 2..=100 {
            for (id, base) in [(0, &BRIGHTNESS), (1, &COLOURS)] {
                let (best, difference) = nearest(&base.map(|divisor| scaled(divisor, quality)), id);
                assert_eq!(difference, 0);
                assert!(best >= quality && best - quality <= 1, "{quality} is taken for {best}");
            }
        }
        let mut zigzag = ZIGZAG;
        zigzag.sort_unstable();
        assert!(zigzag.into_iter().eq(0..64));
    }
}
