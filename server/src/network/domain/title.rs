//! The title of a page: from bytes in some encoding to at most 256 characters. Pure, and for hostile bytes.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::model::MAX_TITLE;

/// How far into a page its encoding may be declared (HTML, 13.2.3.2).
const DECLARATION: usize = 1024;
/// Elements whose text is no markup.
const RAW: [&str; 5] = ["script", "style", "textarea", "noscript", "iframe"];
/// Most characters of a title's source that are looked at: references are longer than what they stand for.
const MAX_SOURCE: usize = 16 * MAX_TITLE;

/// The title of a page with a header `Content-Type`; `None` if it has none, or none with anything in it.
pub fn title(bytes: &[u8], content_type: Option<&str>) -> Option<String> {
    if !is_page(content_type) {
        return None;
    }
    let (text, ..) = encoding(bytes, content_type).decode(bytes);
    let source: String = source(&text)?.chars().take(MAX_SOURCE).collect();
    let title = htmlize::unescape(source);
    let words: Vec<&str> =
        title.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE).collect();
    let title = title.trim_end();
    (!title.is_empty()).then(|| title.to_owned())
}

/// Whether there is a page to read; what says nothing of itself may be one.
fn is_page(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty() || kind == "text/html" || kind == "application/xhtml+xml"
}

/// By its first bytes, its header, its own declaration, or what it can be (HTML, 13.2.3).
fn encoding(bytes: &[u8], content_type: Option<&str>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let declared = content_type.and_then(charset).or_else(|| {
        let head = &bytes[..bytes.len().min(DECLARATION)];
        charset(&String::from_utf8_lossy(head)).map(|declared| {
            // Whoever declares in ASCII does not write UTF-16.
            if declared.is_ascii_compatible() { declared } else { UTF_8 }
        })
    });
    declared.unwrap_or_else(|| {
        let is_utf_8 = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
        if is_utf_8 { UTF_8 } else { WINDOWS_1252 }
    })
}

/// What stands behind `charset=`.
fn charset(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("charset").find_map(|(at, word)| {
        let rest = lower[at + word.len()..].trim_start().strip_prefix('=')?;
        let rest = rest.trim_start().trim_start_matches(['"', '\'']);
        let label = rest.split(|c: char| c.is_whitespace() || "\"'>;/".contains(c)).next()?;
        Encoding::for_label(label.as_bytes())
    })
}

/// What stands in the first element `title`.
fn source(page: &str) -> Option<&str> {
    let mut rest = page;
    loop {
        rest = &rest[rest.find('<')? + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            // `<!-->` and `<!--->` are whole comments.
            let skip = if comment.starts_with('>') || comment.starts_with("->") {
                0
            } else {
                comment.find("-->")?
            };
            rest = &comment[skip..];
            continue;
        }
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        let inside = &rest[after_tag(rest)?..];
        if name.eq_ignore_ascii_case("title") {
            return Some(find_end(inside, "title").map_or(inside, |end| &inside[..end]));
        }
        rest = inside;
        if let Some(raw) = RAW.iter().find(|raw| name.eq_ignore_ascii_case(raw)) {
            rest = &inside[find_end(inside, raw)?..];
        }
    }
}

/// Where a tag is over; a `>` within quotes ends none.
fn after_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = '=';
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            // A quote opens a value only where one begins.
            (None, '"' | '\'') if before == '=' => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    None
}

/// Where the end tag of an element begins.
fn find_end(text: &str, name: &str) -> Option<usize> {
    text.match_indices("</").map(|(at, _)| at).find(|at| {
        let tag = text.as_bytes().get(at + 2..at + 2 + name.len());
        tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(page: &str) -> Option<String> {
        title(page.as_bytes(), Some("text/html"))
    }

    #[test]
    fn a_title_is_what_a_browser_shows() {
        for (page, shown) in [
            ("<title>Example Domain</title>", Some("Example Domain")),
            ("<!doctype html><HTML><HEAD><TITLE lang='en'>\n  A\t B \n</TITLE >", Some("A B")),
            (
                "<title>Fish &amp; Chips &lt;b&gt; &#8211; &#x2713; &nbsp;&copy &euro;</title>",
                Some("Fish & Chips <b> – ✓ © €"),
            ),
            ("<title>no end", Some("no end")),
            ("<!-- <title>not this</title> --><title>this</title>", Some("this")),
            ("<!--><title>this</title>", Some("this")),
            ("<script>document.write('<title>not</title>')</script><title>this</title>", Some("this")),
            ("<style>/* <title>no */</style><title>this</title>", Some("this")),
            ("<meta content='a > <title>no</title>'><title>this</title>", Some("this")),
            ("<titles>no</titles><title>this</title>", Some("this")),
            ("<title>  </title>", None),
            ("<title></title><title>second</title>", None),
            ("<p>nothing</p>", None),
            ("", None),
            ("<", None),
            ("<title", None),
            ("<!--", None),
            ("<title>a\u{0}b\u{7f}c</title>", Some("a b c")),
        ] {
            assert_eq!(of(page).as_deref(), shown, "{page}");
        }
    }

    #[test]
    fn a_title_has_at_most_256_characters() {
        assert_eq!(
            of(&format!("<title>{}</title>", "ж".repeat(1000))).map(|title| title.chars().count()),
            Some(256)
        );
        let spaced = of(&format!("<title>{} b</title>", "a".repeat(255)));
        assert_eq!(spaced.map(|title| title.len()), Some(255));
    }

    #[test]
    fn encodings_are_told_by_mark_header_declaration_and_guess() {
        let wrap = |title: &[u8]| [b"<title>".as_slice(), title, b"</title>"].concat();
        let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode("Привет");
        let declared = [b"<meta charset=windows-1251>".as_slice(), &wrap(&cyrillic)].concat();
        let old = [
            b"<meta http-equiv=x content=\"text/html; charset='windows-1251'\">".as_slice(),
            &wrap(&cyrillic),
        ]
        .concat();
        let utf16: Vec<u8> = "\u{feff}<title>Ж</title>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, header, shown) in [
            (wrap("Grüße".as_bytes()), "text/html", "Grüße"),
            (wrap("Grüße".as_bytes()), "text/html; charset=utf-8", "Grüße"),
            (wrap(b"Gr\xfc\xdfe"), "text/html", "Grüße"),
            (wrap(&cyrillic), "text/html; charset=\"windows-1251\"", "Привет"),
            (declared, "text/html", "Привет"),
            (old, "text/html; charset=nonsense", "Привет"),
            (utf16, "text/html; charset=iso-8859-1", "Ж"),
            (wrap("日本".as_bytes()), "Text/HTML;Charset=UTF8", "日本"),
        ] {
            assert_eq!(title(&bytes, Some(header)).as_deref(), Some(shown), "{header}");
        }
        // The last character was cut in two.
        assert_eq!(title(&"<title>é</title>é".as_bytes()[..18], None).as_deref(), Some("é"));
    }

    #[test]
    fn only_pages_have_titles() {
        for (header, is_read) in [
            ("text/html", true),
            ("application/xhtml+xml", true),
            ("", true),
            ("image/png", false),
            ("application/json", false),
        ] {
            assert_eq!(title(b"<title>a</title>", Some(header)).is_some(), is_read, "{header}");
        }
    }
}
