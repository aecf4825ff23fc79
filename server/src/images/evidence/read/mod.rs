//! Readers of metadata: containers, EXIF, XMP, IPTC, ICC and the small ones. Pure, and safe with whatever bytes:
//! time and memory grow with the bytes given, within limits, never with the sizes that these declare.
//!
//! What they find is told in the contract's own words, for it is kept and sent as it is.

pub(super) mod bytes;
pub(super) mod camera;
pub(super) mod container;
pub(super) mod exif;
mod group;
mod icc;
mod makernote;
pub(super) mod photoshop;
mod small;
#[cfg(test)]
mod tests;
pub(in crate::images) mod tiff;
mod xmp;

use atalaya_proto::images::v1 as pb;

pub(super) use pb::{Exif, MetadataGroup as Group};

use self::{
    container::{Holds, Part},
    exif::Decoded,
};

/// Most groups of a file.
const MAX_GROUPS: usize = 300;
/// Most fields of all groups together.
const MAX_FIELDS: usize = 4_000;

/// What EXIF says of how a picture was taken. Size, format and whether it moves are for others to add.
pub(super) fn exif_of(file: &[u8]) -> pb::Exif {
    summary(&container::parts(file))
}

/// The same of parts that were found already.
pub(super) fn summary(parts: &[Part<'_>]) -> pb::Exif {
    let part = parts.iter().find(|part| part.holds == Holds::Exif);
    part.map(|part| camera::summary(&Decoded::new(&part.bytes))).unwrap_or_default()
}

/// A file's EXIF as a TIFF structure; of a TIFF that is the file.
pub(in crate::images) fn embedded(file: &[u8]) -> Option<Vec<u8>> {
    let parts = container::parts(file);
    parts.into_iter().find(|part| part.holds == Holds::Exif).map(|part| part.bytes.into_owned())
}

/// The texts of EXIF's Artist and Copyright, by their tags.
pub(in crate::images) fn rights(file: &[u8]) -> Vec<(u16, Vec<u8>)> {
    const TAGS: [u16; 2] = [0x013b, 0x8298];
    const LONGEST: usize = 4 << 10;
    let parts = container::parts(file);
    let Some(part) = parts.iter().find(|part| part.holds == Holds::Exif) else { return Vec::new() };
    let walked = tiff::walk(&part.bytes);
    let first =
        |tag: u16| walked.entries.iter().find(|e| e.directory == tiff::Directory::Main(0) && e.tag == tag);
    let text = |tag: u16| {
        let value = first(tag).filter(|entry| entry.length <= LONGEST)?.value(&part.bytes)?;
        let end = value.iter().rposition(|&byte| byte != 0)? + 1;
        Some((tag, value.get(..end)?.to_vec()))
    };
    TAGS.into_iter().filter_map(text).collect()
}

/// All metadata of a file.
pub(super) fn metadata(file: &[u8]) -> Vec<pb::MetadataGroup> {
    groups(&container::parts(file))
}

/// A file while it arrives, up to where it has all its metadata: of a JPEG that is its first scan, of others their end.
#[derive(Debug, Default)]
pub(super) struct Arriving(container::Head);

impl Arriving {
    /// Whether these first bytes of the file, of which no fewer may come than before, have all its metadata.
    pub(super) fn is_enough(&mut self, head: &[u8]) -> bool {
        container::sniff(head) == Some(container::Kind::Jpeg) && self.0.is_whole(head)
    }
}

/// The same of parts that were found already.
pub(super) fn groups(parts: &[Part<'_>]) -> Vec<pb::MetadataGroup> {
    let (mut groups, mut fields) = (Vec::new(), 0);
    for group in parts.iter().flat_map(of_part) {
        fields += group.fields.len();
        if groups.len() >= MAX_GROUPS || fields > MAX_FIELDS {
            break;
        }
        groups.push(group);
    }
    groups
}

fn of_part(part: &Part<'_>) -> Vec<pb::MetadataGroup> {
    match &part.holds {
        Holds::Exif => exif::groups(part),
        Holds::Xmp => vec![xmp::group(part)],
        Holds::Photoshop => {
            let inner = photoshop::nested(part);
            std::iter::once(photoshop::group(part)).chain(inner.iter().flat_map(of_part)).collect()
        }
        Holds::Iptc => vec![photoshop::iptc(part)],
        Holds::Icc => vec![icc::group(part)],
        Holds::Jfif => vec![small::jfif(part)],
        Holds::Adobe => vec![small::adobe(part)],
        Holds::MultiPicture => vec![small::multi_picture(part)],
        Holds::Jumbf => vec![small::jumbf(part)],
        Holds::Text(_) | Holds::Comment | Holds::Density | Holds::Time => vec![small::named(part)],
        Holds::Jfxx | Holds::Private => vec![small::private(part)],
    }
}
