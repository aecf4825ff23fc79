//! Patterns as Ruby writes them, which is recog's language, for the engine here, whose time is linear in the text.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

/// Most bytes that a compiled pattern may take.
const MAX_COMPILED: usize = 4 << 20;
/// Longest pattern.
const MAX_PATTERN: usize = 8 << 10;

/// Whether patterns are known to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// They are: each is compiled when it is first looked for.
    Trusted,
    /// They may not be: each is compiled when it is read.
    Checked,
}

/// A pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    flags: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// # Errors
    /// Why it is none, if that is to be found out.
    pub(super) fn new(text: &str, flags: &str, care: Care) -> Result<Self, String> {
        let compiled = match care {
            Care::Trusted => OnceLock::new(),
            Care::Checked => OnceLock::from(Some(compile(text, flags)?)),
        };
        Ok(Self { text: text.to_owned(), flags: flags.to_owned(), compiled })
    }

    /// Compiled.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text, &self.flags).ok()).as_ref()
    }

    /// How many groups it has, if that is known already; the whole of it is one.
    pub(super) fn groups(&self) -> Option<usize> {
        Some(self.compiled.get()?.as_ref()?.captures_len())
    }
}

/// A pattern with recog's flags.
///
/// # Errors
/// Why it is none.
fn compile(pattern: &str, flags: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
    }
    let has = |names: &[&str]| flags.split([',', '|', ' ']).any(|flag| names.contains(&flag));
    RegexBuilder::new(&translated(pattern))
        .unicode(false)
        // In Ruby `^` and `$` are the ends of lines, always.
        .multi_line(true)
        .case_insensitive(has(&["REG_ICASE"]))
        .dot_matches_new_line(has(&["REG_DOT_NEWLINE", "REG_MULTILINE"]))
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| one_line(&error.to_string()))
}

/// What Ruby writes differently: `\Z` is the end before a last line break, `\h` a hexadecimal digit, `\<` a bracket.
fn translated(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut is_class = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('Z') if !is_class => text.push_str(r"(?:\n?\z)"),
                Some('h') if is_class => text.push_str("0-9A-Fa-f"),
                Some('h') => text.push_str("[0-9A-Fa-f]"),
                Some('H') if !is_class => text.push_str("[^0-9A-Fa-f]"),
                Some(bracket @ ('<' | '>')) => text.push(bracket),
                Some('e') => text.push_str(r"\x1b"),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            '[' if is_class && !characters.as_str().starts_with(':') => text.push_str(r"\["),
            '[' => {
                // A bracket that closes at once is one of the class.
                if !is_class {
                    is_class = true;
                    text.push('[');
                    if let Some(rest) = characters.as_str().strip_prefix('^') {
                        characters = rest.chars();
                        text.push('^');
                    }
                    if let Some(rest) = characters.as_str().strip_prefix(']') {
                        characters = rest.chars();
                        text.push_str(r"\]");
                    }
                } else if let Some((name, rest)) = characters.as_str().split_once(":]") {
                    text.extend(["[", name, ":]"]);
                    characters = rest.chars();
                }
            }
            ']' => {
                is_class = false;
                text.push(']');
            }
            other => text.push(other),
        }
    }
    text
}

/// The last line of what the engine says, which is the reason.
fn one_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, flags: &str, text: &[u8]) -> bool {
        compile(pattern, flags).expect(pattern).is_match(text)
    }

    #[test]
    fn ruby_s_own_ways_are_understood() {
        for (pattern, flags, text, is) in [
            (r"^a\Z", "", b"a\n".as_slice(), true),
            (r"^a\Z", "", b"a\n\n", false),
            (r"^\h+$", "", b"0aF", true),
            (r"^[\h-]+$", "", b"0a-F", true),
            (r"^\h+$", "", b"xyz", false),
            (r"^b$", "", b"a\nb\nc", true),
            (r"a.b", "", b"a\nb", false),
            (r"a.b", "REG_DOT_NEWLINE", b"a\nb", true),
            (r"ABC", "REG_ICASE,REG_DOT_NEWLINE", b"abc", true),
            (r"ABC", "", b"abc", false),
            (r"^\<x\>\/$", "", b"<x>/", true),
            (r"^[]a]+$", "", b"]a", true),
            (r"^[^]]+$", "", b"ab", true),
            (r"^[[:digit:]\[]+$", "", b"12[", true),
            (r"^[a[]$", "", b"[", true),
            (r"^\xff\xfd$", "", b"\xff\xfd", true),
        ] {
            assert_eq!(matches(pattern, flags, text), is, "{pattern} {text:?}");
        }
    }

    #[test]
    fn what_can_t_be_compiled_is_said_in_one_line() {
        for pattern in ["(", "a{1000000}", "[z-a]", r"(?=a)", r"(a)\1", &"a".repeat(9000)] {
            let error = compile(pattern, "").expect_err("no pattern");
            assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        }
    }
}
