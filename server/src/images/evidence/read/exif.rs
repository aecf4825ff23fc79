//! EXIF: every field of every directory, decoded by kamadak-exif, placed by our own walk.

use std::borrow::Cow;

use atalaya_proto::images::v1 as pb;
use exif::{Context, Exif, In, Tag, Value};

use super::{
    bytes::{MAX_TEXT, clean, hex, latin, text},
    container::Part,
    group::{Field, Group},
    makernote,
    tiff::{self, Directory, Entry, Walked},
};

/// Longest value that is decoded, in bytes. Longer ones are told by their size.
const MAX_VALUE: usize = 4 << 10;
/// Most bytes of all decoded values together.
const MAX_VALUES: usize = 1 << 20;
/// Most bytes of a binary value that are shown.
const MAX_BINARY: usize = 64;
/// TIFF's types of texts and of bytes without a meaning.
const ASCII: u16 = 2;
const UNDEFINED: u16 = 7;
const USER_COMMENT: u16 = 0x9286;
const MAKER_NOTE: u16 = 0x927c;
/// Windows' texts in UTF-16: XPTitle to XPSubject.
const WINDOWS_TEXTS: std::ops::RangeInclusive<u16> = 0x9c9b..=0x9c9f;

/// A TIFF structure that was walked and decoded.
pub(crate) struct Decoded<'a> {
    pub(super) tiff: &'a [u8],
    pub(super) walked: Walked,
    exif: Option<Exif>,
    /// Whether values may be shown with units that other tags name: not if those are absurdly long.
    units: bool,
}

impl<'a> Decoded<'a> {
    pub(crate) fn new(tiff: &'a [u8]) -> Self {
        let walked = tiff::walk(tiff);
        let units = walked.entries.iter().all(|entry| entry.kind == UNDEFINED || entry.length <= MAX_VALUE);
        let mut reader = exif::Reader::new();
        reader.continue_on_error(true);
        let read = |tiff: &[u8]| {
            let read = reader.read_raw(tiff.to_vec());
            read.or_else(|error| error.distill_partial_result(|_| {})).ok()
        };
        let exif = if walked.endless || walked.entries.is_empty() { None } else { read(tiff) };
        Self { tiff, walked, exif, units }
    }

    /// A value, unless it is absurdly long.
    pub(super) fn value(&self, tag: Tag) -> Option<&Value> {
        let directory = match tag.context() {
            Context::Exif => Directory::Exif,
            Context::Gps => Directory::Gps,
            Context::Interop => Directory::Interop,
            Context::Tiff | _ => Directory::Main(0),
        };
        let entries = self.walked.entries.iter().filter(|e| e.chain == 0 && e.tag == tag.number());
        let fits = entries.filter(|e| e.directory == directory).all(|e| e.length <= MAX_VALUE);
        self.exif.as_ref().filter(|_| fits)?.get_field(tag, In::PRIMARY).map(|field| &field.value)
    }

    fn field(&self, entry: &Entry) -> Option<&exif::Field> {
        let context = match entry.directory {
            Directory::Main(_) => Context::Tiff,
            Directory::Exif => Context::Exif,
            Directory::Gps => Context::Gps,
            Directory::Interop => Context::Interop,
        };
        self.exif.as_ref()?.get_field(Tag(context, entry.tag), In(entry.chain))
    }
}

impl Decoded<'_> {
    /// A value in people's words; nothing where there are none and it would be shown as it is.
    fn shown(&self, field: &exif::Field) -> Option<String> {
        let shown = field.display_value();
        let unit = self.exif.as_ref().filter(|_| self.units);
        let shown = unit.map_or_else(|| shown.to_string(), |exif| shown.with_unit(exif).to_string());
        (shown.len() <= MAX_TEXT).then(|| clean(&shown))
    }
}

/// The groups of a part with EXIF: one for each directory, and one for a maker note.
pub(super) fn groups(part: &Part<'_>) -> Vec<pb::MetadataGroup> {
    let decoded = Decoded::new(&part.bytes);
    let mut left = MAX_VALUES;
    let mut groups: Vec<(Directory, Group)> = Vec::new();
    let mut notes = Vec::new();
    for entry in &decoded.walked.entries {
        let index = groups.iter().position(|(directory, _)| *directory == entry.directory);
        let index = index.unwrap_or_else(|| {
            groups.push((entry.directory, Group::of(&name(entry.directory), part)));
            groups.len() - 1
        });
        let at = part.at.map(|base| base + entry.value_at);
        if entry.directory == Directory::Exif && entry.tag == MAKER_NOTE {
            notes.extend(makernote::group(&decoded, entry, part, at));
        }
        if let Some((_, group)) = groups.get_mut(index) {
            group.push(told(&decoded, entry, at, &mut left));
        }
    }
    if groups.is_empty() {
        groups.push((Directory::Main(0), Group::of(&name(Directory::Main(0)), part)));
    }
    if let Some((_, first)) = groups.first_mut() {
        first.fault(decoded.walked.fault);
    }
    groups.into_iter().map(|(_, group)| group.done()).chain(notes).collect()
}

/// As ExifTool calls them.
fn name(directory: Directory) -> Cow<'static, str> {
    match directory {
        Directory::Main(number) => format!("IFD{number}").into(),
        Directory::Exif => "ExifIFD".into(),
        Directory::Gps => "GPS".into(),
        Directory::Interop => "InteropIFD".into(),
    }
}

fn told(decoded: &Decoded<'_>, entry: &Entry, at: Option<usize>, left: &mut usize) -> Field {
    let number = format!("0x{:04x}", entry.tag);
    let base = Field { name: number, tag: entry.tag, at, size: entry.length, ..Field::default() };
    let bytes = || format!("{} bytes", entry.length);
    if entry.length > MAX_VALUE.min(*left) {
        return Field { value: bytes(), ..base };
    }
    *left -= entry.length;
    let Some(field) = decoded.field(entry) else { return Field { value: bytes(), ..base } };
    let name = if field.tag.description().is_some() { field.tag.to_string() } else { base.name.clone() };
    let raw = raw(entry, &field.value);
    let is_text = matches!(field.value, Value::Ascii(_) | Value::Unknown(..))
        || entry.tag == USER_COMMENT
        || WINDOWS_TEXTS.contains(&entry.tag);
    let value = if is_text { raw.clone() } else { decoded.shown(field).unwrap_or_else(|| raw.clone()) };
    Field { name, value, raw, ..base }
}

/// A value as it is stored.
fn raw(entry: &Entry, value: &Value) -> String {
    match value {
        Value::Ascii(parts) if entry.kind == ASCII => {
            let parts: Vec<_> = parts.iter().map(|part| text(part)).collect();
            clean(&parts.join("; "))
        }
        Value::Undefined(bytes, _) if entry.tag == USER_COMMENT => comment(bytes),
        Value::Byte(bytes) if WINDOWS_TEXTS.contains(&entry.tag) => utf16(bytes, u16::from_le_bytes),
        Value::Undefined(bytes, _) => binary(bytes),
        Value::Byte(n) => numbers(n),
        Value::SByte(n) => numbers(n),
        Value::Short(n) => numbers(n),
        Value::SShort(n) => numbers(n),
        Value::Long(n) => numbers(n),
        Value::SLong(n) => numbers(n),
        Value::Float(n) => numbers(n),
        Value::Double(n) => numbers(n),
        Value::Rational(n) => listed(n.iter().map(|n| format!("{}/{}", n.num, n.denom))),
        Value::SRational(n) => listed(n.iter().map(|n| format!("{}/{}", n.num, n.denom))),
        Value::Ascii(_) | Value::Unknown(..) => String::new(),
    }
}

fn numbers(numbers: &[impl ToString]) -> String {
    listed(numbers.iter().map(ToString::to_string))
}

/// As many as fit.
fn listed(items: impl Iterator<Item = String>) -> String {
    let mut whole = String::new();
    for item in items {
        if whole.len() + item.len() > MAX_TEXT {
            break;
        }
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(&item);
    }
    whole
}

/// Text where it is printable, hexadecimal digits where it isn't.
fn binary(bytes: &[u8]) -> String {
    let plain = bytes.iter().rposition(|&b| b != 0).map_or(&[][..], |end| &bytes[..=end]);
    if !plain.is_empty() && plain.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        return clean(&latin(plain));
    }
    match bytes.get(..MAX_BINARY) {
        Some(start) if bytes.len() > MAX_BINARY => format!("{}… ({} bytes)", hex(start), bytes.len()),
        _ => hex(bytes),
    }
}

/// Eight bytes say how a comment is written.
fn comment(bytes: &[u8]) -> String {
    let Some((code, rest)) = bytes.split_at_checked(8) else { return text(bytes) };
    match code {
        b"UNICODE\0" => match rest {
            [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
            // Which way round nobody says; Latin letters do.
            [0, _, ..] => utf16(rest, u16::from_be_bytes),
            _ => utf16(rest, u16::from_le_bytes),
        },
        _ => text(rest),
    }
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&pair| read(pair)).collect();
    clean(&String::from_utf16_lossy(&units))
}
