//! The XML of a database.

use roxmltree::{Document, Node, ParsingOptions};

use super::{
    Fingerprint, Param, Problem, kinds,
    pattern::{Care, Pattern},
};

/// Most elements, attributes and texts of a file; recog's largest has a tenth of it.
const MAX_NODES: u32 = 1_000_000;
/// Most problems of a file that are told.
const MAX_PROBLEMS: usize = 20;

/// A file.
pub(super) struct Database {
    /// Of which texts it knows.
    pub(super) kind: String,
    pub(super) fingerprints: Vec<Fingerprint>,
    pub(super) problems: Vec<Problem>,
}

/// Reads a file; what is wrong in it is told with its line, and the rest is taken.
pub(super) fn database(file: &str, text: &str, care: Care) -> Database {
    let mut database =
        Database { kind: kinds::of_file(file).to_owned(), fingerprints: Vec::new(), problems: Vec::new() };
    let problem = |line, why| Problem { file: file.to_owned(), line, why };
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(text, options) {
        Ok(document) => document,
        Err(error) => {
            database.problems.push(problem(error.pos().row, error.to_string()));
            return database;
        }
    };
    let root = document.root_element();
    if root.tag_name().name() != "fingerprints" {
        database.problems.push(problem(1, "there are no fingerprints in it".to_owned()));
        return database;
    }
    if let Some(kind) = root.attribute("matches") {
        kind.clone_into(&mut database.kind);
    }
    if !kinds::is_known(&database.kind) {
        return database;
    }
    for node in root.children().filter(|node| node.has_tag_name("fingerprint")) {
        match fingerprint(node, care) {
            Ok(fingerprint) => database.fingerprints.push(fingerprint),
            Err(why) if database.problems.len() < MAX_PROBLEMS => {
                database.problems.push(problem(document.text_pos_at(node.range().start).row, why));
            }
            Err(_) => {}
        }
    }
    database
}

fn fingerprint(node: Node<'_, '_>, care: Care) -> Result<Fingerprint, String> {
    let text = node.attribute("pattern").ok_or("a fingerprint has no pattern")?;
    let pattern = Pattern::new(text, node.attribute("flags").unwrap_or_default(), care)?;
    let params = node.children().filter(|child| child.has_tag_name("param"));
    let params: Vec<Param> = params.map(|node| param(node, pattern.groups())).collect::<Result<_, _>>()?;
    Ok(Fingerprint {
        pattern,
        params,
        #[cfg(test)]
        tried: super::examples::Tried::of(node),
    })
}

fn param(node: Node<'_, '_>, groups: Option<usize>) -> Result<Param, String> {
    let name = node.attribute("name").ok_or("a param has no name")?.to_owned();
    let position = node.attribute("pos").unwrap_or("0");
    let position: usize =
        position.parse().map_err(|_| format!("the position of {name} is no number: {position}"))?;
    match (position, node.attribute("value")) {
        (0, value) => Ok(Param::Fixed(name, value.unwrap_or_default().to_owned())),
        (group, _) if groups.is_none_or(|groups| group < groups) => Ok(Param::Captured(name, group)),
        (group, _) => {
            Err(format!("{name} is to be group {group}, and the pattern has {}", groups.unwrap_or(1) - 1))
        }
    }
}
