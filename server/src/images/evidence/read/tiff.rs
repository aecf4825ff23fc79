//! The directories of a TIFF structure: which tags there are and where their values lie, whatever the values are.
//!
//! It walks where kamadak-exif would walk, and says beforehand whether that walk has an end in sight.

pub(crate) use super::bytes::Order;
use super::bytes::part;

/// Most entries that are told of.
pub(crate) const MAX_ENTRIES: usize = 4_000;
/// Most entries that are looked at, sound or not.
const MAX_LOOKED: usize = 10_000;
/// Most directories; a sound file has at most five.
const MAX_DIRECTORIES: usize = 16;
/// Most directories of the main chain.
const MAX_CHAIN: u16 = 8;
const ENTRY: usize = 12;

const EXIF_POINTER: u16 = 0x8769;
const GPS_POINTER: u16 = 0x8825;
const INTEROP_POINTER: u16 = 0xa005;

/// Which directory an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directory {
    /// Of the main chain: 0 is the picture's, 1 its thumbnail's.
    Main(u16),
    Exif,
    Gps,
    Interop,
}

/// An entry of a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) directory: Directory,
    /// Of the directory of the main chain that it belongs to.
    pub(crate) chain: u16,
    pub(crate) tag: u16,
    /// TIFF's type of its value.
    pub(crate) kind: u16,
    /// Where the value is.
    pub(crate) value_at: usize,
    /// Bytes of the value; 0 for types that we don't know.
    pub(crate) length: usize,
}

impl Entry {
    /// The value's bytes.
    pub(crate) fn value<'a>(&self, tiff: &'a [u8]) -> Option<&'a [u8]> {
        part(tiff, self.value_at, self.length)
    }
}

/// What a walk found.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) order: Order,
    pub(crate) entries: Vec<Entry>,
    /// What is wrong with it; empty if nothing.
    pub(crate) fault: &'static str,
    /// It has more entries or directories than we look at.
    pub(crate) endless: bool,
}

impl Walked {
    /// A whole number, 8 to 32 bits wide.
    pub(crate) fn number(&self, tiff: &[u8], directory: Directory, tag: u16) -> Option<u32> {
        let entry = self.entries.iter().find(|e| e.directory == directory && e.tag == tag)?;
        number(self.order, tiff, entry)
    }
}

/// Walks a TIFF structure.
pub(crate) fn walk(tiff: &[u8]) -> Walked {
    let order = match tiff.get(..4) {
        Some(b"II*\0") => Order::Little,
        Some(b"MM\0*") => Order::Big,
        _ => return Walked::empty(Order::Big, "it is no TIFF structure"),
    };
    let mut walk = Walk { tiff, seen: Vec::new(), looked: 0, walked: Walked::empty(order, "") };
    let mut next = order.long(tiff, 4).map(|at| at as usize);
    for chain in 0..=MAX_CHAIN {
        match next {
            None => walk.walked.fault = "a directory is cut off",
            Some(0) => return walk.walked,
            Some(_) if chain == MAX_CHAIN => walk.walked.endless = true,
            Some(at) => {
                next = walk.directory(at, Directory::Main(chain), chain);
                continue;
            }
        }
        break;
    }
    if walk.walked.endless {
        walk.walked.fault = "it has too many entries or directories";
    }
    walk.walked
}

impl Walked {
    fn empty(order: Order, fault: &'static str) -> Self {
        Self { order, entries: Vec::new(), fault, endless: false }
    }
}

struct Walk<'a> {
    tiff: &'a [u8],
    /// Where directories began.
    seen: Vec<usize>,
    looked: usize,
    walked: Walked,
}

impl Walk<'_> {
    /// Reads a directory and those that it points to; where the next of the chain is, 0 for none.
    fn directory(&mut self, at: usize, directory: Directory, chain: u16) -> Option<usize> {
        if self.seen.contains(&at) {
            self.walked.fault = "directories point to each other in a circle";
            return Some(0);
        }
        if self.seen.len() >= MAX_DIRECTORIES {
            self.walked.endless = true;
            return Some(0);
        }
        self.seen.push(at);
        let order = self.walked.order;
        let count = usize::from(order.short(self.tiff, at)?);
        for place in (0..count).map(|index| at + 2 + index * ENTRY) {
            self.looked += 1;
            if self.walked.entries.len() >= MAX_ENTRIES || self.looked > MAX_LOOKED {
                self.walked.endless = true;
                return Some(0);
            }
            part(self.tiff, place, ENTRY)?;
            if let Some(entry) = self.entry(place, directory, chain) {
                self.walked.entries.push(entry);
                self.follow(&entry);
            }
        }
        order.long(self.tiff, at + 2 + count * ENTRY).map(|next| next as usize)
    }

    fn entry(&mut self, at: usize, directory: Directory, chain: u16) -> Option<Entry> {
        let order = self.walked.order;
        let (tag, kind) = (order.short(self.tiff, at)?, order.short(self.tiff, at + 2)?);
        let length = width(kind).checked_mul(order.long(self.tiff, at + 4)? as usize)?;
        let value_at = if length <= 4 { at + 8 } else { order.long(self.tiff, at + 8)? as usize };
        if part(self.tiff, value_at, length).is_none() {
            self.walked.fault = "a value lies outside of the file";
            return None;
        }
        Some(Entry { directory, chain, tag, kind, value_at, length })
    }

    fn follow(&mut self, entry: &Entry) {
        let directory = match (entry.directory, entry.tag) {
            (Directory::Main(_), EXIF_POINTER) => Directory::Exif,
            (Directory::Main(_), GPS_POINTER) => Directory::Gps,
            (Directory::Exif, INTEROP_POINTER) => Directory::Interop,
            _ => return,
        };
        let at = number(self.walked.order, self.tiff, entry).map(|at| at as usize);
        if at.and_then(|at| self.directory(at, directory, entry.chain)).is_none() {
            self.walked.fault = "a directory is cut off";
        }
    }
}

fn number(order: Order, tiff: &[u8], entry: &Entry) -> Option<u32> {
    match entry.kind {
        1 => entry.value(tiff)?.first().map(|&byte| byte.into()),
        3 => order.short(entry.value(tiff)?, 0).map(u32::from),
        4 => order.long(entry.value(tiff)?, 0),
        _ => None,
    }
}

/// Bytes of one number of a type (TIFF 6.0, section 2); 0 for types that we don't know.
pub(crate) fn width(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::preflight::fixtures;

    fn tags(walked: &Walked) -> Vec<(Directory, u16)> {
        walked.entries.iter().map(|e| (e.directory, e.tag)).collect()
    }

    #[test]
    fn entries_are_found_in_their_directories() {
        let tiff = fixtures::exif(6, 48, 32);
        let walked = walk(&tiff);
        let expected = [
            (Directory::Main(0), 0x0112),
            (Directory::Main(0), EXIF_POINTER),
            (Directory::Exif, 0xa002),
            (Directory::Exif, 0xa003),
            (Directory::Main(1), 0x0201),
            (Directory::Main(1), 0x0202),
        ];
        assert_eq!(tags(&walked), expected);
        assert_eq!(walked.number(&tiff, Directory::Main(1), 0x0201), Some(98));
        assert_eq!((walked.fault, walked.endless), ("", false));
    }

    #[test]
    fn circles_end() {
        // One entry, then itself; and an EXIF directory that is the first one.
        let itself = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x08\0\0\0";
        let inside = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0";
        for tiff in [&itself[..], inside] {
            let walked = walk(tiff);
            assert_eq!(
                (walked.entries.len(), walked.fault),
                (1, "directories point to each other in a circle")
            );
        }
    }

    #[test]
    fn many_overlapping_directories_are_endless() {
        // Pointers to EXIF directories, each of which begins inside the one before.
        let mut tiff = b"II*\0\x08\0\0\0\xff\x7f".to_vec();
        for n in 0..5000_u32 {
            tiff.extend(b"\x69\x87\x04\0\x01\0\0\0");
            tiff.extend((10 + n * 12).to_le_bytes());
        }
        let walked = walk(&tiff);
        assert!(walked.endless && walked.entries.len() <= MAX_ENTRIES, "{}", walked.fault);
    }

    #[test]
    fn whatever_is_broken_is_walked_without_harm() {
        let (file, mut dice) = (fixtures::exif(6, 48, 32), fixtures::Dice(7));
        for length in 0..file.len() {
            walk(&file[..length]);
        }
        for _ in 0..3000 {
            walk(&dice.damaged(&file));
        }
        let huge = b"MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\xff\xff\xff\xff\0\0\0\x08\0\0\0\0";
        assert_eq!(walk(huge).fault, "a value lies outside of the file");
    }
}
