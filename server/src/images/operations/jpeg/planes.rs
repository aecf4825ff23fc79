//! A JPEG's own planes of brightness and colour: no conversion to RGB and back, no colour resampled.

use turbojpeg::{Subsamp, YuvImage, yuv_pixels_len};

use super::{
    super::{Failure, nearest, raster::Raster, turn::Turn},
    coder::{Coder, damaged, tolerate},
};

/// The planes, brightness first; a gray picture has no others.
pub(super) struct Planes {
    width: usize,
    height: usize,
    sampling: Subsamp,
    all: Vec<Raster>,
}

/// The sampling of a picture that lies on its side.
pub(super) fn swapped(sampling: Subsamp) -> Subsamp {
    match sampling {
        Subsamp::Sub2x1 => Subsamp::Sub1x2,
        Subsamp::Sub1x2 => Subsamp::Sub2x1,
        Subsamp::Sub4x1 => Subsamp::Sub1x4,
        Subsamp::Sub1x4 => Subsamp::Sub4x1,
        same @ (Subsamp::None | Subsamp::Sub2x2 | Subsamp::Gray | Subsamp::Unknown | _) => same,
    }
}

/// Whether [`Planes::scale`] knows how.
pub(super) fn can_scale(sampling: Subsamp, factor: usize) -> bool {
    match sampling {
        Subsamp::None | Subsamp::Gray => true,
        Subsamp::Sub2x2 => factor.is_multiple_of(2),
        Subsamp::Sub2x1 | Subsamp::Sub1x2 | Subsamp::Sub4x1 | Subsamp::Sub1x4 | Subsamp::Unknown | _ => false,
    }
}

impl Planes {
    pub(super) fn decode(coder: &mut Coder, input: &[u8]) -> Result<Self, Failure> {
        let ((width, height), subsamp) = (coder.size(), coder.sampling);
        let length = yuv_pixels_len(width, 1, height, subsamp).map_err(damaged)?;
        let mut image = YuvImage { pixels: vec![0; length], width, align: 1, height, subsamp };
        tolerate(coder.decoder().decompress_to_yuv(input, image.as_deref_mut())).map_err(damaged)?;
        let mut sizes = vec![image.y_size()];
        if subsamp != Subsamp::Gray {
            sizes.extend([image.uv_size(); 2]);
        }
        let mut data = image.pixels;
        let mut planes = Vec::with_capacity(sizes.len());
        for (width, height) in sizes {
            let after = data.split_off((width * height).min(data.len()));
            planes.push(Raster { width, height, pixel: 1, data: std::mem::replace(&mut data, after) });
        }
        Ok(Self { width, height, sampling: subsamp, all: planes })
    }

    pub(super) fn turn(self, turn: Turn) -> Self {
        let all = self.all.into_iter().map(|plane| turn.apply(plane)).collect();
        let Self { width, height, sampling, .. } = self;
        if turn.swap {
            Self { width: height, height: width, sampling: swapped(sampling), all }
        } else {
            Self { width, height, sampling, all }
        }
    }

    /// Repeats each pixel. A colour that four pixels share is first given to each of them, blended with its
    /// neighbours just as a decoder would, so that the result is the decoded picture's, scaled.
    pub(super) fn scale(self, factor: usize) -> Self {
        let mut planes = self.all.into_iter();
        let bright = planes.next().map(|plane| nearest::scale(&plane, factor));
        let colours = planes.map(|plane| match (self.sampling, factor) {
            (Subsamp::Sub2x2, 2) => spread(&plane),
            (Subsamp::Sub2x2, _) => nearest::scale(&spread(&plane), factor / 2),
            _ => nearest::scale(&plane, factor),
        });
        Self {
            width: self.width * factor,
            height: self.height * factor,
            sampling: self.sampling,
            all: bright.into_iter().chain(colours).collect(),
        }
    }

    pub(super) fn encode(self, coder: &Coder) -> Result<Vec<u8>, Failure> {
        let mut pixels = Vec::new();
        for plane in self.all {
            if pixels.is_empty() {
                pixels = plane.data;
            } else {
                pixels.extend_from_slice(&plane.data);
            }
        }
        let (width, height, subsamp) = (self.width, self.height, self.sampling);
        let image = YuvImage { pixels: pixels.as_slice(), width, align: 1, height, subsamp };
        let encoded = coder.encoder().and_then(|mut encoder| encoder.compress_yuv_to_vec(image));
        encoded.map_err(|_| Failure::Unencodable)
    }
}

/// Twice as wide and high, each sample three parts its own place and one part the nearest other, in both
/// directions: libjpeg's "fancy" upsampling (jdsample.c, h2v2).
fn spread(plane: &Raster) -> Raster {
    let (width, height) = (plane.width, plane.height);
    let mut data = vec![0; width * height * 4];
    let mut sums = vec![0_u16; width];
    for (y, row) in data.chunks_exact_mut(width * 2).enumerate() {
        let near = y / 2;
        let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(height - 1) };
        let lines = [near, far].map(|line| &plane.data[line * width..(line + 1) * width]);
        for (sum, (&n, &f)) in sums.iter_mut().zip(lines[0].iter().zip(lines[1])) {
            *sum = u16::from(n) * 3 + u16::from(f);
        }
        spread_row(&sums, row);
    }
    Raster { width: width * 2, height: height * 2, pixel: 1, data }
}

/// Rounding alternates, as in the library, so that it favours no direction.
fn spread_row(sums: &[u16], row: &mut [u8]) {
    let (pairs, last) = (row.as_chunks_mut::<2>().0, sums.len() - 1);
    pairs[0][0] = ((sums[0] * 4 + 8) >> 4) as u8;
    pairs[last][1] = ((sums[last] * 4 + 7) >> 4) as u8;
    for (pair, window) in pairs.iter_mut().zip(sums.windows(2)) {
        pair[1] = ((window[0] * 3 + window[1] + 7) >> 4) as u8;
    }
    for (pair, window) in pairs.iter_mut().skip(1).zip(sums.windows(2)) {
        pair[0] = ((window[1] * 3 + window[0] + 8) >> 4) as u8;
    }
}
