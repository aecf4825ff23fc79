//! The colours that the foreground had before the background shone through its soft edges: the blurred fusion of Forte
//! ("Approximate Fast Foreground Colour Estimation", ICIP 2021), twice.

use super::{guided::mean, planes::Planes};

/// Parts of the longer side that the two radii are: far, then near.
const RADII: [f32; 2] = [24.0, 340.0];
/// Keeps quotients of nothing finite.
const NOTHING: f32 = 1e-5;

/// Foreground and background around each pixel, six planes: [`foreground`] makes a pixel's own colour of them.
pub(super) fn surroundings(picture: &Planes, alpha: &[f32]) -> Planes {
    let longer = picture.width.max(picture.height) as f32;
    let [far, near] = RADII.map(|part| (longer / part).round().max(1.0) as usize);
    let first = around(picture, picture, picture, alpha, far);
    let area = picture.area();
    let mut sharper = picture.clone();
    for (at, sample) in sharper.data.iter_mut().enumerate() {
        *sample = foreground(*sample, alpha[at % area], first.data[at], first.data[3 * area + at]);
    }
    let background = Planes { data: first.data[3 * area..].to_vec(), ..first };
    around(picture, &sharper, &background, alpha, near)
}

/// The colour of what lies before the background, of 0 to 1.
pub(super) fn foreground(seen: f32, alpha: f32, foreground: f32, background: f32) -> f32 {
    let explained = alpha * foreground + (1.0 - alpha) * background;
    (foreground + alpha * (seen - explained)).clamp(0.0, 1.0)
}

fn around(picture: &Planes, front: &Planes, back: &Planes, alpha: &[f32], radius: usize) -> Planes {
    let (width, height) = (picture.width, picture.height);
    let mean = |plane: &[f32]| mean(plane, width, height, radius);
    let share = mean(alpha);
    let blurred = |planes: &Planes, weight: &dyn Fn(f32) -> f32| -> Vec<f32> {
        let plane = |plane: &[f32]| {
            let weighted: Vec<f32> = plane.iter().zip(alpha).map(|(sample, a)| sample * weight(*a)).collect();
            let sums = mean(&weighted);
            sums.iter().zip(&share).map(|(sum, a)| sum / (weight(*a) + NOTHING)).collect::<Vec<_>>()
        };
        planes.each().flat_map(plane).collect()
    };
    let mut data = blurred(front, &|alpha| alpha);
    data.extend(blurred(back, &|alpha| 1.0 - alpha));
    Planes { width, height, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_transparent_red_on_green_is_red() {
        // Wide enough for radii that see beyond the soft edge.
        let (width, height) = (480, 4);
        let alpha_at = |x: usize| match x {
            0..200 => 1.0,
            200..204 => 0.5,
            _ => 0.0,
        };
        let alpha: Vec<f32> = (0..width * height).map(|at| alpha_at(at % width)).collect();
        let red = alpha.clone();
        let green: Vec<f32> = alpha.iter().map(|alpha| 1.0 - alpha).collect();
        let picture = Planes { width, height, data: [red, green, vec![0.0; width * height]].concat() };
        let around = surroundings(&picture, &alpha);
        let at = 2 * width + 201;
        let colour = [0, 1, 2].map(|channel| {
            let value = |channel: usize| around.plane(channel)[at];
            foreground(picture.plane(channel)[at], 0.5, value(channel), value(channel + 3))
        });
        assert!(colour[0] > 0.9 && colour[1] < 0.1, "{colour:?}");
    }
}
