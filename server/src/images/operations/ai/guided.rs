//! The guided filter of He, Sun and Tang (ECCV 2010) with a colour picture as the guide: a coarse mask whose edges become
//! the picture's.

use super::planes::Planes;

/// What counts as an edge: squared differences of colours from 0 to 1 far below it do not.
const EPSILON: f32 = 1e-4;

/// For each pixel, what its red, green and blue count, and what is added: the filtered mask is their sum.
pub(super) fn coefficients(guide: &Planes, mask: &Planes, radius: usize) -> Planes {
    let (width, height) = (guide.width, guide.height);
    let mean = |plane: &[f32]| mean(plane, width, height, radius);
    let product = |a: &[f32], b: &[f32]| mean(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>());
    let colours = [guide.plane(0), guide.plane(1), guide.plane(2)];
    let mask_mean = mean(&mask.data);
    let means = colours.map(&mean);
    let with_mask = colours.map(|colour| product(colour, &mask.data));
    let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    let squares = pairs.map(|(a, b)| product(colours[a], colours[b]));
    let mut raw = Planes::new(4, width, height);
    let area = raw.area();
    for at in 0..area {
        let mean = [means[0][at], means[1][at], means[2][at]];
        let mut variance = [0.0; 6];
        for (n, (a, b)) in pairs.into_iter().enumerate() {
            variance[n] = squares[n][at] - mean[a] * mean[b] + if a == b { EPSILON } else { 0.0 };
        }
        let covariance = [0, 1, 2].map(|n| with_mask[n][at] - mean[n] * mask_mean[at]);
        let slope = solve(variance, covariance);
        let offset = mask_mean[at] - slope.iter().zip(mean).map(|(slope, mean)| slope * mean).sum::<f32>();
        for (channel, value) in slope.into_iter().chain([offset]).enumerate() {
            raw.data[channel * area + at] = value;
        }
    }
    Planes { width, height, data: raw.each().flat_map(mean).collect() }
}

/// The solution of a system of three equations whose matrix is symmetric and positive: its upper half by rows.
fn solve([xx, xy, xz, yy, yz, zz]: [f32; 6], right: [f32; 3]) -> [f32; 3] {
    let adjugate = [
        [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy],
        [xz * yz - xy * zz, xx * zz - xz * xz, xy * xz - xx * yz],
        [xy * yz - xz * yy, xy * xz - xx * yz, xx * yy - xy * xy],
    ];
    let product = |row: [f32; 3], column: [f32; 3]| -> f32 {
        row.into_iter().zip(column).map(|(left, right)| left * right).sum()
    };
    let determinant = product(adjugate[0], [xx, xy, xz]).max(f32::MIN_POSITIVE);
    adjugate.map(|row| product(row, right) / determinant)
}

/// The mean of the pixels that are at most `radius` away in either direction and within the picture.
pub(super) fn mean(plane: &[f32], width: usize, height: usize, radius: usize) -> Vec<f32> {
    let mut rows = vec![0.0; plane.len()];
    for (row, target) in plane.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        let mut sum: f64 = row.iter().take(radius).copied().map(f64::from).sum();
        for (x, target) in target.iter_mut().enumerate() {
            if let Some(entering) = row.get(x + radius) {
                sum += f64::from(*entering);
            }
            if let Some(leaving) = x.checked_sub(radius + 1) {
                sum -= f64::from(row[leaving]);
            }
            *target = (sum / within(x, width, radius)) as f32;
        }
    }
    let mut means = vec![0.0; plane.len()];
    let mut sums = vec![0.0_f64; width];
    let line = |y: usize| rows.get(y * width..(y + 1) * width).unwrap_or_default();
    (0..radius).for_each(|y| add(&mut sums, line(y), 1.0));
    for (y, target) in means.chunks_exact_mut(width).enumerate() {
        add(&mut sums, line(y + radius), 1.0);
        if let Some(leaving) = y.checked_sub(radius + 1) {
            add(&mut sums, line(leaving), -1.0);
        }
        let count = within(y, height, radius);
        target.iter_mut().zip(&sums).for_each(|(mean, sum)| *mean = (sum / count) as f32);
    }
    means
}

fn add(sums: &mut [f64], line: &[f32], sign: f64) {
    sums.iter_mut().zip(line).for_each(|(sum, sample)| *sum += sign * f64::from(*sample));
}

/// How many positions of a side are at most `radius` away from one.
fn within(at: usize, side: usize, radius: usize) -> f64 {
    ((at + radius).min(side - 1) - at.saturating_sub(radius) + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_of_what_is_within_the_picture() {
        let plane = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(mean(&plane, 3, 2, 0), plane);
        assert_eq!(mean(&plane, 3, 2, 1), [3.0, 3.5, 4.0, 3.0, 3.5, 4.0]);
        assert_eq!(mean(&plane, 3, 2, 9), [3.5; 6]);
    }

    #[test]
    fn three_equations_are_solved() {
        let solved = solve([4.0, 1.0, 0.5, 3.0, 0.25, 2.0], [5.5, 4.25, 2.75]);
        assert!(solved.into_iter().all(|value| (value - 1.0).abs() < 1e-5), "{solved:?}");
    }

    #[test]
    fn a_blurred_mask_takes_the_edge_of_the_picture() {
        let (width, height) = (40, 10);
        let row = |edge: &dyn Fn(usize) -> f32| (0..width).map(edge).collect::<Vec<_>>().repeat(height);
        let sharp = row(&|x| if x < 20 { 0.1 } else { 0.9 });
        let guide = Planes { width, height, data: sharp.repeat(3) };
        let soft = Planes { width, height, data: row(&|x| (x as f32 / 39.0 * 3.0 - 1.0).clamp(0.0, 1.0)) };
        let filtered = coefficients(&guide, &soft, 8);
        let at = |x: usize| {
            let value = |channel: usize| filtered.plane(channel)[5 * width + x];
            (value(0) + value(1) + value(2)) * guide.plane(0)[5 * width + x] + value(3)
        };
        assert!(at(20) - at(19) > 0.4, "{} {}", at(19), at(20));
        assert!(at(19) - at(17) < 0.1 && at(22) - at(20) < 0.1);
    }
}
