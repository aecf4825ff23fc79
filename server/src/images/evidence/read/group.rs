//! A group of metadata while it is put together.

use atalaya_proto::images::v1 as pb;

use super::{
    bytes::{MAX_TEXT, clean},
    container::Part,
};

/// Most fields of a group.
pub(super) const MAX_FIELDS: usize = 2_000;

/// A group that grows.
pub(super) struct Group(pb::MetadataGroup);

/// One field: what is known besides its name and value may be left out.
#[derive(Default)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) tag: u16,
    pub(super) value: String,
    pub(super) raw: String,
    pub(super) at: Option<usize>,
    pub(super) size: usize,
}

impl Group {
    /// A group with no fields yet, of what a part holds.
    pub(super) fn of(name: &str, part: &Part<'_>) -> Self {
        Self(pb::MetadataGroup {
            name: name.to_owned(),
            source: part.source.clone(),
            offset: place(part.at),
            size: part.bytes.len() as i64,
            fault: part.fault.to_owned(),
            ..Default::default()
        })
    }

    /// A field of a text or a number.
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        at: Option<usize>,
        size: usize,
    ) {
        let (name, value) = (name.into(), value.into());
        self.push(Field { name, tag: 0, raw: value.clone(), value, at, size });
    }

    pub(super) fn push(&mut self, field: Field) {
        if self.is_full() {
            self.0.truncated = true;
            return;
        }
        let clip = |text: String| if text.len() > MAX_TEXT { clean(&text) } else { text };
        self.0.fields.push(pb::MetadataField {
            name: clip(field.name),
            tag: field.tag.into(),
            value: clip(field.value),
            raw: clip(field.raw),
            offset: place(field.at),
            size: field.size as i64,
        });
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.fields.len() >= MAX_FIELDS
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.fields.is_empty()
    }

    /// Notes what is wrong, unless something is noted already.
    pub(super) fn fault(&mut self, fault: &str) {
        if self.0.fault.is_empty() {
            fault.clone_into(&mut self.0.fault);
        }
    }

    /// Notes that not all was read.
    pub(super) fn cut(&mut self) {
        self.0.truncated = true;
    }

    /// Somewhere else than its part.
    pub(super) fn at(&mut self, at: Option<usize>, size: usize) {
        self.0.offset = place(at);
        self.0.size = size as i64;
    }

    pub(super) fn done(self) -> pb::MetadataGroup {
        self.0
    }
}

fn place(at: Option<usize>) -> i64 {
    at.map_or(-1, |at| at as i64)
}
