//! EXIF made true again after an edit: upright, of the new size, without the old thumbnail.
//! Bytes are changed where they are; whatever is not understood stays as it was.

use crate::images::model::Size;

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const WIDTH: u16 = 0xa002;
const HEIGHT: u16 = 0xa003;
const THUMBNAIL: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const ENTRY: usize = 12;
/// What JPEG, and some WebP writers, put before the TIFF structure.
const PREFIX: &[u8] = b"Exif\0\0";

/// Corrects an EXIF block. The directory of the thumbnail is unlinked and the thumbnail's bytes are cleared,
/// for it shows the image as it was; if it is no plain JPEG, its bytes stay, unreachable.
pub(super) fn correct(exif: &mut Vec<u8>, size: Size) {
    let start = if exif.starts_with(PREFIX) { PREFIX.len() } else { 0 };
    let Some(big) = byte_order(&exif[start..]) else { return };
    let mut tiff = Tiff { bytes: &mut exif[start..], big };
    tiff.correct(size);
    if let Some(length) = tiff.drop_thumbnail() {
        exif.truncate(start + length);
    }
}

/// Sets the orientation that XMP repeats, where it is written in one of its two usual ways.
pub(super) fn correct_xmp(xmp: &mut [u8]) {
    for name in [&b"tiff:Orientation=\""[..], b"tiff:Orientation='", b"<tiff:Orientation>"] {
        let found = xmp.windows(name.len()).position(|w| w == name);
        if let Some(digit @ b'2'..=b'8') = found.and_then(|at| xmp.get_mut(at + name.len())) {
            *digit = b'1';
        }
    }
}

fn byte_order(tiff: &[u8]) -> Option<bool> {
    match tiff.get(..4)? {
        b"II*\0" => Some(false),
        b"MM\0*" => Some(true),
        _ => None,
    }
}

struct Tiff<'a> {
    bytes: &'a mut [u8],
    big: bool,
}

impl Tiff<'_> {
    fn correct(&mut self, size: Size) -> Option<()> {
        let first = self.long(4)? as usize;
        if let Some(entry) = self.entry(first, ORIENTATION) {
            self.set_number(entry, 1);
        }
        let directory = self.entry(first, EXIF_DIRECTORY).and_then(|entry| self.number(entry))?;
        for (tag, side) in [(WIDTH, size.width), (HEIGHT, size.height)] {
            if let Some(entry) = self.entry(directory as usize, tag) {
                self.set_number(entry, side);
            }
        }
        Some(())
    }

    /// Answers how long the block is without the thumbnail, if that was its end.
    fn drop_thumbnail(&mut self) -> Option<usize> {
        let first = self.long(4)? as usize;
        let link = first.checked_add(2 + usize::from(self.short(first)?) * ENTRY)?;
        let second = self.long(link)? as usize;
        self.put(link, &[0; 4])?;
        let start = self.entry(second, THUMBNAIL).and_then(|entry| self.number(entry))? as usize;
        let length = self.entry(second, THUMBNAIL_LENGTH).and_then(|entry| self.number(entry))? as usize;
        let end = start.checked_add(length)?;
        let thumbnail = self.bytes.get_mut(start..end)?;
        if !thumbnail.starts_with(&[0xff, 0xd8]) {
            return None;
        }
        thumbnail.fill(0);
        // Some writers pad the block to an even length.
        (end + 1 >= self.bytes.len() && start > second).then_some(start)
    }

    fn entry(&self, directory: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(directory)?);
        let start = directory.checked_add(2)?;
        (0..count).map(|i| start + i * ENTRY).find(|&at| self.short(at) == Some(tag))
    }

    fn number(&self, entry: usize) -> Option<u32> {
        match self.short(entry + 2)? {
            SHORT => self.short(entry + 8).map(u32::from),
            LONG => self.long(entry + 8),
            _ => None,
        }
    }

    fn set_number(&mut self, entry: usize, value: u32) -> Option<()> {
        let short = value as u16;
        match self.short(entry + 2)? {
            SHORT => self.put(entry + 8, &if self.big { short.to_be_bytes() } else { short.to_le_bytes() }),
            LONG => self.put(entry + 8, &if self.big { value.to_be_bytes() } else { value.to_le_bytes() }),
            _ => None,
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> Option<()> {
        self.bytes.get_mut(at..at.checked_add(bytes.len())?)?.copy_from_slice(bytes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures;

    const SIZE: Size = Size { width: 5, height: 6 };

    /// The block that [`fixtures::exif`] makes, in the other byte order.
    fn little(orientation: u8, width: u8, height: u8, link: u8) -> Vec<u8> {
        let entry = |tag: [u8; 2], kind, value| [tag[1], tag[0], kind, 0, 1, 0, 0, 0, value, 0, 0, 0];
        [
            &b"II*\0\x08\0\0\0\x02\0"[..],
            &entry([0x01, 0x12], 3, orientation),
            &entry([0x87, 0x69], 4, 38),
            &[link, 0, 0, 0, 2, 0],
            &entry([0xa0, 0x02], 4, width),
            &entry([0xa0, 0x03], 3, height),
            &[0, 0, 0, 0, 2, 0],
            &entry([0x02, 0x01], 4, 98),
            &entry([0x02, 0x02], 4, 4),
            &[0; 4],
        ]
        .concat()
    }

    #[test]
    fn both_byte_orders_are_corrected_and_the_thumbnail_goes() {
        let mut exif = [little(6, 48, 32, 68), vec![0xff, 0xd8, 0xff, 0xd9]].concat();
        correct(&mut exif, SIZE);
        assert_eq!(exif, little(1, 5, 6, 0));
        let mut exif = [PREFIX, &fixtures::exif(6, 48, 32)].concat();
        correct(&mut exif, SIZE);
        assert_eq!(exif[6..40], fixtures::exif(1, 5, 6)[..34]);
        assert_eq!((exif.len(), &exif[40..44]), (6 + 98, &[0; 4][..]));
    }

    #[test]
    fn a_thumbnail_in_the_middle_is_cleared() {
        let mut exif = [little(6, 48, 32, 68), vec![0xff, 0xd8, 0xff, 0xd9, 1, 2, 3]].concat();
        correct(&mut exif, SIZE);
        assert_eq!(exif, [little(1, 5, 6, 0), vec![0, 0, 0, 0, 1, 2, 3]].concat());
    }

    #[test]
    fn what_is_not_understood_stays() {
        for bytes in [&b""[..], b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08", b"no TIFF at all"]
        {
            let mut exif = bytes.to_vec();
            correct(&mut exif, SIZE);
            assert_eq!(exif, bytes);
        }
        let (file, mut dice) = (fixtures::exif(6, 48, 32), fixtures::Dice(77));
        for _ in 0..3000 {
            let mut exif = dice.damaged(&file);
            let length = exif.len();
            correct(&mut exif, SIZE);
            assert!(exif.len() <= length);
        }
    }

    #[test]
    fn xmp_is_set_upright_in_each_of_its_forms() {
        for (xmp, expected) in [
            ("a tiff:Orientation=\"6\" b", "a tiff:Orientation=\"1\" b"),
            ("<tiff:Orientation>8</tiff:Orientation>", "<tiff:Orientation>1</tiff:Orientation>"),
            ("tiff:Orientation='3'", "tiff:Orientation='1'"),
            ("tiff:Orientation=\"x\"", "tiff:Orientation=\"x\""),
            ("tiff:Orientation=\"", "tiff:Orientation=\""),
        ] {
            let mut bytes = xmp.as_bytes().to_vec();
            correct_xmp(&mut bytes);
            assert_eq!(bytes, expected.as_bytes());
        }
    }
}
