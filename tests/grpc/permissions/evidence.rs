//! A good request of every method of `EvidenceService`.

use atalaya_proto::images::v1 as images;
use bytes::Bytes;

use super::requests::{one, unlisted};

pub(super) fn request(name: &str, image: &str) -> Vec<Bytes> {
    let (id, revision) = (image.to_owned(), 0);
    match name {
        "GetExif" => one(&images::GetExifRequest { id, revision }),
        "GetMetadata" => one(&images::GetMetadataRequest { id, revision }),
        "CompareMetadata" => {
            one(&images::CompareMetadataRequest { id, from_revision: 1, to_revision: revision })
        }
        other => unlisted(other),
    }
}
