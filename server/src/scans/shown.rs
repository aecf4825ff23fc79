//! Texts of others, made fit to be looked at: bounded, on one line, and without characters that lie.

use std::fmt::{self, Write};

/// A text of somebody else, which [`fmt::Display`] writes fit to be shown.
///
/// Control characters, line ends, and those that turn the direction of writing or can't be seen become `U+FFFD`:
/// a banner can neither break a line of a log, nor let `gpj.exe` be read as `exe.jpg`. Of a longer text the beginning
/// is shown, then `…` and how many bytes are not.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    text: &'a str,
    limit: usize,
}

/// At most `limit` characters of a text.
pub fn shown(text: &str, limit: usize) -> Shown<'_> {
    Shown { text, limit }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.text.char_indices().nth(self.limit).map_or(self.text.len(), |(at, _)| at);
        let (shown, rest) = self.text.split_at(end);
        for character in shown.chars() {
            f.write_char(if is_deceptive(character) { char::REPLACEMENT_CHARACTER } else { character })?;
        }
        if rest.is_empty() { Ok(()) } else { write!(f, "… (+{} bytes)", rest.len()) }
    }
}

/// Whether a character has no look of its own, or changes the look of others: C0 and C1 controls, line and paragraph
/// separators, and the zero-width, bidirectional (UAX 9), interlinear and tag characters of Unicode's class Cf.
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        for text in ["", "nginx 1.24.0", "Übersicht – 概要 👍", "<b> & \"quotes\""] {
            assert_eq!(shown(text, 100).to_string(), text);
        }
    }

    #[test]
    fn what_deceives_is_replaced() {
        for character in "\0\t\r\n\u{1b}\u{7f}\u{85}\u{9b}\u{200d}\u{202e}\u{2066}\u{2028}\u{feff}".chars() {
            assert_eq!(shown(&format!("a{character}b"), 100).to_string(), "a\u{fffd}b");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(shown("äöüß", 4).to_string(), "äöüß");
        assert_eq!(shown("äöüß", 2).to_string(), "äö… (+4 bytes)");
        assert_eq!(shown(&"x".repeat(1_000_000), 3).to_string(), "xxx… (+999997 bytes)");
        assert_eq!(shown("x", 0).to_string(), "… (+1 bytes)");
    }
}
