//! The JPEG library, and what a re-encoded picture takes over from its source.

use turbojpeg::{Colorspace, Compressor, Decompressor, Error, Image, PixelFormat, Subsamp};

use super::{
    super::{Failure, raster::Raster},
    segments::{self, Segments},
};
use crate::images::preflight::MAX_SCANS;

/// How a picture is, and will be, encoded.
pub(super) struct Coder {
    decoder: Decompressor,
    width: usize,
    height: usize,
    pub(super) sampling: Subsamp,
    pub(super) colours: Colorspace,
    pub(super) quality: u8,
    pub(super) progressive: bool,
    pub(super) optimise: bool,
}

/// Decoded pixels and what their bytes mean.
pub(super) struct Picture {
    pub(super) raster: Raster,
    pub(super) format: PixelFormat,
    /// CMYK whose 255 is no ink, as Adobe writes it.
    pub(super) inverted: bool,
}

impl Picture {
    /// What black is in these pixels.
    pub(super) fn black(&self) -> [u8; 4] {
        if self.format == PixelFormat::CMYK && !self.inverted { [0, 0, 0, 255] } else { [0; 4] }
    }
}

impl Coder {
    pub(super) fn read(input: &[u8], segments: &Segments<'_>, progressive: bool) -> Result<Self, Failure> {
        let mut decoder = Decompressor::new().map_err(damaged)?;
        decoder.set_scan_limit(MAX_SCANS).map_err(damaged)?;
        let header = decoder.read_header(input).map_err(damaged)?;
        Ok(Self {
            decoder,
            width: header.width,
            height: header.height,
            sampling: header.subsamp,
            colours: header.colorspace,
            quality: segments.quality,
            progressive,
            optimise: segments.optimised,
        })
    }

    /// For a file that is made from nothing: baseline, its colours at half the resolution.
    pub(super) fn new(quality: u8) -> Result<Self, Failure> {
        Ok(Self {
            decoder: Decompressor::new().map_err(damaged)?,
            width: 0,
            height: 0,
            sampling: Subsamp::Sub2x2,
            colours: Colorspace::YCbCr,
            quality,
            progressive: false,
            optimise: true,
        })
    }

    pub(super) fn at_least(&mut self, quality: u8) {
        self.quality = self.quality.max(quality);
    }

    /// Whether the picture has planes of brightness and colour of known sizes.
    pub(super) fn has_planes(&self) -> bool {
        matches!(self.colours, Colorspace::YCbCr | Colorspace::Gray) && self.sampling != Subsamp::Unknown
    }

    /// Whether every sample of the colour planes belongs to as many pixels as the others.
    pub(super) fn planes_are_whole(&self) -> bool {
        let (across, down) = self.sampling.size();
        self.has_planes() && self.width.is_multiple_of(across) && self.height.is_multiple_of(down)
    }

    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(super) fn decoder(&mut self) -> &mut Decompressor {
        &mut self.decoder
    }

    /// Decodes to gray, RGB or CMYK, whichever the picture is.
    pub(super) fn decode(&mut self, input: &[u8]) -> Result<Picture, Failure> {
        let format = match self.colours {
            Colorspace::Gray => PixelFormat::GRAY,
            Colorspace::RGB | Colorspace::YCbCr => PixelFormat::RGB,
            Colorspace::CMYK | Colorspace::YCCK => PixelFormat::CMYK,
        };
        self.decode_as(input, format)
    }

    /// Decodes to gray where the library can, which is everywhere but in CMYK.
    pub(super) fn decode_luma(&mut self, input: &[u8]) -> Result<Picture, Failure> {
        match self.colours {
            Colorspace::Gray | Colorspace::RGB | Colorspace::YCbCr => {
                self.decode_as(input, PixelFormat::GRAY)
            }
            Colorspace::CMYK | Colorspace::YCCK => self.decode_as(input, PixelFormat::CMYK),
        }
    }

    fn decode_as(&mut self, input: &[u8], format: PixelFormat) -> Result<Picture, Failure> {
        let (width, height, pixel) = (self.width, self.height, format.size());
        let mut data = vec![0; width * height * pixel];
        let target = Image { pixels: data.as_mut_slice(), width, pitch: width * pixel, height, format };
        tolerate(self.decoder.decompress(input, target)).map_err(damaged)?;
        let raster = Raster { width, height, pixel, data };
        Ok(Picture { raster, format, inverted: segments::has_adobe(input) })
    }

    pub(super) fn encode(&self, picture: &Picture) -> Result<Vec<u8>, Failure> {
        let Raster { width, height, pixel, ref data } = picture.raster;
        let sampling = if self.sampling == Subsamp::Unknown { Subsamp::None } else { self.sampling };
        let encode = || {
            let mut encoder = self.encoder()?;
            encoder.set_subsamp(sampling)?;
            encoder.set_colorspace(self.colours)?;
            let format = picture.format;
            encoder.compress_to_vec(Image { pixels: data, width, pitch: width * pixel, height, format })
        };
        encode().map_err(|_| Failure::Unencodable)
    }

    pub(super) fn encoder(&self) -> turbojpeg::Result<Compressor> {
        let mut encoder = Compressor::new()?;
        encoder.set_quality(i32::from(self.quality.max(1)))?;
        encoder.set_progressive(self.progressive)?;
        encoder.set_optimize(self.optimise)?;
        Ok(encoder)
    }
}

/// Takes what the library calls a warning for what it is: the picture is there, with a flaw that every viewer
/// overlooks.
pub(in crate::images) fn tolerate(done: turbojpeg::Result<()>) -> turbojpeg::Result<()> {
    const WARNINGS: [&str; 6] = [
        "Corrupt JPEG data",
        "Inconsistent progression sequence",
        "Invalid SOS parameters for sequential JPEG",
        "Premature end of JPEG file",
        "Unknown Adobe color transform code",
        "Warning",
    ];
    match done {
        Err(Error::TurboJpegError(text)) if WARNINGS.iter().any(|w| text.starts_with(w)) => Ok(()),
        done => done,
    }
}

pub(super) fn damaged(_: Error) -> Failure {
    Failure::Damaged
}
