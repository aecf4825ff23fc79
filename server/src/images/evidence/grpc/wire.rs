//! Values and failures of evidence in the contract's words.

use std::collections::HashMap;

use atalaya_proto::{IDEMPOTENCY_HEADER, errors::v1::Reason, images::v1 as pb};
use tonic::{Code, Request, Status};

use crate::{
    images::{
        self,
        evidence::{
            error::Error,
            findings,
            model::{Analysis, Distance, Invalid, Map, Maps},
            service::SimilarImages,
        },
        model::Revision,
    },
    status::{self, failure},
    tasks::IdempotencyKey,
};

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let about = |id: uuid::Uuid| id.to_string();
        match error {
            Error::Image(cause) => cause.into(),
            Error::AnalysisNotFound(id) => {
                failure(Code::NotFound, Reason::AnalysisNotFound, text, &[("id", &about(id))])
            }
            Error::MapNotFound(id, map) => {
                let metadata = [("id", &*about(id)), ("map", map.name())];
                failure(Code::NotFound, Reason::EvidenceMapNotFound, text, &metadata)
            }
            Error::Invalid(Invalid::Distance) => {
                let max = Distance::MAX.to_string();
                let text = format!("max_distance is not 0 to {max}");
                let metadata = [("min", "0"), ("max", &*max)];
                failure(Code::InvalidArgument, Reason::DistanceInvalid, text, &metadata)
            }
            Error::Invalid(Invalid::Map | Invalid::Look) => {
                status::malformed("maps", "has what is no map, or a map twice")
            }
            Error::NotHashable(id) => {
                failure(Code::FailedPrecondition, Reason::ImageNotHashable, text, &[("id", &about(id))])
            }
        }
    }
}

/// What a caller names a request by, so that it can safely be repeated.
pub(super) fn key<T>(request: &Request<T>) -> Result<Option<IdempotencyKey>, Status> {
    let key = request.metadata().get(IDEMPOTENCY_HEADER);
    let key = key.map(|value| IdempotencyKey::try_from(value.as_bytes())).transpose();
    Ok(key.map_err(images::Error::Task)?)
}

/// A map that there is.
pub(super) fn map(map: pb::EvidenceMap) -> Result<Map, Status> {
    match map {
        pb::EvidenceMap::Unspecified => Err(status::malformed("map", "is no map")),
        pb::EvidenceMap::ErrorLevels => Ok(Map::ErrorLevels),
        pb::EvidenceMap::Noise => Ok(Map::Noise),
    }
}

/// Maps, each once.
pub(super) fn maps(asked: impl Iterator<Item = pb::EvidenceMap>) -> Result<Maps, Status> {
    // More than there are can't each be another; the rest need not be looked at.
    let maps = asked.take(Map::ALL.len() + 1).map(map).collect::<Result<Vec<_>, _>>()?;
    Ok(Maps::new(maps).map_err(Error::from)?)
}

/// A report as it was kept.
pub(super) fn report(bytes: &[u8]) -> Result<pb::EvidenceReport, Status> {
    findings::read(bytes).ok_or_else(|| status::internal(&Error::Invalid(Invalid::Look)))
}

impl From<Map> for pb::EvidenceMap {
    fn from(map: Map) -> Self {
        match map {
            Map::ErrorLevels => Self::ErrorLevels,
            Map::Noise => Self::Noise,
        }
    }
}

impl From<Analysis> for pb::Analysis {
    fn from(analysis: Analysis) -> Self {
        Self {
            id: analysis.id.to_string(),
            image_id: analysis.image.to_string(),
            revision: analysis.revision,
            sha256: analysis.sha256,
            maps: analysis.maps.iter().map(|(map, _)| pb::EvidenceMap::from(*map).into()).collect(),
            create_time: Some(analysis.create_time.into()),
        }
    }
}

impl From<SimilarImages> for pb::FindSimilarImagesResponse {
    fn from(found: SimilarImages) -> Self {
        let similar = |(image, distance): (images::model::Image, u32)| pb::SimilarImage {
            image: Some(image.into()),
            distance: distance as i32,
        };
        Self {
            images: found.images.into_iter().map(similar).collect(),
            total_size: status::total(found.total as i64),
            unhashed: status::total(found.unhashed as i64),
        }
    }
}

/// EXIF with what the server knows of the image.
pub(super) fn with_facts(exif: pb::Exif, revision: &Revision) -> pb::Exif {
    pb::Exif {
        width: revision.size.width as i32,
        height: revision.size.height as i32,
        format: pb::ImageFormat::from(revision.format).into(),
        animated: revision.animated,
        ..exif
    }
}

/// A field's group, its name, and how many of the same came before it.
type Key = (String, String, usize);

/// What differs between the metadata of two states.
pub(super) fn comparison(
    before: Vec<pb::MetadataGroup>,
    after: Vec<pb::MetadataGroup>,
) -> pb::CompareMetadataResponse {
    let mut told = pb::CompareMetadataResponse::default();
    let later = fields(after);
    let mut values: HashMap<Key, String> = later.iter().cloned().collect();
    for (key, before) in fields(before) {
        let after = values.remove(&key);
        let list = match &after {
            None => &mut told.removed,
            Some(after) if *after == before => &mut told.kept,
            Some(_) => &mut told.changed,
        };
        list.push(change(key, before, after.unwrap_or_default()));
    }
    let added = later.into_iter().filter(|(key, _)| values.contains_key(key));
    told.added = added.map(|(key, after)| change(key, String::new(), after)).collect();
    told
}

fn change((group, name, _): Key, before: String, after: String) -> pb::MetadataChange {
    pb::MetadataChange { group, name, before, after }
}

fn fields(groups: Vec<pb::MetadataGroup>) -> Vec<(Key, String)> {
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    let fields = groups.into_iter().flat_map(|group| {
        let name = group.name;
        group.fields.into_iter().map(move |field| (name.clone(), field.name, field.value))
    });
    fields
        .map(|(group, name, value)| {
            let count = seen.entry((group.clone(), name.clone())).or_default();
            *count += 1;
            ((group, name, *count), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, fields: &[(&str, &str)]) -> pb::MetadataGroup {
        let field = |(name, value): &(&str, &str)| pb::MetadataField {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            ..Default::default()
        };
        let fields = fields.iter().map(field).collect();
        pb::MetadataGroup { name: name.to_owned(), fields, ..Default::default() }
    }

    #[test]
    fn every_field_is_removed_kept_changed_or_added() {
        let before = vec![
            group("IFD0", &[("Make", "Canon"), ("Orientation", "6"), ("Artist", "Mara")]),
            group("IPTC", &[("Keywords", "one"), ("Keywords", "two")]),
        ];
        let after = vec![
            group("IFD0", &[("Make", "Canon"), ("Orientation", "1"), ("Software", "x")]),
            group("IPTC", &[("Keywords", "one")]),
        ];
        let told = comparison(before, after);
        let names = |list: &[pb::MetadataChange]| {
            let parts = list.iter().map(|c| format!("{}/{}:{}>{}", c.group, c.name, c.before, c.after));
            parts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&told.removed), "IFD0/Artist:Mara> IPTC/Keywords:two>");
        assert_eq!(names(&told.kept), "IFD0/Make:Canon>Canon IPTC/Keywords:one>one");
        assert_eq!(names(&told.changed), "IFD0/Orientation:6>1");
        assert_eq!(names(&told.added), "IFD0/Software:>x");
    }
}
