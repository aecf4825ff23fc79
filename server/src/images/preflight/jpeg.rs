//! JPEG's markers, one after the other, entropy-coded data skipped without decoding it.

use super::{Facts, MAX_SCANS, Metadata, Refusal, Variant, checked_size, tiff};
use crate::images::model::{Format, Size};

/// What follows 0xff where it is no marker.
const NONE: u8 = 0x00;
const TEM: u8 = 0x01;
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DNL: u8 = 0xdc;
const APP1: u8 = 0xe1;
const COM: u8 = 0xfe;
/// How many bytes the search for markers looks at in one step.
const STRIDE: usize = 32;

/// Reads the markers up to the end of the image. Whatever follows it is nobody's business.
pub(super) fn walk(bytes: &[u8], max_pixels: u64) -> Result<Facts, Refusal> {
    let mut walk = Walk { bytes, at: 2, max_pixels, frame: None, orientation: None, scans: 0 };
    let mut metadata = Metadata::default();
    loop {
        match walk.marker()? {
            EOI => return walk.finish(),
            SOI => return Err(Refusal::Malformed("a second image begins inside the first")),
            DNL => return Err(Refusal::Malformed("the height comes after the image")),
            marker => {
                let payload = walk.segment()?;
                if matches!(marker, 0xe0..=0xef | COM) {
                    metadata.add(payload.len())?;
                }
                walk.take(marker, payload)?;
            }
        }
    }
}

/// Whether nothing belongs to what stands behind a byte 0xff, not even a length. libjpeg passes over these wherever it
/// looks for a marker, so whoever takes what follows for a length misses segments that viewers read.
pub(in super::super) const fn stands_alone(marker: u8) -> bool {
    matches!(marker, NONE | TEM | RST0..=RST7)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    max_pixels: u64,
    frame: Option<Frame>,
    orientation: Option<u8>,
    scans: u32,
}

#[derive(Clone, Copy)]
struct Frame {
    size: Size,
    components: u8,
    progressive: bool,
}

impl<'a> Walk<'a> {
    /// The next marker; stray bytes before it are skipped, as decoders do.
    fn marker(&mut self) -> Result<u8, Refusal> {
        loop {
            self.at = next_ff(self.bytes, self.at).ok_or(Refusal::Malformed("the file is cut off"))?;
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let fill = rest.iter().take_while(|&&b| b == 0xff).count();
            let marker = *rest.get(fill).ok_or(Refusal::Malformed("the file is cut off"))?;
            self.at += fill + 1;
            if !stands_alone(marker) {
                return Ok(marker);
            }
        }
    }

    fn segment(&mut self) -> Result<&'a [u8], Refusal> {
        let cut_off = Refusal::Malformed("the file is cut off");
        let rest = self.bytes.get(self.at..).ok_or(cut_off)?;
        let length = usize::from(short(rest, 0).ok_or(cut_off)?);
        if length < 2 {
            return Err(Refusal::Malformed("a segment has no length"));
        }
        self.at += length;
        rest.get(2..length).ok_or(cut_off)
    }

    fn take(&mut self, marker: u8, payload: &[u8]) -> Result<(), Refusal> {
        match marker {
            0xc0..=0xc2 => self.start_frame(payload, marker == 0xc2),
            // Lossless, hierarchical and arithmetic-coded: no browser shows them.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => Err(Refusal::Unsupported),
            APP1 if self.orientation.is_none() && payload.starts_with(tiff::EXIF_PREFIX) => {
                self.orientation = Some(tiff::orientation(payload));
                Ok(())
            }
            SOS => self.start_scan(payload),
            _ => Ok(()),
        }
    }

    fn start_frame(&mut self, payload: &[u8], progressive: bool) -> Result<(), Refusal> {
        let broken = Refusal::Malformed("the frame header is broken");
        if self.frame.is_some() {
            return Err(Refusal::Malformed("there are two frames"));
        }
        let [precision, _, _, _, _, components] = *payload.first_chunk::<6>().ok_or(broken)?;
        if precision != 8 || !matches!(components, 1 | 3 | 4) {
            return Err(Refusal::Unsupported);
        }
        if payload.len() != 6 + 3 * usize::from(components) {
            return Err(broken);
        }
        let number = |at| short(payload, at).map(u32::from).ok_or(broken);
        let size = checked_size(number(3)?, number(1)?, self.max_pixels)?;
        self.frame = Some(Frame { size, components, progressive });
        Ok(())
    }

    fn start_scan(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        let frame = self.frame.ok_or(Refusal::Malformed("a scan comes before the frame"))?;
        let components = *payload.first().unwrap_or(&0);
        if components == 0
            || components > frame.components
            || payload.len() != 4 + 2 * usize::from(components)
        {
            return Err(Refusal::Malformed("a scan header is broken"));
        }
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(Refusal::OverLimits("too many scans"));
        }
        Ok(())
    }

    fn finish(self) -> Result<Facts, Refusal> {
        let frame = self.frame.filter(|_| self.scans > 0);
        let frame = frame.ok_or(Refusal::Malformed("there is no picture in the file"))?;
        Ok(Facts {
            format: Format::Jpeg,
            size: frame.size,
            orientation: self.orientation.unwrap_or(1),
            animated: false,
            pages: 1,
            variant: if frame.progressive { Variant::Progressive } else { Variant::Plain },
        })
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

/// Where the next byte 0xff is, from `at` on. In strides, which compilers turn into vectors.
fn next_ff(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(stride) = bytes.get(at..).and_then(<[u8]>::first_chunk::<STRIDE>) {
        if stride.iter().fold(0, |seen, &b| seen | u8::from(b == 0xff)) != 0 {
            break;
        }
        at += STRIDE;
    }
    bytes.get(at..)?.iter().position(|&b| b == 0xff).map(|i| at + i)
}
