//! The coded parts of an AVIF that passed the preflight: what its decoder needs.

use super::{items::Items, long, properties::Properties, short};

/// The name of an alpha plane's kind (ISO/IEC 23000-22, 4.1.1).
const ALPHA: &[u8] = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";

/// The picture to show, its alpha and its colours.
#[derive(Debug, Default)]
pub(crate) struct Coded {
    /// Coded in AV1.
    pub(crate) picture: Vec<u8>,
    /// Coded in AV1, in gray.
    pub(crate) alpha: Option<Vec<u8>>,
    /// How brightness and colours become RGB (ITU-T H.273, 8.3), and whether the samples have their full range.
    pub(crate) matrix: Option<(u16, bool)>,
    /// A colour profile.
    pub(crate) profile: Option<Vec<u8>>,
}

/// The parts of an AVIF; nothing for one that is put together of several pictures.
pub(crate) fn coded(bytes: &[u8]) -> Option<Coded> {
    let meta = boxed(bytes, *b"meta")?.get(4..)?;
    let mut items = Items::default();
    items.primary(boxed(meta, *b"pitm")?).ok()?;
    items.places(boxed(meta, *b"iloc")?).ok()?;
    let infos = boxed(meta, *b"iinf")?;
    let header = if infos.first() == Some(&0) { 6 } else { 8 };
    for (name, info) in Boxes(infos.get(header..)?) {
        if name == *b"infe" {
            items.info(info).ok()?;
        }
    }
    let shared = boxed(meta, *b"iprp")?;
    let mut properties = Properties::default();
    properties.associate(boxed(shared, *b"ipma")?).ok()?;
    let all: Vec<_> = Boxes(boxed(shared, *b"ipco")?).collect();
    let primary = items.primary.filter(|&item| items.kind(item) == Some(*b"av01"))?;
    let own = |item| properties.numbers(item).filter_map(|number| all.get(number.checked_sub(1)?).copied());
    let mut coded =
        Coded { picture: items.bytes(primary, bytes, boxed(meta, *b"idat"))?, ..Coded::default() };
    for (_, content) in own(primary).filter(|(name, _)| name == b"colr") {
        match content.first_chunk::<4>()? {
            b"nclx" => coded.matrix = Some((short(content, 8)?, content.get(10)? & 0x80 != 0)),
            b"prof" | b"rICC" => coded.profile = content.get(4..).map(<[u8]>::to_vec),
            _ => {}
        }
    }
    let is_alpha =
        |item| own(item).any(|(name, content)| name == *b"auxC" && content.get(4..) == Some(ALPHA));
    let alpha = auxiliaries(boxed(meta, *b"iref").unwrap_or_default(), primary).find(|&item| is_alpha(item));
    if let Some(item) = alpha {
        coded.alpha = Some(items.bytes(item, bytes, boxed(meta, *b"idat"))?);
    }
    Some(coded)
}

/// The items that belong to another one.
fn auxiliaries(references: &[u8], to: u32) -> impl Iterator<Item = u32> {
    let wide = references.first() != Some(&0);
    let references = Boxes(references.get(4..).unwrap_or_default());
    references.filter(|(name, _)| name == b"auxl").filter_map(move |(_, content)| {
        let id = |at| if wide { long(content, at) } else { short(content, at).map(u32::from) };
        let unit = if wide { 4 } else { 2 };
        let count = usize::from(short(content, unit)?);
        (0..count).any(|i| id(unit + 2 + i * unit) == Some(to)).then(|| id(0)).flatten()
    })
}

/// The content of the first box of a name.
fn boxed(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    Boxes(bytes).find(|(found, _)| *found == name).map(|(_, content)| content)
}

struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, tail) = self.0.split_first_chunk::<4>()?;
        let (name, tail) = tail.split_first_chunk::<4>()?;
        let length = match u32::from_be_bytes(*length) {
            0 => tail.len(),
            // Longer boxes than files may be.
            1 => return None,
            length => (length as usize).checked_sub(8)?,
        };
        let (content, tail) = tail.split_at_checked(length)?;
        self.0 = tail;
        Some((*name, content))
    }
}
