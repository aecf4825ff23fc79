//! XMP: RDF flattened to paths such as `dc:creator[1]` and `xmpMM:History[2]/stEvt:action`, read as a stream.
//! Entities that a document declares are never expanded.

use std::borrow::Cow;

use atalaya_proto::images::v1 as pb;
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event, attributes::Attribute},
};

use super::{bytes::clean, container::Part, group::Group};

/// Most bytes of a file's packets, all together, that are read.
pub(super) const MAX_BYTES: usize = 2 << 20;
/// Deepest element.
const MAX_DEPTH: usize = 32;
/// Longest path, in bytes.
const MAX_PATH: usize = 1 << 10;
/// Longest text of an element, in bytes.
const MAX_VALUE: usize = 4 << 10;
/// Most elements, ends, texts and attributes that are looked at.
const MAX_EVENTS: usize = 100_000;

/// The properties of a packet, of which no more is read than is `left`.
pub(super) fn group(part: &Part<'_>, left: &mut usize) -> pb::MetadataGroup {
    let mut group = Group::of("XMP", part);
    let packet = part.bytes.get(..*left).unwrap_or(&part.bytes);
    *left -= packet.len();
    if packet.len() < part.bytes.len() {
        group.cut();
    }
    let text = decoded(packet);
    // In UTF-16 nothing is where it seems.
    let base = part.at.filter(|_| matches!(text, Cow::Borrowed(_)));
    Walk { group, base, frames: Vec::new(), events: 0 }.run(&text)
}

/// The packet as UTF-8. UTF-16 is told by its mark.
fn decoded(packet: &[u8]) -> Cow<'_, str> {
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&pair| read(pair)).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match packet {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(packet),
    }
}

/// An element that is open.
struct Frame {
    /// The path of what is inside.
    path: String,
    text: String,
    at: usize,
    /// Entries of a list so far.
    entries: usize,
    /// Something inside has been told, or is about to be.
    is_leaf: bool,
}

struct Walk {
    group: Group,
    base: Option<usize>,
    frames: Vec<Frame>,
    /// What has been looked at so far.
    events: usize,
}

impl Walk {
    fn run(mut self, text: &str) -> pb::MetadataGroup {
        let mut reader = Reader::from_str(text);
        // Sloppy writers exist; what follows a fault is still worth reading where it can be read.
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        loop {
            let at = reader.buffer_position() as usize;
            match reader.read_event() {
                Ok(Event::Start(element)) => self.open(&element, at, false),
                Ok(Event::Empty(element)) => self.open(&element, at, true),
                Ok(Event::End(_)) => self.close(),
                Ok(Event::Text(text)) => self.text(&text.decode().unwrap_or_default(), at),
                Ok(Event::CData(text)) => self.text(&text.decode().unwrap_or_default(), at),
                Ok(Event::GeneralRef(name)) => {
                    let reference = format!("&{};", name.decode().unwrap_or_default());
                    let known = quick_xml::escape::unescape(&reference).map(Cow::into_owned);
                    self.text(&known.unwrap_or(reference), at);
                }
                Ok(Event::Eof) => break,
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
                Err(_) => {
                    self.group.fault("it is no sound XML");
                    break;
                }
            }
            self.events += 1;
            if self.is_enough() || self.frames.len() > MAX_DEPTH {
                self.group.cut();
                break;
            }
        }
        self.group.done()
    }

    fn open(&mut self, element: &BytesStart<'_>, at: usize, empty: bool) {
        let name = String::from_utf8_lossy(element.name().as_ref()).into_owned();
        let mut path = self.frames.last().map(|frame| frame.path.clone()).unwrap_or_default();
        if name == "rdf:li" {
            if let Some(list) = self.frames.last_mut() {
                list.entries += 1;
                path = match language(element) {
                    Some(language) if language == "x-default" => path,
                    Some(language) => format!("{path}-{language}"),
                    None => format!("{path}[{}]", list.entries),
                };
            }
        } else if !is_transparent(&name) {
            path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.is_leaf = false;
        }
        path.truncate(path.floor_char_boundary(MAX_PATH));
        let mut frame = Frame { path, text: String::new(), at, entries: 0, is_leaf: !is_transparent(&name) };
        self.attributes(element, &mut frame);
        self.frames.push(frame);
        if empty {
            self.close();
        }
    }

    /// Attributes are properties too, but for those that belong to RDF or XML.
    fn attributes(&mut self, element: &BytesStart<'_>, frame: &mut Frame) {
        for attribute in element.attributes().with_checks(false).flatten() {
            self.events += 1;
            if self.is_enough() {
                return;
            }
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            if name == "rdf:resource" {
                frame.text = value(&attribute);
                continue;
            }
            if name.starts_with("xmlns") || name.starts_with("rdf:") || name.starts_with("xml:") {
                continue;
            }
            frame.is_leaf = false;
            let path = if frame.path.is_empty() { name } else { format!("{}/{name}", frame.path) };
            self.tell(path, &value(&attribute), frame.at);
        }
    }

    /// Whether no more is to be told, or looked at.
    fn is_enough(&self) -> bool {
        self.group.is_full() || self.events > MAX_EVENTS
    }

    fn text(&mut self, text: &str, at: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.text.is_empty() {
            frame.at = at;
        }
        let room = MAX_VALUE.saturating_sub(frame.text.len());
        frame.text.push_str(&text[..text.floor_char_boundary(room)]);
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let text = frame.text.trim();
        if frame.is_leaf && !frame.path.is_empty() && !text.is_empty() {
            self.tell(frame.path, text, frame.at);
        }
    }

    fn tell(&mut self, path: String, value: &str, at: usize) {
        self.group.add(path, clean(value), self.base.map(|base| base + at), value.len());
    }
}

/// What only holds properties and is none.
fn is_transparent(name: &str) -> bool {
    const PLAIN: [&str; 6] = ["rdf:RDF", "rdf:Description", "rdf:Bag", "rdf:Seq", "rdf:Alt", "x:xmpmeta"];
    PLAIN.contains(&name)
}

fn language(element: &BytesStart<'_>) -> Option<String> {
    let attribute = element.try_get_attribute("xml:lang").ok()??;
    Some(value(&attribute))
}

fn value(attribute: &Attribute<'_>) -> String {
    let value = attribute.normalized_value(XmlVersion::Implicit1_0);
    value.map_or_else(|_| String::from_utf8_lossy(&attribute.value).into_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::evidence::read::container::Holds;

    fn read(packet: &[u8]) -> pb::MetadataGroup {
        let bytes = Cow::Owned(packet.to_vec());
        let part = Part { holds: Holds::Xmp, source: "APP1".to_owned(), at: Some(100), bytes, fault: "" };
        let mut left = MAX_BYTES;
        group(&part, &mut left)
    }

    fn pairs(group: &pb::MetadataGroup) -> Vec<(&str, &str)> {
        group.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect()
    }

    #[test]
    fn properties_lists_structures_and_languages_are_flattened() {
        let packet = r#"<?xpacket begin="" id="W5M0"?>
            <x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0"><rdf:RDF>
            <rdf:Description rdf:about="" xmp:CreatorTool="Tool &amp; Co" xmlns:xmp="u">
              <dc:creator><rdf:Seq><rdf:li>Mara</rdf:li><rdf:li>Olek &#233;</rdf:li></rdf:Seq></dc:creator>
              <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Tower</rdf:li><rdf:li xml:lang="de">Turm</rdf:li></rdf:Alt></dc:title>
              <xmpMM:History><rdf:Seq>
                <rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action></rdf:li>
                <rdf:li stEvt:action="cropped"/></rdf:Seq></xmpMM:History>
              <xmpMM:DerivedFrom rdf:parseType="Resource"><stRef:documentID>7</stRef:documentID></xmpMM:DerivedFrom>
              <plus:Licensor rdf:resource="https://example.com/"/>
            </rdf:Description></rdf:RDF></x:xmpmeta>"#;
        let group = read(packet.as_bytes());
        let expected = [
            ("x:xmptk", "XMP Core 6.0"),
            ("xmp:CreatorTool", "Tool & Co"),
            ("dc:creator[1]", "Mara"),
            ("dc:creator[2]", "Olek é"),
            ("dc:title", "Tower"),
            ("dc:title-de", "Turm"),
            ("xmpMM:History[1]/stEvt:action", "saved"),
            ("xmpMM:History[2]/stEvt:action", "cropped"),
            ("xmpMM:DerivedFrom/stRef:documentID", "7"),
            ("plus:Licensor", "https://example.com/"),
        ];
        assert_eq!(pairs(&group), expected);
        let mara = group.fields[2].offset as usize - 100;
        assert_eq!(&packet[mara..mara + 4], "Mara");
        assert_eq!(group.fault, "");
    }

    #[test]
    fn declared_entities_stay_what_they_are_called() {
        let lol = r#"<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;">]><dc:a>&c;</dc:a>"#;
        assert_eq!(pairs(&read(lol.as_bytes())), [("dc:a", "&c;")]);
    }

    #[test]
    fn depth_length_and_faults_have_bounds() {
        assert!(read("<a>".repeat(5000).as_bytes()).truncated);
        let wide = format!("<x>{}</x>", "<dc:a>b</dc:a>".repeat(400_000));
        let group = read(wide.as_bytes());
        assert!(group.truncated && group.fields.len() == 2000);
        for attributes in [" a:b='c'", " rdf:about=''"] {
            let flood = read(format!("<x{}><dc:a>b</dc:a></x>", attributes.repeat(110_000)).as_bytes());
            assert!(flood.truncated && flood.fields.len() <= 2000, "{attributes}");
        }
        let long = format!("<dc:a>{}</dc:a>", "é".repeat(9000));
        assert_eq!(read(long.as_bytes()).fields[0].value.chars().count(), 1024);
        for broken in ["<a", "</a></b>", "<a b=></a>", "\u{0}<<<", "<dc:a>\u{fffd}"] {
            read(broken.as_bytes());
        }
    }

    #[test]
    fn utf_16_is_read_by_its_mark() {
        let units = "<dc:a>ж</dc:a>".encode_utf16().flat_map(u16::to_le_bytes);
        let group = read(&[0xff, 0xfe].into_iter().chain(units).collect::<Vec<_>>());
        assert_eq!((pairs(&group), group.fields[0].offset), (vec![("dc:a", "ж")], -1));
    }
}
