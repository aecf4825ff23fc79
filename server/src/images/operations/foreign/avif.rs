//! AVIF: one AV1 picture, with or without alpha, of 8 to 12 bits, as RGB.

use png::{BitDepth, ColorType};
use re_rav1d::dav1d::{
    Decoder, Error, Picture as Frame, PixelLayout, PlanarImageComponent as Plane, Settings, pixel::YUVRange,
};

use super::{Failure, Picture};
use crate::images::{
    model::{MAX_RESULT_PIXELS, Size},
    preflight,
};

/// Decodes an AVIF that passed the preflight.
pub(super) fn decode(input: &[u8], size: Size) -> Result<Picture, Failure> {
    let coded = preflight::coded(input).ok_or(Failure::NotReadable("such AVIF"))?;
    let frame = frame(coded.picture, size)?;
    let alpha = coded.alpha.map(|alpha| self::frame(alpha, size)).transpose()?;
    let bits = bits(&frame)?;
    let own = (frame.color_range() == YUVRange::Full, frame.matrix_coefficients() as u16);
    let (full, matrix) = match coded.matrix {
        // 2 says that the codec knows, or nobody.
        Some((2, full)) => (full, own.1),
        Some((number, full)) => (full, number),
        None => own,
    };
    let view = View::new(&frame, full, bits)?;
    let mut output = Output { wide: bits > 8, samples: Vec::new() };
    let mixed = Mix::new(matrix)?;
    let alphas = alpha.as_ref().map(|alpha| View::new(alpha, true, self::bits(alpha)?)).transpose()?;
    for y in 0..size.height as usize {
        for x in 0..size.width as usize {
            mixed.rgb(view.at(x, y)).into_iter().for_each(|sample| output.push(sample));
            if let Some(alphas) = &alphas {
                output.push(alphas.luma(x, y));
            }
        }
    }
    Ok(Picture {
        width: size.width,
        height: size.height,
        colour: if alphas.is_some() { ColorType::Rgba } else { ColorType::Rgb },
        depth: if output.wide { BitDepth::Sixteen } else { BitDepth::Eight },
        samples: output.samples,
        palette: Vec::new(),
        transparency: Vec::new(),
        profile: coded.profile,
    })
}

/// The first picture of a stream, by this thread alone, for there may be no others.
fn frame(stream: Vec<u8>, size: Size) -> Result<Frame, Failure> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(MAX_RESULT_PIXELS as u32);
    let mut decoder = Decoder::with_settings(&settings).map_err(|_| Failure::Damaged)?;
    match decoder.send_data(stream, None, None, None) {
        Ok(()) | Err(Error::Again) => {}
        Err(_) => return Err(Failure::Damaged),
    }
    let frame = decoder.get_picture().map_err(|_| Failure::Damaged)?;
    let (width, height) = (frame.width(), frame.height());
    if (width, height) == (size.width, size.height) {
        return Ok(frame);
    }
    // It may be that only a part of it is to be shown.
    let larger = width >= size.width && height >= size.height;
    Err(if larger { Failure::NotReadable("such AVIF") } else { Failure::Damaged })
}

fn bits(frame: &Frame) -> Result<u32, Failure> {
    frame.bits_per_component().map(|bits| bits.0 as u32).ok_or(Failure::Damaged)
}

/// Samples as they come out, from 0 to 1.
struct Output {
    wide: bool,
    samples: Vec<u8>,
}

impl Output {
    fn push(&mut self, sample: f32) {
        let sample = sample.clamp(0.0, 1.0);
        if self.wide {
            self.samples.extend(((sample * 65_535.0).round() as u16).to_be_bytes());
        } else {
            self.samples.push((sample * 255.0).round() as u8);
        }
    }
}

/// How brightness and two colours become three colours.
enum Mix {
    /// They are green, blue and red.
    Identity,
    /// The shares of red and blue in brightness.
    Shares(f32, f32),
}

impl Mix {
    /// A matrix by its number in H.273, table 4.
    fn new(number: u16) -> Result<Self, Failure> {
        match number {
            0 => Ok(Self::Identity),
            1 => Ok(Self::Shares(0.2126, 0.0722)),
            2 | 5 | 6 => Ok(Self::Shares(0.299, 0.114)),
            9 => Ok(Self::Shares(0.2627, 0.0593)),
            _ => Err(Failure::NotReadable("such AVIF")),
        }
    }

    fn rgb(&self, [y, u, v]: [f32; 3]) -> [f32; 3] {
        match *self {
            Self::Identity => [v + 0.5, y, u + 0.5],
            Self::Shares(red, blue) => {
                let (r, b) = (y + 2.0 * (1.0 - red) * v, y + 2.0 * (1.0 - blue) * u);
                [r, (y - red * r - blue * b) / (1.0 - red - blue), b]
            }
        }
    }
}

/// A frame's planes: brightness from 0 to 1, colours from -0.5 to 0.5.
struct View {
    planes: Vec<re_rav1d::dav1d::Plane>,
    strides: [usize; 2],
    width: usize,
    height: usize,
    /// By how many bits the colour planes are narrower and lower.
    halves: (usize, usize),
    wide: bool,
    /// Zero and range of brightness, middle and range of colours.
    scale: [f32; 4],
}

impl View {
    fn new(frame: &Frame, full: bool, bits: u32) -> Result<Self, Failure> {
        let halves = match frame.pixel_layout() {
            PixelLayout::I400 | PixelLayout::I444 => (0, 0),
            PixelLayout::I420 => (1, 1),
            PixelLayout::I422 => (1, 0),
        };
        let gray = frame.pixel_layout() == PixelLayout::I400;
        let planes: &[Plane] = if gray { &[Plane::Y] } else { &[Plane::Y, Plane::U, Plane::V] };
        let step = (1_u32 << (bits - 8)) as f32;
        let most = ((1_u32 << bits) - 1) as f32;
        let scale = if full {
            [0.0, most, 128.0 * step, most]
        } else {
            [16.0 * step, 219.0 * step, 128.0 * step, 224.0 * step]
        };
        let view = Self {
            planes: planes.iter().map(|&plane| frame.plane(plane)).collect(),
            strides: [Plane::Y, Plane::U].map(|plane| frame.stride(plane) as usize),
            width: frame.width() as usize,
            height: frame.height() as usize,
            halves,
            wide: bits > 8,
            scale,
        };
        if view.planes.iter().all(|plane| !plane.is_empty()) { Ok(view) } else { Err(Failure::Damaged) }
    }

    fn at(&self, x: usize, y: usize) -> [f32; 3] {
        if self.planes.len() == 1 {
            return [self.luma(x, y), 0.0, 0.0];
        }
        [self.luma(x, y), self.chroma(1, x, y), self.chroma(2, x, y)]
    }

    fn luma(&self, x: usize, y: usize) -> f32 {
        (self.sample(0, x, y) - self.scale[0]) / self.scale[1]
    }

    /// Three parts of the nearest sample and one of the next, across and down where samples are shared.
    fn chroma(&self, plane: usize, x: usize, y: usize) -> f32 {
        let across = nearest(x, self.halves.0, self.width);
        let down = nearest(y, self.halves.1, self.height);
        let mut sum = 0.0;
        for (x, part) in across {
            for (y, share) in down {
                if part * share > 0.0 {
                    sum += self.sample(plane, x, y) * part * share;
                }
            }
        }
        (sum - self.scale[2]) / self.scale[3]
    }

    fn sample(&self, plane: usize, x: usize, y: usize) -> f32 {
        let bytes: &[u8] = &self.planes[plane];
        let stride = self.strides[plane.min(1)];
        if self.wide {
            let at = y * stride + x * 2;
            let sample = bytes.get(at..at + 2).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
            f32::from(u16::from_ne_bytes(sample))
        } else {
            f32::from(bytes.get(y * stride + x).copied().unwrap_or_default())
        }
    }
}

/// The two places whose samples a pixel has part in, and their parts.
fn nearest(at: usize, halves: usize, length: usize) -> [(usize, f32); 2] {
    if halves == 0 {
        return [(at, 1.0), (at, 0.0)];
    }
    let near = at / 2;
    // At the edges the nearest sample stands alone, as libyuv has it.
    let far = match at {
        0 => near,
        at if at + 1 == length => near,
        at if at.is_multiple_of(2) => near - 1,
        _ => near + 1,
    };
    [(near, 0.75), (far, 0.25)]
}
