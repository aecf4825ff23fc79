//! The Rust files of the workspace, read as far as the rules need it: without comments and the text of literals.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use atalaya_tests::snapshot;

/// The crates of the workspace.
pub(crate) const CRATES: [&str; 5] = ["proto", "server", "client", "rest-bridge", "tests"];
/// Folders that hold nothing of ours.
const STRANGERS: [&str; 4] = ["target", "node_modules", ".cache", ".git"];

/// A Rust file.
pub(crate) struct Source {
    /// Its path from the workspace's root, such as `server/src/app.rs`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// The same text, line for line, with spaces in the place of comments and of what literals hold.
    pub(crate) code: String,
}

impl Source {
    /// The file's name, such as `app.rs`.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Its words and signs, each identifier and each other character one of them.
    pub(crate) fn tokens(&self) -> Vec<&str> {
        let mut tokens = Vec::new();
        let mut rest = self.code.trim_start();
        while !rest.is_empty() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = if word > 0 { word } else { rest.chars().next().map_or(1, char::len_utf8) };
            let (token, after) = rest.split_at(length);
            tokens.push(token);
            rest = after.trim_start();
        }
        tokens
    }

    /// The code without its unit tests, which may name what they like.
    pub(crate) fn without_tests(&self) -> Self {
        let end = self.code.find("#[cfg(test)]\nmod tests {").unwrap_or(self.code.len());
        let lines = self.code[..end].lines().count();
        let text = self.text.lines().take(lines).collect::<Vec<_>>().join("\n");
        Self { path: self.path.clone(), text, code: self.code[..end].to_owned() }
    }
}

/// Where the workspace is.
pub(crate) fn root() -> PathBuf {
    snapshot::path("..").canonicalize().expect("the workspace is above its tests")
}

/// A file of the workspace as text.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file below a folder.
pub(crate) fn below(folder: &str) -> Vec<Source> {
    let read = |path: String| {
        let text = read(&path);
        Source { code: code(&text), path, text }
    };
    files(folder, "rs").into_iter().map(read).collect()
}

/// Every Rust file of the workspace.
pub(crate) fn all() -> &'static [Source] {
    static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| CRATES.into_iter().flat_map(below).collect());
    &ALL
}

/// The paths of every file below a folder with this extension, from the workspace's root, in order.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), extension, &mut found);
    let root = root();
    let mut paths: Vec<String> =
        found.iter().filter_map(|path| Some(path.strip_prefix(&root).ok()?.to_str()?.to_owned())).collect();
    paths.sort();
    paths
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        let stranger =
            path.file_name().is_some_and(|name| STRANGERS.iter().any(|stranger| name == *stranger));
        if path.is_dir() && !stranger {
            walk(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

/// The text with spaces in the place of comments and of what strings and characters hold.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, length) = piece(rest, code.chars().next_back());
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (hidden, after) = rest.split_at(length);
            code.push_str(kept);
            code.extend(hidden.chars().filter(|c| *c == '\n'));
            code.push_str(kept);
            rest = after;
        }
    }
    code
}

/// The length of the comment or literal that the text begins with, or 0; and the quote that stands for it.
fn piece(text: &str, before: Option<char>) -> (&'static str, usize) {
    if text.starts_with("//") {
        return ("", text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return ("", text.find("*/").map_or(text.len(), |at| at + 2));
    }
    if text.starts_with('"') {
        return ("\"", quoted(text, 1));
    }
    let starts_word = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    if starts_word && (text.starts_with("r\"") || text.starts_with("r#") || text.starts_with("br")) {
        return ("\"", raw(text));
    }
    if text.starts_with('\'') {
        return ("'", character(text));
    }
    ("", 0)
}

/// The length of a string from its first quote to its last.
fn quoted(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        if c == '"' && !escaped {
            return start + at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// The length of a raw string; 0 for what is none.
fn raw(text: &str) -> usize {
    let start = text.trim_start_matches('b').trim_start_matches('r');
    let hashes = start.len() - start.trim_start_matches('#').len();
    if !start[hashes..].starts_with('"') {
        return 0;
    }
    let opening = text.len() - start.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    text[opening..].find(&closing).map_or(text.len(), |at| opening + at + closing.len())
}

/// The length of a character's literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text[1..].chars();
    match inside.next() {
        Some('\\') => text[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 3),
        Some(c) if inside.next() == Some('\'') => 2 + c.len_utf8(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_hidden_line_for_line() {
        let text =
            "let a = \"sqlx\\\" // no\"; // sqlx\nlet b = r#\"x \" sqlx\"#; /* sqlx\n */ 'c' '\\'' &'a x";
        let seen = code(text);
        assert_eq!(seen.lines().count(), text.lines().count());
        assert!(!seen.contains("sqlx"), "{seen}");
        assert!(seen.contains("let a = \"\"; ") && seen.contains("&'a x"), "{seen}");
    }

    #[test]
    fn tokens_are_words_and_signs() {
        let source = Source { path: "a/b.rs".into(), text: String::new(), code: "use a::b_c; x += 1".into() };
        assert_eq!(source.tokens(), ["use", "a", ":", ":", "b_c", ";", "x", "+", "=", "1"]);
        assert_eq!(source.name(), "b.rs");
    }
}
