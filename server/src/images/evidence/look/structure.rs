//! How a JPEG is built: its tables, its passes, and where it ends.

use atalaya_proto::images::v1 as pb;

use super::tables::{self, Table};
use crate::images::{
    evidence::read::bytes::{Order, text},
    preflight::stands_alone,
};

/// Most segments that are told.
const MAX_SEGMENTS: usize = 200;
/// Most tables and comments that are told.
const MAX_TABLES: usize = 16;
/// Lengths of the codes of JPEG's Annex K, K.3: for each kind of table, how many codes of 1 to 16 bits there are.
const STANDARD_CODES: [[u8; 16]; 4] = [
    [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
    [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
];
/// Names of subsamplings by the factors of brightness, when the colours' are 1.
const SUBSAMPLINGS: [((u8, u8), &str); 6] = [
    ((1, 1), "4:4:4"),
    ((2, 1), "4:2:2"),
    ((1, 2), "4:4:0"),
    ((2, 2), "4:2:0"),
    ((4, 1), "4:1:1"),
    ((4, 2), "4:1:0"),
];

/// What a walk through a JPEG found.
pub(super) struct Structure {
    pub(super) told: pb::JpegStructure,
    /// Where its picture ends.
    pub(super) end: usize,
    /// The divisors of brightness, in the order of rows.
    pub(super) brightness: Option<Table>,
}

/// Walks a JPEG that passed the preflight, up to the end of its picture.
pub(super) fn of(file: &[u8]) -> Structure {
    let told = pb::JpegStructure { images: 1, segments: vec!["SOI".to_owned()], ..Default::default() };
    let mut walk = Walk { file, at: 2, told, brightness: None, first: None };
    while let Some(marker) = walk.marker() {
        walk.note(marker);
        match marker {
            0xd9 => break,
            alone if stands_alone(alone) => {}
            _ => {
                let Some((at, payload)) = walk.segment() else { break };
                walk.take(marker, at, payload);
            }
        }
    }
    let mut told = walk.told;
    let best = walk.first.map(|table| tables::nearest(&table, 0));
    told.estimated_quality = best.map_or(0, |(quality, _)| quality);
    told.standard_tables = !told.tables.is_empty() && told.tables.iter().all(|table| table.standard);
    let same = told.tables.iter().all(|table| table.estimated_quality == told.estimated_quality);
    told.standard_tables &= same;
    Structure { told, end: walk.at, brightness: walk.brightness.or(walk.first) }
}

struct Walk<'a> {
    file: &'a [u8],
    at: usize,
    told: pb::JpegStructure,
    /// The table number 0, in the order of rows.
    brightness: Option<Table>,
    first: Option<Table>,
}

impl<'a> Walk<'a> {
    fn marker(&mut self) -> Option<u8> {
        loop {
            self.at += memchr::memchr(0xff, self.file.get(self.at..)?)?;
            self.at += self.file.get(self.at..)?.iter().position(|&b| b != 0xff)?;
            let marker = *self.file.get(self.at)?;
            self.at += 1;
            // Inside of coded data a zero follows what is no marker, and marks divide it.
            if marker != 0 && !(matches!(marker, 0xd0..=0xd7) && self.told.restart_markers) {
                return Some(marker);
            }
        }
    }

    fn segment(&mut self) -> Option<(usize, &'a [u8])> {
        let length = usize::from(Order::Big.short(self.file, self.at)?);
        let payload = self.file.get(self.at + 2..self.at.checked_add(length)?)?;
        let start = self.at + 2;
        self.at += length;
        Some((start, payload))
    }

    fn note(&mut self, marker: u8) {
        if self.told.segments.len() < MAX_SEGMENTS {
            self.told.segments.push(name(marker));
        }
    }

    fn take(&mut self, marker: u8, at: usize, payload: &[u8]) {
        match marker {
            0xdb => self.tables(at, payload),
            0xc4 => self.told.optimized_huffman |= !are_standard(payload),
            0xdd => self.told.restart_markers |= Order::Big.short(payload, 0).is_some_and(|every| every > 0),
            0xda => self.told.scans += 1,
            0xc0..=0xc2 => {
                self.told.progressive = marker == 0xc2;
                subsampling(payload).unwrap_or_default().clone_into(&mut self.told.subsampling);
            }
            0xfe if self.told.comments.len() < MAX_TABLES => self.told.comments.push(text(payload)),
            _ => {}
        }
    }

    /// Number and precision of each, then its 64 divisors in zigzag order.
    fn tables(&mut self, at: usize, payload: &[u8]) {
        let mut rest = payload;
        while let Some((&head, inner)) = rest.split_first() {
            let (wide, id) = (head >> 4 != 0, head & 0xf);
            let width = if wide { 128 } else { 64 };
            let Some((divisors, after)) = inner.split_at_checked(width) else { return };
            let place = at + payload.len() - inner.len();
            rest = after;
            if self.told.tables.len() >= MAX_TABLES {
                return;
            }
            let table = tables::in_rows(divisors, wide);
            if id == 0 {
                self.brightness = Some(table);
            }
            self.first.get_or_insert(table);
            let (quality, difference) = tables::nearest(&table, id);
            self.told.tables.push(pb::QuantizationTable {
                id: id.into(),
                bits: if wide { 16 } else { 8 },
                values: table.iter().map(|&divisor| divisor.into()).collect(),
                estimated_quality: quality,
                standard: difference == 0,
                offset: place as i64,
            });
        }
    }
}

/// Whether all tables of codes are of the lengths of the standard's.
fn are_standard(mut tables: &[u8]) -> bool {
    while let Some((&[_, ref counts @ ..], rest)) = tables.split_first_chunk::<17>() {
        if !STANDARD_CODES.contains(counts) {
            return false;
        }
        let codes = counts.iter().map(|&n| usize::from(n)).sum();
        tables = rest.get(codes..).unwrap_or_default();
    }
    true
}

fn subsampling(frame: &[u8]) -> Option<&'static str> {
    let factors: Vec<u8> = frame.get(6..)?.chunks_exact(3).map(|component| component[1]).collect();
    match factors[..] {
        [_] => Some("grayscale"),
        [brightness, 0x11, 0x11] | [brightness, 0x11, 0x11, _] => {
            let factors = (brightness >> 4, brightness & 0xf);
            SUBSAMPLINGS.iter().find(|(known, _)| *known == factors).map(|(_, name)| *name)
        }
        // All sampled twice is nothing sampled less.
        [first, second, third] if first == second && second == third => Some("4:4:4"),
        _ => None,
    }
}

fn name(marker: u8) -> String {
    match marker {
        0xc4 => "DHT".to_owned(),
        0xc0..=0xcf => format!("SOF{}", marker & 0xf),
        0xd0..=0xd7 => format!("RST{}", marker & 7),
        0xd8 => "SOI".to_owned(),
        0xd9 => "EOI".to_owned(),
        0xda => "SOS".to_owned(),
        0xdb => "DQT".to_owned(),
        0xdd => "DRI".to_owned(),
        0xe0..=0xef => format!("APP{}", marker & 0xf),
        0xfe => "COM".to_owned(),
        _ => format!("0x{marker:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use turbojpeg::Subsamp;

    use super::*;
    use crate::images::preflight::fixtures;

    #[test]
    fn libjpegs_own_files_are_known_by_their_tables() {
        let file = fixtures::jpeg(64, 48, Subsamp::Sub2x2);
        let structure = of(&[file.as_slice(), b"PK\x03\x04"].concat());
        let told = structure.told;
        assert_eq!((told.estimated_quality, told.standard_tables), (92, true));
        assert_eq!((told.subsampling.as_str(), told.progressive, told.scans), ("4:2:0", false, 1));
        assert!(!told.optimized_huffman && !told.restart_markers);
        assert_eq!(structure.end, file.len());
        assert_eq!(told.segments.join(" "), "SOI APP0 DQT DQT SOF0 DHT DHT DHT DHT SOS EOI");
        let table = &told.tables[0];
        assert_eq!(i32::from(file[table.offset as usize]), table.values[0]);
    }

    #[test]
    fn progressive_gray_and_cut_off_files_are_walked() {
        let pixels = fixtures::pixels(32, 32);
        let format = turbojpeg::PixelFormat::RGB;
        let told = of(&fixtures::jpeg_of(&pixels, 32, 32, format, Subsamp::Gray, true)).told;
        assert_eq!((told.subsampling.as_str(), told.progressive), ("grayscale", true));
        assert!(told.scans > 1 && told.optimized_huffman);
        let (file, mut dice) = (fixtures::jpeg(16, 16, Subsamp::None), fixtures::Dice(3));
        for length in 2..file.len() {
            assert!(of(&file[..length]).end <= length);
        }
        for _ in 0..1000 {
            of(&dice.damaged(&file));
        }
    }
}
