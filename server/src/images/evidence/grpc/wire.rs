//! Values and failures of evidence in the contract's words.

use std::collections::HashMap;

use atalaya_proto::images::v1 as pb;
use tonic::Status;

use crate::images::{evidence::error::Error, model::Revision};

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Image(cause) => cause.into(),
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
