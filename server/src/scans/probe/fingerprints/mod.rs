//! What texts of servers give away: patterns in the format of Rapid7's recog, ours and those of the operator.
//!
//! A database is a list of patterns for one [kind](kinds) of text; the first that matches says what it knows. The format
//! is that of <https://github.com/rapid7/recog>; ours were written from what servers say.

mod builtin;
#[cfg(test)]
mod examples;
mod folder;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod kinds;
mod pattern;
mod read;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::{Path, PathBuf},
};

use regex::bytes::Captures;

use self::pattern::{Care, Pattern};

/// Most bytes of a text that are matched.
pub const MAX_TEXT: usize = 16 << 10;

/// Why something of a database can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {why}")]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub why: String,
}

/// Why a folder can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum Unloaded {
    /// It can't be read.
    #[error("the fingerprints in {0} can't be read: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// There is more in it than we take.
    #[error("the fingerprints in {0} are more than {1}")]
    TooMuch(PathBuf, String),
}

/// What a text gives away: `service.product`, `service.version`, `os.family`, `host.name` and what else recog names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, String>);

impl Facts {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Fingerprints, by the kinds of their texts.
#[derive(Default)]
pub struct Fingerprints {
    databases: HashMap<String, Vec<Fingerprint>>,
    problems: Vec<Problem>,
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprints").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// One pattern, and what it means where it matches.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    pattern: Pattern,
    params: Vec<Param>,
    #[cfg(test)]
    tried: examples::Tried,
}

/// One thing that is known then.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Param {
    /// Always the same, with `{names}` of others in it.
    Fixed(String, String),
    /// What a group has captured.
    Captured(String, usize),
}

impl Fingerprints {
    /// Those that are built in.
    pub fn builtin() -> Self {
        let mut prints = Self::default();
        for (name, text) in builtin::FILES {
            // Our patterns are known to be good: there is no need to compile those that nobody looks for.
            prints.add(name, text, Care::Trusted);
        }
        prints
    }

    /// Those that are built in, and behind them those of the `.xml` files in a folder, such as `xml` of recog. What can't
    /// be read of them is among the [`problems`](Self::problems).
    ///
    /// # Errors
    /// When the folder can't be read, or holds more than 128 files or 32 MiB.
    pub fn with_folder(folder: &Path) -> Result<Self, Unloaded> {
        let mut prints = Self::builtin();
        for (name, text) in folder::files(folder)? {
            match text {
                Ok(text) => prints.add(&name, &text, Care::Checked),
                Err(why) => prints.problems.push(Problem { file: name, line: 1, why }),
            }
        }
        Ok(prints)
    }

    /// What could not be used of the operator's files.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.databases.values().map(Vec::len).sum()
    }

    /// What the first that matches a text of some kind says of it.
    pub fn look_up(&self, kind: &str, text: &[u8]) -> Option<Facts> {
        let text = &text[..text.len().min(MAX_TEXT)];
        self.databases.get(kind)?.iter().find_map(|fingerprint| fingerprint.facts(text))
    }

    /// Adds a file's behind those that are there.
    fn add(&mut self, file: &str, text: &str, care: Care) {
        let read = read::database(file, text, care);
        self.problems.extend(read.problems);
        if kinds::is_known(&read.kind) {
            self.databases.entry(read.kind).or_default().extend(read.fingerprints);
        }
    }
}

impl Fingerprint {
    /// What it says of a text; `None` if it does not match.
    fn facts(&self, text: &[u8]) -> Option<Facts> {
        let captures = self.pattern.regex()?.captures(text)?;
        let mut facts = BTreeMap::new();
        for param in &self.params {
            if let Some((name, value)) = param.value(&captures) {
                facts.insert(name.to_owned(), value);
            }
        }
        let templates: Vec<_> =
            facts.iter().filter(|(_, value)| value.contains('{')).map(|(name, _)| name.clone()).collect();
        for name in templates {
            let filled = self.is_fixed(&name).then(|| filled(&facts[&name], &facts));
            if let Some(filled) = filled {
                facts.insert(name, filled);
            }
        }
        facts.retain(|name, value| !name.starts_with("_tmp.") && !value.is_empty());
        Some(Facts(facts))
    }

    fn is_fixed(&self, name: &str) -> bool {
        self.params.iter().any(|param| matches!(param, Param::Fixed(fixed, _) if fixed == name))
    }
}

impl Param {
    fn value(&self, captures: &Captures<'_>) -> Option<(&str, String)> {
        match self {
            Self::Fixed(name, value) => Some((name, value.clone())),
            Self::Captured(name, group) => {
                let bytes = captures.get(*group)?.as_bytes();
                Some((name, String::from_utf8_lossy(bytes).trim().to_owned()))
            }
        }
    }
}

/// A value with the values of others where it names them; a name that has none is a dash, as in CPEs (NISTIR 7695).
fn filled(template: &str, facts: &BTreeMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(facts.get(name).filter(|value| !value.is_empty()).map_or("-", String::as_str));
        rest = after;
    }
    filled + rest
}
