//! How long files and functions may be.

use crate::source::{Source, all, files, read};

/// Lines of a Rust file.
const FILE: usize = 400;
/// Lines of a function.
const FUNCTION: usize = 60;
/// Lines of the composition root.
const MAIN: usize = 50;
/// Lines of a contract's file.
const PROTO: usize = 200;

#[test]
fn no_file_is_too_long() {
    let mut long: Vec<String> = Vec::new();
    let mut check = |path: &str, text: &str, limit: usize| {
        let lines = text.lines().count();
        if lines > limit {
            long.push(format!("{path} has {lines} lines, {} too many", lines - limit));
        }
    };
    for source in all() {
        check(&source.path, &source.text, if source.path == "server/src/main.rs" { MAIN } else { FILE });
    }
    // An enum can't be divided, and every reason is to stand in the one list.
    for path in files("proto", "proto").into_iter().filter(|path| !path.ends_with("/reason.proto")) {
        check(&path, &read(&path), PROTO);
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_function_is_too_long() {
    let functions: Vec<_> = all().iter().flat_map(functions).collect();
    assert!(functions.len() > 500, "only {} functions were found", functions.len());
    let long: Vec<_> = functions.into_iter().filter(|(_, lines)| *lines > FUNCTION).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn every_file_says_first_what_it_promises() {
    for source in all() {
        let promise = source.text.lines().take_while(|line| line.starts_with("//!")).count();
        assert!(promise > 0, "{} does not say what it promises", source.path);
    }
}

/// Each function with a body: where it is, and its lines from the first of its signature to its last brace.
/// A line that is one more alternative of a pattern does not count: an error table is long because it leaves
/// nothing out.
fn functions(source: &Source) -> Vec<(String, usize)> {
    let starts = source.code.match_indices("fn ").filter(|(at, _)| {
        let before = source.code[..*at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    });
    starts
        .filter_map(|(at, _)| {
            let rest = &source.code[at..];
            let name = rest[3..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
            let lines = rest[..body_end(rest)?].lines().filter(|line| !is_alternative(line)).count();
            (!name.is_empty()).then(|| (format!("{} {name}", source.path), lines))
        })
        .collect()
}

/// Whether a line is `| Path::Variant` and nothing else.
fn is_alternative(line: &str) -> bool {
    let path = line.trim().strip_prefix("| ");
    path.is_some_and(|path| path.chars().all(|c| c.is_alphanumeric() || c == ':'))
}

/// Where the first body ends; `None` for a function without one.
fn body_end(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            ';' if depth == 0 => return None,
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 && character == '}' {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_lines_are_counted_to_its_own_last_brace() {
        let code =
            "trait T { fn none(&self); }\nfn short(x: [u8; 3]) -> u8 {\n  if a { b }\n  c\n}\nfn g() {}\n";
        let source = Source { path: "x.rs".into(), text: String::new(), code: code.into() };
        assert_eq!(functions(&source), [("x.rs short".to_owned(), 4), ("x.rs g".to_owned(), 1)]);
    }

    #[test]
    fn another_alternative_is_no_line_of_a_function() {
        for (line, is) in [("    | Reason::A", true), ("    | Reason::A => b,", false), ("x | y", false)] {
            assert_eq!(is_alternative(line), is, "{line}");
        }
    }
}
