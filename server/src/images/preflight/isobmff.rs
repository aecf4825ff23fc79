//! AVIF and HEIC: the boxes of ISO/IEC 14496-12 and 23008-12 that say what is inside, by known paths only, so
//! that depth is bounded and nothing is walked twice.

#[cfg(feature = "avif")]
mod coded;
mod items;
mod properties;

#[cfg(feature = "avif")]
pub(crate) use self::coded::coded;
use self::{items::Items, properties::Properties};
use super::{Facts, MAX_CHUNKS, Refusal, Variant, checked_frames, checked_size};
use crate::images::model::{Format, Size};

const CUT_OFF: Refusal = Refusal::Malformed("the file is cut off");
const BROKEN: Refusal = Refusal::Malformed("a box is broken");
/// The way to how many samples a track has.
const SAMPLES: [&[u8; 4]; 5] = [b"trak", b"mdia", b"minf", b"stbl", b"stsz"];

/// The format that the brands of the first box announce.
pub(super) fn sniff(bytes: &[u8]) -> Option<Format> {
    let (length, tail) = bytes.split_first_chunk::<4>()?;
    let length = (u32::from_be_bytes(*length) as usize).min(bytes.len()).checked_sub(4)?;
    let brands = tail.get(..length)?.strip_prefix(b"ftyp")?;
    // The second of them is a version's number.
    let brands =
        || brands.as_chunks::<4>().0.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, brand)| brand);
    if brands().any(|brand| matches!(brand, b"avif" | b"avis")) {
        Some(Format::Avif)
    } else if brands()
        .any(|b| matches!(b, b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1"))
    {
        Some(Format::Heic)
    } else {
        None
    }
}

/// Reads the boxes up to the end of the file, or to what is no box and lies behind all pictures.
pub(super) fn walk(bytes: &[u8], format: Format, max_pixels: u64) -> Result<Facts, Refusal> {
    let mut walk = Walk { bytes, max_pixels, boxes: 0, picture: None, end: 0, frames: 0 };
    let mut rest = bytes;
    loop {
        let start = (bytes.len() - rest.len()) as u64;
        let (name, content) = match walk.next(&mut rest) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(Refusal::Malformed(_)) if walk.picture.is_some() && walk.end <= start => break,
            Err(refusal) => return Err(refusal),
        };
        match &name {
            b"meta" if walk.picture.is_none() => walk.picture = Some(walk.meta(content)?),
            b"meta" => return Err(Refusal::Malformed("there are two lists of pictures")),
            b"moov" => walk.movie(content)?,
            _ => {}
        }
    }
    let (size, orientation) = walk.picture.ok_or(Refusal::Malformed("there is no picture in the file"))?;
    checked_frames(walk.frames, size)?;
    let (animated, variant) = (walk.frames > 1, Variant::Plain);
    Ok(Facts { format, size, orientation, animated, pages: 1, variant })
}

/// A box's name and content.
type Named<'a> = ([u8; 4], &'a [u8]);

struct Walk<'a> {
    bytes: &'a [u8],
    max_pixels: u64,
    boxes: u32,
    picture: Option<(Size, u8)>,
    /// Where the last item in the file ends.
    end: u64,
    frames: u32,
}

impl<'a> Walk<'a> {
    /// The next box, of which there may be so many in a file.
    fn next(&mut self, rest: &mut &'a [u8]) -> Result<Option<Named<'a>>, Refusal> {
        if rest.is_empty() {
            return Ok(None);
        }
        self.boxes += 1;
        if self.boxes > MAX_CHUNKS {
            return Err(Refusal::OverLimits("too many boxes"));
        }
        let (length, tail) = rest.split_first_chunk::<4>().ok_or(CUT_OFF)?;
        let (name, tail) = tail.split_first_chunk::<4>().ok_or(CUT_OFF)?;
        let (length, tail) = match u32::from_be_bytes(*length) {
            // To the end of the file.
            0 => (tail.len() as u64, tail),
            1 => {
                let (length, tail) = tail.split_first_chunk::<8>().ok_or(CUT_OFF)?;
                (u64::from_be_bytes(*length).checked_sub(16).ok_or(BROKEN)?, tail)
            }
            length => (u64::from(length).checked_sub(8).ok_or(BROKEN)?, tail),
        };
        let length = usize::try_from(length).map_err(|_| CUT_OFF)?;
        let (content, tail) = tail.split_at_checked(length).ok_or(CUT_OFF)?;
        *rest = tail;
        Ok(Some((*name, content)))
    }

    /// The pictures: which is the one to show, how large it is, which way up.
    fn meta(&mut self, content: &'a [u8]) -> Result<(Size, u8), Refusal> {
        let mut rest = content.get(4..).ok_or(BROKEN)?;
        let (mut items, mut properties) = (Items::default(), Properties::default());
        while let Some((name, content)) = self.next(&mut rest)? {
            match &name {
                b"pitm" => items.primary(content)?,
                b"iinf" => self.infos(content, &mut items)?,
                b"iloc" => items.places(content)?,
                b"idat" => items.inside = content.len() as u64,
                b"iprp" => self.properties(content, &mut properties)?,
                _ => {}
            }
        }
        self.end = items.check(self.bytes.len() as u64)?;
        let primary = items.primary.ok_or(Refusal::Malformed("no picture is the one to show"))?;
        let (width, height) =
            properties.size(primary).ok_or(Refusal::Malformed("the picture has no size"))?;
        for (width, height) in properties.sizes() {
            checked_size(width, height, self.max_pixels)?;
        }
        Ok((checked_size(width, height, self.max_pixels)?, properties.orientation(primary)))
    }

    /// What kind of thing each item is.
    fn infos(&mut self, content: &'a [u8], items: &mut Items) -> Result<(), Refusal> {
        // The number of them, which is longer from the first version on, says nothing that they don't.
        let header = if content.first() == Some(&0) { 6 } else { 8 };
        let mut rest = content.get(header..).ok_or(BROKEN)?;
        while let Some((name, content)) = self.next(&mut rest)? {
            if name == *b"infe" {
                items.info(content)?;
            }
        }
        Ok(())
    }

    fn properties(&mut self, mut rest: &'a [u8], properties: &mut Properties) -> Result<(), Refusal> {
        while let Some((name, content)) = self.next(&mut rest)? {
            match &name {
                b"ipco" => {
                    let mut rest = content;
                    while let Some((name, content)) = self.next(&mut rest)? {
                        properties.add(name, content)?;
                    }
                }
                b"ipma" => properties.associate(content)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The most samples of any track are the frames.
    fn movie(&mut self, content: &'a [u8]) -> Result<(), Refusal> {
        let mut level = vec![content];
        for step in SAMPLES {
            let mut below = Vec::new();
            for mut rest in level {
                while let Some((name, content)) = self.next(&mut rest)? {
                    if name == *step {
                        below.push(content);
                    }
                }
            }
            level = below;
        }
        for table in level {
            self.frames = self.frames.max(long(table, 8).ok_or(BROKEN)?);
        }
        Ok(())
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}
