//! Texts out of certificates, as they can be shown.

/// The string types that names are made of, by their tags (X.680).
const UTF8: u32 = 12;
const NUMERIC: u32 = 18;
const PRINTABLE: u32 = 19;
const TELETEX: u32 = 20;
const IA5: u32 = 22;
const VISIBLE: u32 = 26;
const UNIVERSAL: u32 = 28;
const BMP: u32 = 30;

/// The text of a string type; `None` of other types, and of what is none.
pub(super) fn decoded(tag: u32, bytes: &[u8]) -> Option<String> {
    match tag {
        UTF8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
        // Some put UTF-8 into them, others Latin 1, as Teletex is read everywhere.
        NUMERIC | PRINTABLE | IA5 | VISIBLE | TELETEX => Some(lenient(bytes)),
        BMP => {
            let (units, rest) = bytes.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<_, _>>().ok()).flatten()
        }
        UNIVERSAL => {
            let (units, rest) = bytes.as_chunks::<4>();
            let mut units = units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit)));
            rest.is_empty().then(|| units.by_ref().collect()).flatten()
        }
        _ => None,
    }
}

/// UTF-8, or else Latin 1.
pub(super) fn lenient(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Whether a character changes how others look, or does not show: control characters, separators of lines, and what
/// steers the direction of writing (UAX #9) or joins letters.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
        )
}

/// A character as its bytes, each as `\` and two hexadecimal digits (RFC 4514, 2.4).
pub(super) fn escaped(character: char) -> String {
    use std::fmt::Write;
    character.encode_utf8(&mut [0; 4]).bytes().fold(String::new(), |mut text, byte| {
        // A string takes all that is written.
        let _ = write!(text, "\\{byte:02X}");
        text
    })
}

/// A text without anything that does not show.
pub(super) fn cleaned(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut clean, character| {
        if is_hidden(character) {
            clean.push_str(&escaped(character));
        } else {
            clean.push(character);
        }
        clean
    })
}

/// At most so many bytes, and whether that was all shown by a last `…`.
pub(super) fn shortened(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_type_is_read_as_it_is_written() {
        assert_eq!(decoded(UTF8, "Köln".as_bytes()).as_deref(), Some("Köln"));
        assert_eq!(decoded(UTF8, &[0xFF]), None);
        assert_eq!(decoded(TELETEX, &[b'K', 0xF6]).as_deref(), Some("Kö"));
        assert_eq!(decoded(BMP, &[0, b'K', 0x26, 0x3A]).as_deref(), Some("K☺"));
        assert_eq!(decoded(BMP, &[0xD8, 0]), None);
        assert_eq!(decoded(UNIVERSAL, &[0, 1, 0xF6, 0]).as_deref(), Some("😀"));
        assert_eq!(decoded(UNIVERSAL, &[0, 0x11, 0, 0]), None);
        assert_eq!(decoded(4, b"octets"), None);
    }

    #[test]
    fn what_does_not_show_is_written_out() {
        assert_eq!(cleaned("a\n<b>\u{202E}"), "a\\0A<b>\\E2\\80\\AE");
        assert_eq!(cleaned("Köln ☺"), "Köln ☺");
        assert_eq!(shortened("Köln".into(), 2), "K…");
    }
}
