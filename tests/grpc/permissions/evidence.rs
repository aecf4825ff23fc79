//! A good request of every method of `EvidenceService`.

use atalaya_proto::images::v1 as images;
use bytes::Bytes;
use uuid::Uuid;

use super::requests::{one, unlisted};

pub(super) fn request(name: &str, image: &str) -> Vec<Bytes> {
    let (id, revision) = (image.to_owned(), 0);
    // Without workers there are none.
    let analysis = Uuid::new_v4().to_string();
    match name {
        "GetExif" => one(&images::GetExifRequest { id, revision }),
        "GetMetadata" => one(&images::GetMetadataRequest { id, revision }),
        "CompareMetadata" => {
            one(&images::CompareMetadataRequest { id, from_revision: 1, to_revision: revision })
        }
        "StripMetadata" => one(&images::StripMetadataRequest { id, keep_copyright: true }),
        "AnalyzeImage" => one(&images::AnalyzeImageRequest { id, revision, maps: Vec::new() }),
        "GetAnalysis" => one(&images::GetAnalysisRequest { id: analysis }),
        "ListAnalyses" => one(&images::ListAnalysesRequest { id, ..Default::default() }),
        "GetAnalysisMap" => {
            one(&images::GetAnalysisMapRequest { id: analysis, map: images::EvidenceMap::Noise.into() })
        }
        "FindSimilarImages" => one(&images::FindSimilarImagesRequest { id, ..Default::default() }),
        "CompareImages" => {
            let other_id = id.clone();
            one(&images::CompareImagesRequest { id, revision, other_id, other_revision: revision })
        }
        other => unlisted(other),
    }
}
