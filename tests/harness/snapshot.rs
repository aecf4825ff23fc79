//! Files of the repository that tests compare with what they saw, and rewrite when they are asked to.

use std::{fs, path::PathBuf};

/// Set to 1, it makes tests write what they saw instead of comparing it.
const BLESS: &str = "ATALAYA_BLESS";

/// A file or folder below `tests/`.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A text file below `tests/`.
pub fn read(name: &str) -> String {
    let path = path(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares what was seen with a committed file, line by line.
pub fn check(name: &str, seen: &str) {
    if is_blessed() {
        fs::write(path(name), seen).expect("the file can be written");
        return;
    }
    let committed = fs::read_to_string(path(name)).unwrap_or_default();
    let differing = committed.lines().zip(seen.lines()).find(|(committed, seen)| committed != seen);
    if let Some((committed, seen)) = differing {
        panic!("tests/{name} differs; `make bless` rewrites it\ncommitted: {committed}\n     seen: {seen}");
    }
    let (committed, seen) = (committed.lines().count(), seen.lines().count());
    assert_eq!(committed, seen, "tests/{name} has another number of lines; `make bless` rewrites it");
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests; nothing that ships reads it")]
fn is_blessed() -> bool {
    std::env::var(BLESS).is_ok_and(|value| value == "1")
}
