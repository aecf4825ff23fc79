//! Properties: sizes, quarter turns and mirrors, and whose they are.

use super::{BROKEN, long, short};
use crate::images::preflight::{MAX_CHUNKS, Refusal};

/// A property that matters here.
#[derive(Clone, Copy)]
enum Property {
    Size(u32, u32),
    /// The sides of what of it is to be shown (ISO/IEC 14496-12, 12.1.4), where they are whole.
    Aperture(u32, u32),
    /// Quarters counter-clockwise.
    Turn(u8),
    /// Left and right change places if it is 1, top and bottom if it is 0.
    Mirror(u8),
    Other,
}

/// What `iprp` says.
#[derive(Default)]
pub(super) struct Properties {
    all: Vec<Property>,
    /// Item and number of the property, from 1.
    associations: Vec<(u32, usize)>,
}

impl Properties {
    pub(super) fn add(&mut self, name: [u8; 4], content: &[u8]) -> Result<(), Refusal> {
        let first = || content.first().copied().ok_or(BROKEN);
        self.all.push(match &name {
            b"ispe" => Property::Size(long(content, 4).ok_or(BROKEN)?, long(content, 8).ok_or(BROKEN)?),
            b"clap" => match (whole(content, 0), whole(content, 8)) {
                (Some(width), Some(height)) => Property::Aperture(width, height),
                _ => Property::Other,
            },
            b"irot" => Property::Turn(first()? & 3),
            b"imir" => Property::Mirror(first()? & 1),
            _ => Property::Other,
        });
        Ok(())
    }

    /// Which items have which properties (ISO/IEC 23008-12, 9.3).
    pub(super) fn associate(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let [version, _, _, flags, ..] = *content else { return Err(BROKEN) };
        let (wide_items, wide_numbers) = (version > 0, flags & 1 == 1);
        let mut at = 8;
        for _ in 0..long(content, 4).ok_or(BROKEN)? {
            let item = if wide_items { long(content, at) } else { short(content, at).map(u32::from) };
            let item = item.ok_or(BROKEN)?;
            at += if wide_items { 4 } else { 2 };
            let count = *content.get(at).ok_or(BROKEN)?;
            at += 1;
            for _ in 0..count {
                // The highest bit says that a reader must know the property.
                let number = if wide_numbers {
                    short(content, at).map(|number| number & 0x7fff)
                } else {
                    content.get(at).map(|number| u16::from(number & 0x7f))
                };
                at += if wide_numbers { 2 } else { 1 };
                self.associations.push((item, number.ok_or(BROKEN)?.into()));
            }
            if self.associations.len() > MAX_CHUNKS as usize * 4 {
                return Err(Refusal::OverLimits("too many properties"));
            }
        }
        Ok(())
    }

    /// Every size of the file.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (u32, u32)> {
        self.all.iter().filter_map(|property| match property {
            Property::Size(width, height) => Some((*width, *height)),
            Property::Aperture(..) | Property::Turn(_) | Property::Mirror(_) | Property::Other => None,
        })
    }

    /// The size of an item as it is shown, but for its turn.
    pub(super) fn size(&self, item: u32) -> Option<(u32, u32)> {
        let (mut size, mut shown) = (None, None);
        for property in self.of(item) {
            match property {
                Property::Size(width, height) => size = size.or(Some((width, height))),
                Property::Aperture(width, height) => shown = shown.or(Some((width, height))),
                Property::Turn(_) | Property::Mirror(_) | Property::Other => {}
            }
        }
        let (width, height) = size?;
        // Who shows more than there is shows all of it.
        Some(shown.filter(|shown| shown.0 <= width && shown.1 <= height).unwrap_or((width, height)))
    }

    /// The turn and then the mirror as an orientation of EXIF; the EXIF's own does not count (ISO/IEC 23008-12, A.2.4).
    pub(super) fn orientation(&self, item: u32) -> u8 {
        let (mut turn, mut mirror) = (0, None);
        for property in self.of(item) {
            match property {
                Property::Turn(quarters) => turn = quarters,
                Property::Mirror(axis) => mirror = Some(axis),
                Property::Size(..) | Property::Aperture(..) | Property::Other => {}
            }
        }
        match (turn, mirror) {
            (1, None) => 8,
            (2, None) => 3,
            (3, None) => 6,
            (0, Some(1)) | (2, Some(0)) => 2,
            (0, Some(0)) | (2, Some(_)) => 4,
            (1, Some(0)) | (3, Some(1)) => 5,
            (3, Some(0)) | (1, Some(_)) => 7,
            _ => 1,
        }
    }

    /// The numbers of an item's properties, from 1.
    #[cfg(feature = "avif")]
    pub(super) fn numbers(&self, item: u32) -> impl Iterator<Item = usize> {
        self.associations.iter().filter(move |(owner, _)| *owner == item).map(|(_, number)| *number)
    }

    fn of(&self, item: u32) -> impl Iterator<Item = Property> {
        let own = self.associations.iter().filter(move |(owner, _)| *owner == item);
        own.filter_map(|(_, number)| self.all.get(number.checked_sub(1)?).copied())
    }
}

/// A fraction, if it is a whole number greater than zero.
fn whole(content: &[u8], at: usize) -> Option<u32> {
    let (upper, lower) = (long(content, at)?, long(content, at + 4)?);
    (upper > 0 && upper.checked_rem(lower)? == 0).then(|| upper / lower)
}
