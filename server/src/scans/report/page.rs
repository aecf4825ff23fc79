//! A page as it is written. Markup is what stands in our own code; everything else is escaped, whoever forgets to.

use std::{
    fmt::{self, Display, Write as _},
    io::{self, Write},
};

use base64::{engine::general_purpose::STANDARD, write::EncoderWriter};

use crate::scans::shown::is_deceptive;

/// Characters of one value; callers that mean to show less say so.
const VALUE: usize = 1_000;
/// Where a template has a value.
const HOLE: &str = "{}";

/// Where a page is written to.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    written: u64,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, written: 0 }
    }

    /// Bytes so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes markup as it is.
    pub(super) fn raw(&mut self, markup: &'static str) -> io::Result<()> {
        self.bytes(markup.as_bytes())
    }

    /// Writes markup with a value for each `{}`, as text or within the quotes of an attribute.
    ///
    /// Values are escaped, at most 1,000 characters each, and without characters that deceive.
    pub(super) fn put<const N: usize>(
        &mut self,
        markup: &'static str,
        values: [&dyn Display; N],
    ) -> io::Result<()> {
        let mut parts = markup.split(HOLE);
        self.raw(parts.next().unwrap_or_default())?;
        let mut values = values.into_iter();
        for part in parts {
            if let Some(value) = values.next() {
                self.value(value)?;
            }
            self.raw(part)?;
        }
        debug_assert!(values.next().is_none(), "more values than places in {markup}");
        Ok(())
    }

    /// Writes a PNG as the address of an image, within the quotes of an attribute.
    pub(super) fn picture(&mut self, png: &[u8]) -> io::Result<()> {
        self.raw("data:image/png;base64,")?;
        let mut encoder = EncoderWriter::new(&mut *self.out, &STANDARD);
        encoder.write_all(png)?;
        encoder.finish()?;
        self.written += png.len().div_ceil(3) as u64 * 4;
        Ok(())
    }

    fn value(&mut self, value: &dyn Display) -> io::Result<()> {
        let mut escaped = Escaped { page: self, left: VALUE, cut: false, failed: Ok(()) };
        // The only error is the page's own, which is told below.
        write!(escaped, "{value}").ok();
        let Escaped { cut, failed, .. } = escaped;
        failed?;
        if cut { self.raw("…") } else { Ok(()) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

struct Escaped<'p, 'a> {
    page: &'p mut Page<'a>,
    left: usize,
    cut: bool,
    failed: io::Result<()>,
}

impl Escaped<'_, '_> {
    /// Writes a text in pieces: what needs no care as it is, and the rest one by one.
    fn text(&mut self, text: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, character) in text.char_indices() {
            let Some(instead) = instead(character) else { continue };
            self.page.bytes(&text.as_bytes()[from..at])?;
            self.page.raw(instead)?;
            from = at + character.len_utf8();
        }
        self.page.bytes(&text.as_bytes()[from..])
    }
}

/// What stands for a character that must not stand for itself.
fn instead(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        // Those that HTML has no place for are among them.
        other => (is_deceptive(other) || is_no_character(other)).then_some("\u{fffd}"),
    }
}

/// Whether Unicode keeps this for itself; HTML counts it as an error.
fn is_no_character(character: char) -> bool {
    matches!(character, '\u{fdd0}'..='\u{fdef}') || (character as u32) & 0xfffe == 0xfffe
}

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.char_indices().nth(self.left).map_or(text.len(), |(at, _)| at);
        let (fits, rest) = text.split_at(end);
        self.left -= fits.chars().count();
        self.failed = self.text(fits);
        self.cut |= !rest.is_empty();
        if self.cut || self.failed.is_err() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out);
        write(&mut page).expect("written");
        let counted = page.written();
        assert_eq!(counted, out.len() as u64);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn values_are_escaped_in_texts_and_attributes() {
        let text = written(|page| page.put("<b title=\"{}\">{}</b>", [&"\"'>", &"<script>&amp;"]));
        assert_eq!(text, "<b title=\"&quot;&#39;&gt;\">&lt;script&gt;&amp;amp;</b>");
        // What looks like a hole in a value is none.
        assert_eq!(written(|page| page.put("{} {}", [&"{}", &1])), "{} 1");
    }

    #[test]
    fn values_hold_no_character_that_deceives_or_that_html_lacks() {
        for character in ['\0', '\u{1b}', '\u{202e}', '\u{fdd0}', '\u{ffff}', '\u{1fffe}', '\u{9b}'] {
            assert_eq!(written(|page| page.put("{}", [&character])), "\u{fffd}");
        }
        assert_eq!(written(|page| page.put("{}", [&"概要 👍 é"])), "概要 👍 é");
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = written(|page| page.put("{}", [&"<".repeat(1_000_000)]));
        assert_eq!(text.len(), 4 * VALUE + "…".len());
        let whole = written(|page| page.put("{}", [&"x".repeat(VALUE)]));
        assert_eq!(whole.len(), VALUE);
    }

    #[test]
    fn pictures_are_base64() {
        assert_eq!(written(|page| page.picture(b"\x89PNG")), "data:image/png;base64,iVBORw==");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let error = Page::new(&mut full).put("a{}", [&"b"]).expect_err("full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
