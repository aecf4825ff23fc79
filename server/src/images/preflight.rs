//! Walks an image's container before anything is decoded: what it is, and whether it is sane.
//! Time grows with the bytes given, never with the sizes they declare, and no pixel is inflated.

mod bmp;
#[cfg(test)]
pub(crate) mod fixtures;
mod gif;
mod isobmff;
mod jpeg;
mod png;
#[cfg(test)]
mod tests;
mod tiff;
mod tiff_file;
mod webp;

#[cfg(feature = "avif")]
pub(crate) use self::isobmff::coded;
pub(super) use self::{bmp::end as bmp_end, jpeg::stands_alone};

use thiserror::Error;

use super::model::{Format, MAX_PIXELS, MAX_RESULT_PIXELS, MAX_SIDE, Size};

/// Most frames of an animation.
pub const MAX_FRAMES: u32 = 300;
/// Most pixels of all frames of an animation together.
pub const MAX_FRAME_PIXELS: u64 = 200_000_000;
/// Most scans of a JPEG: each costs its decoder a pass over the whole picture.
pub const MAX_SCANS: u32 = 100;
/// Most chunks of a PNG or a WebP, blocks of a GIF, boxes of an AVIF or a HEIC.
pub const MAX_CHUNKS: u32 = 10_000;
/// Most bytes of EXIF.
pub const MAX_EXIF_BYTES: usize = 1 << 20;
/// Most bytes of all of a file's metadata together, as stored.
pub const MAX_METADATA_BYTES: usize = 16 << 20;

/// What a container says of the image inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The format, told by the bytes.
    pub format: Format,
    /// The size as stored, before the orientation is applied.
    pub size: Size,
    /// EXIF orientation, 1 to 8; 1 when absent or senseless.
    pub orientation: u8,
    /// More than one frame may be shown: APNG, animated WebP or GIF, a sequence of AVIF or HEIC.
    pub animated: bool,
    /// Pages of a TIFF; 1 for everything else.
    pub pages: u32,
    /// Progressive JPEG or lossless WebP: how a re-encoded file should be written to stay alike.
    pub variant: Variant,
}

/// The coding inside a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Baseline JPEG, lossy WebP, and all other formats.
    Plain,
    /// Progressive JPEG.
    Progressive,
    /// Lossless WebP.
    Lossless,
}

/// Why bytes are no image that we take. One variant for each reason of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// No format that we know, or a kind of it that few programs show (12 bits, arithmetic coding, floating point).
    #[error("the file is none of JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF and HEIC, or of an uncommon kind")]
    Unsupported,
    /// Begins like an image and breaks its format's rules.
    #[error("the file is malformed: {0}")]
    Malformed(&'static str),
    /// More than one image may have.
    #[error("the file is over the limits: {0}")]
    OverLimits(&'static str),
}

/// Examines an upload.
pub fn inspect(bytes: &[u8]) -> Result<Facts, Refusal> {
    inspect_within(bytes, MAX_PIXELS)
}

/// Examines what an edit made, which may have more pixels than an upload.
pub fn inspect_result(bytes: &[u8]) -> Result<Facts, Refusal> {
    inspect_within(bytes, MAX_RESULT_PIXELS)
}

fn inspect_within(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    match sniff(bytes).ok_or(if bytes.is_empty() { Refusal::Empty } else { Refusal::Unsupported })? {
        Format::Jpeg => jpeg::walk(bytes, max_pixels),
        Format::Png => png::walk(bytes, max_pixels),
        Format::WebP => webp::walk(bytes, max_pixels),
        Format::Gif => gif::walk(bytes, max_pixels),
        Format::Tiff => tiff_file::walk(bytes, max_pixels),
        Format::Bmp => bmp::walk(bytes, max_pixels),
        format @ (Format::Avif | Format::Heic) => isobmff::walk(bytes, format, max_pixels),
    }
}

/// The format that the first bytes announce.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some(Format::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Format::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(Format::WebP)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(Format::Gif)
    } else if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        Some(Format::Tiff)
    } else if bytes.starts_with(b"BM") {
        Some(Format::Bmp)
    } else {
        isobmff::sniff(bytes)
    }
}

fn checked_size(width: u32, height: u32, max_pixels: u64) -> Result<Size, Refusal> {
    if width == 0 || height == 0 {
        return Err(Refusal::Malformed("a side is zero"));
    }
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(Refusal::OverLimits("a side is too long"));
    }
    let size = Size { width, height };
    if size.pixels() > max_pixels {
        return Err(Refusal::OverLimits("too many pixels"));
    }
    Ok(size)
}

fn checked_frames(frames: u32, size: Size) -> Result<(), Refusal> {
    if frames > MAX_FRAMES {
        return Err(Refusal::OverLimits("too many frames"));
    }
    if u64::from(frames) * size.pixels() > MAX_FRAME_PIXELS {
        return Err(Refusal::OverLimits("too many pixels in all frames"));
    }
    Ok(())
}

/// Counts a file's metadata against [`MAX_METADATA_BYTES`].
#[derive(Default)]
struct Metadata(usize);

impl Metadata {
    fn add(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 > MAX_METADATA_BYTES {
            return Err(Refusal::OverLimits("too much metadata"));
        }
        Ok(())
    }

    fn add_exif(&mut self, exif: &[u8]) -> Result<(), Refusal> {
        if exif.len() > MAX_EXIF_BYTES {
            return Err(Refusal::OverLimits("too much EXIF"));
        }
        self.add(exif.len())
    }
}
