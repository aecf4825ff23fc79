//! Labels that are tried below a domain: an own list of common host names, what the operator adds, and what grows out of
//! names that are there.

use std::{collections::BTreeSet, io::Read, path::Path};

/// Common host names, the likeliest first.
const WORDS: &str = include_str!("words.txt");
/// What often follows a name that is there: `app` has `app-dev` and `app2` beside it.
const ENDINGS: [&str; 12] =
    ["-dev", "-test", "-staging", "-stage", "-prod", "-api", "-admin", "-old", "-new", "1", "2", "3"];
/// Most labels of the operator's file, and most bytes.
const MAX_OWN: usize = 100_000;
const MAX_FILE: u64 = 4 << 20;
/// Words that are tried below names which have names below themselves.
const DEEPER: usize = 100;
/// Longest label.
const MAX_LABEL: usize = 63;

/// The labels that are tried.
#[derive(Debug, Clone)]
pub struct Words(Vec<Box<str>>);

/// Why the operator's file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BadWords {
    /// It can't be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is too large.
    #[error("it has more than {MAX_OWN} labels or {} MiB", MAX_FILE >> 20)]
    TooLarge,
    /// A line of it is no label.
    #[error("line {0} is no label of 1 to 63 letters, digits, hyphens and underscores")]
    Line(usize),
}

impl Default for Words {
    fn default() -> Self {
        Self(WORDS.lines().map(Into::into).collect())
    }
}

impl Words {
    /// Our own, and those of a file: a label a line; empty lines and those that begin with `#` are passed over.
    pub fn open(file: Option<&Path>) -> Result<Self, BadWords> {
        let mut words = Self::default();
        let Some(file) = file else { return Ok(words) };
        let mut text = String::new();
        std::fs::File::open(file)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_FILE {
            return Err(BadWords::TooLarge);
        }
        words.add(&text)?;
        Ok(words)
    }

    fn add(&mut self, text: &str) -> Result<(), BadWords> {
        let mut known: BTreeSet<Box<str>> = self.0.iter().cloned().collect();
        let lines = text.lines().map(str::trim).enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            if !is_label(line) {
                return Err(BadWords::Line(at + 1));
            }
            let label: Box<str> = line.to_ascii_lowercase().into();
            if known.insert(label.clone()) {
                self.0.push(label);
            }
        }
        if self.0.len() > MAX_OWN + WORDS.lines().count() { Err(BadWords::TooLarge) } else { Ok(()) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The likeliest of our own.
    pub(super) fn likeliest() -> impl Iterator<Item = &'static str> + Clone {
        WORDS.lines().take(DEEPER)
    }

    /// What may stand beside labels that are there and has not been tried, at most `limit`.
    pub(super) fn beside<'l>(&self, there: impl Iterator<Item = &'l str>, limit: usize) -> Vec<String> {
        let tried: BTreeSet<&str> = self.all().collect();
        let grown = there.flat_map(|label| ENDINGS.iter().map(move |ending| format!("{label}{ending}")));
        let new = grown.filter(|label| is_label(label) && !tried.contains(label.as_str()));
        let mut seen = BTreeSet::new();
        new.filter(|label| seen.insert(label.clone())).take(limit).collect()
    }
}

fn is_label(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_LABEL).contains(&text.len()) && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_words_are_labels_and_each_is_there_once() {
        let words = Words::default();
        let set: BTreeSet<&str> = words.all().collect();
        assert!(words.count() > 1500 && set.len() == words.count(), "{}", words.count());
        for word in set {
            let host: Result<crate::network::Name, _> = format!("{word}.example").parse();
            assert!(host.is_ok(), "{word}");
        }
    }

    #[test]
    fn an_operator_adds_labels() {
        let mut words = Words::default();
        let before = words.count();
        words.add("# mine\n\nWerkbank\n_sip \nwww\nwerkbank\n").expect("labels");
        assert_eq!(words.all().skip(before).collect::<Vec<_>>(), ["werkbank", "_sip"]);
        for (text, line) in [("a b", 1), ("ok\n\nä", 3), (&*"x".repeat(64), 1), ("a.b", 1)] {
            assert!(matches!(words.add(text), Err(BadWords::Line(at)) if at == line), "{text}");
        }
    }

    #[test]
    fn names_that_are_there_have_others_beside_them() {
        let words = Words::default();
        let beside = words.beside(["werkbank", "www"].into_iter(), 100);
        assert!(beside.contains(&"werkbank-dev".to_owned()) && beside.contains(&"werkbank2".to_owned()));
        // Those that our list has were tried already.
        assert!(!beside.contains(&"www2".to_owned()) && beside.contains(&"www-prod".to_owned()));
        assert_eq!(words.beside(["a", "b"].into_iter(), 3).len(), 3);
    }
}
