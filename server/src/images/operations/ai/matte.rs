//! Takes the background away: a network says where the foreground is, the guided filter where exactly it ends, and its
//! colours are freed of what shone through.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

use super::{
    super::{
        Failure,
        raster::{Pixels, Raster},
        redraw::resize,
    },
    Tools, decontaminate, guided,
    planes::Planes,
};
use crate::images::model::{Levels, Masker, Size};

/// Radius of the guided filter, as a share of the picture's longer side: a pixel and a half of what U-2-Net sees.
const RADIUS: f32 = 1.5 / 320.0;
/// What of the filtered mask counts as nothing, and from there to where it counts as all.
const LEVELS: (f32, f32) = (0.08, 0.84);
/// Most pixels on which the filter's coefficients and the colours around are worked out; larger pictures take them from a
/// smaller one and keep their own edges, as in He and Sun's fast guided filter (2015). Three times what U-2-Net sees.
const MAX_WORKED: u64 = 300_000;

/// The picture with alpha, 8 bits a sample; gray stays gray. What was transparent before stays so.
pub(in super::super) fn cut_out(
    pixels: Pixels,
    tools: Tools<'_>,
    progress: &mut dyn FnMut(u16),
) -> Result<Pixels, Failure> {
    let gray = pixels.samples() < 3;
    let picture = pixels.coloured();
    let mask = mask(&picture, tools)?;
    progress(600);
    let (small, _) = Planes::of(&worked(&picture)?);
    let mask = enlarged(&mask, small.width, small.height)?;
    let radius = (small.width.max(small.height) as f32 * RADIUS).round().max(1.0) as usize;
    let slopes = guided::coefficients(&small, &mask, radius);
    let alpha: Vec<f32> = (0..small.area())
        .map(|at| {
            let [red, green, blue, offset] = [0, 1, 2, 3].map(|channel| slopes.plane(channel)[at]);
            let [r, g, b] = [0, 1, 2].map(|channel| small.plane(channel)[at]);
            level(red * r + green * g + blue * b + offset)
        })
        .collect();
    progress(750);
    let around = decontaminate::surroundings(&small, &alpha);
    progress(900);
    let raster = applied(&picture, &slopes.with(&around), gray);
    Ok(Pixels { raster, wide: false })
}

fn level(filtered: f32) -> f32 {
    ((filtered - LEVELS.0) / LEVELS.1).clamp(0.0, 1.0)
}

/// Where the foreground is, from 0 to 1, as the network sees it.
fn mask(picture: &Raster, tools: Tools<'_>) -> Result<Planes, Failure> {
    let masker = &tools.engine.contracts().masker;
    let (width, height) = (masker.side, masker.side);
    let seen = Pixels { raster: picture.clone(), wide: false };
    let (seen, _) = Planes::of(&resize::resize(seen, Size { width, height })?);
    let mut mask = tools.network(0)?.run(&normal(seen, masker))?;
    let area = mask.area();
    mask.data.truncate(area);
    levelled(&mut mask.data, masker.output);
    Ok(mask)
}

/// The colours of what a network sees as it was trained on them.
pub(super) fn normal(mut seen: Planes, masker: &Masker) -> Planes {
    let most = seen.data.iter().copied().fold(1.0 / 255.0, f32::max);
    let area = seen.area();
    let colours = masker.mean.into_iter().zip(masker.deviation);
    for (plane, (mean, deviation)) in seen.data.chunks_exact_mut(area).zip(colours) {
        for sample in plane {
            *sample = (*sample / most - mean) / deviation;
        }
    }
    seen
}

/// What a network answers as a mask.
fn levelled(mask: &mut [f32], output: Levels) {
    let (low, span) = match output {
        Levels::MinMax => {
            let (low, high) =
                mask.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            (low, (high - low).max(f32::MIN_POSITIVE))
        }
        Levels::Sigmoid => {
            for sample in mask.iter_mut() {
                *sample = 1.0 / (1.0 + (-*sample).exp());
            }
            (0.0, 1.0)
        }
        Levels::None => (0.0, 1.0),
    };
    for sample in mask {
        *sample = ((*sample - low) / span).clamp(0.0, 1.0);
    }
}

/// The picture, smaller if it is large.
fn worked(picture: &Raster) -> Result<Pixels, Failure> {
    let (width, height) = (picture.width as f64, picture.height as f64);
    let scale = (MAX_WORKED as f64 / (width * height)).sqrt().min(1.0);
    let [width, height] = [width, height].map(|side| (side * scale).round().max(1.0) as u32);
    resize::resize(Pixels { raster: picture.clone(), wide: false }, Size { width, height })
}

fn enlarged(mask: &Planes, width: usize, height: usize) -> Result<Planes, Failure> {
    let bytes: Vec<u8> = mask.data.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
    let from = ImageRef::new(mask.width as u32, mask.height as u32, &bytes, PixelType::F32);
    let from = from.map_err(|_| Failure::Unencodable)?;
    let mut to = Image::new(width as u32, height as u32, PixelType::F32);
    let bicubic = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize(&from, &mut to, &bicubic).map_err(|_| Failure::Unencodable)?;
    let samples =
        to.buffer().as_chunks::<4>().0.iter().map(|sample| f32::from_ne_bytes(*sample).clamp(0.0, 1.0));
    Ok(Planes { width, height, data: samples.collect() })
}

/// The whole picture with what was worked out on it or on a smaller one. What is not seen at all is black.
fn applied(picture: &Raster, worked: &Planes, gray: bool) -> Raster {
    let pixel = if gray { 2 } else { 4 };
    let mut data = Vec::with_capacity(picture.width * picture.height * pixel);
    let across: Vec<Between> =
        (0..picture.width).map(|x| Between::of(x, picture.width, worked.width)).collect();
    let mut line = Planes::new(worked.channels(), worked.width, 1);
    for (y, row) in picture.rows().enumerate() {
        Between::of(y, picture.height, worked.height).line(worked, &mut line);
        for (seen, across) in row.chunks_exact(picture.pixel).zip(&across) {
            let value = |channel: usize| across.value(line.plane(channel));
            let colours = [0, 1, 2].map(|channel| f32::from(seen[channel]) / 255.0);
            let filtered: f32 = [0, 1, 2].map(|channel| value(channel) * colours[channel]).iter().sum();
            let alpha = level(filtered + value(3));
            let before = seen.get(3).map_or(1.0, |alpha| f32::from(*alpha) / 255.0);
            let opacity = byte(alpha * before);
            let made = match opacity {
                0 => [0.0; 3],
                _ if alpha >= 1.0 => colours,
                _ => [0, 1, 2].map(|channel| {
                    let (front, back) = (value(channel + 4), value(channel + 7));
                    decontaminate::foreground(colours[channel], alpha, front, back)
                }),
            };
            data.extend_from_slice(&made.map(byte)[..pixel - 1]);
            data.push(opacity);
        }
    }
    Raster { width: picture.width, height: picture.height, pixel, data }
}

fn byte(sample: f32) -> u8 {
    // Rounded; `round` would be a call.
    (sample * 255.0 + 0.5) as u8
}

/// A position between two others, and how far it is from the first.
#[derive(Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    part: f32,
}

impl Between {
    /// Where the middle of a pixel of one side lies on another.
    fn of(at: usize, side: usize, other: usize) -> Self {
        if side == other {
            return Self { first: at, second: at, part: 0.0 };
        }
        let place = ((at as f32 + 0.5) * other as f32 / side as f32 - 0.5).clamp(0.0, (other - 1) as f32);
        let first = place as usize;
        Self { first, second: (first + 1).min(other - 1), part: place - first as f32 }
    }

    /// A value between two of a row.
    fn value(self, row: &[f32]) -> f32 {
        row[self.first] + (row[self.second] - row[self.first]) * self.part
    }

    /// The row of each plane between two of its rows.
    fn line(self, planes: &Planes, line: &mut Planes) {
        let width = planes.width;
        for (plane, line) in planes.each().zip(line.data.chunks_exact_mut(width)) {
            let row = |y: usize| &plane[y * width..][..width];
            let rows = row(self.first).iter().zip(row(self.second));
            line.iter_mut()
                .zip(rows)
                .for_each(|(to, (above, below))| *to = above + (below - above) * self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_every_kind_become_masks() {
        for (output, answer, wanted) in [
            (Levels::MinMax, [-4.0, 0.0, 4.0], [0.0, 0.5, 1.0]),
            (Levels::MinMax, [7.0; 3], [0.0; 3]),
            (Levels::None, [-0.1, 0.4, 1.2], [0.0, 0.4, 1.0]),
            (Levels::Sigmoid, [-20.0, 0.0, 20.0], [0.0, 0.5, 1.0]),
        ] {
            let mut mask = answer;
            levelled(&mut mask, output);
            let near = mask.iter().zip(wanted).all(|(made, wanted)| (made - wanted).abs() < 1e-6);
            assert!(near, "{output:?} {mask:?}");
        }
    }

    #[test]
    fn colours_are_as_the_network_was_trained_on_them() {
        let masker = Masker { mean: [0.5, 0.0, 1.0], deviation: [0.5, 1.0, 2.0], ..Masker::default() };
        let seen = Planes { width: 1, height: 1, data: vec![0.4, 0.2, 0.8] };
        let made = normal(seen, &masker).data;
        assert!(
            made.iter().zip([0.0, 0.25, 0.0]).all(|(made, wanted)| (made - wanted).abs() < 1e-6),
            "{made:?}"
        );
    }
}
