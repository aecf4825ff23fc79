//! Texts of strangers, made fit to be shown: one line, no control characters, nothing that turns the direction of what
//! stands around it, and not too long.

/// Most characters of a text.
pub const MAX_FIELD: usize = 256;

/// A text of unknown bytes; `None` if nothing is left of it.
pub(crate) fn clean(bytes: &[u8]) -> Option<String> {
    clean_to(bytes, MAX_FIELD)
}

/// The same, to another length in characters.
pub(crate) fn clean_to(bytes: &[u8], most: usize) -> Option<String> {
    // No character has more than four bytes, and what is left out is rarely more than what stays.
    let bytes = &bytes[..bytes.len().min(16 * most)];
    let text = String::from_utf8_lossy(bytes);
    let mut clean = String::new();
    let mut length = 0;
    let mut is_space = true;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            is_space = true;
            continue;
        }
        if is_invisible(character) {
            continue;
        }
        let more = 1 + usize::from(is_space && length > 0);
        if length + more > most {
            break;
        }
        if is_space && length > 0 {
            clean.push(' ');
        }
        is_space = false;
        clean.push(character);
        length += more;
    }
    (!clean.is_empty()).then_some(clean)
}

/// What has no shape of its own and changes that of others: marks, overrides and isolates of direction (UAX 9), joiners,
/// invisible operators, tags, and characters that are for private use.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_one_line_that_shows_what_it_is() {
        for (bytes, clean_text) in [
            (b"nginx".as_slice(), Some("nginx")),
            (b"  a\r\n\tb\x00c  ", Some("a b c")),
            (b"\x1b[31mred", Some("[31mred")),
            ("a\u{202e}b\u{2066}c\u{feff}".as_bytes(), Some("abc")),
            (b"Gr\xfc\xdfe", Some("Gr\u{fffd}\u{fffd}e")),
            ("日本".as_bytes(), Some("日本")),
            (b"\r\n\x07", None),
            (b"", None),
        ] {
            assert_eq!(clean(bytes).as_deref(), clean_text, "{bytes:?}");
        }
    }

    #[test]
    fn a_text_has_no_more_characters_than_it_may() {
        assert_eq!(clean(&b"a".repeat(5000)).map(|text| text.chars().count()), Some(MAX_FIELD));
        assert_eq!(clean("ж ".repeat(900).as_bytes()).map(|text| text.chars().count()), Some(MAX_FIELD - 1));
        assert_eq!(clean_to(b"abc", 2).as_deref(), Some("ab"));
        assert_eq!(clean_to(b"a b", 2).as_deref(), Some("a"));
        assert_eq!(clean_to(&b" ".repeat(1 << 20), 8), None);
    }
}
