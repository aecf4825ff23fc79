//! Colour for pixels that nobody sees, so that it is none of an edge beside them.

use super::planes::Planes;

/// Gives wholly transparent pixels the colour of what is around them.
pub(super) fn bleed(colours: &mut Planes, alpha: &Planes) {
    if alpha.data.iter().all(|alpha| *alpha > 0.0) {
        return;
    }
    let weights: Vec<f32> = alpha.data.clone();
    fill(colours, &weights);
}

/// Fills what has no weight from the picture in half the size, which has less of that.
fn fill(picture: &mut Planes, weights: &[f32]) {
    let (width, height) = (picture.width, picture.height);
    if width.max(height) <= 1 || weights.iter().all(|weight| *weight > 0.0) {
        return;
    }
    let (mut half, half_weights) = halved(picture, weights);
    fill(&mut half, &half_weights);
    let area = picture.area();
    for channel in 0..picture.channels() {
        let source = half.plane(channel);
        for (at, weight) in weights.iter().enumerate() {
            if *weight <= 0.0 {
                let (x, y) = (at % width, at / width);
                picture.data[channel * area + at] = source[y / 2 * half.width + x / 2];
            }
        }
    }
}

fn halved(picture: &Planes, weights: &[f32]) -> (Planes, Vec<f32>) {
    let (width, height) = (picture.width, picture.height);
    let mut half = Planes::new(picture.channels(), width.div_ceil(2), height.div_ceil(2));
    let mut half_weights = vec![0.0; half.area()];
    let below = |at: usize| at / width / 2 * width.div_ceil(2) + at % width / 2;
    for (at, weight) in weights.iter().enumerate() {
        half_weights[below(at)] += weight;
    }
    let half_area = half.area();
    for (channel, plane) in picture.each().enumerate() {
        let target = &mut half.data[channel * half_area..][..half_area];
        for (at, (sample, weight)) in plane.iter().zip(weights).enumerate() {
            target[below(at)] += sample * weight;
        }
        for (sum, weight) in target.iter_mut().zip(&half_weights) {
            *sum /= weight.max(f32::MIN_POSITIVE);
        }
    }
    (half, half_weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_takes_the_colour_around_it() {
        let mut colours = Planes { width: 5, height: 1, data: vec![0.5, 0.9, 0.0, 0.0, 0.0] };
        let alpha = Planes { width: 5, height: 1, data: vec![1.0, 0.0, 0.0, 0.0, 0.0] };
        bleed(&mut colours, &alpha);
        assert_eq!(colours.data, [0.5; 5]);
    }

    #[test]
    fn what_is_seen_stays() {
        let seen = Planes { width: 2, height: 2, data: vec![0.1, 0.2, 0.3, 0.4] };
        let mut colours = seen.clone();
        bleed(&mut colours, &Planes { width: 2, height: 2, data: vec![0.01, 1.0, 0.5, 0.0] });
        assert_eq!(colours.data[..3], seen.data[..3]);
    }
}
